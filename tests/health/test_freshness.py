"""How far tables reach and how many rows they have, at each limit and just beyond it."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from cases import Case, workspace

from gtmkit.health.fault import Fault
from gtmkit.health.freshness import freshness, freshness_faults, set_aside, set_aside_over_time

LOSS = pd.DataFrame(
    [("tickets", "read", 200, ""), ("tickets", "rejected", 3, ""), ("tickets", "internal", 7, ""),
     ("tickets", "used", 190, ""), ("tickets", "newest", 0, ""), ("accounts", "derived", 4, ""),
     ("events", "read", 0, ""), ("events", "used", 0, ""), ("surveys", "unmatched", 4, "")],
    columns=["table", "step", "rows", "detail"],
)  # fmt: skip


def told(
    tables: Mapping[str, Sequence[str]],
    through: Mapping[str, date],
    period: str = "2026-10",
    engine: str = "polars",
) -> tuple[pd.DataFrame, list[Fault]]:
    texts = {name: "\n".join(lines) for name, lines in tables.items()}
    ws = workspace(Case("arr", "hand", texts, [], period=period), engine)
    frames = {name: ws.ledger(name) for name in ws.tables}
    found = freshness(frames, through, LOSS, period=ws.period)
    return found, freshness_faults(found, ws.tables_of)


def answers(*counts: int, last: int = 10) -> list[str]:
    """Answers to surveys: so many in each month, the last of them in October 2026 (or another month of that year)."""
    lines = ["answered_on kind score"]
    for back, count in enumerate(reversed(counts)):
        at = 2026 * 12 + last - 1 - back
        lines += [f"{at // 12}-{at % 12 + 1:02d}-15 nps 9"] * count
    return lines


ALL = {"surveys": date(2026, 10, 31)}


@pytest.mark.parametrize("engine", ["pandas", "polars", "duckdb"])
def test_a_row_a_table(engine: str) -> None:
    tables = {
        "surveys": answers(3, 3, 2),
        "finance": ["month_on revenue_amount cogs_amount", "2026-09 10 5"],
        "targets": ["period metric value", "2027-01 arr 5"],
        "tickets": [
            "ticket_id account_id opened_at closed_at",
            "t1 a 2026-10-30T09:00 -",
            "t2 a 2026-08-01 2026-11-02",
        ],
    }
    found, faults = told(tables, {"surveys": date(2026, 10, 31), "targets": date(2026, 1, 1)}, engine=engine)
    rows = found.set_index("table")
    assert rows["rows"].to_dict() == {"surveys": 8, "finance": 1, "targets": 1, "tickets": 2}
    # A month counts as its last day; what closed on 2 November is the newest of what has happened.
    assert rows.loc["finance", "newest"] == date(2026, 9, 30)
    assert rows.loc["tickets", "newest"] == date(2026, 11, 2)
    assert rows.loc["targets", "newest"] is None
    assert rows["behind"].dropna().to_dict() == {"surveys": 0, "finance": 31, "tickets": 0}
    assert rows.loc["surveys", ["month", "month_rows", "usual", "verdict"]].tolist() == [
        "2026-10", 2, 3.0, "too few months",
    ]  # fmt: skip
    assert rows.loc["tickets", "set_aside"] == pytest.approx(0.05)  # 10 of 200
    assert pd.isna(rows.loc["surveys", "set_aside"])
    (fault,) = faults
    assert (fault.severity, fault.area, fault.subject, fault.n) == ("warning", "freshness", "finance", 31)
    # Without a table of spend, finance tells the cost of CAC too.
    assert fault.text.startswith(
        "finance ends on 2026-09-30, 31 days before the period does; provisional are revenue, gross_margin, "
        "rule_of_40, opex_profile, cost_per_qualified_opportunity, cac and "
    )
    assert "gross_margin" in fault.metrics


# Eight months of 10 and 14 in turn: the mean is 12, the mean moving range 4, the limits 12 -/+ 2.66 x 4: 1.36 to 22.64.
TURNS = (10, 14, 10, 14, 10, 14, 10, 14)


@pytest.mark.parametrize(
    ("now", "verdict", "severity"),
    [
        (22, "within", None), (23, "above", "warning"), (2, "within", None), (1, "below", "warning"),
        (0, "none", "error"),
    ],
)  # fmt: skip
def test_the_limits_of_natural_variation(now: int, verdict: str, severity: str | None) -> None:
    found, faults = told({"surveys": answers(*TURNS, now)}, ALL)
    (row,) = found.to_dict("records")
    assert row["verdict"] == verdict
    assert (row["usual"], row["low"], row["high"]) == pytest.approx((12.0, 1.36, 22.64))
    assert [fault.severity for fault in faults] == ([severity] if severity else [])
    if verdict == "none":
        assert faults[0].text == "surveys has no row of 2026-10; the months before had 12 on average"
        assert (faults[0].area, faults[0].metrics) == ("freshness", ("nps", "csat"))
    elif severity:
        assert faults[0].text == (
            f"surveys has {now} rows of 2026-10, {verdict} what the months before lead to expect (1 to 23)"
        )
        assert (faults[0].area, faults[0].metrics, faults[0].n) == ("volume", (), now)


def test_seven_months_before_tell_nothing() -> None:
    found, faults = told({"surveys": answers(*TURNS[1:], 99)}, ALL)
    assert (found["verdict"].tolist(), faults) == (["too few months"], [])
    assert found[["low", "high"]].isna().all(axis=None)


def test_only_twelve_months_before_are_looked_at() -> None:
    # 1,000 thirteen months before would lift the mean from 12.
    found, _ = told({"surveys": answers(1000, *TURNS, *TURNS[:4], 12)}, ALL)
    assert found["usual"].tolist() == [12.0]


def test_nothing_is_no_break_where_months_before_had_nothing_too() -> None:
    found, faults = told({"surveys": answers(1, 0, 1, 0)}, ALL)
    assert (found["verdict"].tolist(), faults) == (["too few months"], [])
    found, faults = told({"surveys": answers(1, 1, 0)}, ALL)  # two months are too few
    assert (found["verdict"].tolist(), faults) == (["too few months"], [])
    _, faults = told({"surveys": answers(1, 1, 1, 0)}, ALL)
    assert [fault.severity for fault in faults] == ["error"]


def test_a_table_that_ends_within_the_month_is_late_and_its_rows_are_not_judged() -> None:
    found, faults = told({"surveys": answers(*TURNS, 1)}, {"surveys": date(2026, 10, 30)})
    assert found["verdict"].tolist() == ["ends before the month does"]
    (fault,) = faults
    assert fault.text == "surveys ends on 2026-10-30, 1 day before the period does; provisional are nps, csat"


def test_events_that_stopped_are_a_break_and_a_month_not_yet_closed_is_late() -> None:
    _, faults = told({"surveys": answers(*TURNS, last=9)}, {"surveys": date(2026, 9, 15)})
    assert [fault.severity for fault in faults] == ["error"]
    books = ["month_on revenue_amount cogs_amount", *(f"2026-0{m} 10 5" for m in range(1, 10))]
    _, faults = told({"finance": books}, {"finance": date(2026, 9, 30)})
    assert [fault.severity for fault in faults] == ["warning"]


def test_a_week_is_read_by_the_last_month_that_is_over() -> None:
    # The week ends on 8 November: October is over, and the table ends eight days before.
    found, faults = told({"surveys": answers(*TURNS, 12)}, ALL, "2026-W45")
    assert found[["month", "month_rows", "behind", "verdict"]].values.tolist() == [
        ["2026-10", 12, 8, "within"]
    ]
    assert [fault.n for fault in faults] == [8]


def test_a_table_from_which_nothing_is_measured_has_no_faults() -> None:
    changes = ["account_id changed_on column value", "a 2025-01-05 segment x"]
    found, faults = told({"account_changes": changes}, {"account_changes": date(2025, 1, 5)})
    assert found["behind"].tolist() == [
        664
    ]  # 5 January 2025 to 31 October 2026: 360 days of 2025, 304 of 2026
    assert faults == []


@pytest.mark.parametrize("engine", ["pandas", "polars", "duckdb"])
def test_a_table_without_rows(engine: str) -> None:
    found, faults = told({"surveys": ["answered_on kind score"]}, {}, engine=engine)
    (row,) = found.to_dict("records")
    assert (row["rows"], row["newest"], row["month_rows"], row["verdict"]) == (0, None, 0, "too few months")
    assert pd.isna(row["behind"])
    assert faults == []
    assert freshness({}, {}, LOSS, period=workspace(Case("arr", "hand", {}, [])).period).empty


def test_the_share_set_aside() -> None:
    assert set_aside(LOSS) == {"tickets": pytest.approx(0.05)}
    assert set_aside(pd.DataFrame()) == {}


def test_the_share_set_aside_over_published_reviews(tmp_path: Path) -> None:
    assert set_aside_over_time(tmp_path, LOSS, "2026-10").values.tolist() == [
        ["2026-10", "tickets", pytest.approx(0.05)]
    ]
    for name, is_published in (
        ("2026-09", True),
        ("2026-08", False),
        ("2026-09.partial", True),
        ("2026-10", True),
    ):
        tables = tmp_path / name / "tables"
        tables.mkdir(parents=True)
        rows = LOSS.assign(rows=LOSS["rows"].where(LOSS["step"] != "used", 150))
        rows.to_csv(tables / "loss_account.csv", index=False)
        if is_published:
            (tmp_path / name / "run.json").write_text("{}", "utf-8")
    assert set_aside_over_time(tmp_path, LOSS, "2026-10").values.tolist() == [
        ["2026-09", "tickets", pytest.approx(0.25)],  # 50 of 200
        ["2026-10", "tickets", pytest.approx(0.05)],  # as this review has it, not as it was published before
    ]
