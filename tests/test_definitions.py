"""When a definition changed: what the log declares, in gtm.toml and in the code, and what only the settings show."""

import json
from dataclasses import replace
from datetime import date

import pytest

from gtmkit import catalog, definitions
from gtmkit.catalog import Redefined
from gtmkit.config import Config

RULE = [{"event": "report_shared", "at_least": 2, "within_days": 7}]
STAGES = {"Neu": "qualified", "Gewonnen": "closed_won"}


def company(**sections) -> Config:
    tables = {"opportunities": {"path": "o.csv", "values": {"stage": STAGES}}}
    return Config.model_validate({"activation": {"conditions": RULE}, "tables": tables} | sections)


def logged(*entries: tuple[str, date]) -> Config:
    return company(change=[{"on": on, "metric": metric, "note": "n"} for metric, on in entries])


PAPER = company()
BEFORE = definitions.stored(PAPER)


def test_settings_reach_a_metric_through_its_ledgers_and_tables():
    found = definitions.settings_of("activation_rate", PAPER)
    assert found["activation.window_days"] == 30  # its own
    assert found["activation.conditions[0].event"] == "report_shared"  # of the ledger activations
    assert found["activation.conditions[0].within_days"] == 7
    assert found["company.timezone"] == "UTC"  # of the table events, which has instants
    assert not [key for key in found if key.startswith(("pipeline.", "cac.", "subscriptions."))]


def test_settings_reach_a_metric_through_the_metrics_it_is_made_of():
    # Payback is cost over margin of new MRR: the lag is of its cost, the statuses are of the MRR.
    found = definitions.settings_of("cac_payback", PAPER)
    assert found["cac.lag_months"] == 3
    assert found["subscriptions.counts"] == ["active", "past_due", "canceled"]
    assert found["company.currency"] == "USD"


def test_what_is_stored_is_json_and_covers_the_catalogue():
    assert set(BEFORE) == set(catalog.METRICS)
    assert json.loads(json.dumps(BEFORE)) == BEFORE


def test_the_same_settings_change_nothing():
    assert definitions.changed(json.loads(json.dumps(BEFORE)), company()) == {}


def test_a_window_that_nobody_declared_is_named_with_both_values():
    now = company(activation={"conditions": RULE, "window_days": 14})
    found = definitions.changed(BEFORE, now)
    # Those that read the window; the time to value asks of all starts whether they ever activate.
    assert "activation_rate" in found
    assert not {"time_to_value", "win_rate", "cac", "arr"} & set(found)
    assert str(found["activation_rate"]) == (
        "not comparable: activation.window_days 30 -> 14; the change log has no entry for it"
    )


def test_a_declared_change_says_what_differs_without_a_complaint():
    change = {"on": date(2026, 10, 1), "metric": "activation_rate", "note": "Two weeks are enough."}
    now = company(activation={"conditions": RULE, "window_days": 14}, change=[change])
    found = definitions.changed(BEFORE, now)
    assert str(found["activation_rate"]) == "not comparable: activation.window_days 30 -> 14"
    # milestone_rate has the same window, and the log says nothing of it.
    assert str(found["milestone_rate"]).endswith("the change log has no entry for it")


def test_an_entry_of_long_ago_declares_nothing_new():
    old = logged(("activation_rate", date(2025, 1, 1)))
    now = company(
        activation={"conditions": RULE, "window_days": 14},
        change=[{"on": date(2025, 1, 1), "metric": "activation_rate", "note": "n"}],
    )
    assert not definitions.changed(definitions.stored(old), now)["activation_rate"].is_logged


def test_a_condition_more_is_named_by_its_place():
    more = [*RULE, {"event": "teammate_invited"}]
    found = definitions.changed(BEFORE, company(activation={"conditions": more}))
    assert found["time_to_value"].differs == (
        "activation.conditions[1].at_least none -> 1",
        "activation.conditions[1].event none -> teammate_invited",
    )


def test_a_metric_is_redefined_with_what_it_is_made_of():
    found = definitions.changed(BEFORE, company(cac={"lag_months": 2}))
    assert {"cac", "cac_payback", "ltv_to_cac"} <= set(found)
    assert "ltv" not in found
    assert found["cac_payback"].differs == ("cac.lag_months 3 -> 2",)


@pytest.mark.parametrize(
    ("stages", "differs"),
    [
        (STAGES | {"Verloren": "closed_lost"}, ()),  # a value that was never written before
        (STAGES | {"Neu": "discovery"}, ("tables.opportunities.values.stage.Neu qualified -> discovery",)),
        ({"Gewonnen": "closed_won"}, ("tables.opportunities.values.stage.Neu qualified -> none",)),
    ],
)
def test_a_value_that_maps_to_another_one_is_another_definition(stages, differs):
    now = company(tables={"opportunities": {"path": "new.csv", "values": {"stage": stages}}})
    found = definitions.changed(BEFORE, now)
    assert found["win_rate"].differs == differs if differs else found == {}


def test_a_constant_that_comes_is_another_definition():
    """It fills a column in every row, as no new value of a column does."""
    table = {"path": "o.csv", "values": {"stage": STAGES}}
    now = company(tables={"opportunities": table | {"constants": {"kind": "new"}}})
    found = definitions.changed(BEFORE, now)
    assert found["win_rate"].differs == ("tables.opportunities.constants.kind none -> new",)
    again = definitions.changed(definitions.stored(now), PAPER)
    assert again["win_rate"].differs == ("tables.opportunities.constants.kind new -> none",)


def test_a_column_that_is_read_from_another_place_is_another_definition():
    """`TCV` under the name of `Amount` changes the figure; a column more changes none that was there."""
    table = {"path": "o.csv", "values": {"stage": STAGES}, "columns": {"amount": "Amount"}}
    before = definitions.stored(company(tables={"opportunities": table}))
    now = company(tables={"opportunities": table | {"columns": {"amount": "TCV", "owner": "Owner"}}})
    found = definitions.changed(before, now)
    assert found["win_rate"].differs == ("tables.opportunities.columns.amount Amount -> TCV",)


def test_a_new_version_is_a_difference_of_its_own():
    found = definitions.changed(BEFORE, company(metric={"win_rate": {"version": 2}}))
    assert str(found["win_rate"]).startswith("not comparable: version 1 -> 2;")
    assert list(found) == ["win_rate"]


def test_more_than_three_differences_are_counted():
    changed = {"window_days": 14, "conditions": [{"event": "a"}]}
    found = definitions.changed(BEFORE, company(activation=changed))["activation_rate"]
    assert str(found).startswith("not comparable: activation.conditions[0].at_least 2 -> 1, ")
    assert " and 1 more;" in str(found)  # at_least, event, within_days; window_days
    assert len(found.differs) == 4


def test_metrics_that_one_side_does_not_know_are_left_out():
    assert definitions.changed({"gone": BEFORE["arr"]}, PAPER) == {}


def test_the_log_holds_what_bears_on_a_metric_and_on_its_parts():
    config = logged(
        ("win_rate", date(2026, 7, 1)), ("cac", date(2026, 3, 1)), ("win_rate", date(2025, 1, 31))
    )
    assert [c.on for c in definitions.changes("win_rate", config)] == [date(2025, 1, 31), date(2026, 7, 1)]
    assert [c.metric for c in definitions.changes("pipeline_velocity", config)] == ["win_rate", "win_rate"]
    assert definitions.changes("arr", config) == []


def test_a_change_falls_into_the_period_that_holds_its_day():
    config = logged(("win_rate", date(2026, 2, 28)))
    months = ["2026-01", "2026-01", "2026-02", "2026-02", "2026-03", "all"]
    assert definitions.changed_in("win_rate", months, config) == ["2026-02"]
    # W09: 23 February to 1 March
    assert definitions.changed_in("win_rate", ["2026-W08", "2026-W09", "2026-W10"], config) == ["2026-W09"]
    retail = config.model_copy(update={"company": config.company.model_copy(update={"fiscal_year_start": 2})})
    # FY2027-Q1: February to April 2026
    assert definitions.changed_in("win_rate", ["FY2026-Q1", "FY2027-Q1"], retail) == ["FY2027-Q1"]


@pytest.mark.parametrize(
    ("on", "told"),
    [
        (date(2026, 1, 1), ""),  # the whole of January is of the new definition
        (date(2026, 1, 31), "2026-01"),  # January is of both
        (date(2026, 2, 1), "2026-02"), (date(2026, 3, 31), "2026-03"), (date(2026, 4, 1), ""),
    ],
)  # fmt: skip
def test_a_change_lies_between_two_periods_where_they_are_not_both_of_one_definition(on, told):
    config = logged(("win_rate", on))
    assert definitions.changed_between("win_rate", "2026-01", "2026-03", config) == told


def test_a_change_in_the_code_is_dated_in_the_log_and_makes_a_version(monkeypatch):
    row = catalog.METRICS["win_rate"]
    changed = replace(row, changes=(Redefined(date(2026, 5, 1), "Ties count as lost."),))
    monkeypatch.setitem(catalog.METRICS, "win_rate", changed)
    config = company(metric={"win_rate": {"version": 2}})
    assert catalog.version(changed, config) == 3  # one change of ours, one of theirs
    assert [c.note for c in definitions.changes("win_rate", config)] == ["Ties count as lost."]
    told = catalog.define("win_rate", config=config).iloc[0]
    assert (told["version"], told["changes"]) == (3, "2026-05-01: Ties count as lost.")
    found = definitions.changed(BEFORE, PAPER)["win_rate"]
    assert (found.differs, found.is_logged) == (("version 1 -> 2",), True)
