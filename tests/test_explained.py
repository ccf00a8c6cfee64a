"""Why figures moved, asked of whole companies: for every metric the parts add up to the change."""

import datetime as dt
from pathlib import Path

import pytest
from acceptance.workspaces import closed, company, line, mixed_company

import gtmkit
from gtmkit import catalog
from gtmkit.errors import ConfigError
from gtmkit.workspace import Workspace


def test_every_metric_without_axes_is_explained_to_a_billionth(tmp_path: Path) -> None:
    ws = gtmkit.open(company(tmp_path / "c", mixed_company(3)), "2026-10")
    explained = 0
    for name, row in catalog.METRICS.items():
        if row.axes:
            continue
        for by in (None, *(c for c in ("segment", "channel", "owner") if c in row.by)):
            for versus in ("2026-09", "2026-04", "2025-10"):
                told = ws.explain(name, versus, by)
                if told.reason:
                    assert told.parts.empty
                    continue
                assert told.change is not None
                size = max(1.0, abs(told.before or 0), abs(told.after or 0))
                assert float(told.parts["change"].sum()) == pytest.approx(told.change, abs=1e-9 * size), (
                    name,
                    by,
                )
                if by and len(told.totals):
                    assert float(told.totals["change"].sum()) == pytest.approx(told.change, abs=1e-9 * size)
                explained += 1
    assert explained > 200


# ---------------------------------------------------------------- by hand

PEOPLE = [
    {"account_id": f"a{i}", "started_on": "2024-01-01", "segment": "small" if i % 2 else "large"}
    for i in range(40)
]


def deals(month: str, small: tuple[int, int], large: tuple[int, int]) -> list[dict[str, object]]:
    """Deals closed in a month: (won, closed) of each segment, spread over the accounts."""
    found = []
    for segment, (won, n) in (("small", small), ("large", large)):
        mine = [p["account_id"] for p in PEOPLE if p["segment"] == segment]
        for i in range(n):
            id_ = f"{month}-{segment}-{i}"
            day = f"{month}-15"
            found.append(closed(id_, "2026-06-01", day, i < won, 100, account_id=mine[i % len(mine)]))
    return found


@pytest.fixture(scope="module")
def ws(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    # September: small 18 of 60, large 8 of 40 = 26 %. October: small 12 of 40, large 15 of 60 = 27 %.
    tables = {
        "accounts": PEOPLE,
        "opportunities": [*deals("2026-09", (18, 60), (8, 40)), *deals("2026-10", (12, 40), (15, 60))],
        "subscriptions": [
            line("a0", "2025-01-01", None, 100),
            line("a1", "2025-01-01", "2026-10-10", 50),
            line("a2", "2026-10-05", None, 30),
        ],
    }
    return gtmkit.open(company(tmp_path_factory.mktemp("c") / "c", tables), "2026-10")


def test_a_share_by_segment_in_mix_and_rate(ws: Workspace) -> None:
    told = ws.explain("win_rate", "2026-09", "segment")
    assert (told.before, told.after) == (pytest.approx(0.26), pytest.approx(0.27))
    parts = told.parts.set_index(["part", "group"])["change"]
    # small: .30 and .30; large: .20 and .25. Centre .265; small lost .2 of the weight.
    assert parts["rate", "small"] == pytest.approx(0)
    assert parts["rate", "large"] == pytest.approx((0.4 + 0.6) / 2 * 0.05)
    assert parts["mix", "small"] == pytest.approx(-0.2 * (0.30 - 0.265))
    assert parts["mix", "large"] == pytest.approx(0.2 * (0.225 - 0.265))
    totals = told.totals.set_index("part")
    assert totals.loc["mix", "change"] == pytest.approx(-0.015)
    assert totals.loc["rate", "change"] == pytest.approx(0.025)
    assert totals.loc["rate", "low"] < 0.025 < totals.loc["rate", "high"]
    assert told.parts.set_index(["part", "group"]).loc[
        ("rate", "large"), ["n_before", "n_after"]
    ].tolist() == [40, 60]


def test_an_amount_by_segment_has_neither_mix_nor_interval(ws: Workspace) -> None:
    told = ws.explain("mrr", "2026-09", "segment")
    # 150 was, 130 is: small lost a1's 50, large won a2's 30.
    assert told.parts[["part", "group", "change"]].to_numpy().tolist() == [
        ["amount", "large", 30.0], ["amount", "small", -50.0]
    ]  # fmt: skip
    assert told.parts["low"].isna().all()


def test_a_derived_metric_by_what_it_is_made_of(ws: Workspace) -> None:
    told = ws.explain("arr", "2026-09")
    assert (told.before, told.after) == (1800, 1560)
    assert told.parts[["part", "change"]].to_numpy().tolist() == [["mrr", pytest.approx(-240)]]


def test_a_measure_by_itself_is_one_part(ws: Workspace) -> None:
    told = ws.explain("win_rate", "2026-09")
    assert told.parts["part"].tolist() == ["change"]
    assert told.parts["change"].iloc[0] == pytest.approx(0.01)


def test_what_cannot_be_explained_says_why(ws: Workspace, tmp_path: Path) -> None:
    told = ws.explain("win_rate", "2026-07", "segment")
    assert told.reason.startswith("win_rate has no figure in 2026-07: ")
    assert told.change is None
    with pytest.raises(ConfigError, match="is no period to compare"):
        ws.explain("win_rate", "2026-10")
    with pytest.raises(ConfigError, match="is no period to compare"):
        ws.explain("win_rate", "2026-Q3")
    with pytest.raises(ConfigError, match="several figures"):
        ws.explain("arr_bridge", "2026-09")
    with pytest.raises(ConfigError):
        ws.explain("win_rate", "2026-09", "colour")


def test_across_a_change_of_definition_it_refuses(tmp_path: Path) -> None:
    tables = {
        "accounts": PEOPLE,
        "opportunities": [*deals("2026-09", (18, 60), (8, 40)), *deals("2026-10", (12, 40), (15, 60))],
    }
    changes = [{"metric": "win_rate", "on": dt.date(2026, 10, 1), "note": "counted otherwise"}]
    ws = gtmkit.open(company(tmp_path / "c", tables, change=changes), "2026-10")
    told = ws.explain("win_rate", "2026-09", "segment")
    assert (
        told.reason == "the definition of win_rate changed in 2026-10: the two figures do not mean the same"
    )
    assert told.parts.empty
    assert told.change is None
