"""How accounts were won over: visits, touches, leads, and the ids by which strangers became accounts."""

import numpy as np
import pandas as pd

from gtmkit.sample import market
from gtmkit.sample.chance import Ints, lognormal, pick, spread, stream
from gtmkit.sample.exports import seller
from gtmkit.sample.market import CHANNELS, FIRST_DAY, LAST_DAY
from gtmkit.sample.selling import DAY, NIGHT
from gtmkit.sample.sheets import Cells, Sheet, iso
from gtmkit.sample.story import Story
from gtmkit.sample.truths import SEGMENTS, Truths

PERSONAS = ("Finance lead", "Operations lead", "IT lead", "Executive")
PERSONA_WEIGHTS = (0.30, 0.35, 0.20, 0.15)
STRANGERS = 0.9  # leads that never become an account, for each that does
QUALIFIED = (0.55, 0.50, 0.40)  # of those: qualified by marketing, then accepted, then qualified by sales
COURSE = (0.0, 0.2, 0.45, 0.7, 1.0)  # of the way from lead to opportunity: created, mql, sal, sql, sqo
STEPS = ("mql_at", "sal_at", "sql_at", "sqo_at")
DISORDERED = 0.02  # of leads with both, accepted by sales after they were qualified by it
ANSWER_HOURS = 1.6  # median from assignment to the first answer, of the ones that come to something
ANSWER_SPREAD = 1.2
UNANSWERED = (0.02, 0.12)  # of leads that become an account, and of the others
LOOKBACK = 90  # days before the first deal or trial in which touches lie
OWN_CHANNEL = (0.55, 0.90)  # of first and of last touches
UNLINKED = 0.10  # visitors of accounts of whom that was never found out
PASSERS_BY = 0.5  # visitors who never become an account, for each account
SPELLINGS = {
    "google": ("Google", "goggle"), "linkedin": ("Linkedin", "linked-in"), "customer": ("Customer",),
    "partner_portal": ("partner-portal",), "sdr": ("SDR",), "field_event": ("fieldevent", "tiktok"),
}  # fmt: skip
END = (LAST_DAY + 1) * DAY + NIGHT  # the first second after the last day, in New York
SESSIONS = {0: 190.0, 1: 130.0, 2: 90.0, 3: 25.0, 4: 18.0}  # of a day in the first month, by channel
WEEKEND = 0.45
RETURNING = (0.62, 0.72)  # visitors of a month over those of its days
MISSPELT_DAYS = 0.03  # days of a source and medium of which a part stands under another spelling


def leads(story: Story) -> pd.DataFrame:
    """Every lead, with the account and the opportunity it became; instants are seconds, null = never."""
    rng = stream(story.seed, "leads")
    known, strangers = became(story, rng), unknown(story, rng)
    found = pd.concat([known, strangers], ignore_index=True)
    n = len(found)
    ways = np.array([found["created"] + part * (found["due"] - found["created"]) for part in COURSE[1:]])
    ways[:3] += (rng.random((3, n)) - 0.5) * 0.2 * (found["due"] - found["created"]).to_numpy()
    swapped = rng.random(n) < DISORDERED
    ways[1, swapped], ways[2, swapped] = ways[2, swapped], ways[1, swapped].copy()
    for k, step in enumerate(STEPS):
        found[step] = np.where((found["reached"] > k) & (np.floor(ways[k]) < END), np.floor(ways[k]), np.nan)
    found["assigned_at"] = found["created"] + np.floor(rng.random(n) * 1_800)
    patience = np.where(found["account"] >= 0, 1.0, 2.5)
    hours = lognormal(np.clip(rng.random(n), 1e-9, 1 - 1e-9), ANSWER_HOURS * patience, ANSWER_SPREAD)
    silent = rng.random(n) < np.where(found["account"] >= 0, *UNANSWERED)
    answer = np.floor(found["assigned_at"] + hours * 3_600)
    found["first_response_at"] = answer.where(~silent & (answer < END))
    found["score"] = np.floor(20 + 55 * rng.random(n) + 5 * found["reached"])
    found["persona"] = np.array(PERSONAS)[pick(rng.random(n), PERSONA_WEIGHTS)]
    found["source"], found["is_misspelt"] = spelt(found["channel"].to_numpy(), rng, story.truths)
    return found


def became(story: Story, rng: np.random.Generator) -> pd.DataFrame:
    """The leads that became accounts: those with a first deal, and those that signed up."""
    new = story.deals[story.deals["kind"] == "new"].drop_duplicates("account")
    start = np.floor(new["created"] * DAY + 12 * 3_600 + rng.random(len(new)) * 8 * 3_600)
    before = np.floor((3 + 37 * rng.random(len(new))) * DAY)
    sold = pd.DataFrame({"account": new["account"], "opportunity_id": new["opportunity_id"], "due": start})
    sold = sold.assign(created=np.maximum(start - before, FIRST_DAY * DAY + 13 * 3_600), reached=4)
    own = story.who[(story.who["motion"] == "product") & (story.who["met"] <= LAST_DAY)]
    at = np.floor(own["met"] * DAY + 12 * 3_600 + rng.random(len(own)) * 8 * 3_600)
    signed = pd.DataFrame({"account": own["account"], "opportunity_id": "", "created": at, "due": at + 900})
    found = pd.concat([sold, signed.assign(reached=1)], ignore_index=True)
    found["due"] = np.maximum(found["due"], found["created"] + 600)
    who = story.who.loc[found["account"]].reset_index(drop=True)
    found = found.assign(segment=who["segment"], channel=who["channel"])
    found["lead_id"] = [f"L{number:05d}" for number in who["number"]]
    return found


def unknown(story: Story, rng: np.random.Generator) -> pd.DataFrame:
    """The leads that nobody ever opened a deal with."""
    n = round(STRANGERS * (story.who["motion"] == "sales").sum())
    day = FIRST_DAY + np.floor(np.sort(rng.random(n) ** 0.8) * (LAST_DAY - FIRST_DAY)).astype(np.int64)
    weights = market.channel_weights(day, np.full(n, "sales"), story.truths)
    created = np.floor(day * DAY + 12 * 3_600 + rng.random(n) * 8 * 3_600)
    draw = rng.random((3, n)) < np.array(QUALIFIED)[:, None]
    first = int(story.who["number"].iloc[0])
    return pd.DataFrame(
        {
            "account": -1, "opportunity_id": "", "created": created, "reached": np.cumprod(draw, 0).sum(0),
            "due": created + np.floor((5 + 40 * rng.random(n)) * DAY),
            "segment": pick(rng.random(n), [0.55, 0.30, 0.15]), "channel": pick(rng.random(n), weights),
            "lead_id": [f"L{first + k:05d}x" for k in range(n)],
        }
    )  # fmt: skip


def spelt(channel: Ints, rng: np.random.Generator, truths: Truths) -> tuple[np.ndarray, np.ndarray]:
    """The source of each channel, of a share of the rows in another spelling; and which are."""
    wrong = spread(rng, np.zeros(len(channel))) < truths.misspelt
    which = rng.random(len(channel))
    sources = CHANNELS["source"].to_numpy()[channel]
    found = [
        SPELLINGS[source][int(u * len(SPELLINGS[source]))] if w else source
        for source, w, u in zip(sources, wrong, which, strict=True)
    ]
    return np.array(found, dtype=object), wrong


def leads_sheet(story: Story, found: pd.DataFrame) -> Sheet:
    """Leads as marketing exports them; a source that is spelt in another way has no channel."""
    ids = np.append(story.who["account_id"].to_numpy(), "")
    channel = np.where(found["is_misspelt"], "", CHANNELS["channel"].to_numpy()[found["channel"]])
    owner = seller(found["account"].where(found["account"] >= 0, found.index.to_series()), found["segment"])
    open_ = found["due"] > END
    status = np.select(
        [found["opportunity_id"] != "", found["account"] >= 0, open_, found["reached"] == 0],
        ["converted", "signed_up", "working", "nurture"],
        "disqualified",
    )
    names = ("mql_at", "sal_at", "sql_at", "sqo_at", "assigned_at", "first_response_at")
    return {
        "lead_id": Cells("text", found["lead_id"]),
        "created_at": Cells("instant", found["created"]),
        "account_id": Cells("text", ids[found["account"]]),
        "opportunity_id": Cells("text", found["opportunity_id"]),
        "utm_source": Cells("text", found["source"]),
        "utm_medium": Cells("text", CHANNELS["medium"].to_numpy()[found["channel"]]),
        "channel": Cells("text", channel),
        "segment": Cells("text", [SEGMENTS[s] for s in found["segment"]]),
        "persona": Cells("text", found["persona"]),
        "owner": Cells("text", owner),
        "score": Cells("figure", found["score"]),
        **{name: Cells("instant", found[name]) for name in names},
        "status": Cells("text", status),
    }


def touches(story: Story, known: pd.DataFrame) -> pd.DataFrame:
    """Every touch: `at`, `channel`, and who it was, as far as that was known then; in order of time.

    `visitor` is the anonymous id before the lead; `lead_id` from then to the deal or trial, the account after.
    """
    rng = stream(story.seed, "touches")
    met = known[known["account"] >= 0]
    many = 1 + np.floor(5 * rng.random(len(met)) ** 1.6).astype(np.int64)
    row = np.repeat(np.arange(len(met)), many)
    place = np.arange(len(row)) - np.repeat(np.cumsum(many) - many, many)
    due = met["due"].to_numpy()[row]
    ahead = 1 - (place + rng.random(len(row))) / many[row]  # from the farthest to the nearest
    at = np.floor(due - 300 - ahead * LOOKBACK * DAY)
    last = place == many[row] - 1
    own = met["channel"].to_numpy()[row]
    weights = market.channel_weights((at // DAY).astype(np.int64), np.full(len(row), "sales"), story.truths)
    other = pick(rng.random(len(row)), weights)
    channel = np.where(rng.random(len(row)) < np.where(last, OWN_CHANNEL[1], OWN_CHANNEL[0]), own, other)
    account = met["account"].to_numpy()[row]
    number = story.who["number"].to_numpy()[account]
    device = np.floor(rng.random(len(row)) * 1.3).astype(np.int64)
    is_lead = at >= met["created"].to_numpy()[row]
    frame = pd.DataFrame({"at": at, "channel": channel, "account": account})
    frame["visitor"] = np.where(is_lead, "", [f"v{n:05d}-{d}" for n, d in zip(number, device, strict=True)])
    frame["lead_id"] = np.where(is_lead, met["lead_id"].to_numpy()[row], "")
    frame["names_account"] = False
    parts = [frame, later(story, met, rng), passing(story, rng)]
    found = pd.concat(parts, ignore_index=True)
    found = found[(found["at"] >= FIRST_DAY * DAY + NIGHT) & (found["at"] < END)]
    return found.sort_values(["at", "account"], kind="stable", ignore_index=True)


def later(story: Story, met: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Touches of accounts that are known by then."""
    again = met[rng.random(len(met)) < 0.45]
    at = np.floor(again["due"] + (1 + 80 * rng.random(len(again))) * DAY)
    frame = pd.DataFrame({"at": at, "channel": again["channel"], "account": again["account"]})
    return frame.assign(visitor="", lead_id="", names_account=True)


def passing(story: Story, rng: np.random.Generator) -> pd.DataFrame:
    """Touches of visitors who stay strangers."""
    n = round(PASSERS_BY * len(story.who))
    at = np.floor((FIRST_DAY + rng.random(n) * (LAST_DAY - FIRST_DAY)) * DAY + 12 * 3_600)
    weights = market.channel_weights((at // DAY).astype(np.int64), np.full(n, "sales"), story.truths)
    first = int(story.who["number"].iloc[0])
    frame = pd.DataFrame({"at": at, "channel": pick(rng.random(n), weights), "account": -1})
    return frame.assign(visitor=[f"w{first + k:05d}" for k in range(n)], lead_id="", names_account=False)


def touches_sheet(story: Story, found: pd.DataFrame) -> Sheet:
    """Touches as the web analytics exports them, with the campaign parameters as they were typed."""
    rng = stream(story.seed, "campaign parameters")
    source, _ = spelt(found["channel"].to_numpy(), rng, story.truths)
    ids = np.append(story.who["account_id"].to_numpy(), "")
    names = CHANNELS["channel"].to_numpy()[found["channel"]]
    runs = [market.CAMPAIGNS[name] for name in names]
    campaign = [
        run[int(u * len(run))] if run else "" for run, u in zip(runs, rng.random(len(runs)), strict=True)
    ]
    paid = np.isin(names, ("paid_search", "paid_social"))
    variant = np.where(rng.random(len(found)) < 0.5, "ad_a", "ad_b")
    term = np.array(market.USE_CASES)[pick(rng.random(len(found)), [1, 1, 1, 1])]
    return {
        "touched_at": Cells("instant", found["at"]),
        "account_id": Cells("text", np.where(found["names_account"], ids[found["account"]], "")),
        "anonymous_id": Cells("text", found["visitor"]),
        "lead_id": Cells("text", found["lead_id"]),
        "utm_source": Cells("text", source),
        "utm_medium": Cells("text", CHANNELS["medium"].to_numpy()[found["channel"]]),
        "utm_campaign": Cells("text", campaign),
        "utm_content": Cells("text", np.where(paid, variant, "")),
        "utm_term": Cells("text", np.where(names == "paid_search", term, "")),
    }


def identities(story: Story, known: pd.DataFrame, seen: pd.DataFrame) -> Sheet:
    """identities: the users whose events name no account, and the visitors who became leads."""
    rng = stream(story.seed, "identities")
    ids = story.who["account_id"].to_numpy()
    used = story.events[~story.events["names_account"] & story.events["is_known"]]
    first = used.drop_duplicates("user_id")
    users = pd.DataFrame({"visitor": "", "user_id": first["user_id"], "account": first["account"]})
    users["at"] = first["at"] + np.floor(rng.random(len(first)) ** 2 * 20 * DAY)
    visits = seen[(seen["account"] >= 0) & (seen["visitor"] != "")].drop_duplicates("visitor")
    visits = visits[rng.random(len(visits)) >= UNLINKED]
    at = visits["account"].map(known[known["account"] >= 0].set_index("account")["created"])
    strangers = pd.DataFrame({"visitor": visits["visitor"], "user_id": "", "account": visits["account"]})
    both = pd.concat([users, strangers.assign(at=at)], ignore_index=True)
    both = both.sort_values(["at", "visitor", "user_id"], kind="stable", ignore_index=True)
    return {
        "anonymous_id": Cells("text", both["visitor"]),
        "user_id": Cells("text", both["user_id"]),
        "account_id": Cells("text", ids[both["account"]]),
        "linked_at": Cells("instant", both["at"].where(both["at"] < END)),
    }


def traffic(scale: float, seed: int, truths: Truths) -> Sheet:
    """traffic: sessions of a day by source and medium, a part of some under another spelling.

    After the days come the months, with the visitors alone: who comes on two days is one visitor of the month.
    """
    rng = stream(seed, "traffic")
    days = np.arange(FIRST_DAY, LAST_DAY + 1)
    weights = market.channel_weights(days, np.full(len(days), "sales"), truths)
    grown = 1 + 0.6 * (days - FIRST_DAY) / len(days)
    week = np.where((days + 3) % 7 >= 5, WEEKEND, 1.0)  # the first of January 1970 was a Thursday
    parts = []
    for channel, base in SESSIONS.items():
        part = weights[:, channel] / weights[0, channel]
        sessions = np.floor(base * scale * part * grown * week * (0.7 + 0.6 * rng.random(len(days))))
        shown = np.floor(sessions * (25 + 20 * rng.random(len(days))))
        source = CHANNELS["source"][channel]
        other = (rng.random(len(days)) < MISSPELT_DAYS) & (sessions >= 10)
        aside = np.where(other, np.floor(sessions * 0.1), 0)
        frame = pd.DataFrame({"day": days, "source": source, "medium": CHANNELS["medium"][channel]})
        frame["shown"] = shown if channel in (1, 2) else np.nan
        parts += [
            frame.assign(sessions=sessions - aside),
            frame.assign(sessions=aside, source=SPELLINGS[source][0], shown=np.nan)[other],
        ]
    found = pd.concat(parts).sort_values(["day", "source", "medium"], kind="stable", ignore_index=True)
    found["visitors"] = np.ceil(found["sessions"] * (0.7 + 0.15 * rng.random(len(found))))
    found = pd.concat([found.assign(month=""), of_months(found, seed)], ignore_index=True)
    return {
        "date": Cells("day", found["day"]),
        "month": Cells("text", found["month"]),
        "source": Cells("text", found["source"]),
        "medium": Cells("text", found["medium"]),
        "impressions": Cells("figure", found["shown"]),
        "sessions": Cells("figure", found["sessions"]),
        "visitors": Cells("figure", found["visitors"]),
    }


def of_months(days: pd.DataFrame, seed: int) -> pd.DataFrame:
    """The visitors of each month by source and medium, of which some came on several days."""
    rng = stream(seed, "visitors of months")
    month = [label[:7] for label in iso(days["day"])]
    keys = ["month", "source", "medium"]
    found: pd.DataFrame = days.assign(month=month).groupby(keys, as_index=False)[["visitors"]].sum()
    once = RETURNING[0] + (RETURNING[1] - RETURNING[0]) * rng.random(len(found))
    return found.assign(visitors=np.ceil(found["visitors"] * once), day=np.nan)
