"""Simulated companies whose parameters are known, many at once as segments of one: for figures made of others.

Every company is drawn from the same parameters. What a derived figure is in truth is what one company of very
many accounts shows, in proportion to its size: the estimand of the same definition without the chance.
"""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from unittest.mock import patch

import numpy as np
import polars as pl
from numpy.random import Generator

from gtmkit import catalog, results
from gtmkit.config import Cac, Config, Pipeline, Suppress
from gtmkit.periods import Period
from gtmkit.workspace import Workspace

PERIOD = "2026-10"
END = Period.parse(PERIOD, 1).end
BEGIN = date(2022, 11, 1)
DAYS = (END - BEGIN).days
MONTHS = 48
WINS, DAYS_TO_CLOSE, CYCLE_SPREAD = 0.25, 70.0, 0.5
AMOUNT, AMOUNT_SPREAD = 20_000.0, 0.8
CHURN = 0.025  # a month, of customers, whatever their age
MARGIN = 0.8
GROWS = 0.3  # of customers, once, by a half of what they pay
COST_OF_ONE = 6_000.0  # sales and marketing cost for each account that could be met
UNITS = 10_000
GREAT = 200_000  # accounts of the company that is taken for the truth


def tables(random: Generator, companies: int, accounts: int) -> dict[str, pl.DataFrame]:
    """The tables of so many companies of so many accounts, each account met once, some won, some of them left."""
    n = companies * accounts
    met = random.integers(0, DAYS, n)
    closes = met + np.ceil(DAYS_TO_CLOSE * np.exp(CYCLE_SPREAD * random.standard_normal(n))).astype(int)
    wins = random.random(n) < WINS
    amount = np.round(AMOUNT * np.exp(AMOUNT_SPREAD * random.standard_normal(n)) * UNITS).astype(np.int64)
    is_closed = closes < DAYS
    months = random.geometric(CHURN, n)
    account = np.array([f"a{i:08d}" for i in random.permutation(n)])
    segment = np.repeat([f"{c:04d}" for c in range(companies)], accounts)
    day = np.array([BEGIN + timedelta(days=int(d)) for d in range(DAYS + 1)])
    won = wins & is_closed
    left = np.minimum(closes + np.round(months * 30.4375).astype(int), DAYS)
    opportunities = pl.DataFrame(
        {
            "opportunity_id": account, "account_id": account, "segment": segment,
            "created_at": day[met].astype("datetime64[us]"),
            "closed_on": [day[c] if k else None for c, k in zip(closes, is_closed, strict=True)],
            "stage": np.where(~is_closed, "open", np.where(wins, "won", "lost")),
            "amount": amount, "kind": ["new"] * n,
        }
    )  # fmt: skip
    grows = np.minimum(closes + 1 + random.integers(0, 720, n), DAYS)
    more = won & (random.random(n) < GROWS) & (grows < left)
    subscriptions = pl.DataFrame(
        {
            "account_id": np.r_[account[won], account[more]],
            "started_on": [*day[closes[won]], *day[grows[more]]],
            "ended_on": [day[e] if e < DAYS else None for e in np.r_[left[won], left[more]]],
            "mrr_amount": np.r_[amount[won] // 12, amount[more] // 24],
        },
        schema_overrides={"started_on": pl.Date, "ended_on": pl.Date},
    )  # fmt: skip
    started = [day[c] if w else None for c, w in zip(closes, won, strict=True)]
    return {
        "accounts": pl.DataFrame(
            {"account_id": account, "segment": segment, "channel": ["web"] * n, "started_on": started},
            schema_overrides={"started_on": pl.Date},
        ),
        "opportunities": opportunities,
        "subscriptions": subscriptions,
        "spend": _spend(companies, accounts),
        "finance": _finance(),
    }


def _month(k: int) -> date:
    return date(BEGIN.year + (BEGIN.month - 1 + k) // 12, (BEGIN.month - 1 + k) % 12 + 1, 1)


def _spend(companies: int, accounts: int) -> pl.DataFrame:
    """What every company spends a month, the same each month; all categories that a loaded cost needs."""
    monthly = round(COST_OF_ONE * accounts / MONTHS * UNITS / 8)
    rows = [
        (_month(k), f"{c:04d}", category, monthly, purpose)
        for k in range(MONTHS)
        for c in range(companies)
        for category in ("payroll", "tools", "agency", "sales_engineering")
        for purpose in ("new", "expansion")
    ]
    names = ["month_on", "segment", "category", "amount", "purpose"]
    return pl.DataFrame(rows, schema=names, orient="row").with_columns(function=pl.lit("sales"))


def _finance() -> pl.DataFrame:
    revenue = 1_000_000 * UNITS
    months = [_month(k) for k in range(MONTHS)]
    return pl.DataFrame(
        {"month_on": months, "revenue_amount": [revenue] * MONTHS}
        | {"cogs_amount": [round(revenue * (1 - MARGIN))] * MONTHS}
    )


def review(random: Generator, companies: int, accounts: int) -> Workspace:
    """The workspace over so many simulated companies."""
    return opened(tables(random, companies, accounts))


def opened(found: dict[str, pl.DataFrame]) -> Workspace:
    """The workspace over these tables; nothing is suppressed."""
    config = Config(
        suppress=Suppress(min_n=0),
        pipeline=Pipeline(stages=("open",), won="won", lost="lost"),
        cac=Cac(allocation="none"),
    )
    frames: dict[str, Any] = {name: table.lazy() for name, table in found.items()}
    return Workspace.from_frames(frames, config, PERIOD)


# What grows with the company, so that the truth of a small one is its part of a great one's.
IN_PROPORTION = frozenset({"pipeline_velocity"})


def truth(metric: str, accounts: int, seed: int = 7) -> float:
    """What a company of so many accounts would show without chance."""
    value = float(review(np.random.default_rng(seed), 1, GREAT).metric(metric)["value"].iloc[0])
    return value * accounts / GREAT if metric in IN_PROPORTION else value


def coverage(metric: str, accounts: int, companies: int = 200, seed: int = 1) -> tuple[float, float, float]:
    """Of companies whose jackknife gives an interval, the share that holds the truth; how many; their median n.

    The jackknife is asked of every n, also where the catalogue has it give none.
    """
    row, _ = catalog.find(metric)
    by = tuple(dict.fromkeys([*row.by, "segment"]))
    with patch.dict(catalog.METRICS, {row.id: replace(row, jackknife=1, by=by)}):
        frame = review(np.random.default_rng(seed), companies, accounts).metric(metric, by="segment")
    low, high, n = (results.floats(frame[c]) for c in ("low", "high", "n"))
    true, answered = truth(metric, accounts), ~np.isnan(low)
    held = (low <= true) & (true <= high)
    return float(np.mean(held, where=answered)), float(answered.mean()), float(np.nanmedian(n))
