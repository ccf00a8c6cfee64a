"""Whether demand is created or harvested, how far one source could carry it, and which period is settled."""

from typing import Any

import pandas as pd

from gtmkit import formats
from gtmkit.ledgers.dimensions import null_row
from gtmkit.wording.sentences import FEW, Sentence, SoWhat, absent

HALF = 0.5  # of the pipeline: above it one of the two leads
LEAST = 0.5  # less than half a unit of money is rounding


def settled(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows of the latest period with a figure in which nothing waits for its window to pass.

    Where there is none, the rows of the last period, so that what they lack stays.
    """
    if len(frame) == 0:
        return frame
    waits = frame["status"].eq("immature") | frame["reason"].astype("string").str.contains("is immature")
    waiting = set(frame["period"][waits.fillna(False).astype(bool)])
    known = dict.fromkeys(frame["period"][frame["value"].notna()])
    done = [period for period in known if period not in waiting]
    return frame[frame["period"].eq(max(done) if done else frame["period"].iloc[-1])]


def created_or_harvested(
    creation: pd.DataFrame, capture: pd.DataFrame, *, currency: str = "", min_n: int = FEW
) -> SoWhat:
    """How the amount of the latest final period parts into demand created, demand captured, and neither.

    The frames are `demand_creation_share` and its `.capture` over the same periods. Either leads where the whole
    interval of its share lies above one half; what has no intent is in the whole, so it makes a lead harder. That
    more is captured than created is watched, never acted on: whether it ought to be so is the target's to say.
    """
    final = creation[(creation["status"] == "final") & creation["value"].notna()]
    if len(final) == 0:
        return absent("demand creation share", creation.iloc[-1] if len(creation) else None)
    made = final.iloc[-1]
    same = capture[capture["period"].eq(made["period"]) & capture["value"].notna()]
    if len(same) == 0:
        return absent("demand capture share", capture.iloc[-1] if len(capture) else None)
    taken = same.iloc[-1]
    rest = max(float(made["denominator"]) - float(made["numerator"]) - float(taken["numerator"]), 0.0)
    amounts = [formats.number(v, "money", currency) for v in (made["denominator"], rest)]
    words = (
        f"{made['period']}: of {amounts[0]} pipeline created, {_part(made, currency)} is demand creation and "
        f"{_part(taken, currency)} demand capture"
    )
    words += f"; {amounts[1]} has no stated intent" if rest >= LEAST else ""
    if float(made["n"]) < min_n:
        return SoWhat((Sentence("too few to judge", f"{words}; fewer than {min_n} opportunities."),))
    verdict, side = _leading(made, taken)
    return SoWhat((Sentence(verdict, f"{words}: {side}."),))


def concentration_range(
    created: pd.DataFrame, by: str, *, limit: float, currency: str = "", min_n: int = FEW
) -> SoWhat:
    """The largest group's share of the pipeline created, from none of what has no group to all of it.

    `created` is `pipeline_created` by `by` for one period. Nothing is sampled, so no interval: above `limit` at its
    lowest is act, at its highest alone watch. A group that would be larger with all of the rest is named.
    """
    known = created[created["value"].notna()] if by in created else created.iloc[:0]
    whole = round(float(known["value"].sum()), 4) if len(known) else 0.0  # amounts are ten-thousandths
    if whole <= 0:
        return absent("concentration of pipeline", created.iloc[-1] if len(created) else None)
    period, n = known["period"].iloc[-1], float(known["n"].fillna(0).sum())
    nobody = null_row(by)
    groups = known[~known[by].eq(nobody) & (known["value"] > 0)]
    ranked = groups.sort_values(["value", by], ascending=[False, True])
    loose = float(known["value"][known[by].eq(nobody)].sum())
    if len(ranked) == 0:
        words = (
            f"{period}: all of the {formats.number(whole, 'money', currency)} pipeline created is {nobody}"
        )
        return SoWhat((Sentence("watch", f"{words}: which {by} is largest is not known."),))
    top, amount = formats.label(ranked[by].iloc[0]), float(ranked["value"].iloc[0])
    lowest, highest = amount / whole, (amount + loose) / whole
    words = (
        f"{period}: {top} is the largest {by}, {formats.number(lowest)} of the pipeline created "
        f"({formats.number(amount, 'money', currency)} of {formats.number(whole, 'money', currency)}, n {n:,.0f})"
    )
    words += _if_known(ranked, by, loose, highest, nobody, currency)
    if n < min_n:
        return SoWhat((Sentence("too few to judge", f"{words}; fewer than {min_n} opportunities."),))
    verdict, side = _against_limit(lowest, highest, limit)
    return SoWhat((Sentence(verdict, f"{words}. Against the limit of {formats.number(limit)}: {side}."),))


def _part(row: Any, currency: str) -> str:
    """An amount with its share of the whole: `USD 1.48 m, 65.4 % (47 to 80, n 49),`."""
    return f"{formats.number(row['numerator'], 'money', currency)}, {formats.figure(row)},"


def _leading(made: Any, taken: Any) -> tuple[str, str]:
    """Which of the two is more than one half beyond its interval, and the verdict on it."""
    for row, verdict, side in (
        (made, "no action", "mostly created, beyond the interval"),
        (taken, "watch", "mostly harvested, beyond the interval"),
    ):
        low = formats.plain(row["low"])
        if low is not None and low > HALF:
            return verdict, side
    return "no action", "neither leads beyond its interval"


def _if_known(ranked: pd.DataFrame, by: str, loose: float, highest: float, nobody: str, currency: str) -> str:
    """What the range leaves open: the largest with all of the rest, and another that would then be the largest."""
    if loose <= 0:
        return f"; nothing is {nobody}"
    top = formats.label(ranked[by].iloc[0])
    words = (
        f"; {formats.number(loose, 'money', currency)} is {nobody}: were all of it {top}, "
        f"{formats.number(highest)}"
    )
    if len(ranked) > 1 and float(ranked["value"].iloc[1]) + loose > float(ranked["value"].iloc[0]):
        words += f"; were all of it {formats.label(ranked[by].iloc[1])}, that would be the largest"
    return words


def _against_limit(lowest: float, highest: float, limit: float) -> tuple[str, str]:
    """The verdict on a share that is known to lie between two ends."""
    if highest <= limit:
        return "no action", "not above it, even then" if highest > lowest else "not above it"
    if lowest > limit:
        return "act", "above it, even at the lowest" if highest > lowest else "above it"
    return "watch", "not told apart by what is known"
