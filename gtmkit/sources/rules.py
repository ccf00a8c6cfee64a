"""The rules of a table as SQL over the text and the value of each cell."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gtmkit.config import AllowedFile
from gtmkit.contracts import TABLES, Column
from gtmkit.sources import files, typed
from gtmkit.sources.engine import name, text
from gtmkit.sources.plan import Plan
from gtmkit.sources.typed import Form
from gtmkit.sources.work import Work


@dataclass(frozen=True)
class Rule:
    """What a cell must be; `broken` is SQL over the texts and values of a row, `words` the allowed values."""

    column: str
    must: str
    broken: str
    words: tuple[str, ...] | None = None
    remedy: str = ""


def translated(work: Work, plan: Plan, column: Column) -> str:
    """SQL: the text of a cell after the value map of its column; a value that changed as `accounts` would read it."""
    raw, is_constant = name("text " + column.name), column.name in plan.entry.constants
    words = {} if is_constant else plan.entry.values.get(column.name, {})
    cell = _mapped(raw, words)
    if (plan.name, column.name) != ("account_changes", "value"):
        return cell
    cases = " ".join(
        f"WHEN {text(changed.name)} THEN {_as_accounts(work, changed, cell)}" for changed in _read_anew(work)
    )
    return f"CASE {_changed(plan)} {cases} ELSE {cell} END"


def _mapped(cell: str, words: Mapping[str, object]) -> str:
    """SQL: the text of a cell after a value map."""
    if not words:
        return cell
    cases = " ".join(
        f"WHEN {text(old)} THEN {text(str(new).lower() if isinstance(new, bool) else str(new))}"
        for old, new in words.items()
    )
    return f"CASE coalesce({cell}, '') {cases} ELSE {cell} END"


def _changed(plan: Plan) -> str:
    """SQL: which column of accounts a row of account_changes is about."""
    words = {} if "column" in plan.entry.constants else plan.entry.values.get("column", {})
    return _mapped(name("text column"), words)


def _read_anew(work: Work) -> list[Column]:
    """The columns of accounts whose cells are not taken as they are written: yes or no, and those with a value map."""
    accounts = work.config.tables.get("accounts")
    maps = accounts.values if accounts else {}
    return [c for c in TABLES["accounts"].columns if c.kind == "boolean" or maps.get(c.name)]


def _as_accounts(work: Work, column: Column, cell: str) -> str:
    """SQL: the text of a changed value as `accounts` reads it, so that both make one group of one meaning."""
    accounts = work.config.tables.get("accounts")
    cell = _mapped(cell, accounts.values.get(column.name, {}) if accounts else {})
    if column.kind != "boolean":
        return cell
    # What is neither stays as it is written, for the rule to find it.
    return (
        f"coalesce(CAST({typed.value(column, cell, Form(work.config.company.timezone))} AS VARCHAR), {cell})"
    )


def rules(work: Work, plan: Plan, columns: tuple[Column, ...]) -> Iterator[Rule]:
    """Every rule of a table: the kinds of its cells, what its contract asks, what gtm.toml allows."""
    for column in columns:
        value, cell = name(column.name), f"trim({translated(work, plan, column)})"
        form = plan.form(column.name)
        if column.kind != "text":
            yield Rule(
                column.name,
                f"must be {typed.wanted(column, form)}",
                f"{cell} <> '' AND ({value} IS NULL OR NOT {typed.within(column, value)})",
            )
        if column.filled and column.name != "mrr_amount":
            yield Rule(column.name, "must not be empty", f"coalesce({cell}, '') = ''")
        if column.least is not None:
            yield Rule(column.name, f"must be at least {column.least:g}", f"{value} < {column.least}")
        if column.above is not None:
            yield Rule(column.name, f"must be above {column.above:g}", f"{value} <= {column.above}")
        if column.pattern:
            yield Rule(
                column.name,
                "must be a period such as 2026-10, 2026-Q3, 2026-W45 or 2026",
                f"NOT regexp_full_match({value}, {text(column.pattern)})",
            )
        yield from _vocabularies(work, plan, column)
    yield from _across(work, plan, {column.name for column in columns})


def _vocabularies(work: Work, plan: Plan, column: Column) -> Iterator[Rule]:
    pipeline = work.config.pipeline
    words: dict[str, tuple[str, ...]] = {}
    if column.name == "stage" and plan.name in ("opportunities", "stage_changes"):
        remedy = "or put the stage into its place in [pipeline] stages of gtm.toml"
        words[remedy] = (*pipeline.stages, pipeline.won, pipeline.lost)
    elif plan.name == "subscriptions" and column.name == "status":
        remedy = "or add the status to [subscriptions] counts where it carries MRR"
        words[remedy] = (
            *column.words,
            *(s for s in work.config.subscriptions.counts if s not in column.words),
        )
    elif plan.name == "account_changes" and column.name == "column":
        words["or correct the export"] = tuple(
            c for c in TABLES["accounts"].names if c not in ("account_id", "updated_at")
        )
    elif column.words:
        words["or correct the export"] = column.words
    if column.name in plan.entry.allowed:
        words[f"or allow it in [tables.{plan.name}.allowed]"] = _allowed(plan, column.name)
    for remedy, options in words.items():
        quoted = ", ".join(text(option) for option in options)
        yield Rule(
            column.name,
            "is not an allowed value",
            f"{name(column.name)} IS NOT NULL AND {name(column.name)} NOT IN ({quoted})",
            options,
            remedy,
        )


def _allowed(plan: Plan, column: str) -> tuple[str, ...]:
    allowed = plan.entry.allowed[column]
    if not isinstance(allowed, AllowedFile):
        return allowed
    return files.column_of(plan.folder / allowed.path, allowed.column)


def _across(work: Work, plan: Plan, mapped: set[str]) -> Iterator[Rule]:
    """Rules that hold between the columns of a row."""
    if plan.name == "account_changes":
        flags = [c for c in TABLES["accounts"].columns if c.kind == "boolean"]
        named_ = ", ".join(text(c.name) for c in flags)
        yield Rule(
            "value",
            f"must be {typed.wanted(flags[0], plan.form('value'))}",
            f"\"column\" IN ({named_}) AND trim(value) <> '' AND value NOT IN ('true', 'false')",
        )
    if plan.name != "subscriptions":
        return
    if {"started_on", "ended_on"} <= mapped:
        last = work.config.subscriptions.ended_on == "last_day_with"
        ended = "ended_on + 1" if last else "ended_on"
        yield Rule("ended_on", "must not be before started_on", f"{ended} < started_on")
    carries = "true"
    if "status" in mapped:
        counted_ = ", ".join(text(status) for status in work.config.subscriptions.counts) or "''"
        carries = f"coalesce(status IN ({counted_}), true)"
    if "price_amount" in mapped and "mrr_amount" not in mapped:
        yield Rule(
            "price_amount",
            "must not be empty where the line carries MRR",
            f"price_amount IS NULL AND {carries}",
        )
        yield Rule(
            "interval",
            "must not be empty where a price is given",
            '"interval" IS NULL AND price_amount IS NOT NULL',
        )
    elif "mrr_amount" in mapped:
        yield Rule(
            "mrr_amount",
            "must not be empty where the line carries MRR",
            f'mrr_amount IS NULL AND "text mrr_amount" IS NULL AND {carries}',
        )
