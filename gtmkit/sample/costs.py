"""What the company spends and what finance closes: made so that each planted cost and margin holds exactly."""

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import pandas as pd

from gtmkit.periods import Period, weeks_ending_in
from gtmkit.sample.chance import Floats, Ints, stream
from gtmkit.sample.exports import BILLED_FROM, euro_rates, months
from gtmkit.sample.market import CHANNELS, LAST_DAY
from gtmkit.sample.sheets import Cells, Sheet
from gtmkit.sample.story import Story
from gtmkit.sample.truths import ENDS_ON, SEGMENTS, Truths

LABELS = months(BILLED_FROM, (ENDS_ON.year, ENDS_ON.month))
FIRSTS = np.array([f"{label}-01" for label in LABELS] + ["2026-11-01"], "datetime64[D]").astype(np.int64)
GROWTH = 1.013  # of shared cost, month over month
# function, category, purpose, dollars in the first month at 1,500 accounts. Shared: no channel.
SHARED = (
    ("sales", "payroll", "new", 76_000), ("sales", "payroll", "expansion", 22_000),
    ("sales", "tools", "new", 7_500), ("sales", "sales_engineering", "new", 20_000),
    ("marketing", "payroll", "new", 38_000), ("marketing", "payroll", "retention", 5_000),
    ("marketing", "tools", "new", 10_500), ("marketing", "agency", "new", 12_000),
    ("customer_success", "payroll", "retention", 40_000), ("customer_success", "payroll", "expansion", 10_000),
    ("customer_success", "tools", "retention", 4_000),
)  # fmt: skip
# Of the channels that cost: who pays, for what, and whether the invoices name the segment.
BOUGHT = {
    "paid_search": ("marketing", "media", False), "paid_social": ("marketing", "media", True),
    "partner": ("sales", "commission", False), "outbound": ("sales", "data", True),
    "events": ("marketing", "event", True),
}  # fmt: skip
IDLE = (LABELS.index("2025-05"), 2_400)  # since when the idle channel is bought, and for how much a month
RND, GA = (0.27, 1.0), (0.13, 1.0)  # of subscription revenue
CASH = 14_000_000  # before the first month
FUNCTIONS = ("sales", "marketing", "customer_success")
CONTENT, TESTS = (7, 5), (2, 4)  # least, and how many more at most
WEEKLY = "2025-11"  # from which month on it is told by the week


@dataclass
class Company:
    """What all accounts together add up to, chunk by chunk.

    `logos`: new customers by month, channel and segment; `revenue`: recognised subscription revenue by month,
    in cents.
    """

    logos: Ints = field(default_factory=lambda: np.zeros((len(LABELS), len(CHANNELS), 3), dtype=np.int64))
    revenue: Floats = field(default_factory=lambda: np.zeros(len(LABELS)))

    def add(self, story: Story) -> None:
        """Count the customers and the revenue of a story in."""
        first = new_logos(story)
        np.add.at(self.logos, (first["month"], first["channel"], first["segment"]), 1)
        self.revenue += recognised(story)


def new_logos(story: Story) -> pd.DataFrame:
    """The month at whose end each account first pays, with the channel that is recorded and its segment."""
    lives = story.lives
    lives = lives[~lives["account"].isin(story.own)]
    month = np.searchsorted(FIRSTS, lives["starts"], side="right") - 1
    lasts = lives["ends"].to_numpy() >= FIRSTS[month + 1]
    first = lives.assign(month=month)[lasts].drop_duplicates("account")
    who = story.who.loc[first["account"]]
    told = who["is_told"].to_numpy()
    found = pd.DataFrame({"month": first["month"].to_numpy(), "channel": who["channel"].to_numpy()})
    return found.assign(segment=who["segment"].to_numpy())[told]


def recognised(story: Story) -> Floats:
    """The subscription revenue of each month in cents, day by day, in dollars as the review converts them."""
    lines = pd.DataFrame(story.books.lines)
    lines = lines[~lines["account"].isin(story.own)]
    who = story.who.loc[lines["account"]]
    first = lines.groupby("account")["started"].transform("min").to_numpy()
    opened = np.where(who["motion"] == "product", np.minimum(who["met"], first), first)
    rate = np.array([euro_rates()[label] for label in LABELS])[
        np.searchsorted(FIRSTS, opened, side="right") - 1
    ]
    dollars = np.where(who["currency"] == "EUR", rate, 1.0)
    monthly: Floats = lines["cents"].to_numpy() * dollars / np.where(lines["annual"], 12, 1)
    since, until = lines["started"].to_numpy(), lines["ended"].fillna(LAST_DAY + 1).to_numpy()
    found = np.zeros(len(LABELS))
    for k, (begins, ends) in enumerate(pairwise(FIRSTS)):
        days = np.clip(np.minimum(until, ends) - np.maximum(since, begins), 0, None)
        found[k] = (monthly * days).sum() / (ends - begins)
    return found


def postings(company: Company, scale: float, truths: Truths) -> pd.DataFrame:
    """Every posting of the spend: `month`, `cents`, `function`, `category`, `purpose`, `channel`, `segment`.

    A channel is paid, in a month, what its new customers of `lag_months` later cost; for months beyond the
    last one, what those of the last three cost on average.
    """
    lag = truths.lag_months
    ahead = np.round(company.logos[-3:].mean(axis=0)).astype(np.int64)
    due = np.concatenate([company.logos[lag:], np.repeat(ahead[None], lag, axis=0)])
    rows: list[tuple[int, int, str, str, str, str, str]] = []
    for k in range(len(LABELS)):
        for channel, (function, category, by_segment) in BOUGHT.items():
            place = CHANNELS.index[CHANNELS["channel"] == channel][0]
            cost = round(truths.cost_per_logo[place] * 100)
            counts = due[k, place]
            parts = zip(SEGMENTS, counts, strict=True) if by_segment else [("", counts.sum())]
            rows += [
                (k, cost * int(n), function, category, "new", channel, segment) for segment, n in parts if n
            ]
        if k >= IDLE[0]:
            idle = round(IDLE[1] * scale) * 100
            rows.append((k, idle, "marketing", "media", "new", truths.idle_channel, ""))
        rows += [
            (k, shared(dollars, k, scale), function, category, purpose, "", "")
            for function, category, purpose, dollars in SHARED
        ]
    names = ["month", "cents", "function", "category", "purpose", "channel", "segment"]
    return pd.DataFrame(rows, columns=names)


def shared(dollars: int, month: int, scale: float) -> int:
    """The cents of a shared cost in a month, counted from the first."""
    return round(dollars * GROWTH**month * scale) * 100


def spend(found: pd.DataFrame) -> Sheet:
    """spend: the postings, as the ledger of costs exports them."""
    utm = CHANNELS.set_index("channel")[["source", "medium"]].reindex(found["channel"]).fillna("")
    return {
        "Month": Cells("text", [LABELS[k] for k in found["month"]]),
        "Amount": Cells("money", found["cents"]),
        "Department": Cells("text", found["function"].str.replace("_", " ").str.title()),
        "Category": Cells("text", found["category"]),
        "Purpose": Cells("text", found["purpose"]),
        "Channel": Cells("text", found["channel"]),
        "Source": Cells("text", utm["source"]),
        "Medium": Cells("text", utm["medium"]),
        "Segment": Cells("text", found["segment"]),
    }


def finance(company: Company, found: pd.DataFrame, scale: float, truths: Truths) -> Sheet:
    """finance: the closed months, revenue and cost in the planted proportions."""
    revenue = np.round(company.revenue)
    services = np.round(revenue * truths.services_share)
    cogs = np.round(revenue * (1 - truths.subscription_margin))
    all_cogs = cogs + np.round(services * (1 - truths.services_margin))
    spent = {
        name: np.bincount(found["month"], found["cents"] * (found["function"] == name), len(LABELS))
        for name in FUNCTIONS
    }
    closed = {name: np.round(cents * (1 + truths.finance_over_spend)) for name, cents in spent.items()}
    rnd, ga = np.round(revenue * RND[0]), np.round(revenue * GA[0])
    burned = all_cogs + sum(closed.values()) + rnd + ga - revenue - services
    columns = {
        "Revenue": revenue + services, "COGS": all_cogs, "Subscription revenue": revenue,
        "Subscription COGS": cogs, "Sales": closed["sales"], "Marketing": closed["marketing"],
        "Customer success": closed["customer_success"], "R&D": rnd, "G&A": ga,
        "Cash": round(CASH * scale) * 100 - np.cumsum(burned),
    }  # fmt: skip
    return {
        "Month": Cells("text", LABELS), **{name: Cells("money", cents) for name, cents in columns.items()},
    }  # fmt: skip


def inputs(seed: int) -> Sheet:
    """inputs: what marketing ships, by month; since the last year began, by the weeks that end in it."""
    rng = stream(seed, "inputs")
    labels = months((2023, 11), (ENDS_ON.year, ENDS_ON.month))
    draw = rng.random((2, len(labels)))
    when = stream(seed, "weeks of inputs").random((2, len(labels)))
    rows = [
        row
        for name, (least, more), draws, starts in zip(
            ("content_shipped", "messaging_tests_shipped"), (CONTENT, TESTS), draw, when, strict=True
        )
        for label, u, start in zip(labels, draws, starts, strict=True)
        for row in shipped(label, name, least + int(u * (more + 1)), start)
    ]
    columns = zip(*sorted(rows), strict=True)
    header = ("period", "name", "value")
    return {name: Cells("text", values) for name, values in zip(header, columns, strict=True)}


def shipped(month: str, name: str, count: int, start: float) -> list[tuple[str, str, str]]:
    """What was shipped in a month as one row, or spread over its weeks from some point in the first on."""
    if month < WEEKLY:
        return [(month, name, str(count))]
    weeks = weeks_ending_in(Period.parse(month))
    reached = [int(start + count * k / len(weeks)) for k in range(len(weeks) + 1)]
    return [
        (week.label, name, str(after - before))
        for week, before, after in zip(weeks, reached, reached[1:], strict=False)
    ]
