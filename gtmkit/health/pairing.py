"""Which won deal belongs to which gain in billing, account by account; and what has no counterpart, and why.

Deals and gains are small frames of pandas with whole numbers: month indices, and amounts in ten-thousandths.
"""

from collections.abc import Set

import numpy as np
import pandas as pd

from gtmkit.frames import UNITS

LATEST = 3  # months after which a deal is no longer expected to be billed
APART = (0, 1, 2, 3, -1)  # months from a deal to its gain, in the order in which one is looked for
LEAST_FIT = 2  # a gain of another month holds at least a half (1 / 2) of its deal
RISE_ACCOUNTS = 10  # at once, and
RISE_SHARE = 0.05  # of all customers at once: fewer have grown by the same share by chance
RISE_DAYS = 366  # within which the others reach it with their renewals

TIMING = "won and billed in different months"
NOT_YET, NEVER = "won, not billed yet", "won, never billed"
OUTWEIGHED = "won and billed, gone or outweighed by the month's end"
UNKNOWN = "won for an account that nobody knows"
NEW_ALONE = "new customers without a deal"
GROWN_ALONE = "expansion without a deal"
BACK_ALONE = "returns without a deal"
RATE = "exchange rate of another month"
LESS, MORE = "billed for less than was won", "billed for more than was won"
ROUNDING = "rounding of monthly amounts"
PRICE_RISE = "price rise of the list"
UNEXPLAINED = "unexplained"

ALONE = {"new": NEW_ALONE, "expansion": GROWN_ALONE, "reactivated": BACK_ALONE}
ITEM = ["month", "part", "account_id", "opportunity_id", "amount"]


def exchanged(deals: pd.DataFrame, taken: pd.DataFrame, rates: pd.DataFrame) -> pd.DataFrame:
    """The deals with `at_billing`, their amount at the rate by which billing converts their account.

    `taken`: the month whose rate billing takes, of each account_id and currency. `rates`: currency, month, rate.
    The same amount where the deal has no currency, or one of the rates is not known.
    """
    of = deals.assign(currency=_code(deals["currency"])).reset_index(names="deal")
    of = of.merge(taken.assign(currency=_code(taken["currency"])), on=["account_id", "currency"], how="left")
    known = rates.assign(currency=_code(rates["currency"])).drop_duplicates(["currency", "month"])
    theirs = known.rename(columns={"month": "first_month", "rate": "theirs"})
    of = of.merge(
        known.rename(columns={"month": "created_month"}), on=["currency", "created_month"], how="left"
    )
    of = of.merge(theirs, on=["currency", "first_month"], how="left").sort_values("deal")
    ratio = of["theirs"].to_numpy("float64", na_value=np.nan) / of["rate"].to_numpy(
        "float64", na_value=np.nan
    )
    amount = deals["amount"].to_numpy("int64")
    at_billing = np.where(np.isnan(ratio), amount, np.rint(amount * np.nan_to_num(ratio)))
    return deals.assign(at_billing=at_billing.astype("int64"))


def price_rises(gains: pd.DataFrame, rises: pd.DataFrame, customers: pd.Series) -> pd.DataFrame:
    """The gains with `listed`, what of each is a rise of the list price, and `rest`, what is not.

    A list price has risen where on one day at least ten accounts, and a twentieth of all customers, came to pay more
    by the same share (to a thousandth); so have the others that come to pay more by that share within a year.
    `rises`: account_id, day, month, before and after of each line. `customers`: how many at each month's end.
    """
    went_on = rises[rises["before"] > 0]
    went_on = went_on.assign(by=np.rint(went_on["after"] * 1000 / went_on["before"]).astype("int64"))
    days = went_on.groupby(["day", "by"], as_index=False).agg(
        accounts=("account_id", "nunique"), month=("month", "first")
    )
    before = customers.reindex(sorted({*customers.index, *(days["month"] - 1)})).ffill().fillna(0)
    enough = np.maximum(RISE_ACCOUNTS, before.reindex(days["month"] - 1).to_numpy() * RISE_SHARE)
    announced = days[days["accounts"].to_numpy() >= enough]
    pairs = went_on.merge(announced[["day", "by"]].rename(columns={"day": "since"}), on="by")
    pairs = pairs[(pairs["day"] >= pairs["since"]) & (pairs["day"] < pairs["since"] + RISE_DAYS)]
    pairs = pairs.drop_duplicates(["account_id", "day", "before", "after"])
    risen = pairs.assign(listed=(pairs["after"] - pairs["before"]) * 12)
    listed = risen.groupby(["account_id", "month"])["listed"].sum()
    found = gains.merge(listed.reset_index(), on=["account_id", "month"], how="left")
    part = np.minimum(found["listed"].fillna(0).to_numpy("int64"), found["amount"].to_numpy("int64"))
    return found.assign(listed=part, rest=found["amount"] - part)


def paired(deals: pd.DataFrame, gains: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The deals with the `gain` they belong to, and the gains with whether a deal `is_paired` with them.

    A deal belongs to the gain of its account in the same month, whatever it amounts to; else to the first one up to
    three months later, else the one a month earlier, of which at least half the deal's amount is not yet taken.
    `gain` is the row of `gains`, -1 where there is none.
    """
    deals = deals.assign(gain=-1)
    keys = gains[["account_id", "month"]].assign(gain=np.arange(len(gains)))
    left = gains["rest"].to_numpy("int64").copy()
    has_rest = left > 0
    for apart in APART:
        alone = deals[deals["gain"] < 0].reset_index(names="deal")
        alone = alone.assign(month=alone["month"] + apart)[["deal", "account_id", "month", "at_billing"]]
        pairs = alone.dropna(subset="account_id").merge(keys, on=["account_id", "month"])
        at = pairs["gain"].to_numpy()
        fits = has_rest[at] if apart == 0 else left[at] * LEAST_FIT >= pairs["at_billing"].to_numpy()
        pairs = pairs[fits & has_rest[at]]
        deals.loc[pairs["deal"], "gain"] = pairs["gain"].to_numpy()
        np.subtract.at(left, pairs["gain"].to_numpy(), pairs["at_billing"].to_numpy())
    is_paired = np.isin(np.arange(len(gains)), deals["gain"])
    return deals, gains.assign(is_paired=is_paired)


def deals_without_gain(deals: pd.DataFrame, rises: pd.DataFrame, known: Set[str], last: int) -> pd.DataFrame:
    """The deals that no gain belongs to, as items of the walk to billing: each with the reason that was found.

    `rises`: as `price_rises` takes them. `known`: the accounts there are. `last`: the last month that billing tells.
    """
    alone = deals[deals["gain"] < 0]
    risen = rises.assign(rise=(rises["after"] - rises["before"]) * 12)[["account_id", "month", "rise"]]
    near = alone.reset_index(names="deal").merge(risen, on="account_id", suffixes=("", "_rise"))
    apart = near["month_rise"] - near["month"]
    near = near[(apart >= min(APART)) & (apart <= LATEST) & (near["rise"] * LEAST_FIT >= near["at_billing"])]
    part = np.select(
        [
            ~alone["account_id"].isin(known).to_numpy(dtype=bool),
            alone.index.isin(near["deal"]),
            (alone["month"] + LATEST > last).to_numpy(dtype=bool),
        ],
        [UNKNOWN, OUTWEIGHED, NOT_YET],
        NEVER,
    )
    items: pd.DataFrame = alone.assign(part=part, amount=-alone["amount"])[ITEM]
    return items


def gains_without_deal(gains: pd.DataFrame, in_crm: Set[str]) -> pd.DataFrame:
    """The gains that no deal belongs to, and the rises of the list price, as items of the walk to billing.

    `in_crm`: the accounts of which the CRM has an opportunity of new business. A new customer among them, whose deal
    the CRM does not say is won, or won at another time, is unexplained.
    """
    gains = gains.assign(opportunity_id=None)
    alone = gains[~gains["is_paired"]]
    contradicts = (alone["movement"] == "new") & alone["account_id"].isin(in_crm)
    part = alone["movement"].map(ALONE).where(~contradicts, UNEXPLAINED)
    rises = gains[gains["listed"] > 0]
    parts = [
        alone.assign(part=part, amount=alone["rest"])[ITEM],
        rises.assign(part=PRICE_RISE, amount=rises["listed"])[ITEM],
    ]
    return pd.concat(parts, ignore_index=True)


def differences(deals: pd.DataFrame, gains: pd.DataFrame) -> pd.DataFrame:
    """What lies between the deals and the gains they belong to: another month, another rate, another amount."""
    told = deals[deals["gain"] >= 0]
    its_month = gains["month"].to_numpy()[told["gain"]]
    late = told["month"].to_numpy() != its_month
    rates = told.assign(month=its_month, amount=told["at_billing"] - told["amount"])
    booked = told.groupby("gain")["at_billing"].sum()
    pairs = gains.iloc[booked.index].assign(opportunity_id=None)
    apart = pairs["rest"].to_numpy() - booked.to_numpy()
    which = np.select([np.abs(apart) < UNITS, apart < 0], [ROUNDING, LESS], MORE)
    parts = [
        told[late].assign(part=TIMING, amount=-told["amount"][late]),
        told[late].assign(part=TIMING, month=its_month[late]),
        rates.assign(part=RATE),
        pairs.assign(part=which, amount=apart),
    ]
    items: pd.DataFrame = pd.concat([part[ITEM] for part in parts], ignore_index=True)
    return items


def _code(column: pd.Series) -> pd.Series:
    return column.astype("string").str.strip().str.upper()
