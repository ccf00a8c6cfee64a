"""What accounts do in the product: the first weeks, and the habit that lasts or fades."""

import numpy as np
import pandas as pd

from gtmkit.sample.chance import Ints, pick, spread, stream
from gtmkit.sample.market import FIRST_DAY, LAST_DAY, PATH_ACTIVATES
from gtmkit.sample.truths import Truths

MONTH = 30  # days of habit that share one intensity
SEATS = np.array([4, 9, 16])  # users an account brings in, by segment
PACE = np.array([6.0, 10.0, 14.0])  # events of a first month's habit, by segment
KEEPS = (0.975, 0.90)  # of the habit, month by month: of activated accounts, and of the others
ACTIVATED = 0.62  # of accounts, before what inclines each
HABIT = ("session_started", "workflow_completed", "report_shared", "integration_synced", "comment_posted")
HABIT_WEIGHTS = (0.55, 0.22, 0.09, 0.08, 0.06)


def spells(accounts: pd.DataFrame, lives: pd.DataFrame, seed: int) -> pd.DataFrame:
    """When an account may use the product: paying spells, and the trials of those that never pay."""
    trials = accounts[(accounts["motion"] == "product") & ~accounts["account"].isin(lives["account"])]
    tried = pd.DataFrame({"account": trials["account"], "starts": trials["met"], "ends": trials["met"] + 14})
    both = pd.concat([lives, tried], ignore_index=True)
    both["ends"] = both["ends"].clip(upper=LAST_DAY + 1)
    rng = stream(seed, "activation")
    who = accounts.loc[both["account"]].reset_index(drop=True)
    better = 1 + 0.06 * np.maximum(both["starts"] - FIRST_DAY, 0) / 365.25
    takes = spread(rng, who["segment"]) < ACTIVATED * who["activates"] * better
    return both.assign(
        segment=who["segment"], path=who["path"], activated=takes & (both["ends"] - both["starts"] > 20)
    )


def events(accounts: pd.DataFrame, lives: pd.DataFrame, seed: int, truths: Truths) -> pd.DataFrame:
    """Every product event, in order of time: `account`, `user` (number within the account), `event`, `at`."""
    used = spells(accounts, lives, seed)
    parts = [first_weeks(used, stream(seed, "first weeks")), habit(used, stream(seed, "habit"))]
    found = pd.concat(parts, ignore_index=True)
    limit = used["ends"].to_numpy()[found["spell"]]
    found = found[(found["day"] < limit) & (found["day"] <= LAST_DAY)]
    found = found.assign(account=used["account"].to_numpy()[found["spell"]])
    keys = ["account", "user", "event", "at"]
    return found[keys].drop_duplicates().sort_values(["at", *keys[:3]], kind="stable", ignore_index=True)


def first_weeks(used: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """The onboarding: a workspace, and where the account takes root three teammates and two workflows."""
    every = np.arange(len(used))
    roots = every[used["activated"]]
    begins = used["starts"].to_numpy()
    slow = np.floor(3 + 18 * rng.random(len(used)) ** 1.5 / PATH_ACTIVATES[used["path"]]).astype(np.int64)
    parts = [happen(every, begins, "workspace_created", 0, rng)]
    for user in (1, 2, 3):
        parts.append(happen(roots, begins[roots] + slow[roots] * user // 4, "teammate_invited", user, rng))
    for lag in (0, 3):
        parts.append(happen(roots, begins[roots] + slow[roots] + lag, "workflow_completed", 0, rng))
    tries = every[~used["activated"] & (rng.random(len(used)) < 0.5)]
    parts.append(happen(tries, begins[tries] + slow[tries], "teammate_invited", 1, rng))
    return pd.concat(parts, ignore_index=True)


def habit(used: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """The use of every month after the start, fading month by month and halved before the end."""
    months = np.ceil((used["ends"] - used["starts"]) / MONTH).astype(np.int64).to_numpy()
    spell = np.repeat(np.arange(len(used)), months)
    age = np.arange(len(spell)) - np.repeat(np.cumsum(months) - months, months)
    takes, segment = used["activated"].to_numpy()[spell], used["segment"].to_numpy()[spell]
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


def happen(spell: Ints, day: Ints, event: str, user: int, rng: np.random.Generator) -> pd.DataFrame:
    """One event of one kind for each of these spells, on these days."""
    return moments(spell, day, np.full(len(spell), event), np.full(len(spell), user), rng)


def moments(spell: Ints, day: Ints, event: np.ndarray, user: Ints, rng: np.random.Generator) -> pd.DataFrame:
    """Events with the second of the day at which they happen."""
    at = day * 86_400 + 12 * 3600 + np.floor(rng.random(len(day)) * 13 * 3600).astype(np.int64)
    return pd.DataFrame({"spell": spell, "day": day, "event": event, "user": user, "at": at})
