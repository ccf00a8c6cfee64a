"""The taxonomy by hand on paper companies, each fault at its limit, and a sample in which an event is renamed."""

import datetime as dt
import gzip
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import paper
import pytest
from paper import ENGINES, INSTANT, TEXT, cells, table

from gtmkit import workspace
from gtmkit.health import taxonomy as health
from gtmkit.health.fault import Fault
from gtmkit.workspace import Workspace

SAMPLE = Path(__file__).parents[2] / "data" / "sample"
Act = tuple[str | None, str | None, str, str]  # account, user, instant, event
CONTRACT = {
    "workflow_completed": {"required": ["account_id", "user_id"], "is_conversion": True},
    "report_shared": {"required": ["user_id"]},
    "invoice_paid": {"kind": "billing"},
}
FIRST, END = dt.date(2026, 6, 1), dt.date(2026, 10, 31)


def daily(
    event: str, first: dt.date, last: dt.date, account: str | None = "a", user: str | None = "u"
) -> list[Act]:
    """The event on each day from the first to the last."""
    return [
        (account, user, f"{first + dt.timedelta(days=i)} 12:00", event)
        for i in range((last - first).days + 1)
    ]


def review(
    acts: Sequence[Act], engine: str = "polars", period: str = "2026-10", **settings: Any
) -> Workspace:
    kinds = {"account_id": TEXT, "user_id": TEXT, "occurred_at": INSTANT, "event": TEXT}
    return paper.company(period, engine, {"events": CONTRACT, **settings}, events=table(acts, **kinds))


def stands(ws: Workspace) -> pd.DataFrame:
    """The table of a workspace's events, as a workspace resolves it."""
    settings = ws._inputs.settings(health.taxonomy)
    return health.taxonomy(*ws._answers.arguments(health.taxonomy, (), 1), period=ws.period, **settings)


def faults(ws: Workspace) -> list[Fault]:
    return health.faults(stands(ws), **ws._inputs.settings(health.faults))


def brief(found: Sequence[Fault]) -> list[tuple[str, str, int | None]]:
    return [(fault.severity, fault.subject, fault.n) for fault in found]


ALL = [
    *daily("workflow_completed", FIRST, END), *daily("report_shared", FIRST, END), *daily("invoice_paid", FIRST, END)
]  # fmt: skip
# `workflow_completed` has its last day on 30 September, `workflow_finished` its first on 1 October.
RENAMED = [
    *daily("workflow_completed", FIRST, dt.date(2026, 9, 30)),
    *daily("workflow_finished", dt.date(2026, 10, 1), END),
    *daily("report_shared", FIRST, END), *daily("invoice_paid", FIRST, END),
]  # fmt: skip


# ---------------------------------------------------------------- the table


@pytest.mark.parametrize("engine", ENGINES)
def test_an_event_a_row(engine: str) -> None:
    more = [("b", None, "2026-10-20 09:00"), (None, "v", "2026-10-03 09:00"), (None, "v", "2026-10-31 09:00")]
    acts = [*RENAMED, *((*act, "report_shared") for act in more)]
    found = stands(review(acts, engine))
    assert cells(found, "event", "is_agreed", "kind", "is_conversion", "recent", "earlier", "accounts",
                 "verdict") == [
        ("invoice_paid", True, "billing", False, 28, 28, 1, "as agreed"),
        ("report_shared", True, "product", False, 30, 29, 2, "incomplete"),
        # The last 28 days are 4 to 31 October, those before 6 September to 3 October: 25 of them to 30 September.
        ("workflow_completed", True, "product", True, 0, 25, 0, "vanished"),
        ("workflow_finished", False, None, None, 28, 3, 1, "unknown"),
    ]  # fmt: skip
    days = cells(found, "first_day", "last_day", "seen", "of_days", "silent")
    assert days[2] == (FIRST, dt.date(2026, 9, 30), 84, 84, 31)
    heir = cells(found, "successor", "was", "now", "since")
    assert heir == [(None,) * 4, (None,) * 4, ("workflow_finished", 1, 1, 31), (None,) * 4]
    # Of the 30 reports one has no user, and one no account; nothing is asked of invoices.
    shares = cells(found, "without user_id", "without account_id", "unmatched")
    assert shares == [
        (None, None, 0), (pytest.approx(1 / 30), None, pytest.approx(1 / 30)), (None, None, None), (None, None, 0),
    ]  # fmt: skip


def test_a_week_is_counted_beside_the_week_before() -> None:
    found = stands(review(ALL, period="2026-W43"))
    assert cells(found, "recent", "earlier") == [(7, 7)] * 3


def test_the_page_says_it_in_words() -> None:
    acts = [*RENAMED, ("b", None, "2026-10-20 09:00", "report_shared")]
    told = health.table(stands(review(acts)))
    assert cells(told, "event", "conversion", "recent", "before", "carries", "stands") == [
        ("invoice_paid", "", 28, 28, "", "as agreed"),
        ("report_shared", "", 29, 28, "user_id in 96.6 %", "incomplete"),
        ("workflow_completed", "yes", 0, 25, "", "vanished, perhaps now workflow_finished"),
        ("workflow_finished", "", 28, 3, "", "unknown"),
    ]  # fmt: skip


@pytest.mark.parametrize("engine", ENGINES)
def test_no_rows_at_all(engine: str) -> None:
    ws = review([], engine)
    assert cells(stands(ws), "event", "recent", "verdict") == [
        ("invoice_paid", 0, "never seen"), ("report_shared", 0, "never seen"), ("workflow_completed", 0, "never seen"),
    ]  # fmt: skip
    assert [(f.severity, f.subject) for f in faults(ws)] == [
        ("error", "events.workflow_completed"), ("warning", "events.invoice_paid"), ("warning", "events.report_shared"),
    ]  # fmt: skip
    bare = review([], engine, events={})
    assert len(stands(bare)) == 0
    assert brief(faults(bare)) == [("note", "events", 0)]


# ---------------------------------------------------------------- faults


def test_all_as_agreed_has_no_fault() -> None:
    assert faults(review(ALL)) == []


@pytest.mark.parametrize("engine", ENGINES)
def test_a_renamed_event_is_found_with_its_successor(engine: str) -> None:
    rule = {"conditions": [{"event": "workflow_completed"}]}
    [fault] = faults(review(RENAMED, engine, activation=rule))
    assert (fault.severity, fault.area, fault.subject, fault.n) == (
        "error", "taxonomy", "events.workflow_completed", 31,
    )  # fmt: skip
    assert fault.text == (
        "workflow_completed is not seen after 2026-09-30: it came on 84 of 84 days with any event until then, and on "
        "none of 31 since. workflow_finished comes 1.0 times a day since, as workflow_completed came 1.0 times "
        "before. It is counted by the activation rule. It is a conversion."
    )
    assert fault.fix == (
        "If workflow_finished is the same act, write in gtm.toml:\n[tables.events.values]\n"
        'event = { "workflow_finished" = "workflow_completed" }'
    )
    assert {"activation_rate", "time_to_value", "activation_depth", "milestone_rate"} <= set(fault.metrics)
    assert not {"north_star", "active_accounts"} & set(fault.metrics)


def test_who_counts_it_says_how_grave_it_is() -> None:
    def severity(event: str, **settings: Any) -> tuple[str, set[str]]:
        acts = [*daily(event, FIRST, dt.date(2026, 9, 30)), *daily("workflow_completed", FIRST, END)]
        [fault] = [
            f
            for f in faults(review(acts, **settings))
            if f.subject == f"events.{event}" and "not seen" in f.text
        ]
        return fault.severity, set(fault.metrics)

    assert severity("report_shared") == ("warning", set())
    assert severity("report_shared", north_star={"events": ["report_shared"]}) == ("error", {"north_star"})
    active = severity("report_shared", active={"events": ["report_shared"]})
    assert active == ("error", {"active_accounts", "product_qualified_pipeline_share"})
    second = {"conditions": [{"event": "workflow_completed"}], "second": {"event": "report_shared"}}
    grave, metrics = severity("report_shared", activation=second)
    assert (grave, "activation_depth" in metrics, "activation_rate" in metrics) == ("error", True, False)
    # A rule's event is looked for also where [events] does not have it, or there is no [events].
    star = {"north_star": {"events": ["page_viewed"]}}
    assert severity("page_viewed", **star)[0] == "error"
    assert severity("page_viewed", events={}, **star)[0] == "error"


def test_not_one_day_below_the_limit() -> None:
    # Seen on every day: nine silent days do not tell, ten do.
    nine = [*daily("workflow_completed", FIRST, END - dt.timedelta(days=9)), *ALL[len(ALL) // 3 :]]
    assert faults(review(nine)) == []
    ten = [*daily("workflow_completed", FIRST, END - dt.timedelta(days=10)), *ALL[len(ALL) // 3 :]]
    assert brief(faults(review(ten))) == [("error", "events.workflow_completed", None)]
    assert "Ask who sends the events" in faults(review(ten))[0].fix
    # A table that ends on 20 October is late, and its events have not vanished.
    assert faults(review([act for act in ALL if act[2] < "2026-10-21"])) == []


def test_too_rare_to_tell_is_no_fault() -> None:
    acts = [*ALL[len(ALL) // 3 :], ("a", "u", "2026-07-01 09:00", "workflow_completed")]
    ws = review(acts)
    assert dict(cells(stands(ws), "event", "verdict"))["workflow_completed"] == "too rare to tell"
    assert faults(ws) == []


def test_what_a_rule_counts_and_nobody_ever_did() -> None:
    found = faults(review(ALL, north_star={"events": ["report_shared", 'page "seen"']}))
    assert brief(found) == [("error", 'events.page "seen"', 0), ("note", "events", 1)]
    assert found[0].metrics == ("north_star",)
    assert (
        found[0].text
        == 'page "seen" is in no row of events up to the end of the period. It is counted by [north_star].'
    )


@pytest.mark.parametrize("engine", ENGINES)
def test_more_than_one_of_a_hundred_may_not_lack_what_it_must_carry(engine: str) -> None:
    def acts(lacking: int) -> list[Act]:
        rest = [
            ("a", None if i < lacking else "u", "2026-10-20 09:00", "report_shared") for i in range(100 - 28)
        ]
        return [*ALL, *rest]

    assert faults(review(acts(1), engine)) == []
    [fault] = faults(review(acts(2), engine))
    assert (fault.severity, fault.subject, fault.n, fault.metrics) == (
        "warning",
        "events.report_shared.user_id",
        2,
        (),
    )
    assert fault.text == (
        "user_id is missing in 2.0 % of 100 recent rows of report_shared; at most 1 % is allowed."
    )
    # It is needed where people are counted.
    star = {"north_star": {"events": ["report_shared"], "unit": "user"}}
    assert faults(review(acts(2), engine, **star))[0].metrics == ("north_star",)


def test_an_account_that_identities_knows_is_not_lost() -> None:
    acts = [*ALL, *((None, "u", "2026-10-20 09:00", "workflow_completed") for _ in range(28))]
    rule = {"conditions": [{"event": "workflow_completed"}]}
    [fault] = faults(review(acts, activation=rule))
    assert (fault.subject, fault.n) == ("events.workflow_completed.account_id", 28)
    assert "activation_rate" in fault.metrics
    known = table([("u", "a", "2026-01-01")], user_id=TEXT, account_id=TEXT, linked_at=INSTANT)
    kinds = {"account_id": TEXT, "user_id": TEXT, "occurred_at": INSTANT, "event": TEXT}
    ws = paper.company(
        "2026-10",
        settings={"events": CONTRACT, "activation": rule},
        events=table(acts, **kinds),
        identities=known,
    )
    [fault] = faults(ws)
    assert (fault.n, fault.metrics) == (28, ())


def test_a_property_without_a_column() -> None:
    contract = {
        **CONTRACT,
        "report_shared": {"required": ["user_role"]},
        "invoice_paid": {"required": ["user_role"]},
    }
    ws = review(ALL, events=contract)
    [fault] = faults(ws)
    assert (fault.severity, fault.subject, fault.n) == ("error", "events.user_role", 56)
    assert fault.text == "events has no column user_role, which invoice_paid, report_shared must carry."
    assert health.table(stands(ws))["carries"].tolist() == ["user_role: no such column"] * 2 + [
        "account_id in 100.0 %, user_id in 100.0 %"
    ]


def test_unknown_events_are_one_warning() -> None:
    acts = [*ALL, *daily("page_viewed", FIRST, END), *daily('the "own"', FIRST, dt.date(2026, 10, 4)),
            *daily("long_gone", FIRST, dt.date(2026, 6, 9))]  # fmt: skip
    found = faults(review(acts))
    assert brief(found) == [("warning", "events", 29), ("note", "events", 1)]
    assert found[0].text == '2 events are not in [events], with 29 recent rows: page_viewed, the "own".'
    assert '[events.page_viewed]\nkind = "product"' in found[0].fix


def test_without_a_taxonomy_there_is_one_note() -> None:
    assert brief(faults(review(ALL, events={}))) == [("note", "events", 3)]


@pytest.mark.parametrize(
    "name", ["Workflow Completed", "workflow", "workflowCompleted", "workflow-done", "_a_b", "a__b"]
)
def test_names_that_are_not_snake_case_are_noted(name: str) -> None:
    found = faults(review([*ALL, *daily(name, FIRST, END)], events={**CONTRACT, name: {}}))
    assert brief(found) == [("note", "events", 1)]
    assert name in found[0].text


def test_a_line_that_is_there_is_kept() -> None:
    entry = {"path": "events.csv", "values": {"event": {'wf "done"': "workflow_completed"}}}
    [fault] = faults(review(RENAMED, tables={"events": entry}))
    assert "in place of the line that is there" in fault.fix
    assert fault.fix.endswith(
        'event = { "wf \\"done\\"" = "workflow_completed", "workflow_finished" = "workflow_completed" }'
    )


# ---------------------------------------------------------------- a sample in which an event is renamed

RATES = ("activation_rate", "activation_depth", "time_to_value", "north_star", "active_accounts")


def opened(folder: Path) -> tuple[Workspace, dict[str, pd.DataFrame]]:
    ws = workspace.open(folder, "2026-10")
    return ws, {metric: pd.DataFrame(ws.metric(metric, periods=4)) for metric in RATES}


@pytest.fixture(scope="module")
def renamed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample, in which workflow_completed is called workflow_finished from 1 October on."""
    folder = tmp_path_factory.mktemp("renamed") / "sample"
    shutil.copytree(SAMPLE, folder, ignore=shutil.ignore_patterns(".gtmkit"))
    file = folder / "events.csv.gz"
    head, *lines = gzip.decompress(file.read_bytes()).decode("utf-8").splitlines()
    lines = [
        line.replace("workflow_completed", "workflow_finished") if line >= "2026-10-01" else line
        for line in lines
    ]
    file.write_bytes(gzip.compress("\n".join([head, *lines, ""]).encode("utf-8"), mtime=0))
    return folder


@pytest.fixture(scope="module")
def before() -> Mapping[str, pd.DataFrame]:
    return opened(SAMPLE)[1]


def test_a_renamed_event_is_no_fall(renamed: Path, before: Mapping[str, pd.DataFrame]) -> None:
    ws, after = opened(renamed)
    fault = faults(ws)[0]
    assert (fault.severity, fault.subject) == ("error", "events.workflow_completed")
    assert '"workflow_finished" = "workflow_completed"' in fault.fix
    assert {*RATES, "milestone_rate"} <= set(fault.metrics)
    rate = after["activation_rate"].set_index("period")
    told = before["activation_rate"].set_index("period")
    # July's windows end by 30 August, August's on 30 September: these are as before; later ones are not told.
    for month in ("2026-07", "2026-08"):
        assert rate.loc[month].equals(told.loc[month])
    assert told.loc["2026-09", "status"] != "immature"
    for month in ("2026-09", "2026-10"):
        assert rate.loc[month, "status"] == "immature"
        assert pd.isna(rate.loc[month, "value"])
        assert "workflow_completed is not seen after 2026-" in rate.loc[month, "reason"]
    for metric in ("north_star", "active_accounts"):
        assert after[metric]["status"].tolist()[-1] == "undefined"
        assert after[metric].iloc[:2].equals(before[metric].iloc[:2])
    assert after["time_to_value"]["status"].tolist()[-1] == "immature"


def test_the_line_that_is_proposed_brings_the_figures_back(
    renamed: Path, before: Mapping[str, pd.DataFrame]
) -> None:
    fix = faults(workspace.open(renamed, "2026-10"))[0].fix
    settings = renamed / "gtm.toml"
    words = settings.read_text("utf-8")
    settings.write_text(f"{words}\n{fix.partition(chr(10))[2]}\n", "utf-8")
    try:
        ws, after = opened(renamed)
    finally:
        settings.write_text(words, "utf-8")
    for metric in RATES:
        paper.same(after[metric], before[metric], metric)
    assert [f for f in faults(ws) if f.severity == "error"] == []
