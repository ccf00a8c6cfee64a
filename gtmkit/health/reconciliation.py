"""The three-source comparison: the CRM against billing, billing against finance, and the spend against finance.

Each walks, month by month, from what one system says to what the other says, in steps that were found in the data.
Amounts are whole ten-thousandths, so that `from`, the causes and what is unexplained add up to `to` exactly.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import narwhals as nw
import numpy as np
import pandas as pd

from gtmkit import formats
from gtmkit.frames import (
    INTEGER,
    UNITS,
    Frame,
    collect,
    column_or_null,
    counted,
    day,
    month,
    sums,
    with_first_day,
)
from gtmkit.health.fault import Fault
from gtmkit.health.pairing import (
    NEVER,
    UNEXPLAINED,
    deals_without_gain,
    differences,
    exchanged,
    gains_without_deal,
    paired,
    price_rises,
)
from gtmkit.metrics.opportunities import population
from gtmkit.metrics.recurring import customers
from gtmkit.periods import Period, month_index, month_label, month_start
from gtmkit.results import setting

MONTHS = 12  # compared, ending with the period
SOLD = ("new", "expansion")  # renewals add no recurring revenue
GAINS = ("new", "expansion", "reactivated")
FUNCTIONS = ("sales", "marketing", "customer_success")
MOST_UNEXPLAINED = 0.01  # of what the first system says
MOST_OVER_SPEND = 0.05  # by which finance may differ from the spend
NAMED = 5  # opportunities in a message

BEGAN = "carried for a part of its first month"
ENDED = "carried for a part of its last month"
SERVICES = "revenue that is not of subscriptions"
ROLES = ("from", "cause", "unexplained", "to")
LAST_MONTH = 10_000 * 12
Said = Mapping[int, tuple[int, int | None]]  # of each month: amount, and how many it is of
COLUMNS = ["month", "role", "part", "amount", "n"]


@dataclass(frozen=True)
class Comparison:
    """Two systems side by side: what each says of a month, and what lies between them.

    `rows`: month (label), role (from, cause, unexplained, to), part (in words), amount (ten-thousandths; of causes,
    what they add on the way from the first system to the second), n (deals or accounts; null where none are
    counted). `items`: what each cause is made of, with its account and opportunity. `faults`: what is to be mended.
    """

    first: str
    second: str
    rows: pd.DataFrame
    items: pd.DataFrame
    faults: tuple[Fault, ...] = ()

    @property
    def gap(self) -> int:
        """What the second system says more than the first, over all months, in ten-thousandths."""
        return self.sum_of("to") - self.sum_of("from")

    def sum_of(self, role: str) -> int:
        """The amounts of a role over all months, in ten-thousandths."""
        return int(self.rows.loc[self.rows["role"] == role, "amount"].sum())


def crm_to_billing(
    journeys: Frame,
    opportunities: Frame,
    revenue: Frame,
    subscriptions: Frame,
    accounts: Frame | None = None,
    exchange_rates: Frame | None = None,
    *,
    period: Period,
    currency: str = setting("company.currency"),
) -> Comparison:
    """What the CRM says was won against the ARR that billing gained, in each of the twelve months to the period.

    Takes: won opportunities of new business and expansion by closed_on; the movements new, expansion and
    reactivated times 12. A deal belongs to a gain of its account (of its subscription's, where it names none) in
    the same month, else to one up to three months later or a month earlier that is at least half as large.
    Months before the first deal was won, and the first of billing, are left out.
    """
    deals, gains = _deals(journeys, opportunities, subscriptions), _gains(revenue)
    starts = _starts(subscriptions)
    deals = exchanged(deals, *_rates(subscriptions, exchange_rates))
    gains = price_rises(gains, starts, _customers(revenue))
    deals, gains = paired(deals, gains)
    known = _ids(accounts if accounts is not None else subscriptions)
    items = pd.concat(
        [
            deals_without_gain(deals, starts, known, month_index(period.end) - 1),
            gains_without_deal(gains, _ids(population(journeys, ["new"]))),
            differences(deals, gains),
        ],
        ignore_index=True,
    )
    begins = max(_first(deals["month"]), _first(gains["month"]) + 1)  # whom billing has at first is not new
    months = [m for m in _months(period) if m >= begins]
    items = items[items["month"].isin(months) & (items["amount"] != 0)]
    rows = _walk(months, _by_month(deals), _by_month(gains), items, "won in the CRM", "gained in billing")
    return Comparison("CRM", "billing", rows, items.reset_index(drop=True), _of_crm(rows, items, currency))


def billing_to_finance(
    subscriptions: Frame,
    revenue: Frame,
    finance: Frame,
    *,
    period: Period,
    currency: str = setting("company.currency"),
) -> Comparison:
    """MRR at the end of each month against the revenue that finance recognised in it, of twelve months.

    Lines that begin or end within a month are carried by finance for their days in it. Revenue that finance keeps
    apart from subscriptions is a cause of its own; months of which finance has no revenue are left out.
    """
    closed = _of_finance(finance)
    earned: Said = {
        int(at): (int(amount), None) for at, amount in zip(closed["month"], closed["revenue"], strict=True)
    }
    months = [m for m in _months(period) if m in earned]
    held = _held(revenue, months)
    items = _by_days(subscriptions)
    if "services" in closed:
        apart = closed[["month", "services"]].rename(columns={"services": "amount"})
        items = pd.concat([items, apart.assign(part=SERVICES)], ignore_index=True)
    items = items[items["month"].isin(months) & (items["amount"] != 0)]
    rows = _walk(months, held, earned, items, "MRR at the end of the month", "revenue in finance")
    return Comparison("billing", "finance", rows, items.reset_index(drop=True), _of_books(rows, currency))


def spend_to_finance(
    spend: Frame, finance: Frame, *, period: Period, currency: str = setting("company.currency")
) -> Comparison:
    """What the spend says sales, marketing and customer success cost against what finance closed, of twelve months.

    Both say the same of the same cost, so that nothing in the data explains a gap: all of it is unexplained, by
    function. Months that one of the two does not have are left out.
    """
    names = finance.collect_schema().names()
    had = [name for name in FUNCTIONS if f"{name}_amount" in names]
    if not had:
        return Comparison("spend", "finance", _typed(pd.DataFrame(columns=COLUMNS)), pd.DataFrame())
    dated = finance.filter(~nw.col("month_on").is_null()).with_columns(month=month("month_on"))
    cost = {name: nw.col(f"{name}_amount").fill_null(0) for name in had}
    closed = _plain(collect(sums(dated, ["month"], **cost)), "month", *had)
    posted = spend.filter(nw.col("function").is_in(had) & ~nw.col("month_on").is_null())
    posted = posted.with_columns(month=month("month_on"))
    of = {
        name: nw.when(nw.col("function") == name).then(nw.col("amount")).otherwise(nw.lit(0)) for name in had
    }
    spent = _plain(collect(sums(posted, ["month"], **of)), "month", *had)
    both = spent.merge(closed, on="month", suffixes=(".spend", ".finance")).sort_values("month")
    both = both[both["month"].isin(_months(period))]
    rows: list[tuple[str, str, str, int, int | None]] = []
    for told in both.to_dict("records"):
        label = month_label(told["month"])
        amounts = {name: (int(told[f"{name}.spend"]), int(told[f"{name}.finance"])) for name in had}
        rows.append((label, "from", "spend", sum(spent for spent, _ in amounts.values()), None))
        rows += [
            (label, "unexplained", name.replace("_", " "), its - spent, None)
            for name, (spent, its) in amounts.items()
        ]
        rows.append((label, "to", "cost in finance", sum(its for _, its in amounts.values()), None))
    shaped = _typed(pd.DataFrame(rows, columns=COLUMNS))
    return Comparison("spend", "finance", shaped, pd.DataFrame(), _of_spend(shaped, currency))


def summed(found: Comparison) -> pd.DataFrame:
    """A comparison over all of its months: role, part, amount in units, n, and share of what the first system says."""
    base = found.sum_of("from")
    rows = found.rows.groupby(["role", "part"], sort=False, as_index=False)[["amount", "n"]].sum(min_count=1)
    place = rows["role"].map(ROLES.index)
    size = -rows["amount"].abs()
    rows = rows.assign(_place=place, _size=size).sort_values(["_place", "_size"], kind="stable")
    rows = rows.drop(columns=["_place", "_size"]).reset_index(drop=True)
    shares = rows["amount"] / base if base else np.full(len(rows), np.nan)
    return rows.assign(amount=rows["amount"] / UNITS, share=shares)


def by_month(found: Comparison) -> pd.DataFrame:
    """A comparison month by month: role and part, then the amount in units of each month; 0 where a part is not."""
    order = summed(found)[["role", "part"]]
    wide = found.rows.pivot_table(index=["role", "part"], columns="month", values="amount", aggfunc="sum")
    wide = (wide.fillna(0).astype("int64") / UNITS).reset_index()
    return order.merge(wide, on=["role", "part"]).rename_axis(columns=None)


def sentence(found: Comparison, currency: str) -> str:
    """A comparison in words: what both say, by what they differ, the largest causes, and what is unexplained."""
    if found.rows.empty:
        return f"{found.first} and {found.second} have no month in common: nothing to compare."
    months = found.rows["month"]
    table = summed(found)
    said = [_money(found.sum_of(role), currency) for role in ("from", "to")]
    words = f"{months.iloc[0]} to {months.iloc[-1]}: {found.first} {said[0]}, {found.second} {said[1]}"
    causes = table[(table["role"] == "cause") & (table["amount"].abs() >= 1)].head(3)  # less reads as 0
    named = "; ".join(
        f"{part} {_signed(amount, currency)}"
        for part, amount in zip(causes["part"], causes["amount"], strict=True)
    )
    left = int(found.rows.loc[found.rows["role"] == "unexplained", "amount"].sum())
    return (
        f"{words}: {_signed(found.gap / UNITS, currency)} apart."
        + (f" The largest causes: {named}." if named else "")
        + f" Unexplained: {_signed(left / UNITS, currency) if abs(left) >= UNITS else 'nothing'}."
    )


# ---------------------------------------------------------------- what is compared


def _months(period: Period) -> list[int]:
    """The months that are compared: those that are over by the end of the period."""
    last = month_index(period.end) - 1
    return list(range(last + 1 - MONTHS, last + 1))


def _deals(journeys: Frame, opportunities: Frame, subscriptions: Frame) -> pd.DataFrame:
    """What was won on a known day: opportunity_id, account_id, month, created_month, currency, amount."""
    named = opportunities.select(
        "opportunity_id",
        currency=column_or_null(opportunities, "currency", nw.String()),
        subscription_id=column_or_null(opportunities, "subscription_id", nw.String()),
    )
    won = population(journeys, SOLD).filter((nw.col("outcome") == "won") & ~nw.col("closed_month").is_null())
    chosen = won.select(
        "opportunity_id", "account_id", "created_month", month=nw.col("closed_month"),
        amount=nw.col("amount").fill_null(0).cast(INTEGER),
    )  # fmt: skip
    deals = collect(chosen.join(named, on="opportunity_id", how="left"))
    whose = subscriptions.select(
        subscription_id=column_or_null(subscriptions, "subscription_id", nw.String()),
        owner=nw.col("account_id"),
    )
    lines = collect(whose.filter(~nw.col("subscription_id").is_null()).unique())
    deals = deals.merge(lines.drop_duplicates("subscription_id"), on="subscription_id", how="left")
    deals = deals.assign(account_id=deals["account_id"].fillna(deals["owner"]))
    return _plain(deals, "month", "amount").sort_values("opportunity_id", ignore_index=True)


def _gains(revenue: Frame) -> pd.DataFrame:
    """What accounts gained: account_id, month, movement and amount, a year of it."""
    gained = revenue.filter(nw.col("movement").is_in(list(GAINS)))
    gains = collect(gained.select("account_id", "month", "movement", amount=nw.col("delta") * 12))
    return _plain(gains, "month", "amount").sort_values(["account_id", "month"], ignore_index=True)


def _starts(subscriptions: Frame) -> pd.DataFrame:
    """Each rise of a line: account_id, day, month, before (0 where it begins) and after, MRR in ten-thousandths.

    A line goes on where a row of the same subscription and plan ends on the day another begins.
    """
    texts = {name: column_or_null(subscriptions, name, nw.String()) for name in ("subscription_id", "plan")}
    lines = subscriptions.filter(~nw.col("started_on").is_null()).select(
        "account_id", day=day("started_on"), month=month("started_on"), until=day("ended_on"),
        after=nw.col("mrr_amount").cast(INTEGER), **texts,
    )  # fmt: skip
    lines = lines.with_columns(plan=nw.col("plan").fill_null(""))
    keys = ["account_id", "subscription_id", "plan"]
    told = lines.with_columns(
        _until=nw.col("until").shift(1).over(*keys, order_by=["day"]),
        _before=nw.col("after").shift(1).over(*keys, order_by=["day"]),
    )
    goes_on = ~nw.col("subscription_id").is_null() & (nw.col("_until") == nw.col("day"))
    told = told.with_columns(
        before=nw.when(goes_on).then(nw.col("_before")).otherwise(nw.lit(0)).cast(INTEGER)
    )
    rises = told.filter(nw.col("after") > nw.col("before"))
    return _plain(collect(rises.select("account_id", "day", "month", "before", "after")), "day", "month")


def _rates(subscriptions: Frame, exchange_rates: Frame | None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The month whose rate billing takes for each account and currency, and the rate of each month."""
    lines = subscriptions.filter(~nw.col("started_on").is_null()).select(
        "account_id",
        currency=column_or_null(subscriptions, "currency", nw.String()),
        month=month("started_on"),
    )
    taken = collect(lines.group_by("account_id", "currency").agg(nw.col("month").min().alias("first_month")))
    if exchange_rates is None:
        return taken, pd.DataFrame({"currency": [], "month": [], "rate": []})
    rates = exchange_rates.select("currency", "rate", month=month("month_on"))
    return taken, collect(rates)


def _customers(revenue: Frame) -> pd.Series:
    """The customers at the end of each month in which any came or went, by month."""
    moved = collect(sums(revenue, ["month"], n=customers("after") - customers("prior")))
    return moved.sort_values("month").set_index("month")["n"].astype("int64").cumsum()


def _ids(frame: Frame) -> set[str]:
    return set(
        collect(frame.filter(~nw.col("account_id").is_null()).select("account_id").unique())["account_id"]
    )


def _held(revenue: Frame, months: Sequence[int]) -> Said:
    """MRR and customers at the end of each month, by month."""
    moved = sums(revenue, ["month"], amount=nw.col("delta"), n=customers("after") - customers("prior"))
    table = _plain(collect(moved), "month", "amount", "n")
    told = [table[table["month"] <= at] for at in months]
    return {at: (int(its["amount"].sum()), int(its["n"].sum())) for at, its in zip(months, told, strict=True)}


def _by_days(subscriptions: Frame) -> pd.DataFrame:
    """What lines that begin or end within a month are carried for, beside their MRR at its end, by month."""
    lines = subscriptions.filter(~nw.col("started_on").is_null()).with_columns(
        _from=month("started_on"), _until=month("ended_on"), _since=day("started_on"), _end=day("ended_on"),
        _mrr=nw.col("mrr_amount").cast(INTEGER),
    )  # fmt: skip
    is_brief = (nw.col("_from") == nw.col("_until")) & ~nw.col("_until").is_null()
    begun = with_first_day(lines.filter(~is_brief), nw.col("_from"), "_first").with_columns(
        month=nw.col("_from")
    )
    ended = with_first_day(
        lines.filter(~nw.col("_until").is_null()).with_columns(_brief=counted(is_brief)),
        nw.col("_until"),
        "_first",
    ).with_columns(month=nw.col("_until"))
    since = nw.when(nw.col("_brief") > 0).then(nw.col("_since")).otherwise(nw.col("_first"))
    of = {
        BEGAN: sums(begun, ["month"], days=nw.col("_mrr") * (nw.col("_first") - nw.col("_since"))),
        ENDED: sums(ended, ["month"], days=nw.col("_mrr") * (nw.col("_end") - since)),
    }
    parts = [_plain(collect(frame), "month", "days").assign(part=part) for part, frame in of.items()]
    table = pd.concat(parts, ignore_index=True)
    lengths = [(month_start(m + 1) - month_start(m)).days for m in table["month"].tolist()]
    amounts = [_half_up(days, length) for days, length in zip(table["days"].tolist(), lengths, strict=True)]
    return table.assign(amount=pd.Series(amounts, dtype="int64"))[["month", "part", "amount"]]


def _half_up(amount: int, parts: int) -> int:
    """A whole number over another, rounded half away from zero."""
    sign = -1 if amount < 0 else 1
    return sign * ((abs(amount) * 2 + parts) // (parts * 2))


def _of_finance(finance: Frame) -> pd.DataFrame:
    """The revenue of each month that finance has, and what of it is not of subscriptions where it is kept apart."""
    rows = finance.filter(~nw.col("month_on").is_null()).with_columns(month=month("month_on"))
    if "revenue_amount" not in finance.collect_schema().names():
        return pd.DataFrame({"month": [], "revenue": []})
    rows = rows.filter(~nw.col("revenue_amount").is_null())
    what = {"revenue": nw.col("revenue_amount")}
    if "subscription_revenue_amount" in finance.collect_schema().names():
        what["services"] = nw.col("revenue_amount") - nw.col("subscription_revenue_amount")
        rows = rows.filter(~nw.col("subscription_revenue_amount").is_null())
    return _plain(collect(sums(rows, ["month"], **what)), "month", *what)


# ---------------------------------------------------------------- the walk


def _walk(
    months: Sequence[int], first: Said, second: Said, items: pd.DataFrame, source: str, target: str
) -> pd.DataFrame:
    """The rows of a comparison: what the first says, each cause, what no cause explains, what the second says."""
    rows: list[tuple[str, str, str, int, int | None]] = []
    for at in months:
        here = items[(items["month"] == at) & (items["part"] != UNEXPLAINED)]
        (said, n), (reached, its_n) = (of.get(at, (0, 0)) for of in (first, second))
        label = month_label(at)
        rows.append((label, "from", source, said, n))
        for part, its in sorted(here.groupby("part")):
            counted_n = len(its) if "account_id" in its else None
            rows.append((label, "cause", str(part), int(its["amount"].sum()), counted_n))
        unexplained = reached - said - int(here["amount"].sum())
        rows.append((label, "unexplained", UNEXPLAINED, unexplained, None))
        rows.append((label, "to", target, reached, its_n))
    return _typed(pd.DataFrame(rows, columns=COLUMNS))


def _by_month(rows: pd.DataFrame) -> Said:
    """Amount and count of rows, by month."""
    return {int(str(at)): (int(its["amount"].sum()), len(its)) for at, its in rows.groupby("month")}


def _typed(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.astype({"amount": "int64", "n": "Int64"})


def _plain(rows: pd.DataFrame, *integers: str) -> pd.DataFrame:
    """The rows with columns of whole numbers as NumPy has them: none of them is null."""
    return rows.astype(dict.fromkeys(integers, "int64"))


def _first(column: pd.Series) -> int:
    """The first month of a column; one that never comes where it is empty."""
    return int(column.min()) if len(column) else LAST_MONTH


# ---------------------------------------------------------------- what is to be mended


def _of_crm(rows: pd.DataFrame, items: pd.DataFrame, currency: str) -> tuple[Fault, ...]:
    """Deals that were never billed, and what of the gap is unexplained."""
    never = items[items["part"] == NEVER]
    faults = []
    if len(never):
        deals = ", ".join(sorted(never["opportunity_id"])[:NAMED])
        more = f" and {len(never) - NAMED:,} more" if len(never) > NAMED else ""
        amount = -int(never["amount"].sum())
        faults.append(
            Fault(
                "warning", "sources", "opportunities",
                f"{len(never):,} won deals of {_money(amount, currency)} were never billed: {deals}{more}",
                "Bill them, or set them to lost in the CRM.", ("bookings", "quota_attainment"),
                len(never), amount / UNITS,
            )
        )  # fmt: skip
    return (*faults, *_unexplained(rows, "opportunities", "the CRM and billing", ("bookings",), currency))


def _of_books(rows: pd.DataFrame, currency: str) -> tuple[Fault, ...]:
    return _unexplained(rows, "finance", "billing and finance", ("revenue", "gross_margin"), currency)


def _unexplained(
    rows: pd.DataFrame, subject: str, systems: str, metrics: tuple[str, ...], currency: str
) -> tuple[Fault, ...]:
    """A warning where more is unexplained than is allowed, month by month, without regard to the sign."""
    base = int(rows.loc[rows["role"] == "from", "amount"].sum())
    left = int(rows.loc[rows["role"] == "unexplained", "amount"].abs().sum())
    if left <= base * MOST_UNEXPLAINED:
        return ()
    text = (
        f"{_money(left, currency)} between {systems} are unexplained; "
        f"{MOST_UNEXPLAINED * 100:g} % of {_money(base, currency)} are allowed"
    )
    fix = "Look at the accounts listed under unexplained, and correct the system that is wrong."
    return (Fault("warning", "sources", subject, text, fix, metrics, None, left / UNITS),)


def _of_spend(rows: pd.DataFrame, currency: str) -> tuple[Fault, ...]:
    """By how much the cost that finance closed differs from the spend; a warning beyond what is allowed."""
    base, closed = (int(rows.loc[rows["role"] == role, "amount"].sum()) for role in ("from", "to"))
    if base == closed or not base:
        return ()
    over = (closed - base) / base
    beyond = abs(over) > MOST_OVER_SPEND
    word = "more" if over > 0 else "less"
    text = (
        f"finance has {_money(abs(closed - base), currency)} {word} cost of sales, marketing and customer success "
        f"than the spend ({abs(over) * 100:.1f} %); {MOST_OVER_SPEND * 100:g} % are allowed"
    )
    return (
        Fault(
            "warning" if beyond else "note", "sources", "spend", text,
            "Add to the spend what finance has and it does not, such as payroll taxes or accruals.",
            ("cac", "cac_payback", "ltv_to_cac", "magic_number") if beyond else (), None, abs(closed - base) / UNITS,
        ),
    )  # fmt: skip


def _money(amount: int, currency: str) -> str:
    return formats.number(amount / UNITS, "money", currency)


def _signed(amount: float, currency: str) -> str:
    return formats.signed(amount, "money", currency)
