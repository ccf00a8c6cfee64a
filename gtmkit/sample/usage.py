"""What accounts do in the product: the first weeks, and the habit that lasts or fades."""

import datetime as dt

import numpy as np
import pandas as pd

from gtmkit.sample.billing import TRIAL_DAYS
from gtmkit.sample.chance import Ints, chosen, pick, spread, stream
from gtmkit.sample.market import EPOCH_ORDINAL, LAST_DAY, PATH_ACTIVATES
from gtmkit.sample.truths import Truths

MONTH = 30  # days of habit that share one intensity
HALF_YEAR = 182  # days of starts over which the paths of a channel even out
SEATS = np.array([4, 9, 16])  # users an account brings in, by segment
PACE = np.array([6.0, 10.0, 14.0])  # events of a first month's habit, by segment
KEEPS = (0.975, 0.90)  # of the habit, month by month: of activated accounts, and of the others
LATE = (31, 150)  # days after the start between which late accounts activate
TRIES = 0.5  # of the others, those that invite somebody, though too few
# A course for new customers: its first day, the first day without it, and until when the others wait for another.
COURSE = tuple(
    dt.date(*day).toordinal() - EPOCH_ORDINAL for day in ((2025, 10, 1), (2025, 11, 1), (2026, 1, 1))
)
TAUGHT = 4  # who activate in time because of it
SETTLED = 60  # days after the start from which a customer may be pushed
PAIR = 6  # days between two workflows at most, so that both fall into any seven
HABIT = ("session_started", "workflow_completed", "report_shared", "integration_synced", "comment_posted")
HABIT_WEIGHTS = (0.55, 0.22, 0.09, 0.08, 0.06)


def spells(accounts: pd.DataFrame, lives: pd.DataFrame, seed: int, truths: Truths) -> pd.DataFrame:
    """When an account uses the product: paying spells, and the trials of those that never pay.

    `activates`: the days from the first paying day to activation, null = never. `takes`: it does at all.
    """
    trials = accounts[(accounts["motion"] == "product") & ~accounts["account"].isin(lives["account"])]
    tried = pd.DataFrame(
        {"account": trials["account"], "starts": trials["met"], "ends": trials["met"] + TRIAL_DAYS}
    )
    both = pd.concat([lives.assign(pays=True), tried.assign(pays=False)], ignore_index=True)
    both["ends"] = both["ends"].clip(upper=LAST_DAY + 1)
    both["is_first"] = ~both.duplicated("account")
    who = accounts.loc[both["account"]].reset_index(drop=True)
    both = both.assign(segment=who["segment"], path=who["path"], channel=who["channel"])
    both["from_trial"] = (who["motion"] == "product") & both["pays"] & both["is_first"]
    firsts = both[both["pays"] & both["is_first"]]
    both["activates"] = activation(firsts, stream(seed, "activation"), truths)
    takes = both["activates"].notna() & (both["starts"] + both["activates"] <= both["ends"])
    both["takes"] = both["account"].map(takes.groupby(both["account"]).max()).astype(bool)
    return both


def activation(firsts: pd.DataFrame, rng: np.random.Generator, truths: Truths) -> pd.Series:
    """The days from start to activation of each new customer, null where it never comes.

    The planted share of each channel is met in every stretch of starts; within it the paths differ.
    """
    order = firsts.sort_values(["channel", "starts"], kind="stable")
    lift = pd.Series(PATH_ACTIVATES[order["path"]], order.index)
    lift /= lift.groupby([order["channel"], order["starts"] // HALF_YEAR]).transform("mean")
    share = np.array(truths.activation_share)[order["channel"]] * lift.to_numpy()
    soon = taught(order, chosen(share, rng.random()))
    draw = spread(rng, order["channel"], soon, along=order["starts"])
    days = np.floor(truths.activation_days * draw**truths.activation_slowness)
    late = ~soon & (spread(rng, order["channel"], soon) < truths.late_activation)
    later = LATE[0] + np.floor(rng.random(len(order)) * (LATE[1] - LATE[0]))
    left = (order["ends"] - order["starts"]).where(order["ends"] <= LAST_DAY, LATE[1]).to_numpy()
    days = np.where(soon, np.minimum(days, left - 2), np.where(late & (later < left - 2), later, np.nan))
    return pd.Series(days, order.index)


def taught(firsts: pd.DataFrame, soon: np.ndarray) -> np.ndarray:
    """Which new customers activate in time, a few more of them in the month of the course.

    In each channel as many less do after it, so that its share over both is as planned.
    """
    begins, ends, until = COURSE
    found, left = soon.copy(), TAUGHT
    starts, channels = firsts["starts"].to_numpy(), firsts["channel"].to_numpy()
    for channel in np.unique(channels):
        during = (channels == channel) & (starts >= begins) & (starts < ends)
        after = (channels == channel) & (starts >= ends) & (starts < until)
        more, fewer = np.flatnonzero(during & ~soon), np.flatnonzero(after & soon)
        few = min(len(more), len(fewer), left)
        found[more[:few]], found[fewer[:few]] = True, False
        left -= few
    return found


def events(
    accounts: pd.DataFrame, used: pd.DataFrame, own: frozenset[int], seed: int, truths: Truths
) -> pd.DataFrame:
    """Every product event, in order of time: `account`, `user` (number within the account), `event`, `at`.

    `user_id` names the user; `names_account` is false for users whose events name only them, and `is_known`
    false for those of them that nothing links to an account.
    """
    parts = [first_weeks(used, stream(seed, "first weeks")), habit(used, stream(seed, "habit"))]
    parts.append(pushed(used, stream(seed, "pushed use"), truths))
    found = pd.concat(parts, ignore_index=True)
    limit = used["ends"].to_numpy()[found["spell"]]
    found = found[(found["day"] < limit) & (found["day"] <= LAST_DAY)]
    found = found.assign(account=used["account"].to_numpy()[found["spell"]])
    keys = ["account", "user", "event", "at"]
    found = found[keys].drop_duplicates().sort_values(["at", *keys[:3]], kind="stable", ignore_index=True)
    return found.merge(users(accounts, found, own, seed, truths), on=["account", "user"], how="left")


def users(
    accounts: pd.DataFrame, found: pd.DataFrame, own: frozenset[int], seed: int, truths: Truths
) -> pd.DataFrame:
    """The users of the events: how they are named, and what is known of them."""
    rng = stream(seed, "users")
    every = found[["account", "user"]].drop_duplicates().sort_values(["account", "user"], ignore_index=True)
    number = accounts["number"].to_numpy()[every["account"]]
    alone = (spread(rng, np.zeros(len(every))) < truths.user_only) & ~every["account"].isin(own).to_numpy()
    joined_late = np.flatnonzero(alone & (every["user"] > 3).to_numpy())  # the first make it activate
    few = round(truths.unknown_users * alone.sum())
    order = np.argsort(rng.random(len(joined_late)), kind="stable")
    unknown = np.isin(np.arange(len(every)), joined_late[order[:few]])
    return every.assign(
        user_id=[f"u{n:05d}-{u:02d}" for n, u in zip(number, every["user"], strict=True)],
        names_account=~alone,
        is_known=~unknown,
    )


def first_weeks(used: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """The onboarding: a workspace; where the account takes root, three teammates and a pair of workflows.

    The third teammate comes on the day of activation, the workflows shortly before or on it. What happens
    in the trial happens before the start.
    """
    every = np.arange(len(used))
    begins = used["starts"].to_numpy()
    opens = begins - np.where(used["from_trial"], TRIAL_DAYS, 0)
    firsts = every[used["is_first"]]
    parts = [happen(firsts, opens[firsts], "workspace_created", 0, rng)]
    roots = every[used["activates"].notna()]
    since, until = opens[roots], (begins + used["activates"].fillna(0).to_numpy()).astype(np.int64)[roots]
    for user, part in ((1, 0.3), (2, 0.7), (3, 1.0)):
        parts.append(happen(roots, between(since, until, part), "teammate_invited", user, rng))
    closing = np.maximum(until - np.floor(rng.random(len(roots)) * 3).astype(np.int64), since)
    opening = np.maximum(closing - np.floor(rng.random(len(roots)) * (PAIR + 1)).astype(np.int64), since)
    for day in (opening, closing):
        parts.append(happen(roots, day, "workflow_completed", 0, rng))
    tries = every[(used["is_first"] & used["activates"].isna()).to_numpy() & (rng.random(len(used)) < TRIES)]
    for user in (1, 2):
        day = opens[tries] + np.floor(2 + 16 * rng.random(len(tries)) * user / 2).astype(np.int64)
        parts.append(happen(tries, day, "teammate_invited", user, rng))
    return pd.concat(parts, ignore_index=True)


def between(since: Ints, until: Ints, part: float) -> Ints:
    """The day so far along the way."""
    return np.asarray(since + np.floor((until - since) * part), dtype=np.int64)


def habit(used: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """The use of every month after the start, fading month by month and halved before the end."""
    months = np.ceil((used["ends"] - used["starts"]) / MONTH).astype(np.int64).to_numpy()
    spell = np.repeat(np.arange(len(used)), months)
    age = np.arange(len(spell)) - np.repeat(np.cumsum(months) - months, months)
    takes, segment = used["takes"].to_numpy()[spell], used["segment"].to_numpy()[spell]
    leaving = (age >= months[spell] - 2) & (used["ends"].to_numpy()[spell] <= LAST_DAY)
    pace = (
        PACE[segment]
        * np.where(takes, 1.0, 0.45)
        * np.where(takes, *KEEPS) ** age
        * np.where(leaving, 0.4, 1.0)
    )
    times = np.floor(pace * (0.4 + 1.2 * rng.random(len(spell))) + rng.random(len(spell))).astype(np.int64)
    row = np.repeat(np.arange(len(spell)), times)
    day = (
        used["starts"].to_numpy()[spell[row]]
        + age[row] * MONTH
        + np.floor(rng.random(len(row)) * MONTH).astype(int)
    )
    user = np.floor(rng.random(len(row)) ** 2 * np.minimum(SEATS[segment[row]], 3 + age[row])).astype(
        np.int64
    )
    event = np.array(HABIT)[pick(rng.random(len(row)), HABIT_WEIGHTS)]
    return moments(spell[row], day, event, user, rng)


def pushed(used: pd.DataFrame, rng: np.random.Generator, truths: Truths) -> pd.DataFrame:
    """The workflows that customers ran in the month in which they were pushed to, at most one in a week each.

    Only of customers past their first weeks, so that whether and when an account takes root stays as it is.
    """
    month = truths.pushed_on.toordinal() - EPOCH_ORDINAL
    settled = used["pays"] & (used["starts"] <= month - SETTLED) & (used["ends"] > month + 28)
    spell = np.flatnonzero(settled.to_numpy())
    parts = []
    for week in range(4):
        runs = spell[spread(rng, used["segment"].to_numpy()[spell]) < truths.pushed_use]
        day = month + 7 * week + np.floor(rng.random(len(runs)) * 5).astype(np.int64)
        parts.append(happen(runs, day, "workflow_completed", 0, rng))
    return pd.concat(parts, ignore_index=True)


def happen(spell: Ints, day: Ints, event: str, user: int, rng: np.random.Generator) -> pd.DataFrame:
    """One event of one kind for each of these spells, on these days."""
    return moments(spell, day, np.full(len(spell), event), np.full(len(spell), user), rng)


def moments(spell: Ints, day: Ints, event: np.ndarray, user: Ints, rng: np.random.Generator) -> pd.DataFrame:
    """Events with the second of the day at which they happen."""
    at = day * 86_400 + 12 * 3600 + np.floor(rng.random(len(day)) * 13 * 3600).astype(np.int64)
    return pd.DataFrame({"spell": spell, "day": day, "event": event, "user": user, "at": at})
