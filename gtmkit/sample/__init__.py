"""The sample company: a simulated B2B SaaS business, written as exports, with known truths planted in it."""

from importlib.resources import files
from pathlib import Path

import pandas as pd

from gtmkit.errors import ConfigError
from gtmkit.sample import billing, exports, market, selling, usage
from gtmkit.sample.truths import TOLERANCES, Truths

__all__ = ["ACCOUNTS", "SEED", "TOLERANCES", "Truths", "write_sample"]

ACCOUNTS = 1_500
FEWEST = 50
SEED = 11


def write_sample(folder: Path, *, accounts: int = ACCOUNTS, seed: int = SEED) -> None:
    """Write the simulated company's exports and its gtm.toml into a folder, made where it is missing.

    The same accounts and seed give the same bytes. Every table has its own random stream, so that another
    table changes none of the others. Files of the same name are overwritten.

    Raises ConfigError where the accounts are too few.
    """

    if accounts < FEWEST:
        raise ConfigError(
            f"{accounts} accounts are too few for a company with every table. Allowed: {FEWEST} or more. "
            f"Leave --accounts out for {ACCOUNTS:,}."
        )
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
    own = exports.internal(who, books, truths)
    exports.write_accounts(folder, who, books, own)
    exports.write_owners(folder)
    exports.write_deals(folder, who, deals, own, seed, truths)
    exports.write_subscriptions(folder, who, books, seed, truths)
    exports.write_events(
        folder, who, usage.events(who, pd.DataFrame(books.lives), seed, truths), seed, truths
    )
    exports.write_targets(folder, accounts / ACCOUNTS)
    exports.write_rates(folder)
    (folder / "gtm.toml").write_bytes(files("gtmkit.sample").joinpath("gtm.toml").read_bytes())
