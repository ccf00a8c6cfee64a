"""The records behind a number: what they count is what the metric counts, whatever the metric."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from acceptance.workspaces import company, line
from cases import CASES, Case, workspace
from cases.processes import DUE, HANDED_OVER, NO_DEALS, OPEN, RENEWED, STAGES, TERMS
from typer.testing import CliRunner

from gtmkit import catalog, rows
from gtmkit.catalog import METRICS
from gtmkit.cli import app
from gtmkit.errors import ConfigError
from gtmkit.results import FIGURES, WORDS, floats
from gtmkit.workspace import Workspace

COUNTS = ["numerator", "denominator"]
SHARES = [case for case in CASES if catalog.find(case.metric)[0].unit == "share"]


def of(metric: str, tables: dict[str, str], settings: str = STAGES, period: str = "2026-10") -> Workspace:
    return workspace(Case(metric, "hand", tables, [], settings, period))


def added_up(found: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """The counts of the records of each key, numbers as floats."""
    return (
        found.astype(dict.fromkeys(COUNTS, "Float64"))
        .groupby(keys, dropna=False, as_index=False)[COUNTS]
        .sum()
    )


# ---------------------------------------------------------------- the counts


def test_a_case_stands_for_every_share_of_the_catalogue() -> None:
    assert {case.metric.partition(".")[0] for case in SHARES} == {
        row.id for row in METRICS.values() if row.unit == "share"
    }


@pytest.mark.parametrize("case", SHARES, ids=[f"{c.metric}-{c.kind}-{i}" for i, c in enumerate(SHARES)])
def test_records_count_what_the_share_counts(case: Case) -> None:
    ws = workspace(case)
    asked = ws.metric(case.metric, by=case.by, periods=case.periods, **case.options)
    found = rows.rows(ws, case.metric, by=case.by, periods=case.periods, **case.options)
    keys = [str(c) for c in asked if c not in {*FIGURES, *WORDS}]
    counted = pd.DataFrame(asked)[keys].merge(added_up(found, keys), on=keys, how="left")
    for name in COUNTS:
        expected, got = np.nan_to_num(floats(asked[name])), np.nan_to_num(floats(counted[name]))
        assert got == pytest.approx(expected, rel=1e-9, abs=1e-9), (name, found)


@pytest.mark.parametrize("row", METRICS.values(), ids=list(METRICS))
def test_a_share_is_made_of_records(row: catalog.Metric) -> None:
    assert row.records or row.unit != "share"


@pytest.mark.parametrize(
    ("unit", "key", "counted"),
    [("user", "user_id", {"u1": 1, "u2": 1}), ("account", "account_id", {"A": 1, "B": 1}),
     ("event", "account_id", {"A": 3, "B": 1})],
)  # fmt: skip
def test_the_records_of_the_north_star_are_whom_it_counts(
    unit: str, key: str, counted: dict[str, int]
) -> None:
    """u1 is of A and of B: two people, in three pairs of a person and an account."""
    events = {"events": """
        occurred_at  event  user_id  account_id
        2026-10-05   go     u1       A
        2026-10-06   go     u1       A
        2026-10-06   go     u1       B
        2026-10-07   go     u2       A
    """}  # fmt: skip
    ws = of("north_star", events, f'[north_star]\nevents = ["go"]\nper = "month"\nunit = "{unit}"\n')
    found = rows.rows(ws, "north_star")
    assert dict(zip(found[key], found["numerator"], strict=True)) == counted
    assert ws.metric("north_star")["value"].tolist() == [sum(counted.values())]
    active = rows.rows(ws, "active_accounts")  # of accounts whoever the North Star counts
    assert active["account_id"].tolist() == ["A", "B"]


def test_a_north_star_of_people_that_events_do_not_name_has_no_records() -> None:
    nameless = {"events": "occurred_at event account_id\n2026-10-05 go A"}
    ws = of("north_star", nameless, '[north_star]\nevents = ["go"]\nunit = "user"\n')
    assert rows.rows(ws, "north_star").empty


# ---------------------------------------------------------------- what a row says


def test_a_row_is_a_record_with_its_counts_and_what_it_is() -> None:
    tables = OPEN | {"accounts": "account_id name\na Acme\nb -"}
    tables["opportunities"] = """
        opportunity_id  created_at        stage      closed_on  expected_close_on  account_id  amount  owner
        late            2026-06-01        discovery  -          2026-10-31         a           12.5    Ann
        soon            2026-06-01T09:30  discovery  -          2026-11-01         -           -       -
    """
    tables.pop("stage_changes")
    found = rows.rows(of("past_due_close_share", tables), "past_due_close_share")
    assert found.astype(object).where(found.notna(), None).to_dict("records") == [
        {"opportunity_id": "late", "period": "2026-10", "numerator": 1, "denominator": 1, "account_id": "a",
         "owner": "Ann", "stage": "discovery", "amount": 12.5, "created_at": "2026-06-01",
         "expected_close_on": "2026-10-31", "closed_on": None, "name": "Acme"},
        {"opportunity_id": "soon", "period": "2026-10", "numerator": 0, "denominator": 1, "account_id": None,
         "owner": None, "stage": "discovery", "amount": None, "created_at": "2026-06-01 09:30",
         "expected_close_on": "2026-11-01", "closed_on": None, "name": None},
    ]  # fmt: skip


def test_by_shows_a_column_and_where_keeps_a_value_of_it() -> None:
    ws = of("stale_opportunity_share", OPEN)
    found = rows.rows(ws, "stale_opportunity_share", by="segment")
    assert list(zip(found["segment"], found["opportunity_id"], strict=True)) == [
        ("Enterprise", "silent"), ("Enterprise", "young"),
        ("SMB", "moved"), ("SMB", "repeated"), ("SMB", "stale"),
    ]  # fmt: skip
    confined = rows.rows(ws, "stale_opportunity_share", where={"segment": "Enterprise"})
    assert confined["opportunity_id"].tolist() == ["silent", "young"]
    assert rows.rows(ws, "stale_opportunity_share", where={"kind": "expansion"})["numerator"].tolist() == [0]


def test_where_keeps_a_value_of_an_axis() -> None:
    tables = {
        "opportunities": """
            opportunity_id  created_at  stage     closed_on
            jumped          2026-10-01  proposal  -
        """,
        "stage_changes": """
            opportunity_id  stage      entered_at
            jumped          qualified  2026-10-02
            jumped          proposal   2026-10-05
        """,
    }
    ws = of("stage_skip_rate", tables)
    assert rows.rows(ws, "stage_skip_rate")[["stage", *COUNTS]].to_numpy().tolist() == [
        ["discovery", 1, 1], ["proposal", 0, 1], ["qualified", 0, 1],
    ]  # fmt: skip
    assert len(rows.rows(ws, "stage_skip_rate", where={"stage": "discovery"})) == 1


def test_a_duration_is_empty_while_it_runs() -> None:
    found = rows.rows(of("handoff_time", HANDED_OVER), "handoff_time").set_index("opportunity_id")
    told = found[["numerator", "days"]].astype(object).where(found[["numerator", "days"]].notna(), None)
    assert told.to_dict("index") == {
        "soon": {"numerator": 1, "days": 10},
        "late": {"numerator": 1, "days": 20},
        "waits": {"numerator": 0, "days": None},
    }


def test_a_single_record_is_never_suppressed() -> None:
    found = rows.rows(of("win_rate", OPEN, STAGES.replace("min_n = 0", "min_n = 20")), "win_rate")
    assert found[["opportunity_id", *COUNTS]].to_numpy().tolist() == [["closed", 0, 1]]


def test_several_periods_have_each_their_records() -> None:
    found = rows.rows(of("late_renewal_share", RENEWED, TERMS), "late_renewal_share", periods=2)
    assert set(found["period"]) == {"2026-09"}  # of October's none has had its days of grace
    late = found.loc[found["numerator"] == 1, ["account_id", "contract", "due_day"]]
    assert late.to_numpy().tolist() == [
        ["after_gap", "s2", "2026-09-15"], ["open", "s4", "2026-09-05"], ["signed", "s3", "2026-09-20"],
    ]  # fmt: skip


def test_a_derived_metric_has_the_records_of_its_parts() -> None:
    found = rows.rows(of("pipeline_velocity", OPEN), "pipeline_velocity")
    assert set(found["part"]) == {"open_pipeline", "win_rate", "sales_cycle"}
    assert found.loc[found["part"] == "open_pipeline", "opportunity_id"].tolist() == [
        "moved", "repeated", "silent", "stale", "young",
    ]  # fmt: skip


def test_a_target_is_a_record_of_its_own() -> None:
    targets = {"targets": "period metric value\n2026-Q4 bookings 1000"}
    tables = {
        "opportunities": """
            opportunity_id  created_at  stage      closed_on  expected_close_on  amount
            open            2026-06-01  qualified  -          2026-12-01         300
        """
    }
    found = rows.rows(of("pipeline_coverage", tables | targets), "pipeline_coverage")
    told = found[["opportunity_id", *COUNTS]].astype(object)
    assert told.where(told.notna(), None).to_numpy().tolist() == [["open", 300, 0], ["target", 0, 1000]]


def test_what_is_booked_is_taken_from_the_target_record_by_record() -> None:
    """At 1 November: 300 open over 1000 less the 200 that `won` booked in October."""
    targets = {"targets": "period metric value\n2026-Q4 bookings 1000"}
    tables = {
        "opportunities": """
            opportunity_id  created_at  stage       closed_on   expected_close_on  amount  segment
            open            2026-06-01  qualified   -           2026-12-01         300     SMB
            won             2026-06-01  closed_won  2026-10-05  -                  200     SMB
        """
    }
    ws = of("pipeline_coverage", tables | targets)
    found = rows.rows(ws, "pipeline_coverage")
    assert found[["opportunity_id", *COUNTS]].to_numpy().tolist() == [
        ["open", 300, 0], ["target", 0, 1000], ["won", 0, -200],
    ]  # fmt: skip
    asked = ws.metric("pipeline_coverage").iloc[0]
    assert [found[name].sum() for name in COUNTS] == [asked[name] for name in COUNTS] == [300, 800]


# ---------------------------------------------------------------- what is refused


def test_a_metric_made_of_no_records_is_refused() -> None:
    with pytest.raises(ConfigError) as error:
        rows.rows(of("revenue", OPEN), "revenue")
    assert str(error.value) == (
        "revenue is made of no records: what it is made of is given as sums, not one by one. "
        "`gtmkit metrics revenue` says of what. Ask for another metric."
    )


def test_a_missing_table_is_named() -> None:
    with pytest.raises(
        ConfigError, match=r"revenue needs the table subscriptions\. Add \[tables.subscriptions\]"
    ):
        rows.rows(of("logo_retention", OPEN), "logo_retention")


def test_what_it_cannot_be_confined_to_is_refused() -> None:
    ws = of("win_rate", OPEN)
    with pytest.raises(ConfigError, match=r"win_rate is not known by 'segmnt'\. Did you mean 'segment'\?"):
        rows.rows(ws, "win_rate", where={"segmnt": "SMB"})
    with pytest.raises(ConfigError, match="No row has segment = 'SMBB'"):
        rows.rows(ws, "win_rate", where={"segment": "SMBB"})
    with pytest.raises(ConfigError, match="win_rate cannot be asked by 'stage'"):
        rows.rows(ws, "win_rate", by="stage")


def test_a_value_that_an_axis_does_not_have_is_refused() -> None:
    tables = {"opportunities": "opportunity_id created_at stage closed_on\na 2026-10-01 proposal -"}
    tables["stage_changes"] = "opportunity_id stage entered_at\na qualified 2026-10-02\na proposal 2026-10-05"
    ws = of("stage_skip_rate", tables)
    with pytest.raises(ConfigError) as error:
        rows.rows(ws, "stage_skip_rate", where={"stage": "proposl"})
    assert str(error.value) == (
        "stage_skip_rate has nothing with stage = 'proposl'. Did you mean 'proposal'? "
        "It has: discovery, proposal, qualified. Choose one of these."
    )
    empty = of(
        "stage_skip_rate", NO_DEALS
    )  # the stages of [pipeline] are known though nothing happened in them
    assert rows.rows(empty, "stage_skip_rate", where={"stage": "discovery"}).empty
    with pytest.raises(ConfigError, match="Did you mean 'proposal'"):
        rows.rows(empty, "stage_skip_rate", where={"stage": "proposl"})


def test_a_week_of_what_is_counted_by_the_month_is_refused() -> None:
    with pytest.raises(ConfigError) as error:
        rows.rows(of("logo_retention", RENEWED, TERMS, "2026-W40"), "logo_retention")
    assert str(error.value) == (
        "logo_retention is counted by the month, and 2026-W40 is a week. A month, quarter or year is allowed. "
        "Name one with --period, such as 2026-10."
    )


# ---------------------------------------------------------------- what a review hands out


def test_lists_put_what_to_do_first_and_the_largest_of_it() -> None:
    tables = dict(OPEN)
    tables["opportunities"] = """
        opportunity_id  created_at  stage      closed_on  expected_close_on  amount
        small           2026-06-01  discovery  -          2026-10-01         10
        large           2026-06-01  discovery  -          2026-10-01         99
        fine            2026-10-20  discovery  -          2026-12-01         500
    """
    tables.pop("stage_changes")
    found = rows.lists(of("past_due_close_share", tables))
    assert set(found) == {"past_due_close_share", "stale_opportunity_share"}  # no table tells of the others
    for listed in found.values():
        assert listed["opportunity_id"].tolist() == ["large", "small", "fine"]
        assert listed["numerator"].tolist() == [1, 1, 0]
        assert listed["to_do"].tolist() == ["true", "true", "false"]
        assert list(listed)[:5] == ["opportunity_id", "period", *COUNTS, "to_do"]


def test_lists_are_of_the_latest_period_that_can_be_read() -> None:
    found = rows.lists(of("late_renewal_share", RENEWED, TERMS))
    late = found["late_renewal_share"]
    assert set(late["period"]) == {"2026-09"}
    assert late["numerator"].tolist() == [1, 1, 1, 0, 0]
    kept = found["logo_retention"]
    assert set(kept["period"]) == {"2026-10"}
    assert kept["account_id"].iloc[0] == "gone"
    assert kept["numerator"].tolist() == [0, 1, 1, 1, 1, 1, 1]
    assert kept["to_do"].tolist() == ["true"] + 6 * ["false"]  # gone: those that stayed are in the numerator


def test_an_option_that_the_metric_does_not_have_is_refused() -> None:
    with pytest.raises(ConfigError, match="renewals_due has no option 'ahead_days'"):
        rows.rows(of("renewals_due", DUE, TERMS), "renewals_due", ahead_days=180)


def test_renewals_due_are_listed_by_size() -> None:
    due = rows.lists(of("renewals_due", DUE, TERMS))["renewals_due"]
    assert due[["contract", "due_day", "numerator"]].to_numpy().tolist() == [
        ["s1", "2026-11-01", 1200], ["s3", "2027-01-29", 600], ["s2", "2026-12-05", 120],
    ]  # fmt: skip
    assert due["to_do"].tolist() == ["true"] * 3


# ---------------------------------------------------------------- the command


def run(*arguments: str) -> str:
    told = CliRunner().invoke(app, ["rows", *arguments])
    assert told.exit_code == 0, told.output
    return told.stdout


def test_the_command_prints_rows_of_the_sample_as_csv_and_json() -> None:
    lines = run("past_due_close_share", "--where", "segment=SMB", "--format", "csv").splitlines()
    found = json.loads(run("past_due_close_share", "--where", "segment=SMB", "--format", "json"))
    assert lines[0].startswith("opportunity_id,period,numerator,denominator,account_id")
    assert len(lines) == len(found) + 1
    assert {row["segment"] for row in found} == {"SMB"}
    assert run("past_due_close_share", "--where", "segment=SMB").startswith(
        f"Past-due expected closes: {len(found)} rows"
    )


def test_a_terminal_gets_the_first_of_many() -> None:
    told = CliRunner().invoke(app, ["rows", "logo_retention"])
    assert "The first 100 of them: --format csv prints all." in told.stderr
    assert len(told.stdout.splitlines()) == 102


def test_the_command_refuses_what_has_no_records() -> None:
    told = CliRunner().invoke(app, ["rows", "spend"])
    assert told.exit_code == 2
    assert "spend is made of no records" in told.stderr


def test_what_is_data_is_printed_as_it_stands(tmp_path: Path) -> None:
    """A name in brackets is no colour, and none of a smile."""
    names = ["Acme [/x] Ltd", "[red]x", "A :smile: B"]
    lines = [line(f"a{i}", "2026-10-01", None, 100) for i, _ in enumerate(names)]
    accounts = [{"account_id": f"a{i}", "name": name} for i, name in enumerate(names)]
    home = company(tmp_path / "company", {"subscriptions": lines, "accounts": accounts})
    shown = run("arr", "--workspace", str(home))
    assert all(name in shown for name in names)


def test_csv_runs_nothing_in_a_spreadsheet(tmp_path: Path) -> None:
    names = ["=1+1", "+1", "-1", "@x", "Füße", "Smith, Ann"]
    lines = [line(f"a{i}", "2026-10-01", None, 100.5) for i, _ in enumerate(names)]
    accounts = [{"account_id": f"a{i}", "name": name} for i, name in enumerate(names)]
    home = company(tmp_path / "company", {"subscriptions": lines, "accounts": accounts})
    told = run("arr", "--workspace", str(home), "--format", "csv")
    found = list(csv.DictReader(io.StringIO(told, newline="")))
    assert [row["name"] for row in found] == ["'=1+1", "'+1", "'-1", "'@x", "Füße", "Smith, Ann"]
    assert {row["numerator"] for row in found} == {"1206"}
    assert "\r\n" not in told  # lines as every tool of a shell reads them
