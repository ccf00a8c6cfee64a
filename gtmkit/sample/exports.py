"""The story written down as the systems of a real company would export it, dirt included."""

import math

import numpy as np
import pandas as pd

from gtmkit.sample import market, selling
from gtmkit.sample.billing import Books
from gtmkit.sample.chance import spread, stream
from gtmkit.sample.market import LAST_DAY
from gtmkit.sample.sheets import Cells, Sheet, again
from gtmkit.sample.story import Story
from gtmkit.sample.truths import ENDS_ON, PATHS, SEGMENTS, STAGES

BILLED_FROM = (2022, 11)  # year and month of the oldest subscription
PLANNED_TO = (2028, 1)  # the end of the fiscal year after the one under way
SELLERS = (
    ("Ana Ruiz", "Emerging", 0), ("Ben Okafor", "Emerging", 0), ("Chloe Martin", "Emerging", 0),
    ("Dev Patel", "Commercial", 1), ("Elif Kaya", "Commercial", 1), ("Frank Moore", "Commercial", 1),
    ("Grace Lee", "Strategic", 2), ("Hugo Silva", "Strategic", 2), ("Zoë Lindqvist", "Strategic", 2),
)  # fmt: skip
KEEPERS = ("Ines Costa", "Jonas Weber", "Kim Tran", "Liam O'Brien")
KINDS = {"new": "New Business", "expansion": "Expansion", "renewal": "Renewal"}
STAGE_NAMES = {stage: stage.capitalize() for stage in STAGES} | {
    "closed_won": "Closed Won",
    "closed_lost": "Closed Lost",
}
TARGET_SHARE = 0.4  # of the accounts that fit and that sales works, on the list of target accounts
LISTED = (30, 150)  # days on that list before sales first meets the account
NEW_PART = 0.8  # of the growth planned, brought by new customers
QUOTA = 1.15  # of the plan of a segment, what its sellers are asked for together
STATUSES = {"active": "Active", "past_due": "Past due", "canceled": "Cancelled", "trialing": "Trial"}
# Dollars of bookings planned at 1,500 accounts: for the first month, and each month's over the one before.
PLAN = {"SMB": (45_000, 0.998), "Mid-market": (18_000, 1.071), "Enterprise": (15_000, 1.098)}


def months(since: tuple[int, int], until: tuple[int, int]) -> list[str]:
    """The months of a span as 2026-10."""
    first, last = (year * 12 + month - 1 for year, month in (since, until))
    return [f"{m // 12}-{m % 12 + 1:02d}" for m in range(first, last + 1)]


def euro_rates() -> dict[str, float]:
    """Dollars for a euro, by month: a slow swing, no chance."""
    span = months(BILLED_FROM, (ENDS_ON.year, ENDS_ON.month))
    return {month: round(1.06 + 0.0008 * k + 0.02 * math.sin(k / 6), 4) for k, month in enumerate(span)}


def rates() -> Sheet:
    """exchange_rates: of every month since the oldest subscription."""
    found = euro_rates()
    return {
        "month_on": Cells("text", [f"{month}-01" for month in found]),
        "currency": Cells("text", ["EUR"] * len(found)),
        "rate": Cells("text", [f"{rate:.4f}" for rate in found.values()]),
    }


def owners() -> Sheet:
    """owners: who sells to which segment, and who keeps customers."""
    regions = ("Americas", "EMEA", "Americas")
    rows = [(name, team, regions[k % 3], "sales", "2023-10-02") for k, (name, team, _) in enumerate(SELLERS)]
    rows += [
        (name, "Success", regions[k % 3], "customer_success", "2022-10-03") for k, name in enumerate(KEEPERS)
    ]
    header = ("Name", "Team", "Territory", "Function", "Start Date")
    return {name: Cells("text", values) for name, values in zip(header, zip(*rows, strict=True), strict=True)}


def seller(account: pd.Series, segment: pd.Series) -> list[str]:
    """Who sells to each account."""
    teams = [[name for name, _, s in SELLERS if s == k] for k in range(len(SEGMENTS))]
    return [teams[s][a % len(teams[s])] for a, s in zip(account, segment, strict=True)]


def keeper(account: pd.Series) -> list[str]:
    """Who keeps each account."""
    return [KEEPERS[a // 3 % len(KEEPERS)] for a in account]


def accounts(story: Story) -> Sheet:
    """Accounts as they stand on the last day."""
    who, start = story.who, story.started
    rng = stream(story.seed, "account details")
    now = who["segment"].where(~who["account"].isin(upgrades(story.books).index), 1)
    names = [
        f"Own Sandbox {a}" if a in story.own else n for a, n in zip(who["account"], who["name"], strict=True)
    ]
    channel = market.CHANNELS.loc[who["channel"]]
    told = {
        column: np.where(who["is_told"], channel[column], "") for column in ("channel", "source", "medium")
    }
    runs = [market.CAMPAIGNS[name] for name in channel["channel"]]
    which = rng.random(len(who))
    campaign = [run[int(u * len(run))] if run else "" for run, u in zip(runs, which, strict=True)]
    wait = 1 + np.floor(rng.random(len(who)) ** 2 * 12)
    kickoff = (start + wait).where((who["path"] > 0) & (start + wait <= LAST_DAY))
    target = (who["motion"] == "sales") & who["is_icp"] & (spread(rng, who["segment"]) < TARGET_SHARE)
    listed = target_list(story, target)
    return {
        "Account ID": Cells("text", who["account_id"]),
        "Account Name": Cells("text", names),
        "Customer Since": Cells("day", start),
        "Segment": Cells("text", [SEGMENTS[s] for s in now]),
        "Channel": Cells("text", told["channel"]),
        "Source": Cells("text", told["source"]),
        "Medium": Cells("text", told["medium"]),
        "Use Case": Cells("text", [market.USE_CASES[u] for u in who["use_case"]]),
        "Industry": Cells("text", [market.INDUSTRIES[i] for i in who["industry"]]),
        "Region": Cells("text", [market.REGIONS[r] for r in who["region"]]),
        "Plan": Cells("text", [market.PLAN_TIERS[s] for s in now]),
        "Onboarding Path": Cells("text", [PATHS[p] for p in who["path"]]),
        "ICP": Cells("flag", who["is_icp"]),
        "Internal": Cells("flag", who["account"].isin(story.own)),
        "Account Owner": Cells("text", keeper(who["account"])),
        "Campaign": Cells("text", np.where(who["is_told"], campaign, "")),
        "Target Account": Cells("flag", target),
        "Kickoff": Cells("day", kickoff),
        "Targeted From": Cells("day", listed["since"]),
        "Targeted To": Cells("day", listed["until"]),
    }


def target_list(story: Story, target: pd.Series) -> pd.DataFrame:
    """From which day each target account is on the list, and the day on which it became a customer."""
    draw = stream(story.seed, "target list").random(len(target))
    ahead = LISTED[0] + np.floor(draw * (LISTED[1] - LISTED[0]))
    since = np.maximum(story.who["met"] - ahead, market.FIRST_DAY)
    return pd.DataFrame({"since": since.where(target), "until": story.started.where(target)})


def upgrades(books: Books) -> pd.Series:
    """The day on which each account outgrew its segment."""
    return pd.DataFrame(books.upgrades, columns=["account", "day"]).groupby("account")["day"].min()


def account_changes(story: Story) -> Sheet:
    """account_changes: segment and plan when each account was met, and when it had outgrown them."""
    ids = story.who["account_id"]
    met = pd.DataFrame({"account": story.who["account"], "day": story.who["met"], "to": story.who["segment"]})
    grown = upgrades(story.books).reset_index().assign(to=1)
    every = pd.concat([met, grown], ignore_index=True)
    parts = [
        pd.DataFrame(
            {
                "id": ids.to_numpy()[every["account"].astype(np.int64)],
                "day": every["day"],
                "column": column,
                "value": np.array(values)[every["to"].astype(np.int64)],
            }
        )
        for column, values in (("segment", SEGMENTS), ("plan_tier", market.PLAN_TIERS))
    ]
    rows = pd.concat(parts).sort_values(["id", "day", "column"], kind="stable")
    return {
        "account_id": Cells("text", rows["id"]),
        "changed_on": Cells("day", rows["day"]),
        "column": Cells("text", rows["column"]),
        "value": Cells("text", rows["value"]),
    }


def opportunities(story: Story) -> Sheet:
    """Opportunities as the CRM exports them: some repeated, orphaned or undated."""
    deals, truths = story.deals, story.truths
    who = story.who.loc[deals["account"]].reset_index(drop=True)
    closed = deals["closed"].where(deals["stage"].str.startswith("closed"))
    home = (who["currency"] == "USD") & (deals["kind"] == "new") & ~deals["account"].isin(story.own)
    lost = deals.index[(deals["stage"] == "closed_lost") & home].to_numpy()
    rng = stream(story.seed, "dirt of deals")
    lost = lost[np.argsort(rng.random(len(lost)), kind="stable")]
    orphans, undated = np.split(lost[: truths.orphan_opportunities + truths.undated_opportunities],
                                [truths.orphan_opportunities])  # fmt: skip
    account_id = who["account_id"].copy()
    account_id[orphans] = [f"A9999{k}" for k in range(len(orphans))]
    created = deals["created"].astype(float)
    created[undated] = closed[undated] = np.nan
    owner = np.where(
        deals["kind"] == "renewal", keeper(deals["account"]), seller(deals["account"], deals["segment"])
    )
    channel = np.where(who["is_told"], market.CHANNELS["channel"].to_numpy()[who["channel"]], "")
    main = [f"sub_{number:05d}_1" if won and stage == "closed_won" else ""
            for number, won, stage in zip(who["number"], deals["won"], deals["stage"], strict=True)]  # fmt: skip
    sheet = {
        "Id": Cells("text", deals["opportunity_id"]),
        "AccountId": Cells("text", account_id),
        "Type": Cells("text", deals["kind"].map(KINDS)),
        "StageName": Cells("text", deals["stage"].map(STAGE_NAMES)),
        "Amount": Cells("money", deals["cents"]),
        "CurrencyIsoCode": Cells("text", who["currency"]),
        "CreatedDate": Cells("american", created),
        "Accepted_Date__c": Cells("american", selling.accepted(deals, story.seed)),
        "Expected_Close__c": Cells("american", deals["expected"]),
        "Closed_Date__c": Cells("american", closed),
        "Term_Months__c": Cells("figure", np.where(who["annual"], 12, 1)),
        "Segment__c": Cells("text", [SEGMENTS[s] for s in deals["segment"]]),
        "Use_Case__c": Cells("text", [market.USE_CASES[u] for u in who["use_case"]]),
        "LeadSource": Cells("text", channel),
        "Subscription__c": Cells(
            "text", deals["subscription_id"].where(deals["kind"] != "new", main).fillna("")
        ),
        "OwnerName": Cells("text", owner),
    }
    rows = np.argsort(rng.random(len(deals)), kind="stable")[: truths.duplicate_opportunities]
    return again(sheet, np.sort(rows))


def stage_changes(story: Story) -> Sheet:
    """stage_changes in order of time, amounts in the currency of their opportunity."""
    trails = story.trails.sort_values("at", kind="stable")
    deals = story.deals.loc[trails["deal"]]
    return {
        "OpportunityId": Cells("text", deals["opportunity_id"]),
        "StageName": Cells("text", trails["stage"].map(STAGE_NAMES)),
        "CreatedDate": Cells("instant", trails["at"]),
        "Amount": Cells("money", trails["cents"]),
        "ExpectedClose": Cells("day", trails["expected"]),
    }


def subscriptions(story: Story) -> Sheet:
    """Subscriptions as the billing system exports them: one row per line and price, trials too."""
    who = story.who
    own = who[(who["motion"] == "product") & (who["met"] <= LAST_DAY)]
    trials = pd.DataFrame(
        {"subscription_id": [f"sub_{number:05d}_t" for number in own["number"]], "account": own["account"]}
        | {"status": "trialing", "currency": own["currency"], "annual": False, "started": own["met"]}
        | {"cents": (own["list_price"] * 100).astype(np.int64), "ended": own["met"] + 14}
    )
    lines = pd.concat([pd.DataFrame(story.books.lines), trials], ignore_index=True)
    lines = lines.sort_values(["started", "subscription_id"], kind="stable", ignore_index=True)
    segment = who["segment"].to_numpy()[lines["account"]]
    sheet = {
        "Subscription ID": Cells("text", lines["subscription_id"]),
        "Customer ID": Cells("text", who["account_id"].to_numpy()[lines["account"]]),
        "Plan": Cells("text", ["addon" if "_a" in s else market.PLAN_TIERS[k]
                               for s, k in zip(lines["subscription_id"], segment, strict=True)]),
        "Status": Cells("text", lines["status"].map(STATUSES)),
        "Currency": Cells("text", lines["currency"]),
        "Price": Cells("money", lines["cents"]),
        "Billing Period": Cells("text", np.where(lines["annual"].astype(bool), "Annual", "Monthly")),
        "Start Date": Cells("day", lines["started"]),
        "End Date": Cells("day", lines["ended"]),
        "Renewal Date": Cells("day", lines["term_ends"]),
        "Cancellation Requested": Cells("day", lines["asked"]),
    }  # fmt: skip
    draw = stream(story.seed, "dirt of subscriptions").random(len(lines))
    return again(sheet, np.sort(np.argsort(draw, kind="stable")[: story.truths.duplicate_subscriptions]))


def events(story: Story) -> Sheet:
    """events, some delivered twice; those of a share of the users name no account."""
    found = story.events
    account_id = np.where(found["names_account"], story.who["account_id"].to_numpy()[found["account"]], "")
    sheet = {
        "timestamp": Cells("instant", found["at"]),
        "event": Cells("text", found["event"].tolist()),
        "account_id": Cells("text", account_id.tolist()),
        "user_id": Cells("text", found["user_id"].tolist()),
    }
    batch = story.truths.duplicate_events
    begin = int(stream(story.seed, "dirt of events").random() * max(len(found) - batch, 0))
    return again(sheet, range(begin, min(begin + batch, len(found))))


def impossible(sheet: Sheet, count: int) -> list[tuple[object, ...]]:
    """Events on a day that the calendar does not have."""
    return [
        ("2026-02-31T10:12:44Z", *(cells.written()[row] for cells in list(sheet.values())[1:]))
        for row in range(count)
    ]


def targets(scale: float) -> Sheet:
    """targets: what was planned for each month, in the company's currency, and each seller's quota."""
    rows: list[tuple[str, str, object, str, str]] = []
    for k, month in enumerate(months((2023, 11), PLANNED_TO)):
        bookings = {
            name: round(base * growth**k * scale / 100) * 100 for name, (base, growth) in PLAN.items()
        }
        rows.append((month, "bookings", sum(bookings.values()), "", ""))
        rows += [(month, "bookings", amount, segment, "") for segment, amount in bookings.items()]
        rows += quotas(month, bookings)
        rows.append((month, "pipeline_created", round(380_000 * 1.062**k * scale / 1000) * 1000, "", ""))
        arr, before = (round(5_500_000 * 1.03**m * scale / 10_000) * 10_000 for m in (k, k - 1))
        rows.append((month, "arr", arr, "", ""))
        rows.append((month, "net_new_arr", arr - before, "", ""))
        rows.append((month, "new_arr", round((arr - before) * NEW_PART), "", ""))
        rows += [(month, "net_revenue_retention", 1.05, "", ""), (month, "win_rate", 0.30, "", "")]
    header = ("period", "metric", "value", "segment", "owner")
    columns = zip(*rows, strict=True)
    return {
        name: Cells("text", [str(v) for v in values]) for name, values in zip(header, columns, strict=True)
    }


def quotas(month: str, bookings: dict[str, int]) -> list[tuple[str, str, object, str, str]]:
    """The month's quota of each seller: an equal part of what is asked of the segment's sellers together."""
    teams = [[name for name, _, segment in SELLERS if segment == k] for k in range(len(SEGMENTS))]
    return [
        (month, "bookings", round(bookings[segment] * QUOTA / len(team)), "", name)
        for segment, team in zip(SEGMENTS, teams, strict=True)
        for name in team
    ]
