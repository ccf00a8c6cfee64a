"""The story written down as the systems of a real company would export it, dirt included."""

import csv
import gzip
import io
import math
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from gtmkit.sample import market, selling
from gtmkit.sample.billing import Books
from gtmkit.sample.chance import stream
from gtmkit.sample.market import LAST_DAY
from gtmkit.sample.truths import ENDS_ON, SEGMENTS, STAGES, Truths

BILLED_FROM = (2022, 11)  # year and month of the oldest subscription
PLANNED_TO = (2027, 1)  # the end of the fiscal year under way
SELLERS = (
    ("Ana Ruiz", "Emerging", 0), ("Ben Okafor", "Emerging", 0), ("Chloe Martin", "Emerging", 0),
    ("Dev Patel", "Commercial", 1), ("Elif Kaya", "Commercial", 1), ("Frank Moore", "Commercial", 1),
    ("Grace Lee", "Strategic", 2), ("Hugo Silva", "Strategic", 2), ("Zoë Lindqvist", "Strategic", 2),
)  # fmt: skip
KEEPERS = ("Ines Costa", "Jonas Weber", "Kim Tran", "Liam O'Brien")
KINDS = {"new": "New Business", "expansion": "Expansion", "renewal": "Renewal"}
STATUSES = {"active": "Active", "past_due": "Past due", "canceled": "Cancelled", "trialing": "Trial"}
# Dollars of bookings planned at 1,500 accounts: for the first month, and each month's over the one before.
PLAN = {"SMB": (45_000, 0.998), "Mid-market": (18_000, 1.071), "Enterprise": (15_000, 1.098)}


def write(folder: Path, name: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """One CSV file, gzipped without a time stamp where the name ends in .gz; the same bytes everywhere."""
    text = io.StringIO(newline="")
    out = csv.writer(text, lineterminator="\n")
    out.writerow(header)
    out.writerows(rows)
    data = text.getvalue().encode()
    if name.endswith(".gz"):
        data = gzip.compress(data, compresslevel=6, mtime=0)
    (folder / name).write_bytes(data)


def iso(days: pd.Series) -> list[str]:
    """Days since 1970 as 2026-10-31; empty where there is none."""
    filled = days.astype("float64").fillna(0).astype(np.int64).to_numpy().astype("datetime64[D]").astype(str)
    return [text if there else "" for text, there in zip(filled, days.notna(), strict=True)]


def american(days: pd.Series) -> list[str]:
    """Days since 1970 as 10/31/2026, as the CRM writes them."""
    return [f"{d[5:7]}/{d[8:]}/{d[:4]}" if d else "" for d in iso(days)]


def utc(seconds: pd.Series) -> list[str]:
    """Seconds since 1970 as 2026-10-31T14:05:09Z."""
    return [f"{text}Z" for text in seconds.to_numpy(dtype=np.int64).astype("datetime64[s]").astype(str)]


def money(cents: pd.Series) -> list[str]:
    """Cents as units with two decimals."""
    return [f"{c // 100}.{c % 100:02d}" for c in cents.astype(np.int64).tolist()]


def months(since: tuple[int, int], until: tuple[int, int]) -> list[str]:
    """The months of a span as 2026-10."""
    first, last = (year * 12 + month - 1 for year, month in (since, until))
    return [f"{m // 12}-{m % 12 + 1:02d}" for m in range(first, last + 1)]


def euro_rates() -> dict[str, float]:
    """Dollars for a euro, by month: a slow swing, no chance."""
    span = months(BILLED_FROM, (ENDS_ON.year, ENDS_ON.month))
    return {month: round(1.06 + 0.0008 * k + 0.02 * math.sin(k / 6), 4) for k, month in enumerate(span)}


def write_rates(folder: Path) -> None:
    """exchange_rates.csv."""
    write(folder, "exchange_rates.csv", ("month_on", "currency", "rate"),
          ((f"{month}-01", "EUR", f"{rate:.4f}") for month, rate in euro_rates().items()))  # fmt: skip


def write_owners(folder: Path) -> None:
    """owners.csv: who sells to which segment, and who keeps customers."""
    regions = ("Americas", "EMEA", "Americas")
    rows = [(name, team, regions[k % 3], "sales", "2023-10-02") for k, (name, team, _) in enumerate(SELLERS)]
    rows += [
        (name, "Success", regions[k % 3], "customer_success", "2022-10-03") for k, name in enumerate(KEEPERS)
    ]
    write(folder, "owners.csv", ("Name", "Team", "Territory", "Function", "Start Date"), rows)


def seller(account: pd.Series, segment: pd.Series) -> list[str]:
    """Who sells to each account."""
    teams = [[name for name, _, s in SELLERS if s == k] for k in range(len(SEGMENTS))]
    return [teams[s][a % len(teams[s])] for a, s in zip(account, segment, strict=True)]


def keeper(account: pd.Series) -> list[str]:
    """Who keeps each account."""
    return [KEEPERS[a // 3 % len(KEEPERS)] for a in account]


def internal(accounts: pd.DataFrame, books: Books, truths: Truths) -> set[int]:
    """The accounts that are the company's own: small customers that sales closed, so in all tables."""
    paying = {line["account"] for line in books.lines}
    sold = accounts[
        (accounts["motion"] == "sales") & (accounts["segment"] == 0) & accounts["account"].isin(paying)
    ]
    few = min(truths.internal_accounts, len(sold))
    return {int(sold["account"].iloc[(k + 1) * len(sold) // (few + 1)]) for k in range(few)}


def write_accounts(folder: Path, accounts: pd.DataFrame, books: Books, own: set[int]) -> None:
    """accounts.csv as it stands on the last day, and account_changes.csv with the values before."""
    firsts = pd.DataFrame(books.lives).groupby("account")["starts"].min()
    grown = pd.DataFrame(books.upgrades, columns=["account", "day"]).groupby("account")["day"].min()
    now = accounts["segment"].where(~accounts["account"].isin(grown.index), 1)
    names = [
        f"Own Sandbox {a}" if a in own else n
        for a, n in zip(accounts["account"], accounts["name"], strict=True)
    ]
    channel = market.CHANNELS.loc[accounts["channel"]]
    columns = {
        "Account ID": accounts["account_id"],
        "Account Name": names,
        "Customer Since": iso(accounts["account"].map(firsts)),
        "Segment": [SEGMENTS[s] for s in now],
        "Channel": channel["channel"],
        "Source": channel["source"],
        "Medium": channel["medium"],
        "Use Case": [market.USE_CASES[u] for u in accounts["use_case"]],
        "Industry": [market.INDUSTRIES[i] for i in accounts["industry"]],
        "Region": [market.REGIONS[r] for r in accounts["region"]],
        "Plan": [market.PLAN_TIERS[s] for s in now],
        "Onboarding Path": [market.PATHS[p] for p in accounts["path"]],
        "ICP": np.where(accounts["is_icp"], "true", "false"),
        "Internal": np.where(accounts["account"].isin(own), "true", "false"),
        "Account Owner": keeper(accounts["account"]),
    }
    write(folder, "accounts.csv", list(columns), zip(*columns.values(), strict=True))
    rows = [
        (ids, day, column, values[segment])
        for ids, day, segment in zip(
            accounts["account_id"], iso(accounts["met"]), accounts["segment"], strict=True
        )
        for column, values in (("segment", SEGMENTS), ("plan_tier", market.PLAN_TIERS))
    ]
    for account, day in zip(grown.index, iso(grown), strict=True):
        rows += [(accounts["account_id"][account], day, "segment", SEGMENTS[1])]
        rows += [(accounts["account_id"][account], day, "plan_tier", market.PLAN_TIERS[1])]
    write(folder, "account_changes.csv", ("account_id", "changed_on", "column", "value"), sorted(rows))


def write_deals(
    folder: Path, accounts: pd.DataFrame, deals: pd.DataFrame, own: set[int], seed: int, truths: Truths
) -> None:
    """opportunities.csv and stage_changes.csv.gz, both as the CRM exports them."""
    deals = deals.sort_values(["created", "account", "kind"], kind="stable", ignore_index=True)
    trails = selling.trails(deals, seed, truths)
    last = trails.groupby("deal").last()
    ids = pd.Series([f"006{n + 1:07d}" for n in range(len(deals))])
    who = accounts.loc[deals["account"]].reset_index(drop=True)
    closed = deals["closed"].where(last["stage"].str.startswith("closed"))
    home = (who["currency"] == "USD") & (deals["kind"] == "new") & ~deals["account"].isin(own)
    lost = deals.index[(last["stage"] == "closed_lost") & home].to_numpy()
    rng = stream(seed, "dirt of deals")
    lost = lost[np.argsort(rng.random(len(lost)), kind="stable")]
    orphans, undated = np.split(lost[: truths.orphan_opportunities + truths.undated_opportunities],
                                [truths.orphan_opportunities])  # fmt: skip
    account_id = who["account_id"].copy()
    account_id[orphans] = [f"A9999{k}" for k in range(len(orphans))]
    created = deals["created"].astype(float)
    created[undated] = closed[undated] = np.nan
    named = {stage: stage.capitalize() for stage in STAGES} | {
        "closed_won": "Closed Won",
        "closed_lost": "Closed Lost",
    }
    owner = np.where(
        deals["kind"] == "renewal", keeper(deals["account"]), seller(deals["account"], deals["segment"])
    )
    channel = market.CHANNELS["channel"].to_numpy()[who["channel"]]
    main = [f"sub_{a + 1:05d}_1" if w and s == "closed_won" else ""
            for a, w, s in zip(deals["account"], deals["won"], last["stage"], strict=True)]  # fmt: skip
    columns = {
        "Id": ids,
        "AccountId": account_id,
        "Type": deals["kind"].map(KINDS),
        "StageName": last["stage"].map(named),
        "Amount": money(last["cents"]),
        "CurrencyIsoCode": who["currency"],
        "CreatedDate": american(created),
        "Accepted_Date__c": american(selling.accepted(deals, seed)),
        "Expected_Close__c": american(last["expected"]),
        "Closed_Date__c": american(closed),
        "Term_Months__c": np.where(who["annual"], 12, 1),
        "Segment__c": [SEGMENTS[s] for s in deals["segment"]],
        "Use_Case__c": [market.USE_CASES[u] for u in who["use_case"]],
        "LeadSource": channel,
        "Subscription__c": deals["subscription_id"].where(deals["kind"] != "new", main).fillna(""),
        "OwnerName": owner,
    }
    rows = list(zip(*columns.values(), strict=True))
    again = np.sort(np.argsort(rng.random(len(rows)), kind="stable")[: truths.duplicate_opportunities])
    write(folder, "opportunities.csv", list(columns), rows + [rows[k] for k in again])
    trails = trails.sort_values("at", kind="stable")
    rate = euro_rates()
    month = [stamp[:7] for stamp in utc(trails["at"] - selling.NIGHT)]  # of the day in New York
    factor = np.where(who["currency"].to_numpy()[trails["deal"]] == "EUR", [rate[m] for m in month], 1.0)
    steps = {
        "OpportunityId": ids.to_numpy()[trails["deal"]],
        "StageName": trails["stage"].map(named),
        "CreatedDate": utc(trails["at"]),
        "ConvertedAmount": money(pd.Series(np.round(trails["cents"].to_numpy() * factor))),
        "ExpectedClose": iso(trails["expected"]),
    }
    write(folder, "stage_changes.csv.gz", list(steps), zip(*steps.values(), strict=True))


def write_subscriptions(
    folder: Path, accounts: pd.DataFrame, books: Books, seed: int, truths: Truths
) -> None:
    """subscriptions.csv as the billing system exports it: one row per line and price, trials too."""
    own = accounts[(accounts["motion"] == "product") & (accounts["met"] <= LAST_DAY)]
    trials = pd.DataFrame(
        {"subscription_id": [f"sub_{a + 1:05d}_t" for a in own["account"]], "account": own["account"]}
        | {"status": "trialing", "currency": own["currency"], "annual": False, "started": own["met"]}
        | {"cents": (own["list_price"] * 100).astype(np.int64), "ended": own["met"] + 14}
    )
    lines = pd.concat([pd.DataFrame(books.lines), trials], ignore_index=True)
    lines = lines.sort_values(["started", "subscription_id"], kind="stable", ignore_index=True)
    segment = accounts["segment"].to_numpy()[lines["account"]]
    columns = {
        "Subscription ID": lines["subscription_id"],
        "Customer ID": accounts["account_id"].to_numpy()[lines["account"]],
        "Plan": ["addon" if "_a" in s else market.PLAN_TIERS[k]
                 for s, k in zip(lines["subscription_id"], segment, strict=True)],
        "Status": lines["status"].map(STATUSES),
        "Currency": lines["currency"],
        "Price": money(lines["cents"]),
        "Billing Period": np.where(lines["annual"].astype(bool), "Annual", "Monthly"),
        "Start Date": iso(lines["started"]),
        "End Date": iso(lines["ended"]),
        "Renewal Date": iso(lines["term_ends"]),
        "Cancellation Requested": iso(lines["asked"]),
    }  # fmt: skip
    rows = list(zip(*columns.values(), strict=True))
    draw = stream(seed, "dirt of subscriptions").random(len(rows))
    again = np.sort(np.argsort(draw, kind="stable")[: truths.duplicate_subscriptions])
    write(folder, "subscriptions.csv", list(columns), rows + [rows[k] for k in again])


def write_events(
    folder: Path, accounts: pd.DataFrame, found: pd.DataFrame, seed: int, truths: Truths
) -> None:
    """events.csv.gz: a batch that was delivered twice, and a day that the calendar does not have."""
    ids = accounts["account_id"].tolist()
    account_id = [ids[account] for account in found["account"].tolist()]
    users = [f"u{a[1:]}-{u:02d}" for a, u in zip(account_id, found["user"].tolist(), strict=True)]
    rows = list(zip(utc(found["at"]), found["event"].tolist(), account_id, users, strict=True))
    begin = int(stream(seed, "dirt of events").random() * max(len(rows) - truths.duplicate_events, 0))
    batch = rows[begin : begin + truths.duplicate_events]
    wrong = [("2026-02-31T10:12:44Z", *row[1:]) for row in rows[: truths.impossible_dates]]
    write(folder, "events.csv.gz", ("timestamp", "event", "account_id", "user_id"), rows + batch + wrong)


def write_targets(folder: Path, scale: float) -> None:
    """targets.csv: what was planned for each month, in the company's currency."""
    rows: list[tuple[object, ...]] = []
    for k, month in enumerate(months((2023, 11), PLANNED_TO)):
        bookings = {
            name: round(base * growth**k * scale / 100) * 100 for name, (base, growth) in PLAN.items()
        }
        rows.append((month, "bookings", sum(bookings.values()), ""))
        rows += [(month, "bookings", amount, segment) for segment, amount in bookings.items()]
        rows.append((month, "pipeline_created", round(380_000 * 1.062**k * scale / 1000) * 1000, ""))
        rows.append((month, "arr", round(5_500_000 * 1.03**k * scale / 10_000) * 10_000, ""))
        rows += [(month, "net_revenue_retention", 1.05, ""), (month, "win_rate", 0.30, "")]
    write(folder, "targets.csv", ("period", "metric", "value", "segment"), rows)
