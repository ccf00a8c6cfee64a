"""The rollout of 30 days: nothing of an empty workspace is done, all of the sample; each item by doing exactly it."""

import copy
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import gtmkit
from gtmkit.config import Config
from gtmkit.config.sections import LINES
from gtmkit.health.fault import Fault
from gtmkit.health.rollout import GROUPS, answered, rollout, sentence

ARTICLE = Path(__file__).parents[2] / "data" / "sample"
TABLES = ["accounts", "touches", "events"]
MISSPELT = Fault(
    "warning", "hygiene", "touches.source", "'gogle' is unmapped: 5 touches", "Write 'gogle' as google."
)
WORDS = ("lead", "qualified lead", "SQL", "opportunity", "pipeline created", "activation")
DONE: dict[str, Any] = {
    "company": {"cohort_unit": "account"},
    "glossary": dict.fromkeys(WORDS, "what it means"),
    "north_star": {"events": ["worked"]},
    "guardrails": {
        name: {"at_least": 0.5} for name in ("gross_margin", "net_revenue_retention", "logo_retention")
    },
    "activation": {"conditions": [{"event": "worked"}, {"event": "invited"}], "second": {"event": "shared"}},
    "events": {"worked": {}, "invited": {}, "shared": {}},
    "channels": [{"channel": "seo", "source": "google", "medium": "organic"}],
    "metric": {line: {"truth": "crm", "owner": "Ann", "next_review": "2026-12-02"} for line in LINES},
    "change": [{"on": "2026-02-01", "metric": "arr", "note": "as it is"}],
}


def config_of(words: dict[str, Any]) -> Config:
    for agreed in words.get("metric", {}).values():
        if "next_review" in agreed:
            agreed["next_review"] = tomllib.loads(f"on = {agreed['next_review']}")["on"]
    for change in words.get("change", ()):
        change["on"] = tomllib.loads(f"on = {change['on']}")["on"]
    return Config.model_validate(words)


def done(
    words: dict[str, Any], faults: tuple[Fault, ...] = (), known: tuple[str, ...] = LINES
) -> dict[str, bool]:
    plan = rollout(config_of(copy.deepcopy(words)), TABLES, faults, known)
    return dict(zip(plan["item"], plan["done"], strict=True))


def without(*path: Any) -> Callable[[dict[str, Any]], None]:
    def take(words: dict[str, Any]) -> None:
        for key in path[:-1]:
            words = words[key]
        del words[path[-1]]

    return take


def written(*path: Any, value: Any) -> Callable[[dict[str, Any]], None]:
    def write(words: dict[str, Any]) -> None:
        for key in path[:-1]:
            words = words.setdefault(key, {})
        words[path[-1]] = value

    return write


# What takes one item back from a workspace in which all are done, and only that one.
TAKEN_BACK: list[tuple[str, Callable[[dict[str, Any]], None]]] = [
    ("Glossary", without("glossary", "SQL")),
    ("Glossary", written("glossary", "lead", value=" ")),
    ("North Star", without("north_star")),
    ("Three guardrails", without("guardrails", "logo_retention")),
    ("Cohort unit", without("company", "cohort_unit")),
    ("Events of activation", without("events", "invited")),
    ("Events of activation", without("events", "shared")),
    ("Events of activation", written("activation", "conditions", value=[])),
    ("UTMs", without("channels")),
    ("UTMs", written("channels", value=[{"channel": "seo"}])),
    ("Source of truth", without("metric", "spend", "truth")),
    ("Scorecard: outcomes", written("scorecard", "lines", value=[x for x in LINES if x != "arr"])),
    ("Owner", without("metric", "win_rate", "owner")),
    ("Review rhythms", without("metric", "cac", "next_review")),
    ("Metric change log", without("change")),
    ("Metric change log", written("metric", "win_rate", "version", value=2)),
]


@pytest.mark.parametrize(("item", "take"), TAKEN_BACK)
def test_an_item_flips_by_exactly_what_it_asks_for(item: str, take: Callable[[dict[str, Any]], None]) -> None:
    words = copy.deepcopy(DONE)
    take(words)
    assert [name for name, is_done in done(words).items() if not is_done] == [
        name for name in done(DONE) if name.startswith(item)
    ]


# What does one item of an empty workspace, and only that one.
DOING: dict[str, dict[str, Any]] = {
    "Glossary": {"glossary": DONE["glossary"]},
    "North Star": {"north_star": DONE["north_star"]},
    "Three guardrails": {"guardrails": DONE["guardrails"]},
    "Cohort unit": {"company": DONE["company"]},
    "Events of activation": {"activation": DONE["activation"], "events": DONE["events"]},
    "UTMs": {"channels": DONE["channels"]},
    "Source of truth": {"metric": {line: {"truth": "crm"} for line in LINES}},
    "Owner": {"metric": {line: {"owner": "Ann"} for line in LINES}},
    "Review rhythms": {"metric": {line: {"next_review": "2026-12-02"} for line in LINES}},
    "Metric change log": {"change": DONE["change"]},
}


@pytest.mark.parametrize("item", DOING)
def test_doing_one_item_does_no_other(item: str) -> None:
    found = done(DOING[item], known=())
    assert [name for name, is_done in found.items() if is_done] == [x for x in found if x.startswith(item)]


@pytest.mark.parametrize("group", GROUPS)
def test_figures_of_a_group_s_lines_do_that_group(group: str) -> None:
    found = done({}, known=GROUPS[group])
    assert [name for name, is_done in found.items() if is_done] == [f"Scorecard: {group}"]


def test_all_is_done() -> None:
    assert set(done(DONE).values()) == {True}


@pytest.mark.parametrize(("group", "line"), [(name, lines[-1]) for name, lines in GROUPS.items()])
def test_a_line_without_a_figure_leaves_its_group_undone(group: str, line: str) -> None:
    found = done(DONE, known=tuple(x for x in LINES if x != line))
    assert [name for name, is_done in found.items() if not is_done] == [f"Scorecard: {group}"]


def test_faults_of_campaign_parameters_leave_them_undone_and_others_do_not() -> None:
    assert [name for name, is_done in done(DONE, (MISSPELT,)).items() if not is_done] == [
        "UTMs standardised and enforced"
    ]
    others = (Fault("error", "taxonomy", "events.x", "x", "x"), Fault("note", "hygiene", "touches", "x", "x"))
    assert set(done(DONE, others).values()) == {True}


def test_campaign_parameters_that_no_table_shows_are_not_done() -> None:
    plan = rollout(config_of(copy.deepcopy(DONE)), ["accounts"], (), LINES).set_index("item")
    row = plan.loc["UTMs standardised and enforced"]
    assert not row["done"]
    assert row["next"].startswith("Map one of touches, leads, traffic under [tables] in gtm.toml")


def test_a_cadence_is_a_rhythm_too() -> None:
    words = copy.deepcopy(DONE)
    del words["metric"]["cac"]["next_review"]
    words["cadence"] = {"cac": "month"}
    assert set(done(words).values()) == {True}


def test_a_variant_on_the_card_is_its_metric() -> None:
    words = copy.deepcopy(DONE)
    words["scorecard"] = {"lines": [*(x for x in LINES if x != "sales_cycle"), "sales_cycle.won"]}
    assert set(done(words).values()) == {True}


def test_nothing_of_an_empty_workspace_is_done(tmp_path: Path) -> None:
    (tmp_path / "gtm.toml").write_text("", "utf-8")
    plan = rollout(Config.load(tmp_path), [], (), set())
    assert plan["week"].tolist() == [1, 1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4]
    assert not plan["done"].any()
    assert (plan["next"] != "").all()
    assert sentence(plan).startswith(
        "0 of the 14 items of the 30-day rollout are done. Next, of week 1: Glossary: lead, qualified lead, SQL, "
    )


def test_what_is_told_and_what_is_next() -> None:
    words = copy.deepcopy(DONE)
    del words["glossary"]["SQL"]
    words["metric"]["win_rate"]["version"] = 2
    plan = rollout(config_of(words), TABLES, (), LINES)
    assert plan["told"].iloc[0] == "5 of 6 terms in [glossary]; missing: SQL"
    assert plan["next"].iloc[0] == 'Write under [glossary] in gtm.toml: "SQL" = "...".'
    assert (
        plan["told"].iloc[-1] == "entries in [[change]]: 1; of another version, and not among them: win_rate"
    )
    assert plan["next"].iloc[-1] == "Write [[change]] with on, metric and note in gtm.toml, for win_rate."
    assert plan["next"].iloc[1] == ""  # done
    assert sentence(plan).startswith("12 of the 14 items")


def test_the_sample_has_done_all_but_its_campaign_parameters() -> None:
    ws = gtmkit.open(ARTICLE, "2026-10")
    known = answered(ws.metric)
    assert known == set(LINES)
    plan = rollout(ws.config, ws.tables, (MISSPELT,), known)
    assert plan.loc[~plan["done"], "item"].tolist() == ["UTMs standardised and enforced"]
    assert sentence(plan) == (
        "13 of the 14 items of the 30-day rollout are done. Next, of week 2: UTMs standardised and enforced. "
        "Write 'gogle' as google."
    )
    assert sentence(rollout(ws.config, ws.tables, (), known)) == (
        "14 of the 14 items of the 30-day rollout are done."
    )
