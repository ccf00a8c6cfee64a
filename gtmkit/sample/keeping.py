"""How customers fare: their health, what they ask and answer, and why they leave."""

import numpy as np
import pandas as pd

from gtmkit.sample.billing import anniversary
from gtmkit.sample.chance import Floats, Ints, lognormal, pick, spread, stream
from gtmkit.sample.demand import END
from gtmkit.sample.market import EPOCH_ORDINAL, LAST_DAY
from gtmkit.sample.selling import DAY, office_second
from gtmkit.sample.sheets import Cells, Sheet
from gtmkit.sample.story import Story
from gtmkit.sample.truths import INVOLUNTARY, REASONS, STARTS_ON

HEALTH = (50.0, 74.0)  # mean score of customers that have not taken root, and of those that have
HEALTH_SPREAD = 11.0
SINKING = (100, 22.0)  # days before the end in which the score sinks, and by how much
BANDS = ((70, "green"), (50, "amber"), (0, "red"))
TICKETS = np.array([0.10, 0.20, 0.30])  # of a customer in a month, by segment
ANSWER_HOURS = np.array([5.0, 3.0, 1.5])  # median to the first answer, by segment
CLOSING_HOURS = 30.0  # median from the first answer to the end
TICKET_SPREAD = 1.1
PUSHED_HOURS = 9.0  # median to the first answer, of the tickets that nobody had reckoned with
SCORED = 6  # days after the first of a month on which customers are scored
ASKED = 0.30  # of customers, each half year, that answer the NPS question
RATED = 0.30  # of closed tickets, rated
NEAR, FAR, WIDE = 14, 40, 0.15  # days between leaving and saying why; up to far for a share of them
REACH = 44  # days from the ends of the month in which it left, so that the reason is always found
UNLISTED = "see_notes"
SAID = {
    "no_adoption": "Nobody used it after the pilot", "price": "Budget was cut", "competitor": "Moved to a suite",
    "missing_features": "No approval workflow", "out_of_business": "Closing down",
    "champion_left": "Our champion left", INVOLUNTARY: "Card expired",
}  # fmt: skip
SPEAKERS = ("Customer", "CSM", "System")
MONTHS = [anniversary(STARTS_ON.toordinal() - EPOCH_ORDINAL, k) for k in range(36)]  # firsts of months


def churns(story: Story) -> pd.DataFrame:
    """Each end of a paying spell: `account`, `path`, `ends`, the `reason` (empty: none kept), `said_on`."""
    rng = stream(story.seed, "churn reasons")
    truths = story.truths
    lives = story.lives
    gone = lives[(lives["ends"] <= LAST_DAY) & ~lives["account"].isin(story.own)]
    gone = gone.sort_values(["ends", "account"], ignore_index=True)
    path, ends = story.who["path"].to_numpy()[gone["account"]], gone["ends"].to_numpy()
    n = len(gone)
    silent = spread(rng, np.zeros(n), along=ends) < truths.reason_missing
    failed = spread(rng, path, silent, along=ends) < np.array(truths.involuntary)[path]
    code = pick(spread(rng, path, silent, failed), np.array(truths.reason_shares)[path])
    reason = np.where(failed, INVOLUNTARY, np.array(REASONS)[code])
    unlisted = np.flatnonzero(~silent)[np.argsort(rng.random((~silent).sum()), kind="stable")]
    reason[unlisted[: truths.unlisted_reasons]] = UNLISTED
    wide = np.where(rng.random(n) < WIDE, FAR, NEAR)
    said = ends + np.floor((2 * rng.random(n) - 1) * (wide + 1)).astype(np.int64)
    first, last = month_of(ends)
    said = np.clip(said, np.maximum(last - REACH, ends - FAR), np.minimum(first + REACH, LAST_DAY))
    return gone.assign(path=path, reason=np.where(silent, "", reason), said_on=said)


def month_of(day: Ints) -> tuple[Ints, Ints]:
    """The first and the last day of the month of each day."""
    months = day.astype("datetime64[D]").astype("datetime64[M]")
    first = months.astype("datetime64[D]").astype(np.int64)
    return first, (months + 1).astype("datetime64[D]").astype(np.int64) - 1


def churn_events(story: Story) -> Sheet:
    """churn_events: why customers left, as far as somebody wrote it down; some never left."""
    rng = stream(story.seed, "churn events")
    left = churns(story)
    found = left[left["reason"] != ""]
    lives = story.lives
    stay = lives[(lives["ends"] > LAST_DAY) & ~lives["account"].isin([*left["account"], *story.own])]
    stay = stay.loc[stay.index[np.argsort(rng.random(len(stay)), kind="stable")]]
    stray = stay.iloc[: story.truths.stray_churn_events]
    at = stray["starts"] + np.floor(rng.random(len(stray)) * (LAST_DAY - stray["starts"])).astype(np.int64)
    stray = pd.DataFrame({"account": stray["account"], "said_on": at, "reason": "price"})
    both = pd.concat([found[["account", "said_on", "reason"]], stray], ignore_index=True)
    both = both.sort_values(["said_on", "account"], kind="stable", ignore_index=True)
    draw = rng.random((2, len(both)))
    by = np.where(both["reason"] == INVOLUNTARY, 2, (draw[0] < 0.4).astype(int))
    detail = np.where(draw[1] < 0.4, both["reason"].map(SAID).fillna("Long story, ask Kim"), "")
    return {
        "Account": Cells("text", story.who["account_id"].to_numpy()[both["account"]]),
        "Date": Cells("day", both["said_on"]),
        "Reason": Cells("text", both["reason"]),
        "Comment": Cells("text", detail),
        "Given by": Cells("text", np.array(SPEAKERS)[by]),
    }


def customer_months(story: Story) -> pd.DataFrame:
    """Each customer at each first of a month since the CRM is kept: `account`, `day`, `ends`, `takes`."""
    spells = story.spells[story.spells["pays"]]
    parts = []
    for day in MONTHS:
        there = spells[(spells["starts"] <= day) & (spells["ends"] > day)]
        parts.append(there[["account", "segment", "starts", "ends", "takes"]].assign(day=day))
    return pd.concat(parts, ignore_index=True)


def health(story: Story, months: pd.DataFrame) -> Floats:
    """The score of each customer's month: higher where it has taken root, sinking before the end."""
    rng = stream(story.seed, "health")
    steady = lognormal(spread(rng, np.zeros(len(story.who))), 1.0, 0.12)[months["account"]]
    sinks = np.clip(1 - (months["ends"] - months["day"]) / SINKING[0], 0, 1) * (months["ends"] <= LAST_DAY)
    noise = (rng.random(len(months)) + rng.random(len(months)) - 1) * HEALTH_SPREAD
    score = np.where(months["takes"], HEALTH[1], HEALTH[0]) * steady + noise - SINKING[1] * sinks
    return np.asarray(np.clip(np.round(score), 1, 100), dtype=float)


def health_scores(story: Story, months: pd.DataFrame, score: Floats) -> Sheet:
    """health_scores: one for each customer in the first week of each month."""
    stays = (months["ends"] > months["day"] + SCORED).to_numpy()
    months, score = months[stays], score[stays]
    bands = np.select([score >= least for least, _ in BANDS], [name for _, name in BANDS], "red")
    return {
        "account_id": Cells("text", story.who["account_id"].to_numpy()[months["account"]]),
        "scored_on": Cells("day", months["day"] + SCORED),
        "score": Cells("figure", score),
        "band": Cells("text", bands),
    }


def tickets(story: Story, months: pd.DataFrame) -> pd.DataFrame:
    """Every ticket: `account`, `opened`, `answered`, `closed` (seconds, null = not yet)."""
    rng = stream(story.seed, "tickets")
    pace = TICKETS[months["segment"]] * np.where(months["takes"], 1.0, 1.4)
    many = np.floor(2 * pace * rng.random(len(months)) + rng.random(len(months))).astype(np.int64)
    row = np.repeat(np.arange(len(months)), many)
    day = months["day"].to_numpy()[row] + np.floor(rng.random(len(row)) * 28).astype(np.int64)
    opened = np.array([office_second(int(d), u) for d, u in zip(day, rng.random(len(row)), strict=True)])
    segment = months["segment"].to_numpy()[row]
    wait = lognormal(spread(rng, segment), ANSWER_HOURS[segment], TICKET_SPREAD) * 3_600
    work = lognormal(spread(rng, segment), CLOSING_HOURS, TICKET_SPREAD) * 3_600
    found = pd.DataFrame({"account": months["account"].to_numpy()[row], "opened": opened})
    found["answered"] = np.floor(opened + wait)
    found["closed"] = np.floor(opened + wait + work)
    found = found[(day < months["ends"].to_numpy()[row]) & (day <= LAST_DAY)]
    for column in ("answered", "closed"):
        found[column] = found[column].where(found[column] < END)
    return found.sort_values(["opened", "account"], kind="stable", ignore_index=True)


def pushed_tickets(story: Story, months: pd.DataFrame) -> pd.DataFrame:
    """The tickets of the month in which customers were pushed to use the product, beyond the usual ones."""
    rng = stream(story.seed, "pushed tickets")
    month = story.truths.pushed_on.toordinal() - EPOCH_ORDINAL
    there = months[(months["day"] == month) & (months["ends"] > month + 28)]
    asks = there[spread(rng, there["segment"]) < story.truths.pushed_tickets]
    day = month + np.floor(rng.random(len(asks)) * 28).astype(np.int64)
    opened = np.array([office_second(int(d), u) for d, u in zip(day, rng.random(len(asks)), strict=True)])
    hours = lognormal(spread(rng, asks["segment"]), PUSHED_HOURS, TICKET_SPREAD)
    found = pd.DataFrame({"account": asks["account"].to_numpy(), "opened": opened})
    return found.assign(answered=np.floor(opened + hours * 3_600), closed=np.floor(opened + hours * 7_200))


def tickets_sheet(story: Story, usual: pd.DataFrame, pushed: pd.DataFrame) -> Sheet:
    """Tickets as the help desk exports them."""
    count = usual.groupby("account").cumcount() + 1
    both = pd.concat([usual.assign(count=count.map(str)), pushed.assign(count="p")], ignore_index=True)
    found = both.sort_values(["opened", "account"], kind="stable", ignore_index=True)
    number = story.who["number"].to_numpy()[found["account"]]
    return {
        "ticket_id": Cells("text", [f"T{n:05d}-{k}" for n, k in zip(number, found["count"], strict=True)]),
        "account_id": Cells("text", story.who["account_id"].to_numpy()[found["account"]]),
        "opened_at": Cells("instant", found["opened"]),
        "first_response_at": Cells("instant", found["answered"]),
        "closed_at": Cells("instant", found["closed"]),
    }


def surveys(story: Story, months: pd.DataFrame, score: Floats, asked: pd.DataFrame) -> Sheet:
    """surveys: would they recommend it, twice a year; was a ticket solved well, after some."""
    rng = stream(story.seed, "surveys")
    n = len(months)
    half = np.isin(months["day"], MONTHS[::6]) & (rng.random(n) < ASKED)
    mood = np.clip(np.floor(score / 10 + 2.6 - 3.2 * rng.random(n) ** 1.5), 0, 10)
    nps = pd.DataFrame({"day": months["day"] + np.floor(rng.random(n) * 20), "account": months["account"]})
    nps = nps.assign(kind="nps", score=mood)[half]
    wait = (asked["answered"] - asked["opened"]) / 3_600
    rated = asked["closed"].notna() & (rng.random(len(asked)) < RATED)
    stars = np.clip(np.floor(5.6 - 2.2 * rng.random(len(asked)) - np.minimum(wait / 20, 1.5)), 1, 5)
    csat = pd.DataFrame({"day": asked["closed"] // DAY + 1, "account": asked["account"], "kind": "csat"})
    both = pd.concat([nps, csat.assign(score=stars)[rated]], ignore_index=True)
    both = both[both["day"] <= LAST_DAY].sort_values(["day", "kind", "account"], kind="stable")
    return {
        "answered_on": Cells("day", both["day"]),
        "kind": Cells("text", both["kind"]),
        "score": Cells("figure", both["score"]),
        "account_id": Cells("text", story.who["account_id"].to_numpy()[both["account"]]),
    }
