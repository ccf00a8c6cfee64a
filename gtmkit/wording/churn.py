"""Why customers leave: which reason leads whatever is not known, where it strikes, and what nobody chose."""

from typing import Any

import numpy as np
import pandas as pd

from gtmkit import formats
from gtmkit.wording.sentences import FEW, VERDICTS, Sentence, SoWhat, absent, judge, so_what

UNTOLD = ("unmapped", "unknown")  # rows of a breakdown by reason that are no reason
FALSE = 0.05  # of the comparisons said to ask for an act so many may be chance
MOST_TOLD = 6


def reasons_ranked(
    shares: pd.DataFrame, bounds: pd.DataFrame, *, subject: str = "customers who left", min_n: int = FEW
) -> SoWhat:
    """Which reason leads, and whether it would still lead were all without a known reason of the next.

    `shares` and `bounds` are churn_reasons and its `.bounds`, both of logos or both of ARR. Act where the
    lead holds against what is not known and the next lies below the leader's interval; else watch.
    """
    row = shares.iloc[-1] if len(shares) else None
    if row is None or shares["churn_reason"].isna().all() or (shares["status"] == "undefined").all():
        return absent(f"the reasons of {subject}", row)
    told = shares[~shares["churn_reason"].isin(UNTOLD)]
    told = told[told["numerator"] > 0].sort_values("numerator", ascending=False, kind="stable")
    known = _known(shares)
    if not len(told):
        return SoWhat((Sentence("watch", f"Not one of the {subject} has a known reason: {known}."),))
    if float(row["n"]) < min_n:
        words = f"{float(row['n']):,.0f} left, fewer than {min_n}: no reason of {subject} is put first"
        return SoWhat((Sentence("too few to judge", f"{words}; {known}."),))
    first = told.iloc[0]
    words = f"Of {subject}, {formats.label(first['churn_reason'])} comes first, {formats.figure(first)}"
    if len(told) == 1:
        return SoWhat((Sentence("act", f"{words}, and is the only reason known; {known}."),))
    second = told.iloc[1]
    if first["numerator"] == second["numerator"]:
        both = f"{formats.label(first['churn_reason'])} and {formats.label(second['churn_reason'])}"
        level = f"Of {subject}, {both} are level, {formats.figure(first)} each; {known}"
        return SoWhat((Sentence("watch", f"{level}: neither comes first."),))
    words += f", then {formats.label(second['churn_reason'])}, {formats.number(second['value'])}"
    highest = _ends(bounds, second["churn_reason"])
    verdict, side = _lead(first, second, highest)
    return SoWhat((Sentence(verdict, f"{words}; {known}: {side}."),))


def reasons_by(frame: pd.DataFrame, company: pd.DataFrame, by: str, *, min_n: int = FEW) -> SoWhat:
    """For each reason, which groups lose more of those who could leave than the company does.

    Both are `churn_reasons.incidence`. Adverse beyond the interval is act, as long as so many comparisons do
    not make it likely by chance; then it is watch. Groups under `min_n` are named once, not judged.
    """
    row = frame.iloc[-1] if len(frame) else None
    if row is None or frame["churn_reason"].isna().all() or (frame["status"] == "undefined").all():
        return absent(f"churn by {by}", row)
    reasons = company[~company["churn_reason"].isin(UNTOLD) & company["value"].notna()]
    levels = {str(r["churn_reason"]): float(r["value"]) for r in reasons.to_dict("records")}
    is_few = (frame["status"] == "suppressed") | (frame["n"].astype("float64") < min_n)
    cells = [
        (cell, levels[str(cell["churn_reason"])])
        for cell in frame[~is_few & frame["value"].notna()].to_dict("records")
        if str(cell["churn_reason"]) in levels
    ]
    limit = _discovery_limit([_chance(cell, level) for cell, level in cells])
    judged = [_against_company(cell, level, by, limit) for cell, level in cells]
    loud = [s for s in judged if s is not None]
    if not levels:
        return SoWhat((Sentence("not yet", f"churn by {by}: nobody left for a reason that is known."),))
    return so_what(SoWhat(tuple(_with_count(loud, len(cells), by))), _few(frame[is_few], by, min_n))


def involuntary(
    logos: pd.DataFrame,
    money: pd.DataFrame,
    *,
    limit: float,
    currency: str = "",
    min_n: int = FEW,
) -> SoWhat:
    """How much left without anybody's choice, such as by a failed card, against the limit agreed for it.

    Both are churn_reasons with axis="kind", of logos and of ARR. Act where the whole interval of the ARR lies
    above the limit; what is of no known kind is said with it.
    """
    row = money.iloc[-1] if len(money) else None
    if row is None or money["kind"].isna().all() or (money["status"] == "undefined").all():
        return absent("involuntary churn", row)
    kinds = {str(r["kind"]): r for r in money.to_dict("records")}
    counts = {str(r["kind"]): r for r in logos.to_dict("records")}
    if "involuntary" not in kinds or "involuntary" not in counts:
        words = "gtm.toml does not say which reasons nobody chooses: is_involuntary in [churn.reasons]"
        return SoWhat((Sentence("not yet", f"{words}."),))
    ours, count = kinds["involuntary"], counts["involuntary"]
    of_unknown = float(kinds["unknown"]["value"]) if "unknown" in kinds else 0.0
    lost = formats.number(ours["numerator"], "money", currency)
    words = f"Nobody chose to leave in {formats.figure(ours)} of churned ARR, {lost}"
    words += (
        f", and in {float(count['numerator']):,.0f} of {float(count['denominator']):,.0f} customers who left"
    )
    if of_unknown > 0:
        most = formats.number(min(float(ours["value"]) + of_unknown, 1.0))
        words += f"; {most} were all of no known kind of it"
    if float(ours["n"]) < min_n:
        return SoWhat((Sentence("too few to judge", f"{words}: fewer than {min_n} left."),))
    verdict, side = judge(ours, limit, higher_is_better=False)
    return SoWhat((Sentence(verdict, f"{words}. Against the limit of {formats.number(limit)}: {side}."),))


def _lead(first: pd.Series, second: pd.Series, highest: float | None) -> tuple[str, str]:
    """The verdict on a lead: what is not known could end it, or chance could, or neither."""
    value, low = formats.plain(first["value"]), formats.plain(first["low"])
    if value is not None and highest is not None and highest > value:
        name = formats.label(second["churn_reason"])
        return "watch", f"were all the others {name}, at {formats.number(highest)} it would come first"
    holds = "it stays first whatever the others left for"
    if low is None or formats.plain(second["value"]) is None or low <= float(second["value"]):
        return "watch", f"{holds}, but its interval reaches the next"
    return "act", holds


def _ends(bounds: pd.DataFrame, code: Any) -> float | None:
    """The share a reason would have, were all without a known reason of it."""
    found = bounds[bounds["churn_reason"].eq(code).fillna(False).astype(bool)]
    return formats.plain(found["high"].iloc[0]) if len(found) else None


def _known(shares: pd.DataFrame) -> str:
    """How much of what left has a known reason, and which part carries a code that is not listed."""
    untold = shares[shares["churn_reason"].isin(UNTOLD)]
    whole = float(shares["denominator"].max())
    part = 1 - float(untold["numerator"].sum()) / whole if whole else 0.0
    words = f"the reason is known of {formats.number(part)}"
    stray = untold[untold["churn_reason"] == "unmapped"]
    if len(stray) and float(stray["numerator"].sum()) > 0:
        words += f", and {formats.number(float(stray['numerator'].sum()) / whole)} carry a code not listed"
    return words


def _against_company(cell: Any, level: float, by: str, limit: float) -> Sentence | None:
    """One group's incidence against the company's; nothing where the two are not told apart."""
    verdict, side = judge(cell, level, higher_is_better=False)
    if side == "not told apart":
        return None
    if verdict == "act" and _chance(cell, level) > limit:
        verdict, side = "watch", f"{side}, as one of so many may by chance"
    name, code = formats.label(cell[by]), formats.label(cell["churn_reason"])
    words = f"{name}: {code} {formats.figure(cell)} of those who could leave"
    return Sentence(verdict, f"{words}, against {formats.number(level)} over all: {side}.")


def _with_count(loud: list[Sentence], compared: int, by: str) -> list[Sentence]:
    """What stands out, the weightiest by name, and out of how many comparisons."""
    if not compared:
        return []
    first = sorted(loud, key=lambda s: VERDICTS.index(s.verdict))[:MOST_TOLD]
    acts = sum(s.verdict == "act" for s in loud)
    words = f"Of {compared} comparisons of a reason by {by}, {acts or 'none'} lie above the company beyond chance."
    return [
        *first,
        Sentence("no action", words.replace(" 1 lie ", " 1 lies ").replace("none lie ", "none lies ")),
    ]


def _chance(cell: Any, level: float) -> float:
    """How likely as many or more would leave for the reason at the company's rate, twice the binomial tail."""
    top, n = int(cell["numerator"]), int(cell["denominator"])
    if top == 0 or not 0 < level < 1:
        return 1.0
    counts = np.arange(top)
    ways = np.concatenate([[0.0], np.cumsum(np.log((n - counts[1:] + 1) / counts[1:]))])
    below = np.exp(ways + counts * np.log(level) + (n - counts) * np.log1p(-level)).sum()
    return min(1.0, 2 * max(1 - float(below), 0.0))


def _discovery_limit(chances: list[float]) -> float:
    """The largest of so many chances that is still a discovery, one in twenty of them false (Benjamini-Hochberg)."""
    passed = [c for i, c in enumerate(sorted(chances), start=1) if c <= FALSE * i / len(chances)]
    return max(passed, default=0.0)


def _few(rows: pd.DataFrame, by: str, min_n: int) -> SoWhat:
    """The groups too small to judge, once each."""
    sizes = {formats.label(r[by]): formats.plain(r["n"]) or 0.0 for r in rows.to_dict("records")}
    names = ", ".join(f"{name} (n {n:,.0f})" for name, n in sizes.items())
    return SoWhat((Sentence("too few to judge", f"Fewer than {min_n}: {names}."),) if names else ())
