"""The sample company: what is planted is found in the written files, by other means than gtmkit's metrics."""

import dataclasses
import gzip
import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from exports import FIRST, LAST, YEAR, Written, month_number

from gtmkit.config import Config
from gtmkit.errors import ConfigError
from gtmkit.sample import SEED, TOLERANCES, Truths, write_sample
from gtmkit.sample.billing import anniversary
from gtmkit.sample.chance import chosen, pick, spread, stream
from gtmkit.sample.truths import CHANNEL_NAMES, INVOLUNTARY, PATHS, REASONS, SEGMENTS, STAGES
from gtmkit.sources import prepare

ROOT = Path(__file__).parent.parent
SAMPLE = ROOT / "data" / "sample"
COMMITTED = sorted(file for file in SAMPLE.iterdir() if file.is_file())
README = ROOT / "data" / "README.md"
TRUTHS = Truths()


def by_segment(figure: Callable[[str], float]) -> tuple[float, ...]:
    return tuple(float(figure(segment)) for segment in SEGMENTS)


# 1. Enterprise deals take long.


def cycle_days(w: Written) -> tuple[float, ...]:
    old = w.new[w.new["won"] & (w.new["created"] < LAST - pd.Timedelta(days=400))]
    return by_segment(lambda s: old.loc[old["segment"] == s, "days"].median())


def cycle_spread(w: Written) -> float:
    old = w.new[w.new["won"] & (w.new["created"] < LAST - pd.Timedelta(days=400))]
    logs = np.log(old["days"]) - np.log(old["days"]).groupby(old["segment"]).transform("mean")
    return float(logs.std())


def naive_gap(w: Written) -> float:
    large = w.new[w.new["segment"] == "Enterprise"]
    recent = large["created"] > LAST - pd.Timedelta(days=180)
    mature = large[~recent]
    return float((mature["won"] & (mature["days"] <= 180)).mean() - large.loc[recent, "won"].mean())


# 2. The bottleneck.


def lost_at(w: Written) -> pd.DataFrame:
    """The furthest stage of each lost deal, and the amount at its entry."""
    lost = w.deals.loc[(w.deals["StageName"] == "Closed Lost") & (w.deals["Type"] != "Renewal"), "Id"]
    trail = w.trail[w.trail["OpportunityId"].isin(lost) & (w.trail["rank"] < len(STAGES))]
    furthest = trail.sort_values(["rank", "at"], ascending=[False, True]).drop_duplicates("OpportunityId")
    closed = w.trail[w.trail["stage"] == "closed_lost"].set_index("OpportunityId")["at"]
    return furthest.assign(closed=furthest["OpportunityId"].map(closed))


def bottleneck(w: Written) -> str:
    """The stage that is both leak and wait of the last twelve months; both names where they differ."""
    lost = lost_at(w)
    leak = lost[lost["closed"] > LAST - YEAR].groupby("stage")["amount"].sum().idxmax()
    spent = w.trail[w.trail["rank"] < len(STAGES)]
    since = spent["at"].clip(lower=LAST - YEAR)
    wait = (spent["until"] - since).clip(lower=pd.Timedelta(0)).groupby(spent["stage"]).sum().idxmax()
    return leak if leak == wait else f"{leak}, {wait}"


def loss_shares(w: Written) -> tuple[float, ...]:
    shares = lost_at(w)["stage"].value_counts(normalize=True)
    return tuple(float(shares[stage]) for stage in STAGES)


def wait_shares(w: Written) -> tuple[float, ...]:
    """Of the days of won deals that entered every stage, the share spent in each."""
    trail = w.trail[w.trail["OpportunityId"].isin(w.new.loc[w.new["won"], "Id"])]
    whole = trail.groupby("OpportunityId")["rank"].nunique() == 5
    trail = trail[trail["OpportunityId"].map(whole) & (trail["rank"] < len(STAGES))]
    spent = (trail["until"] - trail["at"]).groupby(trail["stage"]).sum()
    return tuple(float(spent[stage] / spent.sum()) for stage in STAGES)


# 3. Strong net over weak gross retention.


def changed(w: Written, segment: str, way: int) -> float:
    """Of the segment's accounts that stay the last year, the share that rises or falls beyond the list."""
    before = w.grid[LAST - YEAR]
    there = set(
        before.index[(before > 0) & (w.grid[LAST] > 0) & (w.segment.reindex(before.index) == segment)]
    )
    year = w.steps[w.steps["start"] > LAST - YEAR]
    moved = year[year["ratio"] > 1.15] if way > 0 else year[year["ratio"] < 0.97]
    who = set(moved["Customer ID"])
    if way > 0:
        added = w.lines[(w.lines["Plan"] == "addon") & (w.lines["start"] > LAST - YEAR)]
        who |= set(added["Customer ID"])
    return len(who & there) / len(there)


# 4. The win rate falls while it rises in each segment.


def won_of_mature(w: Written, segment: str) -> float:
    """Share won of new deals old enough to be closed, brought back to the first month by the planted rise."""
    old = w.new[(w.new["segment"] == segment) & (w.new["created"] < LAST - pd.Timedelta(days=400))]
    rise = TRUTHS.win_share_rise[SEGMENTS.index(segment)] * (old["created"] - FIRST).dt.days.mean() / 365.25
    return old["won"].mean() - rise


def win_rate_gap(w: Written, kinds: tuple[str, ...] = ("New Business", "Expansion")) -> float:
    """The least of: the rise in each segment over a year, and the fall over all."""
    closed = w.deals[w.deals["Type"].isin(kinds) & w.deals["closed"].notna()]
    now = closed[closed["closed"] > LAST - YEAR]
    then = closed[(closed["closed"] <= LAST - YEAR) & (closed["closed"] > LAST - 2 * YEAR)]
    rises = now.groupby("segment")["won"].mean() - then.groupby("segment")["won"].mean()
    return float(min(rises.min(), then["won"].mean() - now["won"].mean()))


def mix(w: Written, after: bool) -> tuple[float, ...]:
    """Segments of the accounts with which sales opened a first deal, well before or after the move."""
    firsts = w.new.sort_values("created").drop_duplicates("AccountId")
    away = pd.Timedelta(days=100)
    moved = pd.Timestamp(TRUTHS.mix_moves_on)
    firsts = firsts[firsts["created"] > moved + away] if after else firsts[firsts["created"] < moved - away]
    return by_segment(lambda s: (firsts["segment"] == s).mean())


# 5. Cohorts get better.


def stays(w: Written, segment: str) -> float:
    """Logo retention at twelve months, brought back to the first month by the planted rise."""
    cohort = w.cohort[w.cohort["segment"] == segment]
    years = (cohort["first"] - FIRST).dt.days.clip(lower=0).mean() / 365.25
    rise = TRUTHS.retained_rise[SEGMENTS.index(segment)] * years
    return cohort["stays"].mean() - rise


def cohort_gap(w: Written) -> float:
    second = w.cohort["first"] > FIRST + YEAR
    first = ~second & (w.cohort["first"] > FIRST)
    return float(w.cohort.loc[second, "stays"].mean() - w.cohort.loc[first, "stays"].mean())


# 6. Subscriptions.


def reactivated(w: Written) -> float:
    """Of accounts that were at zero after paying, long enough ago, the share that paid again."""
    paid = (w.grid > 0).to_numpy()
    left = paid[:, :-1] & ~paid[:, 1:]
    left_at = np.where(left.any(axis=1), left.argmax(axis=1) + 1, 999)
    known = left_at < paid.shape[1] - 9
    back = [paid[i, left_at[i] :].any() for i in np.flatnonzero(known)]
    return float(np.mean(back))


def annual(w: Written) -> tuple[float, ...]:
    live = w.lines[w.lines["end"].isna() & ~w.lines["Plan"].eq("addon")]
    segment = w.segment.reindex(live["Customer ID"]).to_numpy()
    return by_segment(lambda s: (live.loc[segment == s, "Billing Period"] == "Annual").mean())


def mid_month(w: Written) -> float:
    moved = w.steps[((w.steps["ratio"] > 1.15) | (w.steps["ratio"] < 0.97)) & (w.steps["start"].dt.day >= 1)]
    return float((moved["start"].dt.day > 1).mean())


def price_rise(w: Written) -> float:
    """The median change of price of monthly plans on the day of the rise."""
    steps = w.steps[
        (w.steps["start"] == pd.Timestamp(TRUTHS.price_rise_on)) & (w.steps["Billing Period"] == "Monthly")
    ]
    return float(steps["ratio"].median() - 1)


def price_rise_on(w: Written) -> str:
    """The day on which most prices change."""
    return str(w.steps["start"].mode()[0].date())


# 7. A channel that closes well and does not take root.


def activation_share(w: Written) -> tuple[float, ...]:
    """Of the customers of each channel whose thirty days have ended, those activated within them."""
    seen = w.activated[w.activated["start"] <= LAST - pd.Timedelta(days=30)]
    return tuple(float((seen.loc[seen["channel"] == c, "days"] < 30).mean()) for c in CHANNEL_NAMES)


def soon(w: Written) -> pd.Series:
    """The days to activation of those activated within the window who had the time to be."""
    old = w.activated[w.activated["start"] <= LAST - pd.Timedelta(days=30)]
    return old.loc[old["days"] < 30, "days"]


def activation_slowness(w: Written) -> float:
    """From the mean: that of d x u ** s, cut to whole days, is d / (1 + s) - 0.5."""
    return float(TRUTHS.activation_days / (soon(w).mean() + 0.5) - 1)


def late_activation(w: Written) -> float:
    """Of those not activated in time that stayed half a year, the ones that activated later."""
    end = w.lines.groupby("Customer ID")["end"].max().reindex(w.activated.index).fillna(LAST)
    stayed = w.activated[(end.clip(upper=LAST) - w.activated["start"]) > pd.Timedelta(days=155)]
    others = stayed[~(stayed["days"] < 30)]
    return float(others["days"].notna().mean())


def weak_win_gap(w: Written) -> float:
    """The win rate of the weak channel less that of all, new and expansion deals of twelve months."""
    closed = w.deals[(w.deals["Type"] != "Renewal") & (w.deals["closed"] > LAST - YEAR)]
    return float(closed.loc[closed["LeadSource"] == TRUTHS.weak_channel, "won"].mean() - closed["won"].mean())


def weak_churn_gap(w: Written) -> float:
    """Lost twelve month ends after the first: customers of the weak channel less those of all."""
    lost = 1 - w.cohort["stays"]
    weak = w.channel.reindex(w.cohort.index) == TRUTHS.weak_channel
    return float(lost[weak].mean() - lost.mean())


def paid_of_first(w: Written, channel: str | None = None) -> float:
    """What customers pay at their first 24 month ends over 24 times the first, each of all who have come to it.

    Without those of the first three months, whose start may lie before the books.
    """
    grid = w.grid[(w.grid > 0).any(axis=1)]
    paid, first = grid.to_numpy(), np.argmax(grid.to_numpy() > 0, axis=1)
    here = first >= 3
    if channel:
        here &= (w.channel.reindex(grid.index) == channel).to_numpy()
    found = []
    for age in range(24):
        come = np.flatnonzero(here & (first + age < paid.shape[1]))
        found.append(paid[come, first[come] + age].sum() / paid[come, first[come]].sum())
    return float(np.mean(found))


# 8. Acquisition cost rises through the mix alone.


def cost_table(w: Written, lag: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Spend by month of its logos and channel, and those logos; months whose spend and logos are both known."""
    months = range(w.spend["month"].min() + lag, month_number(pd.DatetimeIndex([LAST]))[0] + 1)
    paid = w.spend[w.spend["Channel"] != ""].assign(month=w.spend["month"] + lag)
    cost = paid.pivot_table(index="month", columns="Channel", values="amount", aggfunc="sum", fill_value=0.0)
    logos = w.logos.groupby(["month", "channel"]).size().unstack(fill_value=0)
    return (
        cost.reindex(index=months, columns=CHANNEL_NAMES, fill_value=0.0),
        logos.reindex(index=months, columns=CHANNEL_NAMES, fill_value=0),
    )


def cost_per_logo(w: Written) -> tuple[float, ...]:
    cost, logos = cost_table(w, TRUTHS.lag_months)
    return tuple((cost.sum() / logos.sum()).tolist())


def lag_months(w: Written) -> int:
    """The lag under which every channel's cost goes with its logos, month by month."""

    def strays(lag: int) -> float:
        cost, logos = cost_table(w, lag)
        return float((cost - logos * cost.sum() / logos.sum()).abs().to_numpy().sum())

    return min(range(7), key=strays)


def channel_mix(w: Written, after: bool) -> tuple[float, ...]:
    """Channels of the accounts with which sales opened a first deal, well before or after the move."""
    firsts = w.new.sort_values("created").drop_duplicates("AccountId")
    firsts = firsts[firsts["LeadSource"] != ""]
    away, moved = pd.Timedelta(days=100), pd.Timestamp(TRUTHS.channels_move_on)
    firsts = firsts[firsts["created"] > moved + away] if after else firsts[firsts["created"] < moved - away]
    return tuple(float((firsts["LeadSource"] == channel).mean()) for channel in CHANNEL_NAMES)


def cost_rise_gap(w: Written) -> float:
    """Paid CAC of the last three months over that of the same months a year before, less one."""
    cost, logos = cost_table(w, TRUTHS.lag_months)

    def cac(last: int) -> float:
        return float(cost.loc[last - 2 : last].to_numpy().sum() / logos.loc[last - 2 : last].to_numpy().sum())

    last = int(cost.index[-1])
    return cac(last) / cac(last - 12) - 1


def idle_channel(w: Written) -> str:
    return ", ".join(sorted(set(w.spend["Channel"]) - {""} - set(w.logos["channel"])))


# 9. What finance closes.


def finance_over_spend(w: Written) -> float:
    columns = {"Sales": "Sales", "Marketing": "Marketing", "Customer success": "Customer Success"}
    ratios = [
        w.finance[column] / w.spend[w.spend["Department"] == name].groupby("month")["amount"].sum()
        for column, name in columns.items()
    ]
    assert max(r.max() - r.min() for r in ratios) < 1e-4
    return float(ratios[0].mean() - 1)


def services(w: Written, of: str) -> float:
    income = w.finance["Revenue"] - w.finance["Subscription revenue"]
    if of == "share":
        return float((income / w.finance["Subscription revenue"]).mean())
    return float((1 - (w.finance["COGS"] - w.finance["Subscription COGS"]) / income).mean())


# 10. Why customers leave.


def reason_shares(w: Written) -> tuple[tuple[float, ...], ...]:
    told = w.churned[w.churned["Reason"].isin(REASONS)]
    shares = pd.crosstab(told["path"], told["Reason"], normalize="index").reindex(
        columns=REASONS, fill_value=0
    )
    return tuple(tuple(shares.loc[path].tolist()) for path in PATHS)


def involuntary(w: Written) -> tuple[float, ...]:
    told = w.churned.dropna(subset=["Reason"])
    return tuple(float((told.loc[told["path"] == path, "Reason"] == INVOLUNTARY).mean()) for path in PATHS)


def stray_churn_events(w: Written) -> float:
    """Reasons of accounts of which no line was ever cancelled."""
    left = set(w.lines.loc[w.lines["Status"] == "Cancelled", "Customer ID"])
    return float((~w.raw("churn_events")["Account"].isin(left)).sum())


# 11. Dirt.


def users(w: Written) -> tuple[set[str], set[str], set[str]]:
    """All users, those whose events name no account, and those that identities know."""
    own = w.accounts.loc[w.accounts["Internal"] == "true", "Account ID"].str[1:]
    events = w.raw("events")
    events = events[~events["user_id"].str[1:-3].isin(own)]
    return (
        set(events["user_id"]),
        set(events.loc[events["account_id"] == "", "user_id"]),
        set(w.raw("identities")["user_id"]),
    )


def user_only(w: Written) -> float:
    every, alone, _ = users(w)
    return len(alone) / len(every)


def unknown_users(w: Written) -> float:
    _, alone, known = users(w)
    return len(alone - known) / len(alone)


def misspelt(w: Written) -> float:
    """Of touches and leads, those whose source is none of the accounts' sources."""
    sources = pd.concat([w.raw("touches")["utm_source"], w.raw("leads")["utm_source"]])
    return float((~sources.isin(set(w.accounts["Source"]))).mean())


def skipped(w: Written) -> float:
    """Of deals that entered proposal or more, or were won, the share that never entered discovery."""
    seen = w.trail.groupby("OpportunityId")["stage"].agg(set)
    passed = seen[[bool(s & {"proposal", "negotiation", "closed_won"}) for s in seen]]
    return float(np.mean(["discovery" not in s for s in passed]))


def equal_stamps(w: Written) -> float:
    """Share of deals of which two changes bear the same second."""
    twice = w.trail.duplicated(["OpportunityId", "at"])
    return twice.sum() / w.trail["OpportunityId"].nunique()


def duplicates(table: str) -> Callable[[Written], float]:
    return lambda w: float(w.raw(table).duplicated().sum())


def orphans(w: Written) -> float:
    return float((~w.deals["AccountId"].isin(w.accounts["Account ID"])).sum())


def undated(w: Written) -> float:
    return float((w.deals["StageName"].str.startswith("Closed") & (w.deals["Closed_Date__c"] == "")).sum())


def impossible(w: Written) -> float:
    stamps = w.raw("events")["timestamp"]
    return float(pd.to_datetime(stamps, format="%Y-%m-%dT%H:%M:%SZ", errors="coerce").isna().sum())


# 12. A month in which customers were pushed.


def month_of(stamps: pd.Series) -> pd.PeriodIndex:
    """The months of instants in New York."""
    at = pd.to_datetime(stamps, format="%Y-%m-%dT%H:%M:%SZ", errors="coerce", utc=True).dropna()
    return pd.PeriodIndex(at.dt.tz_convert("America/New_York").dt.tz_localize(None), freq="M")


def burden(w: Written) -> pd.Series:
    """Tickets of each month over the customers at the end of the month before."""
    customers = (w.grid > 0).sum()
    customers.index = pd.PeriodIndex(customers.index, freq="M") + 1
    asked = month_of(w.raw("tickets")["opened_at"]).value_counts().sort_index()
    return (asked / customers).dropna()


def pushed_on(w: Written) -> str:
    return str(burden(w).idxmax().start_time.date())


def others(w: Written) -> pd.Series:
    """The burden of the last year without the month of the push."""
    return burden(w).tail(13).drop(pd.Period(str(TRUTHS.pushed_on), "M"))


def pushed_use(w: Written) -> float:
    """Of the customers past their first weeks, those who ran a workflow in a week of that month for the push alone.

    Where a share x runs one anyhow, as in the weeks of the months around, 1 - (1 - x)(1 - p) do.
    """
    start = pd.to_datetime(w.accounts.set_index("Account ID")["Customer Since"].replace("", None))
    push = pd.Timestamp(TRUTHS.pushed_on)
    old = w.grid.index[(w.grid[push - pd.Timedelta(days=1)] > 0) & (w.grid[push + pd.offsets.MonthEnd()] > 0)]
    old = old[start.reindex(old) <= push - pd.Timedelta(days=60)]
    events = w.raw("events").query("event == 'workflow_completed'").drop_duplicates()
    at = pd.to_datetime(events["timestamp"], format="%Y-%m-%dT%H:%M:%SZ", errors="coerce", utc=True)
    week = (at.dt.tz_convert("America/New_York").dt.tz_localize(None).dt.normalize() - push).dt.days // 7
    ran = pd.DataFrame({"account": events["user_id"].map(w.user_accounts), "week": week}).drop_duplicates()
    share = ran[ran["account"].isin(old)].groupby("week").size() / len(old)
    usual = share[[-4, -3, -2, -1, 5, 6, 7, 8]].mean()
    return float(1 - (1 - share[[0, 1, 2, 3]].mean()) / (1 - usual))


# 13. Renewals.


def late_renewals(w: Written) -> float:
    """Of won renewals, those closed after the anniversary of the contract that lies nearest."""
    start = w.lines.groupby("Subscription ID")["start"].min()
    won = w.deals[(w.deals["Type"] == "Renewal") & w.deals["won"]]
    closed, first = won["closed"], start.reindex(won["Subscription__c"]).to_numpy()
    years = np.round((closed - first).dt.days / 365.25).astype(int)
    due = [pd.Timestamp(f) + pd.DateOffset(years=int(y)) for f, y in zip(first, years, strict=True)]
    return float((closed > pd.Series(due, index=won.index)).mean())


MEASURES: dict[str, Callable[[Written], object]] = {
    "cycle_days": cycle_days,
    "cycle_spread": cycle_spread,
    "naive_gap": naive_gap,
    "bottleneck": bottleneck,
    "loss_shares": loss_shares,
    "wait_shares": wait_shares,
    "net_floor": lambda w: w.retention(TRUTHS.leaky_segment)[0],
    "gross_ceiling": lambda w: w.retention(TRUTHS.leaky_segment)[1],
    "expanded": lambda w: by_segment(lambda s: changed(w, s, 1)),
    "contracted": lambda w: by_segment(lambda s: changed(w, s, -1)),
    "win_share": lambda w: by_segment(lambda s: won_of_mature(w, s)),
    "mix_before": lambda w: mix(w, after=False),
    "mix_after": lambda w: mix(w, after=True),
    "win_rate_gap": win_rate_gap,
    "retained": lambda w: by_segment(lambda s: stays(w, s)),
    "cohort_gap": cohort_gap,
    "reactivated": reactivated,
    "annual": annual,
    "mid_month": mid_month,
    "price_rise": price_rise,
    "price_rise_on": price_rise_on,
    "activation_share": activation_share,
    "activation_days": lambda w: float(soon(w).max() + 1),
    "activation_slowness": activation_slowness,
    "late_activation": late_activation,
    "weak_win_gap": weak_win_gap,
    "weak_churn_gap": weak_churn_gap,
    "weak_pay_ceiling": lambda w: paid_of_first(w, TRUTHS.weak_channel),
    "stay_pay_floor": paid_of_first,
    "cost_per_logo": cost_per_logo,
    "lag_months": lag_months,
    "channels_before": lambda w: channel_mix(w, after=False),
    "channels_after": lambda w: channel_mix(w, after=True),
    "cost_rise_gap": cost_rise_gap,
    "idle_channel": idle_channel,
    "subscription_margin": lambda w: float(
        (1 - w.finance["Subscription COGS"] / w.finance["Subscription revenue"]).mean()
    ),
    "services_share": lambda w: services(w, "share"),
    "services_margin": lambda w: services(w, "margin"),
    "finance_over_spend": finance_over_spend,
    "reason_shares": reason_shares,
    "involuntary": involuntary,
    "reason_missing": lambda w: float(w.churned["Reason"].isna().mean()),
    "unlisted_reasons": lambda w: float(
        (~w.raw("churn_events")["Reason"].isin([*REASONS, INVOLUNTARY])).sum()
    ),
    "stray_churn_events": stray_churn_events,
    "user_only": user_only,
    "unknown_users": unknown_users,
    "misspelt": misspelt,
    "untold_channels": lambda w: float((w.accounts["Channel"] == "").sum()),
    "skipped": skipped,
    "equal_stamps": equal_stamps,
    "duplicate_opportunities": duplicates("opportunities"),
    "duplicate_subscriptions": duplicates("subscriptions"),
    "duplicate_events": duplicates("events"),
    "internal_accounts": lambda w: float((w.accounts["Internal"] == "true").sum()),
    "orphan_opportunities": orphans,
    "undated_opportunities": undated,
    "impossible_dates": impossible,
    "pushed_on": pushed_on,
    "pushed_use": pushed_use,
    "pushed_tickets": lambda w: float(burden(w).max() - others(w).mean()),
    "burden_ceiling": lambda w: float(others(w).max()),
    "late_renewals": late_renewals,
}


def holds(field: str, found: object) -> bool:
    """Whether a measured figure agrees with its parameter: a bound kept, or within the tolerance."""
    planted = getattr(TRUTHS, field)
    if field.endswith(("_floor", "_gap")):
        return found >= planted
    if field.endswith("_ceiling"):
        return found <= planted
    if not isinstance(planted, int | float | tuple):
        return str(found) == str(planted)
    allowed = np.broadcast_to(TOLERANCES.get(field, 0.0), np.shape(planted))
    return bool((np.abs(np.array(found) - np.array(planted)) <= allowed + 1e-9).all())


@pytest.fixture(scope="module")
def committed() -> Written:
    return Written(SAMPLE)


@pytest.mark.parametrize("field", MEASURES)
def test_a_planted_truth_is_found_in_the_committed_sample(committed: Written, field: str) -> None:
    found = MEASURES[field](committed)
    assert holds(field, found), f"{field}: planted {getattr(TRUTHS, field)}, found {found}"


def test_every_parameter_is_measured_or_part_of_one_that_is() -> None:
    # A yearly rise is taken out of win_share and retained before they are compared; the middles of the
    # moves part what was before from what came after; the leaky segment and the weak channel are of bounds.
    part = {"win_share_rise", "retained_rise", "mix_moves_on", "channels_move_on"}
    part |= {"leaky_segment", "weak_channel"}
    assert set(MEASURES) | part == {field.name for field in dataclasses.fields(Truths)}
    assert set(TOLERANCES) <= set(MEASURES)


@pytest.mark.slow
def test_each_truth_holds_in_at_least_18_of_20_seeds(tmp_path: Path) -> None:
    held = dict.fromkeys(MEASURES, 0)
    for seed in range(20):
        write_sample(tmp_path / str(seed), seed=seed)
        written = Written(tmp_path / str(seed))
        for field, measure in MEASURES.items():
            held[field] += holds(field, measure(written))
    assert {field: n for field, n in held.items() if n < 18} == {}


# The files.


def plain(file: Path) -> bytes:
    """The text of a file: what a gzip stream holds, since its packing differs between zlib builds."""
    return gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()


def test_the_committed_seed_gives_the_committed_bytes(tmp_path: Path) -> None:
    write_sample(tmp_path, seed=SEED)
    assert {f.name for f in tmp_path.iterdir()} == {f.name for f in COMMITTED}
    differ = [f.name for f in COMMITTED if plain(f) != plain(tmp_path / f.name)]
    assert differ == []


def test_gzipped_files_carry_neither_time_nor_name() -> None:
    for file in SAMPLE.glob("*.gz"):
        head = file.read_bytes()[:10]  # RFC 1952: flags in byte 3, time of change in bytes 4 to 7
        assert head[3] == 0
        assert head[4:8] == b"\0\0\0\0"


def test_the_committed_sample_is_at_most_4_megabytes() -> None:
    assert sum(f.stat().st_size for f in COMMITTED) <= 4_000_000


def test_another_seed_tells_another_story_of_the_same_plan(tmp_path: Path) -> None:
    write_sample(tmp_path, accounts=200, seed=1)
    other = Written(tmp_path)
    assert len(other.accounts) == 200
    assert other.raw("exchange_rates").equals(Written(SAMPLE).raw("exchange_rates"))
    assert not other.accounts["Account Name"].equals(Written(SAMPLE).accounts["Account Name"][:200])


@pytest.mark.parametrize("accounts", [50, 333])
def test_a_small_company_has_every_table(tmp_path: Path, accounts: int) -> None:
    write_sample(tmp_path, accounts=accounts, seed=3)
    for file in tmp_path.glob("*.csv*"):
        assert len(plain(file).splitlines()) > 1, file.name


def test_too_few_accounts_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^49 accounts are too few .* Allowed: 50 or more\."):
        write_sample(tmp_path / "s", accounts=49)
    assert not (tmp_path / "s").exists()


def test_names_that_trip_careless_readers_are_among_the_accounts(committed: Written) -> None:
    assert {"NA", 'Smith, "Bud" & Sons', "O'Neil Müller GmbH"} <= set(committed.accounts["Account Name"])


def test_internal_accounts_have_rows_in_every_table(committed: Written) -> None:
    own = set(committed.accounts.loc[committed.accounts["Internal"] == "true", "Account ID"])
    opportunities = committed.raw("opportunities")
    deals = set(opportunities.loc[opportunities["AccountId"].isin(own), "Id"])
    assert own == set(opportunities["AccountId"]) & own
    assert deals <= set(committed.raw("stage_changes")["OpportunityId"])
    for table, column in (
        ("subscriptions", "Customer ID"),
        ("events", "account_id"),
        ("account_changes", "account_id"),
    ):
        assert own <= set(committed.raw(table)[column]), table


def test_keys_are_unique_apart_from_exact_repetitions(committed: Written) -> None:
    keys = {
        "accounts": ["Account ID"],
        "account_changes": ["account_id", "changed_on", "column"],
        "opportunities": ["Id"],
        "stage_changes": ["OpportunityId", "StageName", "CreatedDate"],
        "subscriptions": ["Subscription ID", "Start Date"],
        "events": ["account_id", "user_id", "event", "timestamp"],
        "exchange_rates": ["month_on", "currency"],
        "targets": ["period", "metric", "segment", "owner"],
    }
    for table, key in keys.items():
        assert not committed.raw(table).drop_duplicates().duplicated(key).any(), table


def test_lines_follow_each_other_without_gap_or_overlap(committed: Written) -> None:
    lines = committed.lines.sort_values(["Subscription ID", "start"])
    assert (lines["end"].isna() | (lines["end"] > lines["start"])).all()
    after = lines.groupby("Subscription ID")["start"].shift(-1)
    assert (after.isna() | (after == lines["end"])).all()


def test_nobody_asks_to_leave_before_the_line_starts_or_after_it_ends(committed: Written) -> None:
    asked = committed.lines[committed.lines["Cancellation Requested"] != ""]
    first = asked["Subscription ID"].map(committed.lines.groupby("Subscription ID")["Start Date"].min())
    assert (asked["Cancellation Requested"] >= first).all()
    assert (asked["Cancellation Requested"] <= asked["End Date"]).all()


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        ("2024-01-31", 1, "2024-02-29"),  # the last of a shorter month
        ("2024-02-29", 12, "2025-02-28"),
        ("2025-12-15", 1, "2026-01-15"),
        ("2025-11-30", 13, "2026-12-30"),
    ],
)
def test_anniversaries_keep_the_day_or_take_the_last(day: str, months: int, later: str) -> None:
    number = int(np.datetime64(day).astype(int))
    assert anniversary(number, months) == int(np.datetime64(later).astype(int))


def test_accounts_start_with_their_first_paid_line(committed: Written) -> None:
    first = committed.lines.groupby("Customer ID")["Start Date"].min()
    since = committed.accounts.set_index("Account ID")["Customer Since"]
    assert since[first.index].equals(first.rename("Customer Since").rename_axis("Account ID"))
    own = committed.accounts["Internal"] == "true"
    assert (
        since.drop(first.index).drop(committed.accounts.loc[own, "Account ID"], errors="ignore") == ""
    ).all()


def test_nothing_has_happened_after_the_last_day(committed: Written) -> None:
    last = "2026-10-31"
    assert committed.lines["Start Date"].max() <= last
    assert committed.lines["Cancellation Requested"].max() <= last
    assert committed.deals["created"].max() <= LAST
    assert committed.deals["closed"].max() <= LAST
    midnight = "2026-11-01T04:00:00Z"  # in New York, still on summer time that night
    assert committed.raw("events")["timestamp"].max() < midnight
    assert committed.raw("stage_changes")["CreatedDate"].max() < midnight


def test_contracts_that_end_and_deals_that_close_later_are_there(committed: Written) -> None:
    assert (committed.lines["end"] > LAST).any()
    still = committed.raw("stage_changes")
    assert (still["ExpectedClose"] > "2026-11-30").any()


def test_the_stage_of_a_deal_is_that_of_its_last_change(committed: Written) -> None:
    trail = committed.raw("stage_changes")
    last = trail.groupby("OpportunityId")["StageName"].last()
    stage = committed.raw("opportunities").drop_duplicates().set_index("Id")["StageName"]
    assert last.sort_index().equals(stage.sort_index().rename_axis("OpportunityId"))


def test_a_deal_ends_on_its_amount_in_its_own_currency(committed: Written) -> None:
    # The reader converts a stage's amount by the currency of its deal: one in dollars would be converted twice.
    trail = committed.raw("stage_changes").dropna(subset=["Amount"]).sort_values("CreatedDate", kind="stable")
    last = trail.groupby("OpportunityId")["Amount"].last().astype(float)
    deals = committed.raw("opportunities").drop_duplicates("Id").set_index("Id")
    euro = deals.loc[deals["CurrencyIsoCode"] == "EUR", "Amount"].astype(float)
    assert len(euro) > 500
    assert (last[euro.index] - euro).abs().max() < 0.01


def test_won_deals_have_the_subscription_that_they_name(committed: Written) -> None:
    named = committed.deals.loc[
        committed.deals["won"] & (committed.deals["Type"] != "Renewal"), "Subscription__c"
    ]
    assert len(named) > 0
    assert set(named) <= set(committed.lines["Subscription ID"])


def test_segments_at_acquisition_differ_from_those_of_today_for_those_who_grew(committed: Written) -> None:
    today = committed.accounts.set_index("Account ID")["Segment"]
    grown = today.index[today != committed.segment.reindex(today.index)]
    assert 5 <= len(grown) <= 60
    assert set(today[grown]) == {"Mid-market"}


def test_each_euro_month_has_a_rate(committed: Written) -> None:
    months = set(committed.raw("exchange_rates")["month_on"].str[:7])
    assert set(committed.lines.loc[committed.lines["Currency"] == "EUR", "Start Date"].str[:7]) <= months
    assert set(committed.deals["created"].dropna().dt.strftime("%Y-%m")) <= months


def test_the_company_is_a_plausible_one(committed: Written) -> None:
    closed = committed.deals[
        (committed.deals["closed"] > LAST - YEAR) & (committed.deals["Type"] != "Renewal")
    ]
    net, gross, _ = committed.retention()
    assert 8e6 <= committed.grid[LAST].sum() * 12 <= 20e6
    assert 1.0 <= net <= 1.15
    assert 0.80 <= gross <= 0.90
    assert 0.22 <= closed["won"].mean() <= 0.30
    assert 50 <= closed["days"].median() <= 90


def test_loading_sets_aside_exactly_what_was_planted(tmp_path: Path) -> None:
    prepare(Config.load(SAMPLE), SAMPLE, tmp_path / "store", tmp_path / "rejects")
    loss = pd.DataFrame(json.loads((tmp_path / "store" / "loss.json").read_text()))
    found = loss.set_index(["table", "step"])["rows"]
    assert found["events", "rejected"] == TRUTHS.impossible_dates
    assert found["events", "duplicate"] == TRUTHS.duplicate_events
    assert found["opportunities", "duplicate"] == TRUTHS.duplicate_opportunities
    assert found["opportunities", "orphan"] == TRUTHS.orphan_opportunities
    assert found["opportunities", "undated"] == TRUTHS.undated_opportunities
    assert found["subscriptions", "duplicate"] == TRUTHS.duplicate_subscriptions
    assert found["accounts", "internal"] == TRUTHS.internal_accounts


# The draws.


def test_spread_meets_a_share_in_every_group() -> None:
    groups = np.repeat([0, 1, 2], [10, 100, 1000])
    drawn = spread(stream(1, "test"), groups)
    # One draw in each tenth for the group of ten, and so on: of n draws a quarter lies below .25, give or
    # take one.
    for group, n in ((0, 10), (1, 100), (2, 1000)):
        assert abs((drawn[groups == group] < 0.25).sum() - n / 4) <= 1


def test_spread_along_fills_every_stretch() -> None:
    day = np.arange(400)
    drawn = spread(stream(1, "test"), np.zeros(400), along=day)
    for begin in range(0, 400, 50):
        assert abs((drawn[begin : begin + 50] < 0.3).sum() - 15) <= 2


def test_chosen_draws_as_many_as_the_shares_add_up_to() -> None:
    share = np.tile([0.1, 0.5, 0.3], 30)  # adds up to 27
    for offset in (0.001, 0.4, 0.999):
        assert chosen(share, offset).sum() == 27
    assert chosen(np.array([0.4, 0.4, 0.4]), 0.3).tolist() == [False, True, False]  # .7, 1.1, 1.5


def test_pick_takes_the_option_on_which_the_draw_falls() -> None:
    assert pick(np.array([0.05, 0.5, 0.95]), [2, 6, 2]).tolist() == [0, 1, 2]  # edges .2, .8
    assert pick(np.array([0.5, 0.5]), [[1, 0], [0, 1]]).tolist() == [0, 1]


def test_streams_of_other_ideas_do_not_shift_each_other() -> None:
    alone = stream(7, "events").random(3)
    stream(7, "tickets").random(100)
    assert stream(7, "events").random(3).tolist() == alone.tolist()
    assert stream(7, "tickets").random(3).tolist() != alone.tolist()


# What is written about it.


def written_as(value: object) -> str:
    """A parameter as the README writes it."""
    if isinstance(value, tuple):
        return ", ".join(written_as(v) for v in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def readme_rows() -> dict[str, tuple[str, str]]:
    """Value and tolerance of each parameter in the README's table."""
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \| ([^|]+) \|", README.read_text(encoding="utf-8"), flags=re.M)
    return {field: (value.strip(), within.strip()) for field, value, within in rows}


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(Truths)])
def test_the_readme_says_what_is_planted(field: str) -> None:
    value, within = readme_rows()[field]
    assert value == written_as(getattr(TRUTHS, field))
    if field in TOLERANCES:
        assert within == f"± {written_as(TOLERANCES[field])}"
    else:
        assert within in {"exact", "at least", "at most", "with the row above"}


def test_the_readme_counts_the_rows(committed: Written) -> None:
    rows = re.findall(
        r"^\| `(\w+)\.csv(?:\.gz)?` \| ([\d,]+) \|", README.read_text(encoding="utf-8"), flags=re.M
    )
    assert {name: int(n.replace(",", "")) for name, n in rows} == {
        f.name.split(".")[0]: len(committed.raw(f.name.split(".")[0])) for f in SAMPLE.glob("*.csv*")
    }
