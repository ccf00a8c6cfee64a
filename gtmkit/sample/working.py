"""What the teams do: mails, calls and meetings with leads, in deals and with customers."""

import numpy as np
import pandas as pd

from gtmkit.sample.chance import stream
from gtmkit.sample.demand import END
from gtmkit.sample.exports import keeper, seller
from gtmkit.sample.market import LAST_DAY
from gtmkit.sample.selling import DAY, office_second
from gtmkit.sample.sheets import Cells, Sheet
from gtmkit.sample.story import Story

AUTOMATED = 0.8  # of leads that marketing qualified, mailed by a sequence
CALLED = 0.5  # of them, called as well
MEETINGS = (1.0, 0.6)  # of a deal: for the first stage, and for each further one
REVIEW_DAYS = np.array([240, 120, 75])  # between two talks with a customer, by segment


def activities(story: Story, known: pd.DataFrame) -> Sheet:
    """activities: each with the lead, the opportunity or the account it was for."""
    rng = stream(story.seed, "activities")
    parts = [of_leads(known, rng), of_deals(story, rng), of_customers(story, rng)]
    found = pd.concat(parts, ignore_index=True)
    found = found[found["at"] < END].sort_values(["at", "owner", "kind"], kind="stable", ignore_index=True)
    ids = np.append(story.who["account_id"].to_numpy(), "")
    return {
        "occurred_at": Cells("instant", found["at"]),
        "kind": Cells("text", found["kind"]),
        "account_id": Cells("text", ids[found["account"].fillna(-1).astype(int)]),
        "lead_id": Cells("text", found["lead_id"].fillna("")),
        "opportunity_id": Cells("text", found["opportunity_id"].fillna("")),
        "owner": Cells("text", found["owner"]),
        "is_automated": Cells("flag", found["is_automated"]),
    }


def of_leads(known: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """A mail of a sequence, and a call, to the leads that marketing qualified."""
    there = known[known["mql_at"].notna() & (known["reached"] + (known["account"] < 0) > 1)]
    owner = seller(there["account"].where(there["account"] >= 0, there.index.to_series()), there["segment"])
    base = pd.DataFrame({"lead_id": there["lead_id"], "owner": owner}, index=there.index)
    mailed, called = rng.random((2, len(there))) < np.array([AUTOMATED, CALLED])[:, None]
    answer = there["first_response_at"].fillna(there["assigned_at"] + 2 * DAY)
    mail: pd.DataFrame = base.assign(at=np.floor(there["assigned_at"] + 60), kind="email", is_automated=True)
    call: pd.DataFrame = base.assign(at=np.floor(answer), kind="call", is_automated=False)
    both: pd.DataFrame = pd.concat([mail.loc[mailed], call.loc[called]], ignore_index=True)
    return both


def of_deals(story: Story, rng: np.random.Generator) -> pd.DataFrame:
    """Meetings while a deal is open, more the further it comes."""
    deals = story.deals
    pace = MEETINGS[0] + MEETINGS[1] * np.minimum(deals["furthest"], 3)
    many = np.floor(pace * (0.4 + 0.8 * rng.random(len(deals))) + rng.random(len(deals)) * 0.6).astype(int)
    row = np.repeat(np.arange(len(deals)), many)
    since = deals["created"].to_numpy()[row]
    until = np.minimum(deals["closed"].to_numpy()[row], since + 300)
    day = since + np.floor((until - since) * rng.random(len(row))).astype(np.int64)
    at = [office_second(int(d), u) for d, u in zip(day, rng.random(len(row)), strict=True)]
    owner = np.where(
        deals["kind"] == "renewal", keeper(deals["account"]), seller(deals["account"], deals["segment"])
    )
    frame = pd.DataFrame({"at": at, "kind": np.where(rng.random(len(row)) < 0.6, "meeting", "email")})
    frame["opportunity_id"] = deals["opportunity_id"].to_numpy()[row]
    return frame.assign(owner=owner[row], is_automated=False)


def of_customers(story: Story, rng: np.random.Generator) -> pd.DataFrame:
    """Talks with customers, the large ones more often, and the mails that welcome them."""
    lives = story.spells[story.spells["pays"]].reset_index(drop=True)
    gap = REVIEW_DAYS[lives["segment"]]
    many = ((lives["ends"] - lives["starts"]) // gap).to_numpy()
    row = np.repeat(np.arange(len(lives)), many)
    place = np.arange(len(row)) - np.repeat(np.cumsum(many) - many, many)
    day = lives["starts"].to_numpy()[row] + np.floor((place + rng.random(len(row))) * gap[row]).astype(int)
    at = [office_second(int(d), u) for d, u in zip(day, rng.random(len(row)), strict=True)]
    account = lives["account"].to_numpy()
    talks = pd.DataFrame({"at": at, "kind": np.where(rng.random(len(row)) < 0.5, "meeting", "call")})
    talks = talks.assign(account=account[row], is_automated=False)[day <= LAST_DAY]
    welcome = pd.DataFrame({"at": lives["starts"] * DAY + 13 * 3_600, "kind": "email", "account": account})
    both: pd.DataFrame = pd.concat([talks, welcome.assign(is_automated=True)], ignore_index=True)
    return both.assign(owner=keeper(both["account"]))
