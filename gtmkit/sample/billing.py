"""What customers pay: lines that begin, rise, fall, end and return, and the deals that go with them."""

import calendar
import datetime as dt
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from gtmkit.sample.chance import Floats, Ints, chosen, pick, spread, stream
from gtmkit.sample.market import EPOCH_ORDINAL, FIRST_DAY, LAST_DAY
from gtmkit.sample.selling import price
from gtmkit.sample.truths import Truths

SHAPE = 0.85  # of the Weibull by which customers leave: below 1, most leave early
TRIED = 20  # days before which nobody leaves
WAY_OUT = 60  # and before which nobody leaves a yearly contract that may be left at all
TRIAL_DAYS = 14
TRIAL_CONVERTS = 0.72
YEARS = [
    dt.date(year, 11, 1).toordinal() - EPOCH_ORDINAL for year in range(2022, 2028)
]  # one beyond the last
FAR = 10_000  # days
EXPANSION_SOLD = (0.0, 0.25, 0.25)  # of expansions, closed as a deal; the others happen in the product
EXPANSION_WINS = 0.36  # of the deals to expand
# What a year may bring: two kinds of expansion that sales closes, one without it, a sale lost, a fall.
FATES = ("addon", "expansion", "growth", "attempt", "contraction", "nothing")
UNPRICED = [FATES.index("attempt"), FATES.index("nothing")]  # which leave the price as it is
RISES = (125, 150, 200)  # percent of the price after an expansion, with the weights below
RISE_WEIGHTS = ((0.5, 0.3, 0.2), (0.1, 0.5, 0.4), (0.6, 0.4, 0.0))  # by segment
FALLS = (85, 75, 60)
NOTICE = (10, 60)  # days between asking to cancel and the end
ADDON_SHARE = 0.5  # of the expansions that sales closes, sold as a line of its own
PAST_DUE_SHARE = 0.025
AHEAD = 75  # days beyond the last for which open expansions are foreseen
RENEWAL_OPENS = 90  # days before the term ends
# Of those with a monthly plan that would leave between two days, all leave in one month: a rival's offer that winter.
RIVAL = tuple(
    dt.date(*day).toordinal() - EPOCH_ORDINAL for day in ((2025, 12, 1), (2026, 5, 1), (2026, 2, 2))
)
RIVAL_DAYS = 26  # for which the offer stands
RETURN_AFTER = (60, 240)  # days; over a month, so that a month end at zero lies between


Row = dict[str, object]


@dataclass
class Books:
    """The rows of the billing system, and what sales had to do with them, as they are written."""

    lines: list[Row] = field(default_factory=list)
    expansions: list[Row] = field(default_factory=list)  # attempts to expand, as deals
    renewals: list[Row] = field(default_factory=list)
    upgrades: list[Row] = field(default_factory=list)  # accounts that outgrow their segment
    lives: list[Row] = field(default_factory=list)  # the paying spells of each customer


@dataclass(frozen=True)
class Change:
    """What happens to a customer's price on a day: percent of the price before."""

    day: int
    kind: str  # of FATES, or price_rise
    percent: int


def anniversary(day: int, months: int) -> int:
    """The same day so many months later, or the last of a shorter month."""
    start = dt.date.fromordinal(day + EPOCH_ORDINAL)
    month = start.year * 12 + start.month - 1 + months
    last = calendar.monthrange(month // 12, month % 12 + 1)[1]
    return dt.date(month // 12, month % 12 + 1, min(start.day, last)).toordinal() - EPOCH_ORDINAL


def renewal_after(start: int, day: int) -> int:
    """The first yearly renewal later than a day."""
    return next(due for k in range(1, 99) if (due := anniversary(start, 12 * k)) > day)


def next_month(day: int) -> int:
    """The first of the month after."""
    return anniversary(day - dt.date.fromordinal(day + EPOCH_ORDINAL).day + 1, 1)


def customers(accounts: pd.DataFrame, deals: pd.DataFrame, seed: int, truths: Truths) -> pd.DataFrame:
    """The accounts that come to pay, with their first paying day and all that will befall them."""
    rng = stream(seed, "customers")
    won = deals[deals["won"] & (deals["closed"] <= LAST_DAY)]
    begins = won["closed"] + np.floor(rng.random(len(won)) * 18).astype(np.int64)
    begins = begins.where(begins <= LAST_DAY, won["closed"])
    sold = pd.DataFrame({"account": won["account"], "starts": begins, "quoted": won["created"]})
    own = accounts[accounts["motion"] == "product"]
    own = own[spread(rng, own["channel"], along=own["met"]) < TRIAL_CONVERTS]
    signed = pd.DataFrame({"account": own["account"], "starts": own["met"] + TRIAL_DAYS})
    opening = accounts[accounts["motion"] == "opening"].rename(columns={"met": "starts"})[
        ["account", "starts"]
    ]
    # what is quoted holds, also where the list rises before the contract starts
    both = pd.concat([opening, sold, signed[signed["starts"] <= LAST_DAY]], ignore_index=True)
    both = both.sort_values("account").fillna({"quoted": both["starts"]})
    who = accounts.loc[both["account"]].assign(
        starts=both["starts"].to_numpy(), quoted=both["quoted"].to_numpy(dtype=np.int64)
    )
    return befall(who.reset_index(drop=True), rng, truths)


def befall(who: pd.DataFrame, rng: np.random.Generator, truths: Truths) -> pd.DataFrame:
    """The customers with their last day (`ends`, null = none in sight) and what each year brings them.

    Year by year, over those who are still there, so that what leaves, grows and shrinks in a year is the
    planted share of who was there at its start, also when weighed by money.
    """
    segment = who["segment"].to_numpy()
    seen = np.maximum((who["starts"].to_numpy() - FIRST_DAY) / 365.25, 0.0)
    stays = np.array(truths.retained)[segment] + np.array(truths.retained_rise)[segment] * seen
    hazard = -np.log(np.minimum(stays, 0.97)) * who["leaves"].to_numpy()  # of the first twelve months
    who = who.assign(hazard=hazard, pays=who["list_price"].astype(float), ends=np.nan)
    edges = fate_edges(truths)
    drawn: dict[str, Floats | Ints] = {}
    for year, (since, until) in enumerate(pairwise(YEARS)):
        there = np.flatnonzero((who["starts"] < until) & who["ends"].isna())
        ends = departures(who.iloc[there], since, until, rng)
        found = fortunes(who.iloc[there], np.isnan(ends), edges, since, until, rng)
        who.loc[there, "ends"] = ends
        grown = np.where(np.isin(found["what"], UNPRICED), 100, found["percent"])
        who.loc[there, "pays"] *= grown / 100
        for column, values in found.items():
            drawn[f"{column}{year}"] = np.full(len(who), FATES.index("nothing"))
            drawn[f"{column}{year}"][there] = values
    drawn |= {"returns": spread(rng, segment, who["ends"].isna()), "gap": rng.random(len(who))}
    drawn |= {"notice": rng.random(len(who)), "first": spread(rng, segment), "late": rng.random(len(who))}
    return who.assign(**drawn)


def departures(who: pd.DataFrame, since: int, until: int, rng: np.random.Generator) -> Floats:
    """The first day without each customer, if it falls in the year.

    Yearly contracts end with their term, but for those of the weak channel, which are sold with a way out.
    """
    segment, starts, hazard = (who[column].to_numpy() for column in ("segment", "starts", "hazard"))
    ends = np.full(len(who), np.nan)
    bound = (who["annual"] & ~who["is_weak"]).to_numpy()
    renewing = np.flatnonzero(bound & (starts < since))
    terms = (since - starts[renewing] - 1) // 365.25
    risk = 1 - np.exp(-hazard[renewing] * ((terms + 1) ** SHAPE - terms**SHAPE))
    order = np.lexsort((who["pays"].to_numpy()[renewing], segment[renewing]))
    gone = order[chosen(risk[order], rng.random())]
    for i, term in zip(renewing[gone], terms[gone], strict=True):
        ends[i] = anniversary(int(starts[i]), 12 * int(term + 1))
    free = np.flatnonzero(~bound)
    yearly = who["annual"].to_numpy()[free]
    served = np.maximum((since - starts[free]) / 365.25, 0.0)
    draw = spread(rng, segment[free], along=starts[free])
    age = (served**SHAPE - np.log1p(-draw) / hazard[free]) ** (1 / SHAPE)
    end = starts[free] + np.maximum(np.where(yearly, WAY_OUT, TRIED), np.round(age * 365.25))
    end = np.where(yearly, end, lured(end, starts[free]))
    ends[free] = np.where(end < until, end, np.nan)
    return ends


def lured(end: Floats, starts: Ints) -> Floats:
    """The ends of monthly plans, those around the rival's offer moved into its month, in their order."""
    since, until, begins = RIVAL
    moved = begins + np.floor((end - since) * RIVAL_DAYS / (until - since))
    there = (end >= since) & (end < until) & (starts + TRIED <= moved)
    return np.where(there, moved, end)


def fortunes(
    who: pd.DataFrame, stays: np.ndarray, edges: Floats, since: int, until: int, rng: np.random.Generator
) -> dict[str, Ints]:
    """What the year brings each customer (an index of FATES), how much of the price it leaves, and when."""
    segment, starts, pays = (who[column].to_numpy() for column in ("segment", "starts", "pays"))
    opens = np.maximum(since, starts + 30)
    part = np.maximum(until - opens, 1) / (until - since)  # a part of the year brings as much less
    draw = spread(rng, segment, stays, starts >= since, along=pays) / part
    what = (draw[:, None] >= edges[segment]).sum(axis=1)
    what[who["is_weak"] & (what < FATES.index("contraction"))] = FATES.index("nothing")
    size = spread(rng, segment, stays, what, along=pays)
    rises = np.array(RISES)[pick(size, np.array(RISE_WEIGHTS)[segment])]
    falls = np.array(FALLS)[pick(size, [1, 1, 1])]
    day = np.floor(opens + spread(rng, segment) * (until - opens)).astype(np.int64)
    return {"what": what, "percent": np.where(what == FATES.index("contraction"), falls, rises), "day": day}


def fate_edges(truths: Truths) -> Floats:
    """Where one fate of a year ends and the next begins on the interval from 0 to 1, a row per segment."""
    sold = np.array(truths.expanded) * np.array(EXPANSION_SOLD)
    lost = sold * (1 - EXPANSION_WINS) / EXPANSION_WINS
    shares = [sold * ADDON_SHARE, sold * (1 - ADDON_SHARE), np.array(truths.expanded) - sold, lost]
    return np.cumsum(np.column_stack([*shares, np.array(truths.contracted)]), axis=1)


def books(who: pd.DataFrame, truths: Truths) -> Books:
    """Every customer's life on the books, one after the other."""
    written = Books()
    for one in who.itertuples(index=False):
        live(one, written, truths)
    return written


def changes(one: Any, until: int, truths: Truths) -> list[Change]:
    """What befalls the price after the start and before a day, in order of days."""
    start, found = int(one.starts), []
    for year, since in enumerate(YEARS[:-1]):
        kind = FATES[getattr(one, f"what{year}")]
        day = getattr(one, f"day{year}")
        if kind == "contraction" and one.annual:
            day = renewal_after(start, since - 1)
        elif one.first > truths.mid_month:
            day = next_month(day)
        if kind != "nothing":
            found.append(Change(int(day), kind, int(getattr(one, f"percent{year}"))))
    announced = truths.price_rise_on.toordinal() - EPOCH_ORDINAL
    if start < announced:
        day = renewal_after(start, announced - 1) if one.annual else announced
        found.append(Change(day, "price_rise", round(100 * (1 + truths.price_rise))))
    return sorted((c for c in found if start < c.day < until), key=lambda change: (change.day, change.kind))


def live(one: Any, written: Books, truths: Truths) -> None:
    """One customer's lines from the first to the last, with its attempts to expand and its renewals."""
    start = int(one.starts)
    end = int(one.ends) if one.ends == one.ends else LAST_DAY + FAR  # null: no end in sight
    notice = round(NOTICE[0] + one.notice * (NOTICE[1] - NOTICE[0]) * (1.0 if one.annual else 0.3))
    asked = max(end - notice, start)
    main = f"sub_{one.number:05d}_1"
    billed = int(price(np.array([one.list_price]), np.array([one.annual]), np.array([one.quoted]), truths)[0])
    steps, addons = [(start, billed)], []
    for change in changes(one, asked, truths):  # who has asked to leave buys no more
        before = steps[-1][1]
        after = (before * change.percent + 50) // 100
        if change.kind in ("expansion", "addon", "attempt") and change.day <= LAST_DAY + AHEAD:
            grown = (before * (change.percent - 100) + 50) // 100 * (1 if one.annual else 12)
            written.expansions.append(
                {"account": one.account, "segment": one.segment, "closed": change.day, "since": start}
                | {"won": change.kind != "attempt", "cents": grown, "subscription_id": main}
            )
        if change.day > LAST_DAY or change.kind == "attempt":
            continue
        if change.kind == "addon":
            addons.append((change.day, after - before))
        elif change.day == steps[-1][0]:
            steps[-1] = (change.day, after)
        else:
            steps.append((change.day, after))
        if one.segment == 0 and change.percent >= RISES[-1]:
            written.upgrades.append({"account": one.account, "day": change.day})
    closing = (asked, end) if asked <= LAST_DAY else None
    past_due = one.late < PAST_DUE_SHARE
    write_line(written, one, main, steps, closing, past_due)
    for k, step in enumerate(addons):
        write_line(written, one, f"sub_{one.number:05d}_a{k + 1}", [step], closing, past_due)
    if one.annual:
        renew(written, one, main, steps, addons, asked, end)
    written.lives.append({"account": one.account, "starts": start, "ends": min(end, LAST_DAY + 1)})
    back = end + round(RETURN_AFTER[0] + one.gap * (RETURN_AFTER[1] - RETURN_AFTER[0]))
    if one.returns < truths.reactivated and back <= LAST_DAY:
        write_line(written, one, f"sub_{one.number:05d}_2", [(back, steps[-1][1])], None, past_due)
        written.lives.append({"account": one.account, "starts": back, "ends": LAST_DAY + 1})


def write_line(
    written: Books,
    one: Any,
    line: str,
    steps: list[tuple[int, int]],
    closing: tuple[int, int] | None,
    past_due: bool,
) -> None:
    """The rows of one subscription: one per price, each until the next."""
    for k, (since, cents) in enumerate(steps):
        last = k == len(steps) - 1
        asked, ended = (closing or (None, None)) if last else (None, steps[k + 1][0])
        gone = last and ended is not None and ended <= LAST_DAY
        status = "canceled" if gone else "past_due" if last and past_due else "active"
        known = LAST_DAY if last and not gone else since
        written.lines.append(
            {"subscription_id": line, "account": one.account, "status": status, "currency": one.currency}
            | {"annual": one.annual, "cents": cents, "started": since, "ended": ended, "asked": asked}
            | {"term_ends": renewal_after(steps[0][0], known) if one.annual else None}
        )


def renew(
    written: Books,
    one: Any,
    line: str,
    steps: list[tuple[int, int]],
    addons: list[tuple[int, int]],
    asked: int,
    end: int,
) -> None:
    """The renewals of a yearly contract, each opened before its term ends."""
    due = anniversary(int(one.starts), 12)
    while due <= min(end, LAST_DAY + RENEWAL_OPENS):
        cents = max(s for s in steps if s[0] < due)[1] + sum(c for day, c in addons if day < due)
        written.renewals.append(
            {"account": one.account, "segment": one.segment, "created": due - RENEWAL_OPENS, "won": due < end}
            | {"closed": asked if due == end else due - round(25 * one.gap), "due": due}
            | {"cents": cents, "subscription_id": line}
        )
        due = renewal_after(int(one.starts), due)
