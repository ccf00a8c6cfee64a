"""Who the accounts are: the latent facts from which every table of the sample tells its part."""

import datetime as dt

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from gtmkit.sample.chance import Floats, Ints, lognormal, pick, spread, stream
from gtmkit.sample.truths import CHANNEL_NAMES, ENDS_ON, STARTS_ON, Truths

EPOCH_ORDINAL = 719163  # date.toordinal() of 1970-01-01
FIRST_DAY = STARTS_ON.toordinal() - EPOCH_ORDINAL
LAST_DAY = ENDS_ON.toordinal() - EPOCH_ORDINAL
DAYS = LAST_DAY - FIRST_DAY + 1

# channel, source, medium; weight among accounts that sign up by themselves, before and after the mix moves;
# lift on winning, on the hazard of leaving. Outbound closes well and then does not take root.
CHANNELS = pd.DataFrame(
    [
        ("organic_search", "google", "organic", 0.44, 0.18, 1.05, 0.90),
        ("paid_search", "google", "cpc", 0.26, 0.30, 0.95, 1.05),
        ("paid_social", "linkedin", "paid_social", 0.10, 0.44, 0.85, 1.10),
        ("referral", "customer", "referral", 0.20, 0.08, 1.20, 0.80),
        ("partner", "partner_portal", "partner", 0.00, 0.00, 1.05, 0.85),
        ("outbound", "sdr", "email", 0.00, 0.00, 1.45, 4.00),
        ("events", "field_event", "event", 0.00, 0.00, 0.90, 1.00),
    ],
    columns=["channel", "source", "medium", "product", "product_after", "closes", "leaves"],
)
CAMPAIGNS = {
    "organic_search": (), "paid_search": ("brand", "category"), "paid_social": ("benchmark_report", "abm"),
    "referral": ("refer_a_peer",), "partner": ("marketplace",), "outbound": ("sequence_a", "sequence_b"),
    "events": ("roadshow", "user_conference"),
}  # fmt: skip
USE_CASES = ("reporting", "automation", "compliance", "data_sharing")
INDUSTRIES = (
    "Software",
    "Financial Services",
    "Healthcare",
    "Manufacturing",
    "Food, Beverage & Retail",
    "Logistics",
)
REGIONS = ("North America", "EMEA", "APAC")
PATH_WEIGHTS = np.array([[0.65, 0.35, 0.0], [0.10, 0.60, 0.30], [0.0, 0.15, 0.85]])  # by segment
PATH_LEAVES = np.array([1.12, 0.95, 0.95])
PATH_ACTIVATES = np.array([0.90, 1.05, 1.10])
PLAN_TIERS = ("starter", "growth", "enterprise")  # by segment
LIST_PRICE = np.array([430.0, 2350.0, 7400.0])  # median of a month, by segment
PRICE_SPREAD = 0.22
MOTIONS = (0.14, 0.60, 0.23, 0.03)  # opening, sales, product, none
GROWTH = 0.35  # accounts are met this much more often at the end than at the start
OPENING_MIX = (0.48, 0.36, 0.16)  # of customers from before the first day, by segment
MOVE_DAYS = 180  # how long the move up-market takes
EUR_LIST = 0.92  # the European list is not converted by the day
EUR_SHARE = 0.85  # of accounts in EMEA

FIRST_WORDS = (
    "Amber Beacon Birch Blue Bright Cedar Clear Copper Coral Crest Delta Eagle East Elm Ember Falcon Fern "
    "First Granite Green Harbor Hazel High Iron Juniper Kestrel Lake Lark Laurel Linden Lunar Maple Marble "
    "Meadow North Oak Opal Orchard Pine Prairie Quartz Red River Rowan Sable Sage Silver Solar Spruce Stone "
    "Summit Swift Tidal Timber Union Vale Verity West Willow"
)
SECOND_WORDS = (
    "Analytics Biotech Brands Capital Care Components Consulting Data Dynamics Energy Foods Freight Group "
    "Health Holdings Industries Insurance Instruments Labs Lending Logistics Materials Media Mobility "
    "Networks Partners Payments Pharma Robotics Software Supply Systems Textiles Tools Transport Works"
)
AWKWARD_NAMES = ("NA", 'Smith, "Bud" & Sons', "O'Neil Müller GmbH")  # each a trap for a careless reader


def quarter(day: ArrayLike) -> Ints:
    """Which quarter year since the first day, from 0; the grid on which draws are spread."""
    return np.floor((np.asarray(day, dtype=float) - FIRST_DAY) / (DAYS / 12)).astype(np.int64)


def names(n: int, rng: np.random.Generator) -> list[str]:
    """As many company names, numbered once the words are used up; the awkward ones are among them."""
    pairs = [f"{first} {second}" for first in FIRST_WORDS.split() for second in SECOND_WORDS.split()]
    order = np.argsort(rng.random(len(pairs)), kind="stable")
    rounds = [
        pairs[order[k % len(pairs)]] + (f" {k // len(pairs) + 1}" if k >= len(pairs) else "")
        for k in range(n)
    ]
    for place, name in enumerate(AWKWARD_NAMES):
        where = (place + 1) * n // (len(AWKWARD_NAMES) + 1)
        rounds[where] = name
    return rounds


def accounts(n: int, seed: int, truths: Truths, before: int = 0) -> pd.DataFrame:
    """One row per account, in the order in which they were met: who it is and how it is inclined.

    `motion` is opening (a customer since before the CRM, `met` on its first paying day), sales, product
    (signs up by itself) or none (on the list, never worked). `leaves` is a lift on what the segment does;
    `is_weak`: of the weak channel, whose customers leave a yearly contract on any day and never buy more.
    `list_price` is that of a month, before the price rise. `before`: how many accounts are numbered already.
    """
    rng = stream(seed, "accounts")
    ramp = spread(rng, np.zeros(n))
    since = np.sort((np.sqrt(1 + (2 * GROWTH + GROWTH**2) * ramp) - 1) / GROWTH)
    met = FIRST_DAY + np.floor(since * (DAYS - 15)).astype(np.int64)
    motion = np.array(["opening", "sales", "product", "none"])[pick(spread(rng, quarter(met)), MOTIONS)]
    met = np.where(motion == "opening", FIRST_DAY - np.ceil(since * 365).astype(np.int64), met)
    moved = along_the_move(met, truths.mix_moves_on)
    mix = np.array(truths.mix_before) * (1 - moved) + np.array(truths.mix_after) * moved
    mix = np.where((motion == "product")[:, None], [1.0, 0.0, 0.0], mix)
    mix = np.where((motion == "opening")[:, None], OPENING_MIX, mix)
    segment = pick(spread(rng, motion, quarter(met)), mix)
    weights = channel_weights(met, motion, truths)
    channel = pick(spread(rng, motion, segment, along=met), weights)
    path = pick(spread(rng, segment), PATH_WEIGHTS[segment])
    region = pick(spread(rng, segment), [0.60, 0.28, 0.12])
    in_euro = (region == 1) & (spread(rng, region) < EUR_SHARE)
    industry = pick(spread(rng, segment), [0.28, 0.18, 0.14, 0.16, 0.14, 0.10])
    fits = np.array([0.30, 0.60, 0.65])[segment] * np.where(industry < 3, 1.25, 0.60)
    list_price = lognormal(spread(rng, segment), LIST_PRICE[segment], PRICE_SPREAD) * np.where(
        in_euro, EUR_LIST, 1
    )
    lift = CHANNELS["leaves"].to_numpy()
    leaves = (
        lift[channel] / (weights * lift).sum(axis=1) * PATH_LEAVES[path]
    )  # the mix may move, the average stays
    mean = np.bincount(segment, leaves, 3) / np.maximum(np.bincount(segment, minlength=3), 1)
    found = pd.DataFrame(
        {
            "met": met,
            "motion": motion,
            "segment": segment,
            "channel": channel,
            "path": path,
            "region": region,
            "currency": np.where(in_euro, "EUR", "USD"),
            "industry": industry,
            "use_case": pick(spread(rng, segment), [0.34, 0.30, 0.20, 0.16]),
            "is_icp": spread(rng, segment) < fits,
            "annual": spread(rng, segment) < np.array(truths.annual)[segment],
            "list_price": np.round(list_price / 5) * 5,
            "leaves": leaves / mean[segment],
            "is_weak": channel == CHANNEL_NAMES.index(truths.weak_channel),
        }
    ).sort_values("met", kind="stable", ignore_index=True)
    untold = np.argsort(stream(seed, "untold channels").random(n), kind="stable")[: truths.untold_channels]
    number = before + np.arange(n) + 1
    return found.assign(
        account=np.arange(n),
        number=number,
        account_id=[f"A{i:05d}" for i in number],
        name=names(n, rng),
        is_told=~np.isin(np.arange(n), untold),
    )


def along_the_move(day: ArrayLike, middle: dt.date) -> Floats:
    """How far a move that takes half a year has come on each day, from 0 to 1; one row each."""
    since = np.asarray(day) - (middle.toordinal() - EPOCH_ORDINAL)
    return np.asarray(np.clip(since / MOVE_DAYS + 0.5, 0, 1)[:, None], dtype=float)


def channel_weights(met: Ints, motion: np.ndarray, truths: Truths) -> Floats:
    """The shares of the channels among accounts met that day in that way, adding up to 1; one row each."""
    moved = along_the_move(met, truths.channels_move_on)
    product = (motion == "product")[:, None]
    before = np.where(product, CHANNELS["product"], truths.channels_before)
    after = np.where(product, CHANNELS["product_after"], truths.channels_after)
    weights = before * (1 - moved) + after * moved
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), dtype=float)
