"""The sample's tables beside each other: they tell one story, each from a random stream of its own."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from exports import LAST, Written, month_number

from gtmkit import catalog
from gtmkit.config import Config
from gtmkit.contracts import TABLES
from gtmkit.sample import (
    Truths,
    costs,
    demand,
    expected,
    exports,
    keeping,
    selling,
    usage,
    working,
    write_sample,
)
from gtmkit.sample.chance import stream
from gtmkit.sample.truths import CHANNEL_NAMES
from gtmkit.sources import prepare

SAMPLE = Path(__file__).parents[2] / "data" / "sample"
TRUTHS = Truths()
MODULES = (costs, demand, exports, keeping, selling, usage, working)
# What may change when one idea is drawn anew: the tables that tell of it, and those that follow from them.
FOLLOWS = {
    "account details": {"accounts"},
    "target list": {"accounts"},
    "dirt of deals": {"opportunities"},
    "dirt of subscriptions": {"subscriptions"},
    "dirt of events": {"events"},
    "first weeks": {"events", "identities"},
    "habit": {"events", "identities"},
    "users": {"events", "identities"},
    "leads": {"leads", "touches", "identities", "activities"},
    "touches": {"touches", "identities"},
    "campaign parameters": {"touches"},
    "identities": {"identities"},
    "activities": {"activities"},
    "health": {"health_scores", "surveys"},
    "tickets": {"tickets", "surveys"},
    "surveys": {"surveys"},
    "churn reasons": {"churn_events"},
    "churn events": {"churn_events"},
    "pushed use": {"events"},
    "pushed tickets": {"tickets"},
    "late renewals": {"opportunities", "stage_changes", "activities"},
    "traffic": {"traffic"},
    "visitors of months": {"traffic"},
    "inputs": {"inputs"},
    "weeks of inputs": {"inputs"},
}


# Weeks that end from November 2025 to October 2026: 44 (to 2 November) to 52 of 2025, 1 to 43 of 2026.
WEEKS = [(2025, k) for k in range(44, 53)] + [(2026, k) for k in range(1, 44)]


@pytest.fixture(scope="module")
def committed() -> Written:
    return Written(SAMPLE)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("small")
    write_sample(folder, accounts=80)
    return folder


def instants(column: pd.Series) -> pd.Series:
    return pd.to_datetime(column, format="%Y-%m-%dT%H:%M:%SZ", errors="coerce", utc=True)


# One stream each.


@pytest.mark.slow
@pytest.mark.parametrize("idea", FOLLOWS)
def test_another_draw_of_one_idea_changes_only_the_tables_that_tell_of_it(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, idea: str
) -> None:
    def redrawn(seed: int, name: str) -> np.random.Generator:
        return stream(seed + (name == idea), name)

    for module in MODULES:
        if hasattr(module, "stream"):
            monkeypatch.setattr(module, "stream", redrawn)
    write_sample(tmp_path, accounts=80)
    changed = {
        file.name.split(".")[0]
        for file in small.iterdir()
        if file.read_bytes() != (tmp_path / file.name).read_bytes()
    }
    assert changed
    assert changed <= FOLLOWS[idea]


def test_gtm_toml_maps_every_table_and_says_how_far_each_reaches() -> None:
    tables = Config.load(SAMPLE).tables
    assert set(tables) == set(TABLES)
    assert {str(entry.through) for entry in tables.values()} == {"2026-10-31"}


# Cost and finance.


def test_what_a_channel_costs_is_exact_in_every_three_months(committed: Written) -> None:
    lag, last = TRUTHS.lag_months, month_number(pd.DatetimeIndex([LAST]))[0]
    first = committed.spend["month"].min() + lag
    cost = dict(zip(CHANNEL_NAMES, TRUTHS.cost_per_logo, strict=True))
    for month in range(first, last - 1):
        window = range(month, month + 3)
        spent = committed.spend[committed.spend["month"].isin([m - lag for m in window])]
        won = committed.logos[committed.logos["month"].isin(window)]
        for channel, dollars in cost.items():
            paid = spent.loc[spent["Channel"] == channel, "amount"].sum()
            assert paid == dollars * (won["channel"] == channel).sum(), (month, channel)


def test_every_shared_category_is_there_in_every_month(committed: Written) -> None:
    shared = committed.spend[committed.spend["Channel"] == ""]
    assert set(shared["Category"]) == {"payroll", "tools", "agency", "sales_engineering"}
    assert (shared.groupby("Category")["month"].nunique() == 48).all()
    assert set(committed.spend["Purpose"]) == {"new", "expansion", "retention"}
    assert set(committed.spend["Department"]) == {"Sales", "Marketing", "Customer Success"}
    assert set(committed.spend["Segment"]) == {"", "SMB", "Mid-market", "Enterprise"}


def test_revenue_follows_what_is_billed(committed: Written) -> None:
    # Recognised day by day, so near the mean of the month ends around it; 8 % allows for a month's growth.
    billed = committed.grid.sum()
    billed.index = month_number(billed.index)
    around = ((billed + billed.shift()) / 2).dropna()
    recognised = committed.finance["Subscription revenue"].reindex(around.index)
    assert (abs(recognised / around - 1)[12:] < 0.08).all()
    assert (committed.finance["Cash"] > 0).all()


# Demand.


def test_leads_come_forward_in_order_but_for_a_few(committed: Written) -> None:
    leads = committed.raw("leads")
    steps = [instants(leads[name]) for name in ("created_at", "mql_at", "sal_at", "sql_at", "sqo_at")]
    backward = sum(((after < before) & after.notna()).astype(int) for before, after in pairwise(steps))
    assert 0 < (backward > 0).mean() < 0.04


def test_leads_belong_to_accounts_and_deals_that_exist(committed: Written) -> None:
    leads = committed.raw("leads")
    assert leads["lead_id"].is_unique
    assert set(leads["account_id"]) - {""} <= set(committed.accounts["Account ID"])
    deals = committed.raw("opportunities").drop_duplicates().set_index("Id")["AccountId"]
    became = leads[leads["opportunity_id"] != ""]
    named = deals.reindex(became["opportunity_id"]).to_numpy()
    orphaned = pd.Series(named).str.startswith("A9999")
    assert (named[~orphaned] == became["account_id"].to_numpy()[~orphaned]).all()
    assert (leads["account_id"] == "").mean() > 0.3  # most strangers stay strangers


def test_most_leads_are_answered_within_hours_and_some_never(committed: Written) -> None:
    leads = committed.raw("leads")
    assigned, answered = instants(leads["assigned_at"]), instants(leads["first_response_at"])
    hours = (answered - assigned).dt.total_seconds() / 3600
    asked = assigned.notna()
    assert (hours.dropna() >= 0).all()
    assert 0.5 < (hours[asked] <= 4).mean() < 0.9
    assert 0.01 < hours[asked].isna().mean() < 0.15


def test_visitors_are_strangers_until_they_become_leads_and_most_are_linked_then(committed: Written) -> None:
    touches, links = committed.raw("touches"), committed.raw("identities")
    one = (touches[["account_id", "anonymous_id", "lead_id"]] != "").sum(axis=1)
    assert (one == 1).all()
    links = links[links["anonymous_id"] != ""]
    assert links["anonymous_id"].is_unique
    assert set(links["account_id"]) <= set(committed.accounts["Account ID"])
    seen = touches[touches["anonymous_id"].isin(links["anonymous_id"])]
    linked = instants(links.set_index("anonymous_id")["linked_at"])
    at = instants(seen["touched_at"])
    assert (at.to_numpy() < linked.reindex(seen["anonymous_id"]).to_numpy()).all()
    visitors = touches.loc[touches["anonymous_id"] != "", "anonymous_id"].unique()
    assert 0.3 < np.isin(visitors, links["anonymous_id"]).mean() < 0.9


def test_traffic_counts_a_day_by_source_and_medium_once(committed: Written) -> None:
    traffic = committed.raw("traffic")
    days = traffic[traffic["date"] != ""]
    assert not days.duplicated(["date", "source", "medium"]).any()
    assert {"Google", "Linkedin"} <= set(days["source"])
    assert (days["visitors"].astype(int) <= days["sessions"].astype(int)).all()


def test_a_month_has_fewer_visitors_than_its_days_together(committed: Written) -> None:
    traffic = committed.raw("traffic").assign(visitors=lambda t: t["visitors"].astype(int))
    days, months = traffic[traffic["date"] != ""], traffic[traffic["month"] != ""]
    assert len(days) + len(months) == len(traffic)
    keys = ["source", "medium"]
    whole = months.set_index(["month", *keys])["visitors"]
    added = days.assign(month=days["date"].str[:7]).groupby(["month", *keys])["visitors"].sum()
    assert whole.index.is_unique
    assert (whole <= added.reindex(whole.index)).all()
    assert 0.5 < whole.sum() / added.sum() < 0.8
    assert set(months["sessions"]) == {""}


def test_inputs_are_told_by_the_week_of_late_and_by_the_month_before(committed: Written) -> None:
    inputs = committed.raw("inputs")
    weeks = inputs[inputs["period"].str.contains("W")]
    assert set(inputs.drop(weeks.index)["period"]) == {
        str(m) for m in pd.period_range("2023-11", "2025-10", freq="M")
    }
    assert set(weeks["period"]) == {f"{y}-W{k:02d}" for y, k in WEEKS}
    assert not inputs.duplicated(["period", "name"]).any()


# Customers.


def test_health_sinks_before_a_customer_leaves(committed: Written) -> None:
    scores = committed.raw("health_scores")
    day, score = pd.to_datetime(scores["scored_on"]), scores["score"].astype(float)
    never = LAST + pd.Timedelta(days=999)
    end = committed.lines["end"].fillna(never).groupby(committed.lines["Customer ID"]).max()
    end = pd.Series(end.reindex(scores["account_id"]).to_numpy())
    leaving = (end - day < pd.Timedelta(days=60)) & (end <= LAST)
    assert score[leaving].mean() < score[~leaving].mean() - 8
    assert not scores.duplicated(["account_id", "scored_on"]).any()
    assert scores.groupby("band")["score"].agg(lambda s: s.astype(int).min()).to_dict() == {
        "green": 70, "amber": 50, "red": score.min()
    }  # fmt: skip


def test_tickets_are_answered_after_they_are_opened_and_closed_after_that(committed: Written) -> None:
    tickets = committed.raw("tickets")
    opened, answered, closed = (instants(tickets[c]) for c in ("opened_at", "first_response_at", "closed_at"))
    assert tickets["ticket_id"].is_unique
    assert not (answered < opened).any()
    assert not (closed < answered).any()
    assert not (closed.notna() & answered.isna()).any()


def test_activities_are_for_leads_deals_or_customers_that_exist(committed: Written) -> None:
    found = committed.raw("activities")
    assert set(found["kind"]) == {"email", "call", "meeting"}
    assert set(found["lead_id"]) - {""} <= set(committed.raw("leads")["lead_id"])
    assert set(found["opportunity_id"]) - {""} <= set(committed.raw("opportunities")["Id"])
    assert set(found["account_id"]) - {""} <= set(committed.accounts["Account ID"])
    assert ((found[["lead_id", "opportunity_id", "account_id"]] != "").sum(axis=1) == 1).all()
    success = committed.raw("owners").query("Function == 'customer_success'")["Name"]
    assert found["owner"].isin(success).mean() > 0.2
    assert 0.1 < (found["is_automated"] == "true").mean() < 0.5


def test_surveys_are_scored_on_their_scales(committed: Written) -> None:
    surveys = committed.raw("surveys").assign(score=lambda t: t["score"].astype(int))
    ranges = surveys.groupby("kind")["score"].agg(["min", "max"])
    assert (ranges.loc["nps", "min"] >= 0, ranges.loc["nps", "max"] <= 10) == (True, True)
    assert (ranges.loc["csat", "min"] >= 1, ranges.loc["csat", "max"] <= 5) == (True, True)


def test_reasons_lie_within_45_days_of_the_month_in_which_an_account_left(committed: Written) -> None:
    left = committed.churned.dropna(subset=["day"])
    begins = left["end"].dt.to_period("M").dt.start_time
    ends = left["end"].dt.to_period("M").dt.end_time.dt.normalize()
    apart = np.maximum(begins - left["day"], left["day"] - ends)
    assert (apart <= pd.Timedelta(days=45)).all()
    assert (abs(left["end"] - left["day"]) > pd.Timedelta(days=14)).mean() > 0.02


# Parquet.


def canonical(folder: Path, store: Path) -> dict[str, pd.DataFrame]:
    """The canonical tables of a workspace without where each row stands, in a fixed order."""
    prepare(Config.load(folder), folder, store, store / "rejects")
    tables = {}
    for name in TABLES:
        table = pd.read_parquet(store / f"{name}.parquet").drop(columns=["file", "line"])
        tables[name] = table.sort_values(list(table.columns), ignore_index=True)
    return tables


@pytest.mark.slow
def test_parquet_and_csv_tell_the_same(tmp_path: Path) -> None:
    write_sample(tmp_path / "csv", accounts=120, seed=4)
    write_sample(tmp_path / "parquet", accounts=120, seed=4, large=100)
    assert {file.suffix for file in (tmp_path / "parquet").iterdir()} == {".parquet", ".toml", ".json"}
    csv = canonical(tmp_path / "csv", tmp_path / "a")
    typed = canonical(tmp_path / "parquet", tmp_path / "b")
    for name in TABLES:
        pd.testing.assert_frame_equal(typed[name], csv[name], obj=name)


@pytest.mark.slow
def test_chunks_are_told_apart_and_add_up(tmp_path: Path) -> None:
    write_sample(tmp_path, accounts=225, seed=4, large=100, chunk=60)  # 60, 60 and 105, too few to part
    tables = {name: pd.read_parquet(tmp_path / f"{name}.parquet") for name in TABLES}
    assert len(tables["accounts"]) == 225
    for name, key in {"accounts": ["Account ID"], "leads": ["lead_id"], "tickets": ["ticket_id"]}.items():
        assert not tables[name].duplicated(key).any(), name
    deals = tables["opportunities"].drop_duplicates()
    assert deals["Id"].is_unique
    assert set(tables["stage_changes"]["OpportunityId"]) == set(deals["Id"])
    assert len(tables["finance"]) == 48
    assert len(tables["owners"]) == 13
    found = canonical(tmp_path, tmp_path / "store")  # the contracts hold
    assert len(found["accounts"]) == 225 - 3 * TRUTHS.internal_accounts
    assert found["accounts"]["started_on"].nunique() > 60  # chunks are not copies of each other


# What a review ought to find.


def test_expected_figures_follow_from_the_parameters_alone(small: Path) -> None:
    assert json.loads((small / "truths.json").read_text()) == expected.records(TRUTHS, 80 / 1_500)
    assert json.loads((SAMPLE / "truths.json").read_text()) == expected.records(TRUTHS, 1.0)


def test_expected_figures_are_of_metrics_that_there_are() -> None:
    for record in expected.records(TRUTHS, 1.0):
        assert record["means"] in {"equals", "at least", "at most", "range"}
        assert isinstance(record["expected"], list) == (record["means"] == "range")
        for row in [record["left"], record["right"]] if "relation" in record else [record]:
            if row["metric"] != "loss_account":
                catalog.find(row["metric"])
                catalog.check_by(row["metric"], row["by"])


def test_every_truth_of_the_reviews_is_expected_somewhere() -> None:
    told = {record["truth"] for record in expected.records(TRUTHS, 1.0)}
    assert {
        "cycle_days", "naive_gap", "bottleneck", "net_floor", "gross_ceiling", "win_share", "win_rate_gap",
        "retained", "cohort_gap", "skipped", "activation_share", "activation_days", "weak_channel",
        "weak_win_gap", "weak_churn_gap", "weak_pay_ceiling", "cost_per_logo", "cost_rise_gap", "idle_channel",
        "subscription_margin", "services_margin", "reason_shares", "involuntary", "reason_missing", "unknown_users",
    } <= told  # fmt: skip
