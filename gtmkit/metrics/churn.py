"""Why do customers leave: the reasons given, how often each strikes, and how far the answer can be believed."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import narwhals as nw
import numpy as np
import pandas as pd

from gtmkit.config import Reason
from gtmkit.frames import INTEGER, UNITS, Frame, collect, counted, sums
from gtmkit.ledgers.churns import UNKNOWN, UNMAPPED
from gtmkit.metrics.entrants import at_periods, one, zero
from gtmkit.periods import Period
from gtmkit.results import (
    ALL,
    divided,
    floats,
    marked,
    money_ratio,
    noted,
    setting,
    shaped,
    share,
    undefined,
)
from gtmkit.windows import levels

UNTOLD = (UNKNOWN, UNMAPPED)
KINDS = ("voluntary", "involuntary")
YEAR = 12  # months; ARR is MRR times it
TENTHS = UNITS // 10  # intervals are computed in tenths of a unit, whole numbers that floats add up exactly
NOBODY = "nobody left in these months"
FREE = "no [churn.reasons]: any code passes, the choice is not forced"
OF_CHURNS = ("n", "told", "lost", "risk", "risk_lost", "k", "nn", "nb", "bb")
AXES = ["churn_reason", "kind"]  # `reason` is the column that says why a figure is as it is
FLOATS = ("nn", "nb", "bb")
OF_BASE = ("customers", "mrr", "squares")
Basis = Literal["share", "incidence", "bounds"]


def churn_reasons(
    churns: Frame,
    revenue: Frame,
    *,
    by: Sequence[str],
    periods: Sequence[Period],
    of: Literal["logo", "arr"] = "logo",
    basis: Basis = "share",
    axis: Literal["reason", "kind"] = "reason",
    months: int | None = None,
    reasons: Mapping[str, Reason] = setting("churn.reasons"),
) -> pd.DataFrame:
    """Share of the customers who left in the period that left for each reason.

    Answers: why do customers leave, and for which reason do how many of those who could?
    Takes: churns in the month of the revenue ledger; `months`: that many, ending with the period.
    Returns: axes churn_reason and kind; `unknown` (no event or code) and `unmapped` (a code not listed) are rows
    of their own, so shares add up to 1, counts to churned logos, money to churned ARR. The reason says of how
    many the reason is known. With axis="kind" one row a kind, its reason `all`.
    Differs: `.arr` weighs by ARR before leaving; `.incidence` and `.arr_incidence` are over the customers (and
    their ARR) at the start of the months, of whom those who came later are not; `.bounds` and `.arr_bounds`
    are over those with a known reason, low and high the share of all if none or all of the others were of it.
    """
    window = _in_window(churns, periods, months)
    window = window.with_columns(group=nw.col(axis), told=counted(~nw.col("reason").is_in(list(UNTOLD))))
    each = _each(window, by)
    if basis == "incidence":
        parts = [_by_group(_over_start(each, window, revenue), by), _base(revenue, by)]
    else:
        parts = [_by_group(each.with_columns(x=nw.col("lost"), b=nw.col("lost_in_all")), by)]
    table = collect(nw.concat(parts))
    is_churn = table["at_period"] >= 0
    usual = (list(reasons) if axis == "reason" else list(KINDS)) if reasons else []
    seen = sorted({str(name) for name in table.loc[is_churn, "group"]} - set(usual), key=_untold_last)
    names = [*usual, *seen]
    labels = [p.label for p in periods]
    if not names:
        return undefined(by, labels, NOBODY, AXES)
    keys = [*by, "at_period", "group"]
    rows = at_periods(
        table.loc[is_churn, [*keys, *OF_CHURNS]], [*by, "group"], periods, axes={"group": names}
    )
    if basis == "incidence":
        rows = _with_base(rows, table[~is_churn], by, periods, months, names)
    if not len(rows):
        return undefined(by, labels, NOBODY, AXES)
    answer = _ANSWERS[basis](_with_totals(rows, by), of)
    answer = _with_coverage(answer)
    if not reasons:
        answer = noted(answer, np.ones(len(answer), bool), FREE)
    place = {name: i for i, name in enumerate(names)}
    answer = shaped(_named(answer, axis, reasons), by, AXES)
    answer = answer.assign(_place=answer["churn_reason" if axis == "reason" else "kind"].map(place))
    return answer.sort_values([*by, "period", "_place"]).drop(columns="_place").reset_index(drop=True)


def _in_window(churns: Frame, periods: Sequence[Period], months: int | None) -> Frame:
    """The churns of the months of each period, with the number of the period and its first month."""
    parts = []
    for i, p in enumerate(periods):  # one under the other: Spark cannot carry a count inside a cross join
        first = p.last_month - (months or p.months) + 1
        part = churns.filter((nw.col("month") >= first) & (nw.col("month") <= p.last_month))
        parts.append(part.with_columns(at_period=nw.lit(i).cast(INTEGER), first=nw.lit(first).cast(INTEGER)))
    return nw.concat(parts)


def _each(window: Frame, by: Sequence[str]) -> Frame:
    """Per account, period and reason: churns, money lost, and of both what was there when the months began."""
    # At risk are the customers of the last month end before: each has one churn that ends that very stay.
    at_risk = nw.col("since") < nw.col("first")
    keys = [*by, "account_id", "at_period", "group"]
    each = sums(
        window, keys, n=one(), told=nw.col("told"), lost=nw.col("lost"), risk=counted(at_risk),
        risk_lost=nw.when(at_risk).then(nw.col("lost")).otherwise(zero()),
    )  # fmt: skip
    within = ["account_id", "at_period"]
    each = each.with_columns(
        lost_in_all=nw.col("lost").sum().over(*within).cast(INTEGER),
        _head=nw.col("group").min().over(*within),
    )
    # Sums over accounts count each once, whatever the number of its reasons.
    return each.with_columns(is_head=counted(nw.col("group") == nw.col("_head")))


def _over_start(each: Frame, window: Frame, revenue: Frame) -> Frame:
    """Per account, period and reason: what was lost of what stood when the months began, beside what stood."""
    began = window.select("account_id", "at_period", "first").unique()
    steps = revenue.select("account_id", "delta", at=nw.col("month"))
    before = began.join(steps, on="account_id", how="inner").filter(nw.col("at") < nw.col("first"))
    stood = sums(before, ["account_id", "at_period"], b=nw.col("delta"))
    rows = each.join(stood, on=["account_id", "at_period"], how="left")
    return rows.with_columns(x=nw.col("risk_lost"), b=nw.col("b").fill_null(0))


def _by_group(each: Frame, by: Sequence[str]) -> Frame:
    """Per period and reason the sums over accounts, of x over b too, in tenths of a unit."""
    x, b, is_head = _tenths(nw.col("x")), _tenths(nw.col("b")), nw.col("is_head")
    rows = sums(
        each, [*by, "at_period", "group"],
        **{name: nw.col(name) for name in ("n", "told", "lost", "risk", "risk_lost")},
        k=is_head, nn=x * x, nb=x * b, bb=b * b * is_head,
        customers=zero(), mrr=zero(), squares=nw.lit(0.0), month=zero(),
    )  # fmt: skip
    return rows.select(*by, "at_period", "group", "month", *OF_CHURNS, *OF_BASE)


def _base(revenue: Frame, by: Sequence[str]) -> Frame:
    """By month the change in customers and MRR, and in the sum of its squares over accounts."""
    after, prior = nw.col("after"), nw.col("prior")
    paid, had = _at_least_zero(after), _at_least_zero(prior)
    a, p = _tenths(paid), _tenths(had)
    rows = sums(
        revenue, [*by, "month"], customers=counted(after > 0) - counted(prior > 0), mrr=paid - had,
        squares=a * a - p * p,
    )  # fmt: skip
    nothing = {name: nw.lit(0.0) if name in FLOATS else zero() for name in OF_CHURNS}
    rows = rows.with_columns(at_period=nw.lit(-1).cast(INTEGER), group=nw.lit(""), **nothing)
    return rows.select(*by, "at_period", "group", "month", *OF_CHURNS, *OF_BASE)


def _with_base(
    rows: pd.DataFrame,
    base: pd.DataFrame,
    by: Sequence[str],
    periods: Sequence[Period],
    months: int | None,
    names: Sequence[str],
) -> pd.DataFrame:
    """The rows beside the customers and MRR when their months began, also of those of whom nobody left."""
    lag = months or periods[-1].months
    stood = levels(base[[*by, "month", *OF_BASE]], by, periods, lag)
    every = stood.merge(pd.DataFrame({"group": list(names)}), how="cross")
    found = every.merge(rows, on=[*by, "period", "group"], how="left")
    return found.assign(**{name: found[name].fillna(0) for name in OF_CHURNS})


def _with_totals(rows: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """The rows beside what left in all, for whatever reason, and how much of it for none that is known."""
    untold = rows["group"].isin(UNTOLD)
    parts = {f"{name}_untold": rows[name].where(untold, 0) for name in ("n", "lost")}
    rows = rows.assign(**parts)
    groups = rows.groupby([*by, "period"], dropna=False, sort=False)
    summed = ["n", "told", "lost", "risk", "k", "bb", *parts]
    return rows.assign(**{f"all_{name}": groups[name].transform("sum") for name in summed})


def _share(rows: pd.DataFrame, of: str) -> pd.DataFrame:
    """Of all that left."""
    if of == "logo":
        return share(rows, rows["n"], rows["all_n"], NOBODY)
    amounts = {
        "n": rows["lost"], "b": rows["all_lost"], "nn": rows["nn"], "nb": rows["nb"], "bb": rows["all_bb"],
        "k": rows["all_k"],
    }  # fmt: skip
    return money_ratio(rows, _in_arr(amounts), NOBODY, at_most_one=True)


def _incidence(rows: pd.DataFrame, of: str) -> pd.DataFrame:
    """Of all that could have left: the customers when the months began."""
    nothing = "no customers when these months began"
    if of == "logo":
        answer = share(rows, rows["risk"], rows["customers"], nothing)
    else:
        amounts = {
            "n": rows["risk_lost"], "b": rows["mrr"], "nn": rows["nn"], "nb": rows["nb"], "bb": rows["squares"],
            "k": rows["customers"],
        }  # fmt: skip
        answer = money_ratio(rows, _in_arr(amounts), nothing)
    late = rows["all_n"] - rows["all_risk"]
    for count in sorted({int(c) for c in late} - {0}):
        answer = noted(answer, late == count, f"{count} of those who left came after the start, not in it")
    return answer


def _bounds(rows: pd.DataFrame, of: str) -> pd.DataFrame:
    """Of those whose reason is known; and between which ends the share of all lies, whatever the others left for."""
    part, scale = ("n", 1.0) if of == "logo" else ("lost", YEAR / UNITS)
    top, whole = floats(rows[part]) * scale, floats(rows[f"all_{part}"]) * scale
    untold = floats(rows[f"all_{part}_untold"]) * scale
    known, is_untold = whole - untold, rows["group"].isin(UNTOLD).to_numpy()
    answer = rows.assign(
        value=divided(top, known), numerator=top, denominator=np.where(is_untold, whole, known),
        n=rows["all_n"] - rows["all_n_untold"].mask(is_untold, 0),
        low=divided(top, whole), high=divided(top + untold, whole),
    )  # fmt: skip
    answer = marked(answer, whole <= 0, "undefined", NOBODY)
    answer = marked(answer, is_untold, "undefined", "what is not known is what the bounds are of")
    answer = marked(answer, known <= 0, "undefined", "no reason is known")
    return noted(answer, answer["value"].notna(), "low and high are bounds, not an interval")


_ANSWERS = {"share": _share, "incidence": _incidence, "bounds": _bounds}


def _untold_last(name: str) -> tuple[int, str]:
    """The rank of a reason that is not listed: codes by name, then `unmapped`, then `unknown`."""
    return (0, UNMAPPED, UNKNOWN).index(name) if name in UNTOLD else 0, name


def _with_coverage(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows, each with how many of those who left gave a reason that is known."""
    pairs = zip(rows["all_told"].astype(int), rows["all_n"].astype(int), strict=True)
    said = pd.Series([f"reasons known of {told} of {n}" for told, n in pairs], index=rows.index)
    for words in dict.fromkeys(said[rows["all_n"] > 0]):
        rows = noted(rows, said == words, words)
    return rows


def _named(rows: pd.DataFrame, axis: str, reasons: Mapping[str, Reason]) -> pd.DataFrame:
    """The rows with both axes: a reason with its kind, or a kind of all its reasons."""
    if axis == "kind":
        return rows.assign(churn_reason=ALL, kind=rows["group"])
    kinds = {code: KINDS[reason.is_involuntary] for code, reason in reasons.items()}
    return rows.assign(
        churn_reason=rows["group"], kind=[kinds.get(str(code), UNKNOWN) for code in rows["group"]]
    )


def _in_arr(amounts: Mapping[str, Any]) -> dict[str, Any]:
    """Sums of MRR in ten-thousandths, and of products of its tenths, as sums of ARR in units."""
    scale = {"n": YEAR / UNITS, "b": YEAR / UNITS, "k": 1.0}
    return {name: floats(values) * scale.get(name, YEAR**2 / 100) for name, values in amounts.items()}


def _at_least_zero(amount: nw.Expr) -> nw.Expr:
    """An amount that is paid; a balance below zero is a credit, nothing that recurs."""
    return nw.when(amount > 0).then(amount).otherwise(zero())


def _tenths(amount: nw.Expr) -> nw.Expr:
    return ((amount + TENTHS // 2) // TENTHS).cast(nw.Float64())
