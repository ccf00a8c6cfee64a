"""One company on three engines: every metric and variant the same, one collect a measure, none for derived."""

import datetime as dt
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import duckdb
import narwhals as nw
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from acceptance.engines import assert_same, every_id, is_derived
from acceptance.workspaces import STAGES, base_settings, settings_text

from gtmkit import catalog
from gtmkit.config import Config
from gtmkit.workspace import Workspace

pytestmark = pytest.mark.quick_off
PERIOD = "2026-10"
CONNECTION = duckdb.connect()
ENGINES: dict[str, Callable[[pa.Table], Any]] = {
    "pandas": lambda table: table.to_pandas(types_mapper=pd.ArrowDtype),
    "polars": lambda table: pl.from_arrow(table).lazy(),
    "duckdb": CONNECTION.from_arrow,
}
FINANCE_LINES = ("revenue", "cogs", "sales", "marketing", "customer_success", "rnd", "ga")
UNIT = 10_000  # money is a whole number of ten-thousandths

KINDS: dict[str, pa.DataType] = {
    "amount": pa.int64(), "mrr_amount": pa.int64(), "term_months": pa.int64(),
    "is_icp": pa.bool_(), "is_target": pa.bool_(),
}  # fmt: skip


def kind_of(column: str) -> pa.DataType:
    if column in KINDS:
        return KINDS[column]
    return (
        pa.date32()
        if column.endswith("_on")
        else pa.timestamp("us")
        if column.endswith("_at")
        else pa.string()
    )


def table(rows: list[dict[str, Any]], **kinds: pa.DataType) -> pa.Table:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    return pa.table(
        {c: pa.array([_typed(c, row.get(c)) for row in rows], kinds.get(c) or kind_of(c)) for c in columns}
    )


def _typed(column: str, value: Any) -> Any:
    if value is None or not isinstance(value, str):
        return value
    if column.endswith("_on"):
        return dt.date.fromisoformat(value)
    return dt.datetime.fromisoformat(value) if column.endswith("_at") else value


def change(deal: str, stage: str, at: str, amount: int | None = None) -> dict[str, Any]:
    return {
        "opportunity_id": deal, "stage": stage, "entered_at": at,
        "amount": None if amount is None else amount * UNIT,
    }  # fmt: skip


def listed(columns: str, *rows: tuple[Any, ...]) -> list[dict[str, Any]]:
    return [dict(zip(columns.split(), row, strict=True)) for row in rows]


def tables() -> dict[str, pa.Table]:
    """Returns, brief stays, two lines at once, skipped and backward stages, ties, nulls and a wrong date."""
    accounts = listed(
        "account_id segment channel is_icp owner started_on is_target kickoff_on",
        ("a1", "small", "inbound", True, "o1", "2025-03-01", True, "2026-04-20"),
        ("a2", "large", None, False, "o2", "2025-06-01", None, None),
        ("a3", None, "outbound", None, None, "2025-10-15", True, None),
        ("a4", "small", "inbound", True, "o1", None, False, None),
    )
    lines = [
        ("a1", "2025-03-01", "2025-12-10", 100 * UNIT), ("a1", "2026-02-03", None, 120 * UNIT),
        ("a2", "2025-06-01", None, 833_333), ("a2", "2026-01-31", "2027-01-01", 250 * UNIT),
        ("a3", "2025-10-15", "2026-08-01", 90 * UNIT), ("a3", "2026-08-01", None, 45 * UNIT),
        ("a4", "2026-05-02", "2026-05-20", 10 * UNIT), ("gone", "2025-09-01", "2026-10-01", 70 * UNIT),
    ]  # fmt: skip
    won, lost = "closed_won", "closed_lost"
    deals = listed(
        "opportunity_id account_id created_at kind stage closed_on amount owner",
        ("d1", "a1", "2026-01-05T10:00:00", "new", won, "2026-04-02", 500 * UNIT, "o1"),
        ("d2", "a2", "2026-03-10T23:59:59", None, lost, "2026-10-20", 900 * UNIT, "o2"),
        ("d3", "a3", "2026-07-01T00:00:00", "expansion", STAGES[2], None, 300 * UNIT, None),
        ("d4", "nobody", "2026-10-03T08:00:00", "new", STAGES[0], None, None, "o1"),
        ("d5", None, "2026-10-08T08:00:00", "new", won, "2026-10-30", 700 * UNIT, "o2"),
        ("d6", "a4", "2026-02-08T08:00:00", "renewal", won, "2026-10-30", 100 * UNIT, None),
        ("d7", "a4", None, "new", lost, "2026-10-12", 50 * UNIT, None),
        ("d8", "a1", "2026-05-08T08:00:00", "new", lost, None, 60 * UNIT, None),
        ("d9", "a1", "2026-06-08T08:00:00", "new", lost, "2026-06-01", 60 * UNIT, None),
    )
    deals[0] |= {"term_months": 24, "accepted_at": "2026-01-09T00:00:00"}
    deals[2] |= {"expected_close_on": "2026-12-15", "accepted_at": "2026-08-20T12:00:00"}
    deals[3] |= {"expected_close_on": "2026-09-01"}
    changes = [
        change("d1", STAGES[0], "2026-01-05T10:00:00", 400), change("d1", STAGES[2], "2026-02-20T09:00:00", 450),
        change("d1", STAGES[1], "2026-03-01T09:00:00"), change("d1", "closed_won", "2026-04-02T09:00:00", 500),
        change("d2", STAGES[0], "2026-03-11T00:00:00", 1000), change("d2", STAGES[0], "2026-05-11T00:00:00", 900),
        change("d2", STAGES[1], "2026-08-11T00:00:00"), change("d2", STAGES[3], "2026-08-11T00:00:00", 950),
        change("d2", "closed_lost", "2026-10-20T00:00:00"), change("d3", STAGES[1], "2026-08-02T00:00:00", 300),
        change("d3", STAGES[2], "2026-10-31T23:59:59", 350), change("d5", STAGES[0], "2026-10-08T08:00:00"),
        change("d9", STAGES[0], "2026-06-08T08:00:00", 60), change("x", STAGES[0], "2026-06-08T08:00:00", 60),
    ]  # fmt: skip
    events = [
        ("a1", "u1", "2026-07-05T00:00:00"), ("a1", "u2", "2026-09-06T23:59:59"), ("a2", "u3", "2026-08-01T00:00:00"),
        ("a2", "u3", "2026-10-31T23:59:59"), ("a3", None, "2026-10-04T12:00:00"), ("a1", "u1", "2026-10-11T00:00:00"),
    ]  # fmt: skip
    return {
        "accounts": table(accounts),
        "account_changes": table(
            [{"account_id": "a2", "changed_on": "2025-05-01", "column": "segment", "value": "mid"}]
        ),
        "owners": table(
            [
                {"owner": "o1", "team": "red", "territory": "East"},
                {"owner": "o2", "team": "blue", "territory": None},
            ]
        ),
        "subscriptions": table(
            [{"account_id": a, "started_on": s, "ended_on": e, "mrr_amount": m} for a, s, e, m in lines]
        ),
        "opportunities": table(deals),
        "stage_changes": table(changes),
        "events": table(
            [{"account_id": a, "user_id": u, "occurred_at": at, "event": "used"} for a, u, at in events]
        ),
        "churn_events": table(
            listed(
                "account_id churned_on reason",
                ("a1", "2025-12-11", "price"),
                ("a1", "2026-01-20", "late"),
                ("gone", "2026-08-25", None),
                ("gone", "2026-12-01", "price"),
                ("a2", "2026-10-01", "price"),
            )
        ),
        "spend": table(
            listed(
                "month_on function category purpose channel segment amount",
                ("2026-05-01", "sales", "payroll", "new", None, None, 900 * UNIT + 1),
                ("2026-06-01", "marketing", "media", None, "inbound", "small", 300 * UNIT),
                ("2026-07-01", "marketing", "tools", "expansion", "outbound", None, 77 * UNIT),
                ("2026-08-01", "marketing", "media", "new", None, "large", 50 * UNIT),
                ("2026-06-01", "marketing", "agency", "new", None, None, 3 * UNIT),
                ("2026-06-01", "sales", "sales_engineering", "new", None, None, 5 * UNIT),
                ("2026-10-01", "customer_success", "payroll", "retention", None, None, 40 * UNIT),
            )
        ),
        "finance": table(
            [
                {
                    "month_on": f"2026-{m:02d}-01",
                    "revenue_amount": 500 * UNIT * m,
                    "cogs_amount": 99 * UNIT * m,
                    "sales_amount": 70 * UNIT,
                    "marketing_amount": None,
                    "customer_success_amount": 30 * UNIT,
                    "rnd_amount": 40 * UNIT,
                    "ga_amount": 20 * UNIT,
                }
                for m in range(1, 11)
            ],
            **dict.fromkeys([f"{name}_amount" for name in FINANCE_LINES], pa.int64()),
        ),
        "targets": table(
            [
                {"period": f"2026-{m:02d}", "metric": "bookings", "value": 1000.0, "segment": None}
                for m in range(1, 13)
            ],
            value=pa.float64(),
        ),
        **heard(),
    }


def heard() -> dict[str, pa.Table]:
    """What was heard of customers and done for them, a few rows each with nulls among them."""
    return {
        "leads": table(
            listed(
                "lead_id account_id opportunity_id created_at mql_at sal_at sql_at sqo_at assigned_at "
                "first_response_at",
                ("l1", "a1", "d1", "2026-10-02T09:00:00", "2026-10-02T10:00:00", "2026-10-03T00:00:00",
                 "2026-10-04T00:00:00", "2026-10-05T00:00:00", "2026-10-02T09:30:00", "2026-10-02T12:00:00"),
                ("l2", None, "d4", "2026-10-05T09:00:00", None, None, "2026-10-20T00:00:00", None, None, None),
                ("l3", "a2", None, "2026-09-05T09:00:00", "2026-09-30T00:00:00", None, None, None, None,
                 "2026-09-09T09:00:00"),
            )
        ),
        "surveys": table(
            listed(
                "answered_on kind score account_id",
                ("2026-10-03", "nps", 9.0, "a1"), ("2026-10-04", "nps", 3.0, None), ("2026-10-05", "csat", 4.0, "a2"),
            ), score=pa.float64(),
        ),
        "tickets": table(
            listed("ticket_id account_id opened_at", ("t1", "a1", "2026-10-03T00:00:00"), ("t2", "a9", None))
        ),
        "health_scores": table(
            listed(
                "account_id scored_on score band",
                ("a1", "2026-10-20", 7.0, "good"), ("a2", "2026-08-20", 2.0, "bad"),
            ),
            score=pa.float64(),
        ),
        "activities": table(
            listed(
                "occurred_at kind account_id is_automated",
                ("2026-10-02T00:00:00", "call", "a1", False), ("2026-10-03T00:00:00", "mail", None, True),
            ), is_automated=pa.bool_(),
        ),
        "inputs": table(
            listed(
                "period name value",
                ("2026-10", "content_shipped", 4.0), ("2026-10", "messaging_tests_shipped", 1.0),
            ),
            value=pa.float64(),
        ),
        "traffic": table(
            listed(
                "day_on month_on source medium impressions sessions visitors",
                ("2026-10-02", None, "google", "cpc", 900, 90, None),
                (None, "2026-10-01", "google", "cpc", None, None, 70),
            ), impressions=pa.int64(), sessions=pa.int64(), visitors=pa.int64(),
        ),
    }  # fmt: skip


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    folder = tmp_path_factory.mktemp("settings")
    agreed = {
        "north_star": {"events": ["used"]},
        "events.used": {"required": ["user_id"]},
    }
    channels = '\n[[channels]]\nchannel = "outbound"\nintent = "creation"\n'
    (folder / "gtm.toml").write_text(settings_text(base_settings() | agreed) + channels, encoding="utf-8")
    return Config.load(folder)


def workspaces(config: Config, given: Mapping[str, pa.Table]) -> dict[str, Workspace]:
    return {
        engine: Workspace.from_frames({name: frame(t) for name, t in given.items()}, config, PERIOD)
        for engine, frame in ENGINES.items()
    }


@pytest.fixture(scope="module")
def on_engines(config: Config) -> dict[str, Workspace]:
    return workspaces(config, tables())


OVER_TIME = [
    "mrr",
    "arr_bridge",
    "net_revenue_retention",
    "logo_retention",
    "stage_conversion",
    "time_in_stage",
    "win_rate",
    "open_pipeline",
    "pipeline_bridge",
    "pipeline_bridge.expected",
    "pipeline_velocity",
    "stage_wait",
]
ASKED: list[tuple[str, dict[str, Any]]] = [
    *((metric, {}) for metric in every_id()),
    *((metric, {"periods": 13, "by": ["territory"]}) for metric in OVER_TIME),
    ("cohort_retention", {"by": ["segment", "is_icp"]}),
    ("usage_retention", {"by": "segment", "interval": "week", "week_start": "sunday"}),
    ("usage_retention", {"interval": "day", "unit": "user"}),
    ("pipeline_coverage", {"by": "segment", "periods": 4}),
    ("win_rate", {"by": ["kind", "channel"], "months": 12}),
    *(
        (metric, {"by": ["channel", "segment"]})
        for metric in ("cac", "cac.paid", "cac_payback", "ltv_to_cac")
    ),
    ("spend", {"by": ["purpose", "channel"], "months": 6, "periods": 3}),
    ("customer_lifetime", {"by": "segment", "horizon_months": 4, "periods": 3}),
]


@pytest.mark.parametrize(("metric", "asked"), ASKED, ids=[f"{m} {a}" for m, a in ASKED])
def test_every_engine_gives_the_same_answer(
    on_engines: dict[str, Workspace], metric: str, asked: dict[str, Any]
) -> None:
    first = on_engines["pandas"].metric(metric, **asked)
    assert first["status"].isin(["final", "immature", "undefined"]).all()
    for engine in ("polars", "duckdb"):
        assert_same(first, on_engines[engine].metric(metric, **asked), f"{metric} on {engine}")


@pytest.mark.parametrize("engine", list(ENGINES))
def test_figures_by_hand_are_the_same_on_each(on_engines: dict[str, Workspace], engine: str) -> None:
    ws = on_engines[engine]
    # End of October: a1 120, a2 83.3333 + 250, a3 45; "gone" ended on the 1st.
    mrr = ws.metric("mrr").iloc[0]
    assert (mrr["value"], mrr["n"]) == (498.3333, 3)
    # A year before: a1 100, a2 83.3333, a3 90, gone 70 = 343.3333, of which 498.3333 now: all are from then.
    nrr = ws.metric("net_revenue_retention").iloc[0]
    assert (nrr["numerator"], nrr["denominator"], nrr["n"]) == (498.3333, 343.3333, 4)
    # Kept: 100 + 83.3333 + 45 = 228.3333. Closed in October: d5 won; d2, d7 lost; the renewal is not in it.
    assert ws.metric("gross_revenue_retention").iloc[0]["numerator"] == 228.3333
    rate = ws.metric("win_rate").iloc[0]
    assert (rate["numerator"], rate["denominator"]) == (1, 3)
    # Open at the end of October: d3 at 350, d4 without an amount.
    pipe = ws.metric("open_pipeline").iloc[0]
    assert (pipe["value"], pipe["n"]) == (350, 2)


@pytest.mark.parametrize("engine", list(ENGINES))
def test_rows_in_any_order_are_the_same_company(
    config: Config, on_engines: dict[str, Workspace], engine: str
) -> None:
    backwards = {name: t.take(list(range(t.num_rows))[::-1]) for name, t in tables().items()}
    ws = workspaces(config, backwards)[engine]
    for metric in ("arr_bridge", "stage_conversion.amount", "time_in_stage", "open_pipeline", "stage_leak"):
        assert_same(on_engines[engine].metric(metric), ws.metric(metric), f"{metric} on {engine}")


@pytest.mark.parametrize("engine", list(ENGINES))
def test_empty_tables_are_undefined_or_nothing_and_never_an_error(config: Config, engine: str) -> None:
    ws = workspaces(config, {name: t.slice(0, 0) for name, t in tables().items()})[engine]
    for metric in every_id():
        frame = ws.metric(metric)
        known = frame[frame["value"].notna()]
        assert (known["value"] == 0).all(), metric
        assert frame.loc[frame["value"].isna(), "status"].eq("undefined").all(), metric


# ---------------------------------------------------------------- how often an engine is asked


ON_DUCKDB = ("mrr", "win_rate", "pipeline_coverage", "pipeline_velocity")


@pytest.mark.parametrize(
    ("metric", "engine"), [*((m, "polars") for m in every_id()), *((m, "duckdb") for m in ON_DUCKDB)]
)
def test_a_measure_collects_once_and_a_derived_metric_collects_nothing(
    config: Config, metric: str, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ws = workspaces(config, tables())[engine]
    row, variant = catalog.find(metric)
    options = row.variants[variant].options if variant else {}
    # It is called once what it takes is there: what a ledger asks while it is made is asked by no metric.
    taken = ws._answers.arguments(row.function, (), 1)
    calls = []
    collect = nw.LazyFrame.collect

    def counting(frame: Any, *arguments: Any, **named: Any) -> Any:
        calls.append(1)
        return collect(frame, *arguments, **named)

    monkeypatch.setattr(nw.LazyFrame, "collect", counting)
    if is_derived(metric):
        row.function(*taken, by=[], periods=[ws.period], **{**ws._inputs.settings(row.function), **options})
    else:
        ws.metric(metric, periods=1)
    assert len(calls) == (0 if is_derived(metric) else 1)


def test_pandas_is_not_needed_until_the_first_collect(tmp_path: Path) -> None:
    """A ledger over DuckDB is made of relations alone: with pandas' frames barred it can still be described."""
    script = """
import datetime as dt, duckdb, narwhals as nw, pandas as pd
from gtmkit.ledgers import LEDGERS
lines = duckdb.sql("SELECT 'a' AS account_id, DATE '2026-01-01' AS started_on, "
                   "CAST(NULL AS DATE) AS ended_on, CAST(10000 AS BIGINT) AS mrr_amount")
def barred(*_, **__): raise AssertionError("a pandas frame was made")
pd.DataFrame.__init__ = barred
ledger = LEDGERS["revenue"](nw.from_native(lines).lazy(), as_of=dt.date(2026, 11, 1))
assert "movement" in ledger.collect_schema().names()
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert done.returncode == 0, done.stderr
