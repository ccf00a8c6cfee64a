"""Cost that belongs to no one row is shared out among the rows, so that all adds up, and divided by what it won."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from gtmkit import stats
from gtmkit.frames import UNITS
from gtmkit.ledgers.dimensions import null_row
from gtmkit.metrics.costs import FROM_FINANCE, NO_PURPOSE
from gtmkit.results import FIGURES, WORDS, beside, divided, floats, marked, noted, voided

STAYS = "shared cost stays here"
NO_BASIS = {
    "pipeline": "no pipeline created to share it by",
    "logos": "no new logos to share it by",
    "paid": "nothing paid to share it by",
    "none": "[cac] allocation is none",
}
Key = tuple[str, ...]


def shared_out(
    cost: Mapping[Key, int], basis: Mapping[Key, int], nobody: Sequence[str]
) -> tuple[dict[Key, int], set[Key]]:
    """Cost in ten-thousandths by row, what is shared laid on other rows, and the rows it had to stay in.

    `nobody` names, for each part of a key, the word for "not known". Cost whose key has that word is laid on
    the rows of `basis` that agree with the rest of the key, in proportion to it; where there is none it
    stays. Nothing is lost to rounding: of what lies between two rows, the first has all of it.
    """
    amounts = dict.fromkeys(cost, 0)
    stays = set()
    for key, amount in cost.items():
        agreeing = {
            other: weight
            for other, weight in sorted(basis.items())
            if weight > 0 and all(a in (b, word) for a, b, word in zip(key, other, nobody, strict=True))
        }
        if not _is_shared(key, nobody) or not amount or not agreeing:
            amounts[key] += amount
            if _is_shared(key, nobody) and amount:
                stays.add(key)
            continue
        whole, done, given = sum(agreeing.values()), 0, 0
        for other, weight in agreeing.items():
            done += weight
            upto = amount * done // whole
            amounts[other] = amounts.get(other, 0) + upto - given
            given = upto
    return amounts, stays


def laid_out(
    spend: pd.DataFrame, new_logos: pd.DataFrame, basis: pd.DataFrame | None, by: Sequence[str], why: str
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Cost, shared out by `basis`, and new customers, both with a row for every group that either has.

    A row of what is not known is there only where it holds something. `why` says, in the reason of a row in
    which shared cost stays, why it does. Results that do not tell the groups apart come back as they are.
    """
    own = [c for c in by if c in spend]
    if not own or spend[own].isna().any(axis=None) or new_logos[list(by)].isna().any(axis=None):
        return spend, new_logos
    nobody = [null_row(c) for c in own]
    # A dimension of accounts alone: cost stands beside each of its values.
    wide = [c for c in by if c not in own]
    costs, logos = [], []
    for world, period, rows in _worlds(spend, new_logos, wide):
        won = _at(new_logos, world, period)
        count = dict(zip(_keys(won, own), floats(won["value"]), strict=True))
        paid = _tenthousandths(rows, own)
        weights = _tenthousandths(_at(basis, world, period), own) if _tells(basis, own) else {}
        if basis is spend:  # what is itself shared is nothing to share by
            weights = {key: weight for key, weight in weights.items() if not _is_shared(key, nobody)}
        amounts, stays = shared_out(paid, weights, nobody)
        keys = [
            key
            for key in sorted({*amounts, *count})
            if amounts.get(key) or count.get(key) or not _is_shared(key, nobody)
        ]
        base = {**world, "period": period}
        said, stuck, won_said = _words(rows, None), _words(rows, f"{STAYS}: {why}"), _words(won, None)
        costs += [
            {**base, **dict(zip(own, key, strict=True)), "value": amounts.get(key, 0) / UNITS, "n": np.nan,
             **(stuck if key in stays else said)}
            for key in keys
        ]  # fmt: skip
        logos += [
            {**base, **dict(zip(own, key, strict=True)), "value": count.get(key, 0.0), "n": count.get(key, 0.0),
             **won_said}
            for key in keys
        ]  # fmt: skip
    return _framed(costs, by), _framed(logos, by)


def cost_each(
    spend: pd.DataFrame,
    won: pd.DataFrame,
    basis: pd.DataFrame | None,
    by: Sequence[str],
    name: str,
    cost: str,
    allocation: str,
) -> pd.DataFrame:
    """Cost over the number of what it won (`name`: new_logos, ...), with shared cost laid on the rows by `basis`.

    The interval takes cost as fixed and what it won as Poisson. A row with no cost or nothing won is undefined.
    """
    why = NO_BASIS[allocation] if cost == "loaded" else "paid cost is of the rows themselves"
    why += _missing(basis)
    parts = laid_out(spend, won, basis if cost == "loaded" else None, by, why)
    rows = beside(by, **{"spend": parts[0], name: parts[1]})
    amount, count = floats(rows["spend.value"]), floats(rows[f"{name}.value"])
    fewest, most = stats.poisson(count)
    answer = rows.assign(
        value=divided(amount, count), numerator=amount, denominator=count, n=count,
        low=divided(amount, most), high=divided(amount, fewest),
    )  # fmt: skip
    answer = voided(answer, _says(rows["spend.reason"], STAYS), f"{STAYS}: {why}")
    answer = voided(answer, count == 0, f"no {name.replace('_', ' ')}")
    answer = voided(answer, amount <= 0, "no spend on it")
    for words in (FROM_FINANCE, NO_PURPOSE):
        answer = noted(answer, _says(rows["spend.reason"], words), words)
    if cost == "loaded":
        answer = _without_shared(answer, why, allocation)
    if cost == "paid" and not by:
        answer = noted(answer, amount > 0, "of the whole company: nothing there to share out")
    return answer


def unsettled(answer: pd.DataFrame, categories: pd.DataFrame, not_applicable: Sequence[str]) -> pd.DataFrame:
    """The rows, provisional where a category of cost that applies has no row in the months of the cost."""
    for period, absent in _absent(categories, not_applicable):
        here = (answer["period"] == period).to_numpy(dtype=bool)
        answer = marked(answer, here, "provisional", f"no {', '.join(absent)} rows")
    return answer


def _is_shared(key: Key, nobody: Sequence[str]) -> bool:
    return any(name == word for name, word in zip(key, nobody, strict=True))


def _worlds(
    spend: pd.DataFrame, new_logos: pd.DataFrame, wide: Sequence[str]
) -> Iterator[tuple[dict[str, Any], str, pd.DataFrame]]:
    """Each value of the dimensions that cost does not have, with each period and the cost of it."""
    values: list[dict[str, Any]] = [{}]
    if wide:
        values = [
            {str(k): v for k, v in row.items()}
            for row in new_logos[list(wide)].drop_duplicates().to_dict("records")
        ]
    for world in values:
        for period, rows in spend.groupby("period", sort=False):
            yield world, str(period), rows


def _at(frame: pd.DataFrame | None, world: Mapping[str, Any], period: str) -> pd.DataFrame:
    if frame is None:
        return pd.DataFrame({"value": []})
    here = (frame["period"] == period).to_numpy(dtype=bool)
    for column, value in world.items():
        if column in frame:
            here &= (frame[column] == value).to_numpy(dtype=bool)
    return frame[here]


def _tells(frame: pd.DataFrame | None, columns: Sequence[str]) -> bool:
    return frame is not None and not frame[list(columns)].isna().any(axis=None)


def _keys(rows: pd.DataFrame, columns: Sequence[str]) -> list[Key]:
    return [
        tuple(str(name) for name in row) for row in rows[list(columns)].itertuples(index=False, name=None)
    ]


def _tenthousandths(rows: pd.DataFrame, columns: Sequence[str]) -> dict[Key, int]:
    known = np.nan_to_num(floats(rows["value"]))
    return {
        key: round(value * UNITS) for key, value in zip(_keys(rows, columns), known.tolist(), strict=True)
    }


def _words(rows: pd.DataFrame, more: str | None) -> dict[str, Any]:
    """Status and reason of a period, which all its rows have alike, and what there is to say of one."""
    status, reason = (rows[word].iloc[0] if len(rows) else None for word in WORDS)
    said = [text for text in (None if pd.isna(reason) else str(reason), more) if text]
    return {"status": status, "reason": "; ".join(said) or None}


def _framed(rows: list[dict[str, Any]], by: Sequence[str]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=[*by, "period", *FIGURES, *WORDS])
    return frame.assign(**{c: frame[c].astype("string") for c in [*by, "period"]})


def _missing(basis: pd.DataFrame | None) -> str:
    """What the basis lacks, where a whole table of it is not there."""
    if basis is None or not len(basis) or (basis["status"] != "undefined").any():
        return ""
    reason = str(basis["reason"].iloc[0])
    return f" (no table {reason.removeprefix('needs table ')})" if reason.startswith("needs table ") else ""


def _without_shared(answer: pd.DataFrame, why: str, allocation: str) -> pd.DataFrame:
    """Beside a row in which shared cost had to stay, the others have none of it, and say so."""
    stays = _says(answer["reason"], STAYS)
    here = answer["period"].isin(set(answer["period"][stays])).to_numpy(dtype=bool) & ~stays
    words = f"no shared cost in it: {why}"
    return noted(answer, here, words) if allocation == "none" else marked(answer, here, "provisional", words)


def _says(reasons: pd.Series, words: str) -> "np.ndarray[Any, np.dtype[np.bool_]]":
    return np.array([isinstance(reason, str) and words in reason for reason in reasons], dtype=bool)


def _absent(categories: pd.DataFrame, not_applicable: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """The periods in whose cost a category that applies has no row; n is null where cost has no categories."""
    missing = categories[(floats(categories["n"]) == 0) & categories["category"].notna().to_numpy()]
    missing = missing[~missing["category"].isin(list(not_applicable)).to_numpy(dtype=bool)]
    for period, rows in missing.groupby("period", sort=False):
        yield str(period), [str(category) for category in rows["category"]]
