"""By which rule a channel is told, and what of a reading of channels hangs on that rule alone."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from gtmkit import formats
from gtmkit.config import Config
from gtmkit.ledgers.dimensions import null_row
from gtmkit.wording.sentences import Sentence, SoWhat, absent

NOBODY = null_row("channel")
RULES = ("declared", "first_touch", "last_touch")
NAMED = 2  # channels that a sentence names, those on which the rules disagree most
LEAST_LEAD = (
    0.05  # of what has a channel: a smaller lead of one channel over another is no order to decide by
)


def attribution_rule(config: Config) -> str:
    """The rule by which accounts and opportunities have their channel, as one sentence."""
    agreed = config.attribution
    if agreed.rule == "declared":
        return "Channels as declared in accounts and opportunities."
    which = agreed.rule.partition("_")[0]
    return (
        f"Channels by {which} touch: the {which} touch in the {agreed.window_days} days before an account started "
        "or an opportunity was created; channel from source and medium by [[channels]]."
    )


def by_rule(answers: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """A total by channel under each rule side by side, where first and last touch disagree most first.

    `answers` holds the answer by channel under `declared`, `first_touch` and `last_touch`, of which the latest
    period is taken. Returns: channel, of each rule its value and its share of the whole (`declared`,
    `declared_share`, ...), and difference (share by last touch less that by first touch; null where one of them has
    no whole). What has no channel is the last row. No row where no rule knows a channel.
    """
    values = {rule: _values(answers[rule]) for rule in RULES}
    channels = sorted({channel for known in values.values() for channel in known})
    table = pd.DataFrame({"channel": pd.Series(channels, dtype="string")})
    for rule, known in values.items():
        column = np.array([known.get(channel, 0.0) for channel in channels], dtype=np.float64)
        whole = column.sum()
        shares = column / whole if whole > 0 else np.full(len(column), np.nan)
        table = table.assign(**{rule: column if known else np.nan, f"{rule}_share": shares})
    table["difference"] = table["last_touch_share"] - table["first_touch_share"]
    figures = [c for c in table.columns if c != "channel"]
    table = table.astype(dict.fromkeys(figures, "Float64"))
    table[figures] = table[figures].mask(table[figures].isna())
    order = table.assign(_last=table["channel"] == NOBODY, _apart=-table["difference"].abs().round(12))
    places = order.sort_values(["_last", "_apart", "channel"], kind="stable").index
    return table.loc[places].reset_index(drop=True)


def rules_disagree(table: pd.DataFrame, *, subject: str, most: int = NAMED) -> SoWhat:
    """On which channels first and last touch disagree most, and how much has no channel by either.

    `table` is what `by_rule` answers, `subject` what its amounts are, such as "pipeline created".
    """
    if not len(table) or table["difference"].isna().all():
        return absent(f"{subject} by first and last touch", None)
    named = table[(table["channel"] != NOBODY).to_numpy(dtype=bool)]
    apart = named[(named["difference"].abs() > 0).to_numpy(dtype=bool)].head(most)
    said = [
        f"{row['channel']}: {formats.number(row['first_touch_share'])} by first and "
        f"{formats.number(row['last_touch_share'])} by last touch"
        for row in apart.to_dict("records")
    ]
    text = f"Of {subject}, first and last touch disagree most on {'; '.join(said)}."
    sentences = [
        Sentence(
            "no action", text if said else f"First and last touch agree on {subject}, channel by channel."
        )
    ]
    nobodys = table[(table["channel"] == NOBODY).to_numpy(dtype=bool)]
    for row in nobodys.to_dict("records"):
        shares = [formats.number(row[f"{rule}_share"]) for rule in RULES]
        text = (
            f"Without a channel: {shares[0]} as declared, {shares[1]} by first and {shares[2]} by last touch."
        )
        sentences.append(Sentence("no action", text))
    return SoWhat(tuple(sentences))


def attribution_worship(
    first: pd.DataFrame, last: pd.DataFrame, *, subject: str, least: float = LEAST_LEAD
) -> Sentence | None:
    """That the order of channels hangs on the rule: the first of them differs, or two of them change places.

    `first` and `last` are a total by channel under first and last touch; the latest period is read. The largest
    channel differs where another one is larger by the other rule, by however little. Two others change places only
    where each leads by `least` or more of what has a channel. None where the order is the same, and where one of
    the rules gives no channel anything.
    """
    sides = [_shares(_values(frame)) for frame in (first, last)]
    if not all(sides):
        return None
    names = sorted({*sides[0], *sides[1]})
    one, other = ({name: side.get(name, 0.0) for name in names} for side in sides)
    tops = [max(side, key=side.__getitem__) for side in (one, other)]
    if one[tops[0]] > one[tops[1]] and other[tops[1]] > other[tops[0]]:
        text = (
            f"The largest channel of {subject} hangs on the rule: {_share(tops[0], one)} by first touch, "
            f"{_share(tops[1], other)} by last. Decide nothing by this order alone."
        )
        return Sentence("watch", text)
    swaps = [swap for swap in _swaps(one, other) if swap[0] >= least]
    if not swaps:
        return None
    _, a, b = max(swaps, key=lambda swap: swap[0])
    text = (
        f"Two channels of {subject} change places with the rule: {_share(a, one)} and {_share(b, one)} by first "
        f"touch, {_share(a, other)} and {_share(b, other)} by last. Decide nothing between them by this order alone."
    )
    return Sentence("watch", text)


def _values(frame: pd.DataFrame) -> dict[str, float]:
    """The value of each channel in the latest period of an answer; of an undefined one none."""
    if not len(frame) or "channel" not in frame:
        return {}
    rows = frame[(frame["period"] == frame["period"].max()).to_numpy(dtype=bool)]
    rows = rows[(rows["channel"].notna() & rows["value"].notna()).to_numpy(dtype=bool)]
    return {str(row["channel"]): float(row["value"]) for row in rows.to_dict("records")}


def _shares(values: Mapping[str, float]) -> dict[str, float]:
    """The share of each channel in what has one; nothing where none has anything."""
    named = {channel: value for channel, value in values.items() if channel != NOBODY}
    whole = sum(named.values())
    return {channel: value / whole for channel, value in named.items()} if whole > 0 else {}


def _swaps(one: Mapping[str, float], other: Mapping[str, float]) -> Iterator[tuple[float, str, str]]:
    """Each two channels of which another leads by the other rule: the smaller of the two leads, and both names."""
    for a in one:
        for b in one:
            if one[a] > one[b] and other[b] > other[a]:
                yield round(min(one[a] - one[b], other[b] - other[a]), 12), a, b


def _share(channel: str, shares: Mapping[str, Any]) -> str:
    return f"{channel} ({formats.number(shares[channel])} of what has a channel)"
