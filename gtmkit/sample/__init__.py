"""The sample company: a simulated B2B SaaS business, written as exports, in which known truths are planted."""

from importlib.resources import files
from pathlib import Path

import pandas as pd

from gtmkit.sample import billing, exports, market, selling, usage
from gtmkit.sample.truths import Truths

__all__ = ["ACCOUNTS", "SEED", "Truths", "write_sample"]

ACCOUNTS = 1_500
SEED = 20_261_031


def write_sample(folder: Path, *, accounts: int = ACCOUNTS, seed: int = SEED) -> None:
    """Write the simulated company's exports and its gtm.toml into a folder, made where it is missing.

    The same accounts and seed give the same bytes. Every table has its own random stream, so that another table
    changes none of the others. Files of the same name are overwritten.
    """

    truths = Truths()
    folder.mkdir(parents=True, exist_ok=True)
    who = market.accounts(accounts, seed, truths)
    new = selling.new_deals(who, seed, truths)
    books = billing.books(billing.customers(who, new, seed, truths), truths)
    expansions = selling.expansion_deals(pd.DataFrame(books.expansions), seed, truths)
    deals = pd.concat(
        [new, expansions, selling.renewal_deals(pd.DataFrame(books.renewals))], ignore_index=True
    )
    deals = deals[deals["created"] >= market.FIRST_DAY]
    exports.write_accounts(folder, who, books, exports.internal(who, books, truths))
    exports.write_owners(folder)
    exports.write_deals(folder, who, deals, seed, truths)
    exports.write_subscriptions(folder, who, books, seed, truths)
    exports.write_events(
        folder, who, usage.events(who, pd.DataFrame(books.lives), seed, truths), seed, truths
    )
    exports.write_targets(folder, accounts / ACCOUNTS)
    exports.write_rates(folder)
    (folder / "gtm.toml").write_bytes(files("gtmkit.sample").joinpath("gtm.toml").read_bytes())
