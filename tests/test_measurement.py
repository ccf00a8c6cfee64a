"""The page on the measurement itself by hand: what adds up, what is said where a table is lacking, what is escaped."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from cases import Case, workspace

from gtmkit import charts, measurement
from gtmkit.config import Config
from gtmkit.health import billing_to_finance, crm_to_billing, spend_to_finance
from gtmkit.health.fault import Fault
from gtmkit.periods import Period
from gtmkit.workspace import Workspace

LOSS = ["table", "step", "rows", "detail"]
# October 2026 is under review. a: 600 won in March, 12 x 45 = 540 billed: 60 less. c: 600 won in April, 599.88 billed
# (12 x 49.99), which is rounded. `base` is here from the start, so that both systems begin before what is compared.
SUBSCRIPTIONS = """
    account_id subscription_id started_on ended_on mrr_amount
    base s0 2024-01-01 - 100
    a s1 2026-03-10 - 45
    c s2 2026-04-10 - 49.99
"""
OPPORTUNITIES = """
    opportunity_id account_id kind stage created_at closed_on amount
    o0 base new closed_won 2024-01-01 2024-01-01 1200
    o1 a new closed_won 2026-01-01 2026-03-01 600
    o2 c new closed_won 2026-01-01 2026-04-01 600
"""
SPEND = """
    month_on amount function category purpose
    2026-09 100 sales payroll new
    2026-09 50 marketing media new
"""
FINANCE = """
    month_on sales_amount marketing_amount
    2026-09 106 50
"""
SOLD = {"subscriptions": SUBSCRIPTIONS, "opportunities": OPPORTUNITIES}
EMPTY = Workspace.from_frames({}, Config(), "2026-10")


def paper(settings: str = "", **tables: str) -> Workspace:
    return workspace(Case("arr", "hand", tables, [], settings))


def told(*faults: Fault, tables: tuple[str, ...] = ("events",)) -> Any:
    """What stands for a workspace of which these faults are known."""
    return SimpleNamespace(faults=lambda: list(faults), tables=list(tables))


def fault(severity: Any, area: Any = "taxonomy", text: str = "something") -> Fault:
    return Fault(severity, area, "events.worked", text, "Mend it.")


# ---------------------------------------------------------------- two systems


def test_a_comparison_goes_from_the_first_system_to_the_second() -> None:
    rows = measurement.comparison(paper(**SOLD), crm_to_billing)
    # 600 + 600 won, 540 + 599.88 billed. What was rounded, 0.12, is under a unit and not shown.
    assert rows[["part", "value", "n"]].values.tolist() == [
        ["won in the CRM", 1200.0, 2], ["billed for less than was won", -60.0, 1], ["gained in billing", 1139.88, 2],
    ]  # fmt: skip
    assert rows["value"].iloc[:-1].sum() == pytest.approx(rows["value"].iloc[-1], abs=1)
    assert rows["period"].unique().tolist() == ["2025-11 to 2026-10"]
    assert rows["status"].unique().tolist() == ["final"]


def test_its_steps_are_a_total_the_changes_and_a_total() -> None:
    steps = measurement.steps(measurement.comparison(paper(**SOLD), crm_to_billing))
    assert steps == [
        charts.Step("won in the CRM", "n 2", 1200.0, True),
        charts.Step("billed for less than was won", "n 1", -60.0, False),
        charts.Step("gained in billing", "n 2", 1139.88, True),
    ]


def test_parts_of_which_nothing_is_counted_have_no_n() -> None:
    rows = measurement.comparison(paper(spend=SPEND, finance=FINANCE), spend_to_finance)
    # Marketing is 50 in both: nothing lies between them.
    assert rows[["part", "value"]].values.tolist() == [
        ["spend", 150.0], ["sales", 6.0], ["cost in finance", 156.0],
    ]  # fmt: skip
    steps = measurement.steps(rows)
    assert not isinstance(steps, str)
    assert [(step.note, step.is_total) for step in steps] == [("", True), ("", False), ("", True)]


@pytest.mark.parametrize(
    ("look", "words"),
    [
        (crm_to_billing, "opportunities and subscriptions are needed"),
        (billing_to_finance, "subscriptions and finance are needed"),
        (spend_to_finance, "both tables are needed"),
    ],
)
def test_what_lacks_a_table_is_undefined_and_says_so(look: Any, words: str) -> None:
    rows = measurement.comparison(EMPTY, look)
    assert rows["status"].tolist() == ["undefined"]
    assert words in rows["reason"].item()
    assert measurement.steps(rows) == rows["reason"].item()


def test_two_systems_without_a_month_in_common_say_so() -> None:
    ws = paper(spend=SPEND, finance=FINANCE.replace("2026-09", "2026-08"))
    steps = measurement.steps(measurement.comparison(ws, spend_to_finance))
    assert steps == "the two have no month in common"


def test_month_by_month_each_block_adds_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measurement, "MOST_MONTHS", 12)
    table = str(measurement.by_month(paper(**SOLD, spend=SPEND, finance=FINANCE)))
    body = [line.split() for line in table.splitlines()[1:]]
    march = {" ".join(words[:-12]): words[-8] for words in body}  # November is the first of twelve months
    assert march["CRM to billing won in the CRM"] == "600"
    assert march["CRM to billing billed for less than was won"] == "-60"
    assert march["CRM to billing unexplained"] == "0"
    assert march["CRM to billing gained in billing"] == "540"
    # Months that one block does not have are not known there.
    assert march["spend to finance sales"] == "<NA>"
    september = {" ".join(words[:-12]): words[-2] for words in body}
    assert september["spend to finance sales"] == "6"
    assert "spend to finance marketing" not in september


def test_a_page_holds_the_newest_months() -> None:
    head = str(measurement.by_month(paper(**SOLD, spend=SPEND, finance=FINANCE))).splitlines()[0].split()
    assert head == ["compared", "part", "2026-05", "2026-06", "2026-07", "2026-08", "2026-09", "2026-10"]


def test_without_two_sources_there_is_nothing_month_by_month() -> None:
    said = str(measurement.by_month(EMPTY))
    assert said == "Three sources month by month, the newest 6, in USD: no two sources tell the same thing."


def test_each_comparison_is_said_with_the_verdict_of_its_gravest_fault() -> None:
    said = str(measurement.sources_agree(paper(spend=SPEND, finance=FINANCE)))
    # 6 of 150 are 4 %: noted. 9 of 150 are 6 %: a warning.
    assert "[no action] 2026-09 to 2026-09: spend USD 150, finance USD 156: +USD 6 apart." in said
    assert "[not yet] The CRM and billing: opportunities and subscriptions are needed." in said
    assert "[not yet] Billing and finance: subscriptions and finance are needed." in said
    more = str(measurement.sources_agree(paper(spend=SPEND, finance=FINANCE.replace("106", "109"))))
    assert "[watch] 2026-09 to 2026-09: spend USD 150, finance USD 159: +USD 9 apart." in more


# ---------------------------------------------------------------- tables, events, parameters


def test_of_each_table_the_lines_of_the_card_are_named_and_the_others_counted() -> None:
    ws = paper("[scorecard]\nlines = ['arr']\n[tables.subscriptions]\npath = 'it<b>.csv'", **SOLD)
    html = measurement.truths(ws).html()
    assert "it&lt;b&gt;.csv" in html
    assert "it<b>.csv" not in html
    measured = [name for name in measurement.catalog.METRICS if "subscriptions" in ws.tables_of(name)]
    assert f">ARR, {len(measured) - 1} more<" in html


@pytest.mark.parametrize(
    ("ids", "words"),
    [("", ""), ("arr", "ARR"), ("arr, mrr, win_rate", "ARR, 2 more"), ("mrr, win_rate", "2")],
)
def test_metrics_as_text(ids: str, words: str) -> None:
    assert measurement._named(ids, ["arr"], EMPTY) == words


def test_what_freshness_says_stands_in_words() -> None:
    row = {
        "table": "events", "rows": 9, "newest": None, "through": None, "behind": None, "month": "2026-10",
        "month_rows": 2, "low": -3.0, "high": 1234.5, "verdict": "within", "set_aside": 0.0125,
    }  # fmt: skip
    blank = {**row, "low": None, "high": None, "set_aside": None, "behind": 3}
    shown = measurement.shown(pd.DataFrame([row, blank]))
    assert shown["usual limits"].tolist() == ["0 to 1,234", ""]  # no table has fewer rows than none
    assert shown["set aside"].tolist() == ["1.25 %", ""]
    assert shown["days behind"].isna().tolist() == [True, False]
    assert len(measurement.shown(pd.DataFrame(columns=list(row)))) == 0


EVENTS = """
    account_id occurred_at event user_id
    a 2026-09-02T09:00 worked u1
    a 2026-10-01T09:00 <b>ran u1
    - 2026-10-02T09:00 worked u2
    - 2026-10-03T09:00 worked u2
    - 2026-10-03T10:00 worked u3
"""


def test_the_share_of_a_known_account_by_month() -> None:
    rows = measurement.matched(paper(events=EVENTS), "events")
    # September: 1 of 1. October: 1 of 4.
    assert rows[["period", "value", "numerator", "denominator", "n"]].values.tolist() == [
        ["2026-09", 1.0, 1.0, 1.0, 1.0], ["2026-10", 0.25, 1.0, 4.0, 4.0],
    ]  # fmt: skip
    assert (rows["low"] <= rows["value"]).all()
    assert (rows["value"] <= rows["high"]).all()
    newest = measurement.matched(paper(events=EVENTS), "events", months=1)
    assert newest["period"].tolist() == ["2026-10"]


def test_a_table_that_is_not_there_or_has_no_dated_rows_is_not_matched() -> None:
    ws = paper(events="account_id occurred_at event\na - worked")
    assert measurement.matched(ws, "events")["reason"].tolist() == ["events has no dated rows"]
    assert measurement.matched(ws, "leads")["reason"].tolist() == ["the workspace has no table leads"]


def test_events_are_escaped_and_without_them_there_is_nothing() -> None:
    html = measurement.events(paper("[events.worked]", events=EVENTS)).html()
    assert "&lt;b&gt;ran" in html
    assert "<b>ran" not in html
    assert str(measurement.events(EMPTY)).endswith("the workspace has no table events.")


CHANNELS = '[[channels]]\nchannel = "seo"\nsource = "google"\nmedium = "organic"\n'
TOUCHES = """
    account_id touched_at source medium
    a 2026-02-02T09:00 google organic
    a 2026-02-02T10:00 Google organic
    a 2026-02-02T11:00 goggle organic
    a 2026-02-02T12:00 tik"tok <i>video</i>
"""


def test_parameters_to_mend_with_the_lines_that_do_it_once() -> None:
    table = measurement.parameters(paper(CHANNELS, touches=TOUCHES, **SOLD))
    # Two values misspell google, and one line mends both.
    line = 'source = { "Google" = "google", "goggle" = "google" }'
    entry = '[[channels]]\nchannel = "?"\nsource = "tik\\"tok"\nmedium = "<i>video</i>"'
    assert str(table).count(line) == 1
    assert str(table).endswith(f"\n\n[tables.touches.values]\n{line}\n{entry}")
    html = table.html()
    assert "<i>video" not in html
    assert html.count("&lt;i&gt;video&lt;/i&gt;") == 2  # in its row, and in the line
    assert "<p>These lines of gtm.toml mend them:</p>" in html


def test_what_has_no_line_that_mends_it_has_none_below() -> None:
    ws = paper(f'{CHANNELS}[[channels]]\nchannel = "fax"\n', touches=TOUCHES.replace("tik", "x"))
    assert "fax" in str(measurement.parameters(ws))
    unused = paper(
        '[[channels]]\nchannel = "fax"\nsource = "fax"', touches="account_id touched_at source\na - -"
    )
    table = measurement.parameters(unused)
    assert "unused" in str(table)
    assert "mend them" not in table.html()


@pytest.mark.parametrize(
    ("settings", "tables", "reason"),
    [
        (CHANNELS, {"touches": "account_id touched_at source medium\na 2026-02-02T09:00 google organic"},
         "every source, medium and channel is known"),
        (CHANNELS, {}, "no table has a source, medium or channel"),
        (CHANNELS, {"touches": "account_id touched_at\na 2026-02-02T09:00"},
         "no table has a source, medium or channel"),
        ("", {"touches": "account_id touched_at source medium\na 2026-02-02T09:00 google organic"},
         "[[channels]] gives no source or medium to hold them against"),
    ],
)  # fmt: skip
def test_where_no_parameter_is_to_mend_the_reason_is_said(
    settings: str, tables: dict[str, str], reason: str
) -> None:
    assert str(measurement.parameters(paper(settings, **tables))) == (
        f"Campaign parameters to mend, by the pipeline they touch: {reason}."
    )


def test_the_page_looks_at_nothing_that_the_faults_were_not_taken_from() -> None:
    ws = paper(**SOLD)
    ws.faults()
    looked = set(ws._belief._found)
    for page in (measurement.events, measurement.parameters, measurement.by_month):
        page(ws)
    measurement.matched(ws, "leads")
    assert set(ws._belief._found) == looked


# ---------------------------------------------------------------- faults as sentences


def test_each_fault_has_the_verdict_of_its_severity_the_gravest_first() -> None:
    ws = told(
        fault("note", text="c"),
        fault("warning", text="b"),
        fault("error", text="a"),
        fault("error", "hygiene"),
    )
    assert str(measurement.found_in(ws, "taxonomy")) == (
        "[act] events.worked: a\n[watch] events.worked: b\n[no action] events.worked: c"
    )


def test_where_nothing_is_wrong_one_quiet_sentence_says_so() -> None:
    assert str(measurement.found_in(told(fault("error", "hygiene")), "taxonomy", "volume")) == (
        "[no action] Nothing is wrong with the events and how many rows the tables have."
    )


@pytest.mark.parametrize(
    ("areas", "words"),
    [
        (("taxonomy",), "the events: the workspace has no table events."),
        (("stitching",), "the matching to accounts: the workspace has no table events, touches or leads."),
        (("freshness", "volume"), "how fresh the tables are and how many rows the tables have: the workspace has no "
         "table."),
    ],
)  # fmt: skip
def test_of_what_cannot_be_looked_at_nothing_is_said_to_be_right(areas: Any, words: str) -> None:
    assert str(measurement.found_in(EMPTY, *areas)) == f"[not yet] Nothing can be said of {words}"


def test_a_hostile_fault_is_text() -> None:
    html = measurement.found_in(told(fault("error", text="'<script>' & \"co\"")), "taxonomy").html()
    assert "&lt;script&gt;" in html
    assert "<script>" not in html


# ---------------------------------------------------------------- the rollout and the processes


def test_the_plan_of_an_empty_workspace() -> None:
    items = measurement.plan(EMPTY)
    assert list(items.columns) == ["week", "item", "done", "told", "next"]
    assert len(items) == 14
    assert not items["done"].any()
    said = str(measurement.rollout_of(items))
    assert said.startswith(
        "[act] 0 of the 14 items of the 30-day rollout are done. Next, of week 1: Glossary"
    )


def test_a_plan_says_what_is_done_and_what_is_open() -> None:
    items = pd.DataFrame(
        [(1, "North <b>", True, "as told", ""), (2, "Events", False, "0 of 1", "Write it.")],
        columns=["week", "item", "done", "told", "next"],
    )
    table = measurement.rollout_of(items)
    assert str(table).startswith(
        "[act] 1 of the 2 items of the 30-day rollout are done. Next, of week 2: Events."
    )
    html = table.html()
    assert "North &lt;b&gt;" in html
    assert [html.count(f">{word}<") for word in ("done", "open", "how it was read", "what to do")] == [
        2,
        1,
        1,
        1,
    ]
    all_done = measurement.rollout_of(items.head(1))
    assert str(all_done).startswith("[no action] 1 of the 1 items of the 30-day rollout are done.")


def test_processes_stand_under_what_most_doubts() -> None:
    said = str(measurement.processes(EMPTY))
    assert said.startswith("[act] ")
    assert "Nothing is declared of ICP and buyer personas" in said


# ---------------------------------------------------------------- what was set aside, review by review


def loss(read: int, used: int, table: str = "events") -> pd.DataFrame:
    return pd.DataFrame([(table, "read", read, ""), (table, "used", used, "")], columns=LOSS)


def reviewed(account: pd.DataFrame, period: str = "2026-10") -> Any:
    return SimpleNamespace(loss_account=lambda: account, period=Period.parse(period))


def publish(home: Path, period: str, account: pd.DataFrame) -> None:
    (home / period / "tables").mkdir(parents=True)
    account.to_csv(home / period / "tables" / "loss_account.csv", index=False)
    (home / period / "run.json").write_text("{}", "utf-8")


def test_by_hand_this_review_stands_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    publish(tmp_path, "2026-09", loss(100, 80))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(measurement.REPORTS, raising=False)
    # 200 read, 199 used: one in 200 was set aside.
    said = str(measurement.set_aside(reviewed(loss(200, 199)))).splitlines()
    assert [line.split() for line in said] == [["table", "2026-10"], ["events", "0.50", "%"]]
    monkeypatch.setenv(measurement.REPORTS, "")  # set to nothing: not the folder that one stands in
    assert "2026-09" not in str(measurement.set_aside(reviewed(loss(200, 199))))


def test_a_run_has_the_reviews_before_beside_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    publish(tmp_path, "2026-09", loss(100, 80))
    monkeypatch.setenv(measurement.REPORTS, str(tmp_path))
    both = pd.concat([loss(200, 199), loss(10, 10, "<i>leads")])
    table = measurement.set_aside(reviewed(both))
    assert [line.split() for line in str(table).splitlines()] == [
        ["table", "2026-09", "2026-10"], ["<i>leads", "0.00", "%"], ["events", "20.00", "%", "0.50", "%"],
    ]  # fmt: skip
    assert "&lt;i&gt;leads" in table.html()


def test_of_many_reviews_the_newest_twelve_and_always_this_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for month in range(1, 13):
        publish(tmp_path, f"2026-{month:02d}", loss(100, 80))
    monkeypatch.setenv(measurement.REPORTS, str(tmp_path))
    newest = str(measurement.set_aside(reviewed(loss(1, 1), "2027-01"))).splitlines()[0].split()
    assert newest == ["table", *(f"2026-{month:02d}" for month in range(2, 13)), "2027-01"]
    again = str(measurement.set_aside(reviewed(loss(1, 1), "2025-12"))).splitlines()[0].split()
    assert again == ["table", "2025-12", *(f"2026-{month:02d}" for month in range(2, 13))]


def test_what_was_read_from_no_file_was_not_set_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(measurement.REPORTS, raising=False)
    said = str(measurement.set_aside(reviewed(pd.DataFrame(columns=LOSS))))
    assert said == "Rows set aside of those read, by review: no table was read from files."


def test_how_fresh_and_full_the_tables_are() -> None:
    said = str(measurement.freshness_of(paper(**SOLD)))
    # Opportunities end on 1 April; to 31 October it is 29 + 31 + 30 + 31 + 31 + 30 + 31 = 213 days.
    assert "[watch] opportunities: opportunities ends on 2026-04-01, 213 days before the period does" in said
    assert "How fresh and how full" in str(measurement.freshness_of(EMPTY))
