"""Cells to values: what a text must look like to be a date, an instant, money, a number, yes or no."""

import re
from dataclasses import dataclass

from gtmkit.contracts import Column
from gtmkit.sources.engine import local, text, utc

DECIMALS = 10  # kept of an amount until it is normalised and rounded once
LARGEST = 10**14  # an amount below it fits its ten-thousandths into 64 bits
EARLIEST = "1900-01-01"  # a year before it is a two-digit year read as four

DATE = r"\d{4}-\d{2}-\d{2}"
CLOCK = r"\d{2}:\d{2}(:\d{2}(\.\d+)?)?"
MIDNIGHT = r"00:00(:00(\.0+)?)?"
OFFSET = r" ?(Z|UTC|[+-]\d{2}(:?\d{2})?)"
TIMED = re.compile(r"%[HIMSfpgGTXcRnzZ]")
ZONED = re.compile(r"%[zZ]")


@dataclass(frozen=True)
class Form:
    """How the cells of one column are written: `date_format` None is ISO 8601; `decimal` the mark."""

    timezone: str
    date_format: str | None = None
    decimal: str = "."


def value(column: Column, raw: str, form: Form) -> str:
    """SQL: the value of the text `raw`, or null where it is empty or not such a value; see also `within`."""
    cell = f"nullif(trim({raw}), '')"
    match column.kind:
        case "text":
            return f"nullif({raw}, '')"
        case "date":
            return _date(cell, form)
        case "month":
            return f"CAST(date_trunc('month', {_month(cell, form)}) AS DATE)"
        case "timestamp":
            return _instant(cell, form)
        case "money":
            return _money(cell, form)
        case "number":
            return f"CASE WHEN {_is_number(cell, form)} THEN TRY_CAST({_plain(cell, form)} AS DOUBLE) END"
        case "integer":
            whole = rf"regexp_full_match({cell}, '[+-]?\d{{1,18}}({_mark(form)}0*)?')"
            return f"CASE WHEN {whole} THEN TRY_CAST(split_part({_plain(cell, form)}, '.', 1) AS BIGINT) END"
        case "boolean":
            return (
                f"CASE WHEN lower({cell}) IN ('true', '1', 'yes') THEN true "
                f"WHEN lower({cell}) IN ('false', '0', 'no') THEN false END"
            )


def within(column: Column, typed: str) -> str:
    """SQL: whether the value `typed` lies in the range in which a value of its kind can be meant."""
    match column.kind:
        case "date" | "month" | "timestamp":
            return f"{typed} >= DATE '{EARLIEST}'"
        case "money":
            return f"abs({typed}) < {LARGEST}"
        case "number":
            return f"isfinite({typed})"
        case _:
            return "true"


def wanted(column: Column, form: Form) -> str:
    """What a cell of the column must be, in words."""
    example = f"1234{form.decimal}5"
    match column.kind:
        case "date" | "month":
            return f"a date written {form.date_format or 'YYYY-MM-DD'}, from 1900 on"
        case "timestamp":
            return f"a time written {form.date_format or 'YYYY-MM-DD or YYYY-MM-DD hh:mm:ss'}, from 1900 on"
        case "money":
            return (
                f"an amount written {example}, below {LARGEST:.0e} and without currency signs or separators"
            )
        case "number":
            return f"a number written {example}, without separators"
        case "integer":
            return "a whole number"
        case "boolean":
            return "true or false, yes or no, 1 or 0"
        case "text":
            return "text"


def _mark(form: Form) -> str:
    return r"\." if form.decimal == "." else form.decimal


def _plain(cell: str, form: Form) -> str:
    return cell if form.decimal == "." else f"replace({cell}, {text(form.decimal)}, '.')"


def _is_number(cell: str, form: Form) -> str:
    mark = _mark(form)
    return rf"regexp_full_match({cell}, '[+-]?(\d+({mark}\d*)?|{mark}\d+)')"


def _money(cell: str, form: Form) -> str:
    # Decimals beyond those kept are cut, not rounded: rounding twice could carry a value over a half.
    cut = rf"regexp_replace({_plain(cell, form)}, '(\.\d{{{DECIMALS}}})\d+$', '\1')"
    return f"CASE WHEN {_is_number(cell, form)} THEN TRY_CAST({cut} AS DECIMAL(38, {DECIMALS})) END"


def _date(cell: str, form: Form) -> str:
    if form.date_format is not None:
        return f"CAST({_formatted(cell, form, local_wall=True)} AS DATE)"
    return (
        f"CASE WHEN regexp_full_match({cell}, '{DATE}([T ]{MIDNIGHT})?') "
        f"THEN TRY_CAST(left({cell}, 10) AS DATE) "
        f"ELSE CAST({local(_iso_instant(cell), form.timezone)} AS DATE) END"
    )


def _month(cell: str, form: Form) -> str:
    if form.date_format is not None:
        return _date(cell, form)
    return (
        rf"CASE WHEN regexp_full_match({cell}, '\d{{4}}-\d{{2}}') THEN TRY_CAST({cell} || '-01' AS DATE) "
        f"ELSE {_date(cell, form)} END"
    )


def _instant(cell: str, form: Form) -> str:
    if form.date_format is not None:
        return _formatted(cell, form, local_wall=False)
    day = f"CAST(TRY_CAST({cell} AS DATE) AS TIMESTAMP)"
    return (
        f"CASE WHEN regexp_full_match({cell}, '{DATE}') THEN {utc(day, form.timezone)} "
        f"ELSE {_iso_instant(cell)} END"
    )


def _iso_instant(cell: str) -> str:
    """SQL: naive UTC of an ISO timestamp; without an offset it is UTC already."""
    zoned = f"timezone('UTC', TRY_CAST(replace(replace({cell}, 'UTC', 'Z'), ' Z', 'Z') AS TIMESTAMPTZ))"
    return (
        f"CASE WHEN regexp_full_match({cell}, '{DATE}[T ]{CLOCK}') THEN TRY_CAST({cell} AS TIMESTAMP) "
        f"WHEN regexp_full_match({cell}, '{DATE}[T ]{CLOCK}{OFFSET}') THEN {zoned} END"
    )


def _formatted(cell: str, form: Form, local_wall: bool) -> str:
    """SQL: a cell in the declared format, as wall time of the company's zone or as naive UTC."""
    assert form.date_format is not None
    parsed = f"try_strptime({cell}, {text(form.date_format)})"
    if not TIMED.search(form.date_format):  # a plain date is that day in the company's zone
        return parsed if local_wall else utc(parsed, form.timezone)
    instant = f"timezone('UTC', {parsed})" if ZONED.search(form.date_format) else parsed
    return local(instant, form.timezone) if local_wall else instant
