"""How deals go: which are opened, how far they come, and the trail of stages they leave."""

from typing import Any

import numpy as np
import pandas as pd

from gtmkit.sample.chance import Floats, Ints, chosen, lognormal, pick, spread, stream
from gtmkit.sample.market import CHANNELS, EPOCH_ORDINAL, FIRST_DAY, LAST_DAY, quarter
from gtmkit.sample.truths import CHANNEL_NAMES, STAGES, Truths

RETRY_SHARE = 0.85  # of lost deals, a second and a third attempt
RETRY_AFTER = (95, 270)  # days; over a quarter, so that an attempt never falls in the quarter before it
ZOMBIE_SHARE = 0.02  # deals that nobody closes
EXPANSION_CYCLE = np.array([20.0, 40.0, 62.0])  # median days, by segment
STAGE_DAYS = [f"d{i}" for i in range(len(STAGES))]
LATE_BY = (2, 26)  # days after the end of its term by which a late renewal is signed
DAY = 86_400
NIGHT = 4 * 3600  # UTC seconds until midnight in New York, in summer
REGRESS_SHARE = 0.05  # of deals that reach negotiation, thrown back to proposal once
REPEAT_SHARE = 0.08  # of visits, with a second row for a changed amount


def price(list_price: Floats, annual: np.ndarray, day: Ints, truths: Truths) -> Ints:
    """The cents that a contract signed that day bills: a month, or a year at 10 % off."""
    risen = np.asarray(day) >= truths.price_rise_on.toordinal() - EPOCH_ORDINAL
    monthly = list_price * np.where(risen, 1 + truths.price_rise, 1.0)
    return np.where(annual, np.round(monthly * 12 * 0.9 / 10) * 1000, np.round(monthly) * 100).astype(
        np.int64
    )


def stage_days(cycle: Floats, rng: np.random.Generator, truths: Truths, group: np.ndarray) -> Floats:
    """The days a deal would spend in each stage on its whole way, one column per stage."""
    shares = np.column_stack([lognormal(spread(rng, group), w, 0.35) for w in truths.wait_shares])
    return np.asarray(cycle[:, None] * shares / shares.sum(axis=1, keepdims=True), dtype=float)


def attempt(
    who: pd.DataFrame, created: Ints, carry: Floats, rng: np.random.Generator, truths: Truths
) -> pd.DataFrame:
    """New deals opened with these accounts on these days: their hidden outcome, length and end.

    `carry` holds, by segment, the part of a win that earlier deals have left over, and is brought forward.
    """
    segment = who["segment"].to_numpy()
    lift = CHANNELS["closes"].to_numpy()[who["channel"]] * np.where(who["is_icp"], 1.1, 0.92)
    mean = np.bincount(segment, lift, 3) / np.maximum(np.bincount(segment, minlength=3), 1)
    years = (created - FIRST_DAY) / 365.25
    share = np.array(truths.win_share)[segment] + np.array(truths.win_share_rise)[segment] * years
    share = share * lift / mean[segment]
    won = np.zeros(len(who), dtype=bool)
    # In order of time, so that every stretch wins its part; the weak channel apart, so that it does, too.
    order = np.lexsort((created, who["channel"] == CHANNEL_NAMES.index(truths.weak_channel)))
    for s in range(3):
        rows = order[segment[order] == s]
        won[rows] = chosen(share[rows], carry[s])
        carry[s] = (carry[s] + share[rows].sum()) % 1.0
    cycle = lognormal(
        spread(rng, segment, won, along=created), np.array(truths.cycle_days)[segment], truths.cycle_spread
    )
    billed = price(who["list_price"].to_numpy(), who["annual"].to_numpy(), created, truths)
    return journey(
        pd.DataFrame(
            {
                "account": who["account"].to_numpy(),
                "kind": "new",
                "created": created,
                "segment": segment,
                "won": won,
                "furthest": np.where(won, 4, pick(spread(rng, segment, won), truths.loss_shares)),
                "zombie": ~won & (spread(rng, segment, won) < ZOMBIE_SHARE),
                "cents": billed * np.where(who["annual"], 1, 12),
            }
        ),
        cycle,
        rng,
        truths,
    )


def journey(deals: pd.DataFrame, cycle: Floats, rng: np.random.Generator, truths: Truths) -> pd.DataFrame:
    """The deals with the days they spend in each stage (`d0` .. `d3`) and the day on which they close."""
    days = stage_days(cycle, rng, truths, deals["segment"].to_numpy())
    spent = np.where(np.arange(len(STAGES)) <= deals["furthest"].to_numpy()[:, None], days, 0.0)
    length = np.maximum(np.ceil(spent.sum(axis=1)), 1).astype(np.int64)
    closed = np.where(deals["zombie"], LAST_DAY + 10_000, deals["created"] + length)
    return deals.assign(**dict(zip(STAGE_DAYS, days.T, strict=True)), closed=closed)


def new_deals(accounts: pd.DataFrame, seed: int, truths: Truths) -> pd.DataFrame:
    """Every deal with an account that was no customer yet, quarter by quarter, since the lost come again."""
    rng = stream(seed, "new deals")
    sales = accounts[accounts["motion"] == "sales"]
    pending = pd.DataFrame(
        {"account": sales["account"], "created": sales["met"] + (rng.random(len(sales)) * 12).astype(int)}
    )
    pending["created"] = pending["created"].clip(upper=LAST_DAY)
    done, carry = [], rng.random(3)
    for q in range(quarter(np.array([LAST_DAY]))[0] + 1):
        due = quarter(pending["created"]) == q
        batch = attempt(
            accounts.loc[pending["account"][due]], pending["created"][due].to_numpy(), carry, rng, truths
        )
        done.append(batch)
        again = batch[~batch["won"] & (spread(rng, batch["segment"]) < RETRY_SHARE)]
        wait = RETRY_AFTER[0] + np.floor(rng.random(len(again)) * (RETRY_AFTER[1] - RETRY_AFTER[0])).astype(
            np.int64
        )
        back = pd.DataFrame({"account": again["account"], "created": again["closed"] + wait})
        pending = pd.concat([pending[~due], back[back["created"] <= LAST_DAY]], ignore_index=True)
    return pd.concat(done, ignore_index=True)


def expansion_deals(attempts: pd.DataFrame, seed: int, truths: Truths) -> pd.DataFrame:
    """The deals behind expansions, won ones closing on the day the price rises."""
    rng = stream(seed, "expansion deals")
    segment, won = attempts["segment"].to_numpy(), attempts["won"].to_numpy(dtype=bool)
    attempts = attempts.assign(
        kind="expansion",
        furthest=np.where(won, 4, pick(spread(rng, segment, won), truths.loss_shares)),
        zombie=False,
        created=0,
    )
    cycle = lognormal(spread(rng, segment), EXPANSION_CYCLE[segment], truths.cycle_spread)
    length = journey(attempts.drop(columns="closed"), cycle, rng, truths)
    deals = length.assign(created=np.maximum(attempts["closed"] - length["closed"], attempts["since"] + 1))
    squeeze = (attempts["closed"] - deals["created"]) / length["closed"]
    deals[STAGE_DAYS] = deals[STAGE_DAYS].mul(squeeze, axis=0)
    return deals.assign(closed=attempts["closed"])[deals["created"] <= LAST_DAY].drop(columns="since")


def renewal_deals(renewals: pd.DataFrame, seed: int, truths: Truths) -> pd.DataFrame:
    """The deals behind renewals: proposed, negotiated, and closed before the term ends, but for a few."""
    rng = stream(seed, "late renewals")
    late = renewals["won"] & (spread(rng, renewals["won"], along=renewals["due"]) < truths.late_renewals)
    after = renewals["due"] + LATE_BY[0] + np.floor(rng.random(len(renewals)) * (LATE_BY[1] - LATE_BY[0]))
    renewals = renewals.assign(closed=renewals["closed"].where(~late, after.astype(np.int64)))
    length = renewals["closed"] - renewals["created"]
    deals = renewals.assign(
        kind="renewal",
        furthest=np.where(renewals["won"], 4, 3),
        zombie=False,
        d0=0.0,
        d1=0.0,
        d2=length * 0.6,
    )
    return deals.assign(d3=length * 0.4)[deals["created"] <= LAST_DAY]


def trails(deals: pd.DataFrame, seed: int, truths: Truths) -> pd.DataFrame:
    """The stage changes of each deal until the last day: deal, stage, at (seconds, UTC), cents, expected.

    The stage is one of `STAGES`, closed_won or closed_lost. Amounts are guesses until negotiation, expected
    closes are guesses always.
    """
    rng = stream(seed, "trails")
    chance = rng.random((len(deals), 16))
    skips = (spread(rng, deals["segment"]) < truths.skipped) & (
        (deals["furthest"] > 1) & (deals["kind"] != "renewal")
    ).to_numpy()
    equal = (spread(rng, deals["kind"]) < truths.equal_stamps) & (deals["kind"] != "renewal").to_numpy()
    rows: list[tuple[int, str, int, int, int]] = []
    for place, (one, draw) in enumerate(zip(deals.itertuples(index=False), chance, strict=True)):
        rows.extend((place, *row) for row in trail(one, draw, bool(skips[place]), bool(equal[place])))
    found = pd.DataFrame(rows, columns=["deal", "stage", "at", "cents", "expected"])
    return found[found["at"] < (LAST_DAY + 1) * DAY + NIGHT]


def trail(one: Any, draw: Floats, skip: bool, equal: bool) -> list[tuple[str, int, int, int]]:
    """One deal's stage changes, also those of days to come."""
    first = 2 if one.kind == "renewal" else 0
    stages = [s for s in range(first, min(int(one.furthest), 3) + 1) if not (skip and s == 1)]
    spent = [one.d0 + (one.d1 if skip else 0.0), one.d1, one.d2, one.d3]
    visits, since = [], float(one.created)
    for stage in stages:
        visits.append((stage, since))
        if stage == 3 and draw[0] < REGRESS_SHARE:
            visits += [(2, since + 0.4 * spent[3]), (3, since + 0.7 * spent[3])]
        elif draw[1 + stage] < REPEAT_SHARE:
            visits.append((stage, since + 0.5 * spent[stage]))
        since += spent[stage]
    due = one.created + 150 if one.zombie else one.closed
    found: list[tuple[str, int, int, int]] = []
    for k, (stage, day) in enumerate(visits):
        at = office_second(int(day), draw[5 + k % 8])
        if found:
            same = equal and k == 1 and stage != visits[0][0]
            at = found[-1][1] if same else max(at, found[-1][1] + 60)
        guess = one.cents if stage == 3 else round(one.cents * (0.75 + 0.5 * draw[4]) / 50_000) * 50_000
        slip = (due - day) * (draw[13] - 0.6) * 0.7
        found.append((STAGES[stage], at, max(guess, 50_000), round(max(due + slip, day + 5))))
    if not one.zombie:
        at = max(office_second(int(one.closed), draw[14]), found[-1][1] + 60)
        found.append(("closed_won" if one.won else "closed_lost", at, one.cents, int(one.closed)))
    return found


def office_second(day: int, draw: float) -> int:
    """A second of that day in New York, from eight in the morning on: late ones are the next day in UTC."""
    return day * DAY + 12 * 3600 + int(draw * 13 * 3600)


def accepted(deals: pd.DataFrame, seed: int) -> pd.Series:
    """The day on which sales accepted each deal, null where it never did."""
    rng = stream(seed, "accepted")
    late, never = (
        rng.random(len(deals)) < 0.08,
        rng.random(len(deals)) < np.where(deals["furthest"] == 0, 0.45, 0.02),
    )
    wait = np.floor(np.where(late, 31, 0) + rng.random(len(deals)) ** 2 * 14)
    day = deals["created"] + wait.astype(np.int64)
    return day.where(~never & (day <= np.minimum(deals["closed"], LAST_DAY)))
