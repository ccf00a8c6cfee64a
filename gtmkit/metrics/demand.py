"""Where pipeline comes from and what it costs: by channel, by what a channel is for, by use of the product."""

from collections.abc import Sequence
from typing import Any, Literal

import narwhals as nw
import numpy as np
import pandas as pd

from gtmkit.config import Channel
from gtmkit.frames import INTEGER, UNITS, Frame, collect, counted, running, sums
from gtmkit.ledgers.attribution import meaning
from gtmkit.ledgers.dimensions import null_row
from gtmkit.metrics.allocation import cost_each, unsettled
from gtmkit.metrics.entrants import one, zero
from gtmkit.metrics.observed import sight, sights, taken_off, unseen, with_sight
from gtmkit.metrics.opportunities import (
    Weight,
    amount,
    amount_ratio,
    amount_sums,
    population,
    without_amount,
)
from gtmkit.periods import Period, day_index
from gtmkit.results import divided, floats, marked, needs, noted, setting, shaped, share, total, undefined
from gtmkit.windows import flows

QUARTER = 3  # months
RECENT_DAYS = 28  # before an opportunity, in which its account used the product
NOBODY = null_row("channel")
NO_CHANNEL = "neither opportunities nor accounts have the column channel"
NO_INTENT = "no [[channels]] with an intent in gtm.toml"
NO_AMOUNT = "no amount created in the period"
WINDOW: dict[str, Any] = {"months": QUARTER}


def qualified_opportunities(
    journeys: Frame,
    *,
    by: Sequence[str],
    periods: Sequence[Period],
    months: int | None = None,
    window_days: int = setting("pipeline.accept_window_days"),
    kinds: Sequence[str] = setting("pipeline.kinds"),
) -> pd.DataFrame:
    """Opportunities created in the period that sales accepted within the window.

    Answers: how many opportunities does sales work on?
    Takes: `months` asks for that many, ending with the period.
    Returns: count; immature until the window of the last day has ended: there may be more.
    """
    as_of = day_index(periods[-1].end)
    rows = population(journeys, kinds).filter(~nw.col("created_month").is_null())
    taken = nw.col("accepted_day")
    is_taken = (taken < as_of) & (taken - nw.col("created_day") <= window_days)
    table = collect(
        sums(
            rows.with_columns(month=nw.col("created_month")), [*by, "month"],
            accepted=counted(is_taken), known=counted(~taken.is_null()),
        )
    )  # fmt: skip
    if len(table) and not table["known"].sum():
        return undefined(by, [p.label for p in periods], "opportunities has no accepted_at")
    over = flows(table, by, periods, months)
    answer = total(over, over["accepted"], over["accepted"])
    for period in periods:
        young = day_index(period.end) - 1 + window_days >= as_of
        here = (answer["period"] == period.label).to_numpy(dtype=bool)
        answer = marked(answer, here & young, "immature", f"the {window_days} days of some have not passed")
    return shaped(answer, by, [])


def cost_per_qualified_opportunity(
    spend: pd.DataFrame = needs("spend", of="sales_and_marketing", purpose="new", **WINDOW),
    qualified_opportunities: pd.DataFrame = needs("qualified_opportunities", kinds=("new",), **WINDOW),
    pipeline_created: pd.DataFrame = needs("pipeline_created", kinds=("new",), **WINDOW),
    new_logos: pd.DataFrame = needs("new_logos", **WINDOW),
    cost_categories: pd.DataFrame = needs("cost_categories", lag=0, **WINDOW),
    *,
    by: Sequence[str],
    periods: Sequence[Period],
    cost: Literal["loaded", "paid"] = "loaded",
    allocation: Literal["pipeline", "logos", "paid", "none"] = setting("cac.allocation"),
    not_applicable: Sequence[str] = setting("cac.not_applicable"),
) -> pd.DataFrame:
    """Sales and marketing cost for new business of three months per new opportunity of theirs that sales accepted.

    Answers: what does an opportunity cost that sales works on?
    Takes: cost and opportunities of the same three months, to the end of the period: an opportunity costs when
    it is made, a customer a sales cycle later. Shared cost is laid out as in `cac`.
    Returns: money; numerator = cost, n = opportunities. Cost as fixed, opportunities as Poisson. No value until
    the last window has ended: all of the cost over a part of the opportunities would be too dear.
    Differs: `.paid` shares nothing out.
    """
    basis = {"pipeline": pipeline_created, "logos": new_logos, "paid": spend}.get(allocation)
    name = "qualified_opportunities"
    answer = cost_each(spend, qualified_opportunities, basis, by, name, cost, allocation)
    young = (answer["status"] == "immature").to_numpy(dtype=bool)
    answer = answer.assign(
        **{c: np.where(young, np.nan, floats(answer[c])) for c in ("value", "low", "high")}
    )
    return shaped(unsettled(answer, cost_categories, not_applicable), by, [])


def pipeline_concentration(
    journeys: Frame,
    *,
    by: Sequence[str],
    periods: Sequence[Period],
    kinds: Sequence[str] = setting("pipeline.kinds"),
) -> pd.DataFrame:
    """Share of the amount created in the period that came by the largest channel.

    Answers: what if our largest channel dries up?
    Takes: the opportunity's channel, else its account's; what has none is in the whole and never the largest.
    Returns: ratio of money; the reason names the channel; n = opportunities. No interval: nothing was sampled.
    """
    labels = [p.label for p in periods]
    if "channel" not in journeys.collect_schema().names():
        return undefined(by, labels, NO_CHANNEL)
    rows = population(journeys, kinds).filter(~nw.col("created_month").is_null())
    table = collect(
        sums(
            rows.with_columns(month=nw.col("created_month")), [*by, "channel", "month"],
            amount=amount("first_amount"), n=one(), without=counted(nw.col("first_amount").is_null()),
        )
    )  # fmt: skip
    if not len(table):
        return undefined(by, labels, NO_AMOUNT)
    over = flows(table, [*by, "channel"], periods)
    keys = [*by, "period"]
    whole = over.groupby(keys, dropna=False, as_index=False, sort=False)[["amount", "n", "without"]].sum()
    named = over[(over["channel"] != NOBODY).to_numpy(dtype=bool) & (over["amount"] > 0).to_numpy(dtype=bool)]
    # Of two that are equally large the first by name.
    top = named.sort_values(["amount", "channel"], ascending=[False, True]).drop_duplicates(keys)
    nobodys = over[(over["channel"] == NOBODY).to_numpy(dtype=bool)]
    largest = whole.merge(top[[*keys, "channel", "amount"]], on=keys, how="left", suffixes=("", "_top"))
    sides = largest.merge(nobodys[[*keys, "amount"]], on=keys, how="left", suffixes=("", "_nobody"))
    return _shares_of_largest(sides, by)


def demand_creation_share(
    journeys: Frame,
    *,
    by: Sequence[str],
    periods: Sequence[Period],
    intent: Literal["creation", "capture"] = "creation",
    channels: Sequence[Channel] = setting("channels"),
    kinds: Sequence[str] = setting("pipeline.kinds"),
) -> pd.DataFrame:
    """Share of the amount created in the period that came by channels meant to create demand.

    Answers: do we make demand, or only harvest what is there?
    Takes: the intent of [[channels]], of several entries of a channel the first; the opportunity's channel,
    else its account's. What has no intent is in the whole.
    Returns: ratio of money; n = opportunities with an amount. `.capture` is of the channels that capture demand.
    """
    labels = [p.label for p in periods]
    intents = meaning(channels, "intent")
    if not intents:
        return undefined(by, labels, NO_INTENT)
    if "channel" not in journeys.collect_schema().names():
        return undefined(by, labels, NO_CHANNEL)
    meant = [channel for channel, stated in intents.items() if stated == intent]
    rows = population(journeys, kinds).filter(~nw.col("created_month").is_null())
    rows = rows.with_columns(month=nw.col("created_month"))
    table = collect(
        sums(
            rows, [*by, "month"], **amount_sums("first_amount", nw.col("channel").is_in(meant)),
            rest=nw.when(nw.col("channel").is_in(list(intents))).then(zero()).otherwise(amount("first_amount")),
            without=counted(nw.col("first_amount").is_null()),
        )
    )  # fmt: skip
    over = flows(table, by, periods)
    answer = amount_ratio(over, NO_AMOUNT)
    answer = _with_part(answer, over["rest"], over["b"], "by channels without an intent")
    return shaped(without_amount(answer, over["without"]), by, [])


def product_qualified_pipeline_share(
    journeys: Frame,
    usage_days: Frame,
    sightings: Frame | None = None,
    *,
    by: Sequence[str],
    periods: Sequence[Period],
    acts: Sequence[str] = setting("active.events"),
    at_least: int = setting("active.at_least"),
    kinds: Sequence[str] = setting("pipeline.kinds"),
) -> pd.DataFrame:
    """Share of the amount created in the period on accounts active in the 28 days before it was created.

    Answers: does the product bring pipeline, or do we sell apart from it?
    Takes: [active], so often in these days; the day of creation itself is not one of them. An opportunity
    without an account is in the whole.
    Returns: ratio of money; n = opportunities with an amount. Undefined in a period that ends after one of the
    events has vanished.
    """
    rows = population(journeys, kinds).filter(~nw.col("created_day").is_null())
    rows = rows.join(_acts_before(rows, usage_days, acts), on="opportunity_id", how="left")
    active = nw.col("acts") >= at_least
    rows = with_sight(rows, sightings, acts)
    table = collect(
        sums(
            rows.with_columns(day=nw.col("created_day")), [*by, *sights(acts), "day"],
            **amount_sums("first_amount", active), without=counted(nw.col("first_amount").is_null()),
        )
    )  # fmt: skip
    table, days = taken_off(table, acts)
    over = flows(table, by, periods)
    answer = unseen(amount_ratio(over, NO_AMOUNT), periods, sight(acts, days))
    return shaped(without_amount(answer, over["without"]), by, [])


def unattributed_share(
    journeys: Frame,
    *,
    by: Sequence[str],
    periods: Sequence[Period],
    weight: Weight = "count",
    kinds: Sequence[str] = setting("pipeline.kinds"),
) -> pd.DataFrame:
    """Share of the opportunities created in the period without a channel of their own or of their account.

    Answers: of how much of the pipeline do we not know where it came from?
    Returns: share; n = opportunities. `.amount` weighs each by its amount as first known.
    """
    if "channel" not in journeys.collect_schema().names():
        return undefined(by, [p.label for p in periods], NO_CHANNEL)
    rows = population(journeys, kinds).filter(~nw.col("created_month").is_null())
    is_nobodys = nw.col("channel") == NOBODY
    more = amount_sums("first_amount", is_nobodys) if weight == "amount" else {}
    table = sums(
        rows.with_columns(month=nw.col("created_month")), [*by, "month"],
        unknown=counted(is_nobodys), created=one(), **more,
    )  # fmt: skip
    over = flows(collect(table), by, periods)
    if weight == "amount":
        return shaped(amount_ratio(over, NO_AMOUNT), by, [])
    return shaped(share(over, over["unknown"], over["created"], "none created in the period"), by, [])


def _shares_of_largest(rows: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """The shares of `amount_top` in `amount`, each saying which channel it is of and how much has none."""
    top, whole = floats(rows["amount_top"]) / UNITS, floats(rows["amount"]) / UNITS
    answer = rows.assign(
        value=divided(top, whole), numerator=top, denominator=whole, n=rows["n"], low=np.nan, high=np.nan
    )
    answer = marked(answer, whole == 0, "undefined", NO_AMOUNT)
    answer = marked(answer, np.isnan(top), "undefined", "no amount with a channel")
    known = answer["value"].notna().to_numpy(dtype=bool)
    for channel in dict.fromkeys(rows["channel"][known]):
        largest = (rows["channel"] == channel).fillna(False).to_numpy(dtype=bool)
        answer = noted(answer, known & largest, f"largest: {channel}")
    answer = _with_part(answer, rows["amount_nobody"], rows["amount"], "unattributed")
    answer = noted(answer, known, "no interval: all pipeline is counted")
    return shaped(without_amount(answer, rows["without"]), by, [])


def _with_part(rows: pd.DataFrame, part: pd.Series, whole: pd.Series, words: str) -> pd.DataFrame:
    """The rows, each with how much of its amount is of this part, in per cent."""
    shares = np.nan_to_num(divided(part, whole))
    said = [f"{share * 100:.1f} % of the amount {words}" if share > 0 else "" for share in shares]
    for reason in dict.fromkeys(filter(None, said)):
        rows = noted(rows, [text == reason for text in said], reason)
    return rows


def _acts_before(rows: Frame, usage_days: Frame, acts: Sequence[str]) -> Frame:
    """By opportunity, how often its account did what counts in the days before it was created.

    One running sum over the account's days, read when those days begin and when they end: no opportunity meets
    every day of its account, which would be rows without end.
    """
    used = usage_days.filter(~nw.col("account_id").is_null())
    if acts:
        used = used.filter(nw.col("event").is_in(list(acts)))
    used = sums(used, ["account_id", "day"], n=nw.col("n"))
    asked = rows.filter(~nw.col("account_id").is_null())
    ends = asked.select("opportunity_id", "account_id", day=nw.col("created_day"), sign=one(), n=zero())
    begins = ends.with_columns(day=nw.col("day") - RECENT_DAYS, sign=zero() - one())
    nobody = nw.when(nw.col("day").is_null()).then(nw.col("account_id"))
    days = used.select(nobody.alias("opportunity_id"), "account_id", "day", sign=zero(), n=nw.col("n"))
    line = nw.concat([days, begins, ends])
    # What is read on a day is read before that day's acts.
    line = line.with_columns(_order=(nw.col("day") * 2 + counted(nw.col("sign") == 0)).cast(INTEGER))
    line = line.with_columns(upto=running("n", ["account_id"], ["_order"]))
    read = line.filter(nw.col("sign") != 0)
    return sums(read, ["opportunity_id"], acts=nw.col("upto") * nw.col("sign"))
