"""Whose truth each table tells, and a declared truth from which nothing is measured."""

import tomllib
from pathlib import Path

from cases import Case, workspace

import gtmkit
from gtmkit.config import Config
from gtmkit.contracts import TABLES
from gtmkit.health.sources_of_truth import (
    FILLED_BY,
    SYSTEMS,
    contradictions,
    declared,
    measured_from,
    sources_of_truth,
)

SAMPLE = Path(__file__).parents[2] / "data" / "sample"
LINES = "account_id started_on ended_on mrr_amount\na 2026-01-01 - 10"
TICKETS = "ticket_id account_id opened_at\nt a 2026-09-01"


def config_of(text: str) -> Config:
    return Config.model_validate(tomllib.loads(text))


def test_every_table_has_the_system_that_fills_it() -> None:
    assert FILLED_BY.keys() == TABLES.keys()
    assert {table for tables in SYSTEMS.values() for table in tables} <= TABLES.keys()


def test_where_a_table_comes_from_and_what_is_measured_from_it() -> None:
    text = '[tables.tickets]\npath = "zendesk/*.csv"\n[metric.support_burden]\ntruth = "Help desk"\n'
    ws = workspace(Case("arr", "hand", {"tickets": TICKETS, "subscriptions": LINES}, [], text))
    table = sources_of_truth(ws.config, ws.tables, ws.tables_of).set_index("table")
    assert table.loc["tickets"].tolist() == ["help desk", "zendesk/*.csv", "support_burden", "support_burden"]
    assert table.loc["subscriptions", "filled_by"] == "billing"
    assert table["path"].isna().tolist() == [True, False]  # subscriptions come from no file
    told, measured = (table.loc["subscriptions", c].split(", ") for c in ("truth_of", "measured"))
    assert "arr" in told
    assert {"arr", "support_burden"} <= set(measured)  # per customer, and customers are billing's
    assert "support_burden" not in told


def test_a_table_that_only_describes_measures_nothing() -> None:
    ws = workspace(Case("arr", "hand", {"accounts": "account_id\na"}, []))
    assert sources_of_truth(ws.config, ws.tables, ws.tables_of).values.tolist() == [
        ["accounts", "CRM", None, "", ""]
    ]
    assert sources_of_truth(ws.config, [], ws.tables_of).empty


def test_what_is_declared_stands_before_the_catalogue() -> None:
    truths = declared(config_of('[metric.arr]\ntruth = "ledger"\n[metric.win_rate]\nowner = "Ann"\n'))
    assert (truths["arr"], truths["win_rate"], truths["mrr"]) == ("ledger", "crm", "billing")


def test_a_truth_from_which_nothing_is_measured_is_a_fault() -> None:
    config = config_of(
        '[metric.arr]\ntruth = "CRM"\n[metric.mrr]\ntruth = "the ledger"\n[metric.nps]\ntruth = "crm"\n'
    )
    measured = {"arr": ["subscriptions"], "mrr": ["subscriptions"]}  # nothing of nps
    (fault,) = contradictions(config, lambda metric: measured.get(metric, []))
    assert (fault.severity, fault.area, fault.subject, fault.metrics) == (
        "warning",
        "sources",
        "metric.arr",
        ("arr",),
    )
    assert fault.text == (
        "the truth of ARR is declared to be 'CRM', and it is measured from subscriptions (billing)"
    )
    assert fault.fix == (
        "Write truth = \"billing\" under [metric.arr] in gtm.toml, or map the table of 'CRM' that tells it."
    )


def test_what_nobody_declared_contradicts_nothing() -> None:
    config = config_of('[metric.cac]\nowner = "Ann"\n')
    assert contradictions(config, lambda metric: ["accounts"]) == []  # the catalogue says finance


def test_one_of_several_tables_is_enough() -> None:
    config = config_of('[metric.cac_payback]\ntruth = "billing"\n')
    assert (
        contradictions(config, lambda metric: ["spend", "subscriptions"] if metric == "cac_payback" else [])
        == []
    )


def test_the_sample_says_where_each_table_comes_from_and_contradicts_itself_nowhere() -> None:
    ws = gtmkit.open(SAMPLE, "2026-10")
    table = sources_of_truth(ws.config, ws.tables, ws.tables_of)
    assert len(table) == 21
    assert table["path"].notna().all()
    assert contradictions(ws.config, ws.tables_of) == []
    of = measured_from(ws.tables_of)
    # By hand, from the catalogue: a seller's activity, and coverage of target accounts by it.
    assert of["activities"] == ("activity_volume", "outbound_coverage")
    assert of["traffic"] == ("impressions", "sessions", "visitors")
