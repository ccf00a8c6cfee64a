"""The groups that a jackknife leaves out: fixed, even, the same everywhere; every row in all replicates but one."""

from datetime import date

import companies
import narwhals as nw
import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from paper import on

from gtmkit import stats
from gtmkit.frames import collect
from gtmkit.ledgers.replicates import GROUPS, REPLICATE, replicated, replicates

AS_OF = date(2026, 11, 1)
IDS = [f"A{i:03d}" for i in range(45)]


def groups(ids: list[str | None], engine: str = "polars") -> dict[str, int]:
    frame = nw.from_native(on(engine, pa.table({"account_id": pa.array(ids, pa.string())}))).lazy()
    rows = collect(replicates(frame, as_of=AS_OF))
    return dict(zip(rows["account_id"], (int(g) for g in rows["group"]), strict=True))


@pytest.mark.parametrize("engine", ["pandas", "polars", "duckdb"])
def test_accounts_are_dealt_out_in_the_order_of_their_ids(engine: str) -> None:
    found = groups(IDS[::-1], engine)
    # The first of 45 goes to group 1, the twentieth to 0, the twenty-first to 1 again.
    assert [found[i] for i in ("A000", "A001", "A019", "A020", "A044")] == [1, 2, 0, 1, 5]
    sizes = [list(found.values()).count(g) for g in range(GROUPS)]
    assert sum(sizes) == 45
    assert max(sizes) - min(sizes) == 1


def test_an_account_that_stands_twice_has_one_group() -> None:
    assert groups(["a", "b", "a"]) == {"a": 1, "b": 2}


def test_no_account_is_no_group() -> None:
    assert groups([]) == {}


@given(st.lists(st.sampled_from([*IDS, "orphan"]), max_size=30))
def test_every_row_is_in_all_replicates_but_one(owners: list[str]) -> None:
    ledger = nw.from_native(pl.DataFrame({"account_id": owners, "n": [1] * len(owners)},
                                         schema={"account_id": pl.String, "n": pl.Int64})).lazy()  # fmt: skip
    accounts = nw.from_native(pl.DataFrame({"account_id": IDS})).lazy()
    rows = collect(replicated(ledger, replicates(accounts, as_of=AS_OF)))
    assert len(rows) == len(owners) * (GROUPS - 1)
    known = groups(list(IDS))
    for account, own in rows.groupby("account_id"):
        # Who is not among the accounts goes with group 0.
        assert set(own[REPLICATE]) == set(range(GROUPS)) - {known.get(str(account), 0)}


@pytest.mark.quick_off
@pytest.mark.parametrize("metric", ["cac_payback", pytest.param("ltv_to_cac", marks=pytest.mark.slow)])
def test_leaving_a_group_out_is_the_same_as_never_having_had_it(metric: str) -> None:
    tables = companies.tables(np.random.default_rng(5), 1, 800)
    whole = companies.opened(tables).metric(metric).iloc[0]
    group = groups(tables["accounts"]["account_id"].to_list())
    values = []
    for out in range(GROUPS):
        kept = {
            name: table.filter(pl.col("account_id").replace_strict(group) != out)
            if "account_id" in table.columns
            else table
            for name, table in tables.items()
        }
        values.append(float(companies.opened(kept).metric(metric)["value"].iloc[0]))
    assert (whole["low"], whole["high"]) == pytest.approx(
        stats.jackknife(float(whole["value"]), values), rel=1e-9
    )


@pytest.mark.slow
def test_the_interval_of_a_payback_holds_the_truth() -> None:
    # 95 in 100 companies should; of 60 fewer than 52 have a chance of 1 in 100 even at 92 in 100.
    held, answered, _ = companies.coverage("cac_payback", 1000, companies=60)
    assert answered == 1
    assert held >= 52 / 60
