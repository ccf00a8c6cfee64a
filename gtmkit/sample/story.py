"""The story of a number of accounts, from the first touch to the last day, from which every table is told."""

from dataclasses import dataclass

import pandas as pd

from gtmkit.sample import billing, market, selling, usage
from gtmkit.sample.billing import Books
from gtmkit.sample.truths import Truths


@dataclass(frozen=True)
class Story:
    """What really happened, and to whom; positions in `who` are the `account` of all other frames.

    `own`: the company's own accounts. `deals`: in order of creation, with the opportunity's id and its stage,
    amount and expected close on the last day. `trails`: their stage changes. `spells`: when each account
    used the product, and whether it took root. `events`: what it did there.
    """

    seed: int
    truths: Truths
    who: pd.DataFrame
    books: Books
    own: frozenset[int]
    deals: pd.DataFrame
    trails: pd.DataFrame
    spells: pd.DataFrame
    events: pd.DataFrame

    @property
    def lives(self) -> pd.DataFrame:
        """The paying spells of each customer: `account`, `starts`, `ends` (the first day without)."""
        return pd.DataFrame(self.books.lives)

    @property
    def started(self) -> pd.Series:
        """The first paying day of each account, null where it never paid."""
        return self.who["account"].map(self.lives.groupby("account")["starts"].min())


def tell(n: int, seed: int, truths: Truths, before: int = 0, deals_before: int = 0) -> Story:
    """The story of n accounts; `before` and `deals_before` are how many are numbered already."""
    who = market.accounts(n, seed, truths, before)
    new = selling.new_deals(who, seed, truths)
    books = billing.books(billing.customers(who, new, seed, truths), truths)
    expansions = selling.expansion_deals(pd.DataFrame(books.expansions), seed, truths)
    deals = pd.concat(
        [new, expansions, selling.renewal_deals(pd.DataFrame(books.renewals), seed, truths)],
        ignore_index=True,
    )
    deals = deals[deals["created"] >= market.FIRST_DAY]
    deals = deals.sort_values(["created", "account", "kind"], kind="stable", ignore_index=True)
    trails = selling.trails(deals, seed, truths)
    last = trails.groupby("deal").last()
    deals = deals.assign(
        opportunity_id=[f"006{deals_before + k + 1:07d}" for k in range(len(deals))],
        stage=last["stage"],
        cents=last["cents"],
        expected=last["expected"],
    )
    own = internal(who, books, truths)
    spells = usage.spells(who, pd.DataFrame(books.lives), seed, truths)
    happened = usage.events(who, spells, own, seed, truths)
    return Story(seed, truths, who, books, own, deals, trails, spells, happened)


def internal(who: pd.DataFrame, books: Books, truths: Truths) -> frozenset[int]:
    """The accounts that are the company's own: small customers that sales closed, so in all tables."""
    paying = {line["account"] for line in books.lines}
    sold = who[(who["motion"] == "sales") & (who["segment"] == 0) & who["account"].isin(paying)]
    few = min(truths.internal_accounts, len(sold))
    return frozenset(int(sold["account"].iloc[(k + 1) * len(sold) // (few + 1)]) for k in range(few))
