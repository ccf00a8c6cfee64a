"""What the data say of the processes of sales: targets, territories, outreach, stages, reviews of the pipeline."""

from collections.abc import Mapping, Sequence

import narwhals as nw
import numpy as np
import pandas as pd

from gtmkit.config import Channel
from gtmkit.config.sections import Metric
from gtmkit.frames import Frame, collect, counted, sums
from gtmkit.metrics import targets as plans
from gtmkit.metrics.entrants import one
from gtmkit.periods import Period
from gtmkit.results import setting
from gtmkit.trust.finding import Finding, broken, counts, has, of_metric, within

MOST_WITHOUT_TARGET = 0.25
MOST_UNCOVERED = 0.05
MOST_APART = 3.0
MOST_WITHOUT_OUTREACH = 0.20
MOST_SKIPPED = 0.10
MOST_BACK = 0.10
MOST_PAST_DUE = 0.15
MOST_STALE = 0.15
RECENT_DAYS = 90  # before an opportunity, in which outreach can have led to it
QUOTA = "bookings"


def targets_and_quotas(
    targets: Frame | None = None,
    *,
    period: Period,
    lines: Sequence[str] = setting("scorecard.lines"),
    agreed: Mapping[str, Metric] = setting("metric"),
) -> list[Finding]:
    """Lines of the scorecard without a target, and what owners' quotas leave open of the company's target."""
    planned = plans.of_company(targets) if targets is not None else {}
    bare = [line for line in lines if not _has_target(line.partition(".")[0], period, planned, agreed)]
    found = [broken("lines of the scorecard without a target", len(bare), len(lines), MOST_WITHOUT_TARGET)]
    if targets is None:
        return found
    quarter = _quarter(period)
    company, _ = plans.target(planned.get(QUOTA, {}), quarter, QUOTA)
    quotas = _quotas(targets, quarter)
    if company:
        open_part = max(company - sum(quotas.values()), 0.0) / company
        found.append(
            Finding(
                f"of the target of {quarter} that no owner's quota covers", open_part, company, MOST_UNCOVERED
            )
        )
    return found


def territory_planning(
    accounts: Frame,
    owners: Frame | None = None,
    targets: Frame | None = None,
    journeys: Frame | None = None,
    *,
    period: Period,
) -> list[Finding]:
    """How unequal owners' and territories' shares of the accounts we want are, and who has a quota and no accounts.

    Where customer success owns the accounts, a seller's are those at which they opened an opportunity.
    """
    wanted = accounts.filter(nw.col("is_icp")) if has(accounts, "is_icp") else accounts
    if not has(accounts, "owner"):
        return [Finding("accounts has no column owner", None, 0, MOST_APART, is_ratio=True)]
    table = collect(sums(wanted.filter(~nw.col("owner").is_null()), ["owner"], n=one()))
    held = {str(row["owner"]): float(row["n"]) for row in table.to_dict("records")}
    found = [_apart("between owners, accounts of the ideal profile (P90 over P10)", held)]
    if owners is not None and has(owners, "territory"):
        places = collect(owners.select("owner", "territory")).dropna().drop_duplicates("owner")
        territory = dict(zip(places["owner"].astype(str), places["territory"].astype(str), strict=True))
        of_places: dict[str, float] = {}
        for owner, n in held.items():
            if owner in territory:
                of_places[territory[owner]] = of_places.get(territory[owner], 0.0) + n
        found.append(_apart("between territories, accounts of the ideal profile (P90 over P10)", of_places))
    if targets is not None and (quotas := _quotas(targets, _quarter(period))):
        busy = {*held, *_openers(journeys, period)}
        idle = [owner for owner in quotas if owner not in busy]
        found.append(broken("owners with a quota and no accounts", len(idle), len(quotas), 0.0))
    return found


def outbound_prospecting(
    journeys: Frame,
    efforts: Frame,
    *,
    period: Period,
    channels: Sequence[Channel] = setting("channels"),
) -> list[Finding]:
    """Outbound opportunities before which no person had worked on the account."""
    outbound = [entry.channel for entry in channels if entry.motion == "outbound"]
    what = "outbound opportunities without anybody's activity before"
    if not outbound or not has(journeys, "channel"):
        return [Finding(what, None, 0, MOST_WITHOUT_OUTREACH)]
    deals = journeys.filter(within("created_day", period) & nw.col("channel").is_in(outbound))
    deals = deals.select("opportunity_id", "account_id", "created_day")
    done = efforts.filter((nw.col("is_automated") == 0) & ~nw.col("account_id").is_null())
    days = done.select("account_id", effort_day=nw.col("day")).unique()
    pairs = deals.join(days, on="account_id", how="inner")
    led = pairs.filter(
        (nw.col("effort_day") <= nw.col("created_day"))
        & (nw.col("effort_day") >= nw.col("created_day") - RECENT_DAYS)
    )
    rows = deals.join(sums(led, ["opportunity_id"], acts=one()), on="opportunity_id", how="left")
    told = counts(rows, none=counted(nw.col("acts").is_null()), n=one())
    return [broken(what, told["none"], told["n"], MOST_WITHOUT_OUTREACH)]


def sales_process(
    stage_skip_rate: pd.DataFrame, stage_regress_rate: pd.DataFrame, *, period: Period
) -> list[Finding]:
    """Stages skipped, and stages moved back."""
    return [
        of_metric("stages come to or passed were skipped", stage_skip_rate, MOST_SKIPPED),
        of_metric("stays in a stage ended by going back", stage_regress_rate, MOST_BACK),
    ]


def pipeline_review(
    past_due_close_share: pd.DataFrame, stale_opportunity_share: pd.DataFrame, *, period: Period
) -> list[Finding]:
    """Open opportunities whose date has passed, and those that nothing moves."""
    return [
        of_metric("open opportunities past their expected close", past_due_close_share, MOST_PAST_DUE),
        of_metric(
            "open opportunities that nothing has moved for too long", stale_opportunity_share, MOST_STALE
        ),
    ]


def _has_target(
    metric: str, period: Period, planned: Mapping[str, Mapping[str, float]], agreed: Mapping[str, Metric]
) -> bool:
    if metric in agreed and agreed[metric].target is not None:
        return True
    spans = (period, _quarter(period))
    return any(plans.target(planned.get(metric, {}), span, metric)[0] is not None for span in spans)


def _quarter(period: Period) -> Period:
    """The fiscal quarter in which a period ends."""
    return Period(period.last_month - 1, 1, period.fiscal_year_start).quarter()


def _quotas(targets: Frame, quarter: Period) -> dict[str, float]:
    """The quota of each owner in a quarter, of those who have one."""
    if not has(targets, "owner"):
        return {}
    known = plans.given(targets, ["owner"], QUOTA)
    found = {owner: plans.target(of_owner, quarter, QUOTA)[0] for (owner,), of_owner in known.items()}
    return {owner: value for owner, value in found.items() if value}


def _openers(journeys: Frame | None, period: Period) -> set[str]:
    """Who opened an opportunity lately."""
    if journeys is None or not has(journeys, "owner"):
        return set()
    return {
        str(owner)
        for owner in collect(journeys.filter(within("created_day", period)).select("owner").unique())["owner"]
    }


def _apart(what: str, held: Mapping[str, float]) -> Finding:
    """How far the largest are above the smallest, the outermost tenths left out."""
    if len(held) < 2:
        return Finding(what, None, len(held), MOST_APART, is_ratio=True)
    high, low = np.quantile(list(held.values()), [0.9, 0.1])
    return Finding(what, float(high / low), len(held), MOST_APART, is_ratio=True)
