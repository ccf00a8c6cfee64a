"""The canonical tables: their grain, columns and rules; this table of rules is also the data dictionary."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "date", "month", "timestamp", "money", "number", "integer", "boolean"]

STORED: dict[Kind, str] = {
    "text": "text",
    "date": "date",
    "month": "date, the first of the month",
    "timestamp": "timestamp, UTC",
    "money": "whole number, ten-thousandths of the reporting currency's unit",
    "number": "number",
    "integer": "whole number",
    "boolean": "true or false",
}

INTERVALS = ("day", "week", "month", "quarter", "year")
KINDS = ("new", "expansion", "renewal")
STATUSES = (
    "active",
    "past_due",
    "canceled",
    "trialing",
    "incomplete",
    "incomplete_expired",
    "unpaid",
    "paused",
    "ended",
)
PERIOD = r"\d{4}(-(0[1-9]|1[0-2])|-Q[1-4]|-W([0-4]\d|5[0-3]))?"


@dataclass(frozen=True)
class Column:
    """One canonical column.

    `required`: must be mapped where its table is given. `filled`: may not be empty in any row.
    `happened`: its newest date says how far the table reaches; dates that may lie ahead do not.
    `least` and `above`: the smallest value, or the value it must exceed. `words`: the allowed values.
    `pattern`: what the whole text must match.
    """

    name: str
    kind: Kind
    doc: str
    required: bool = False
    filled: bool = False
    happened: bool = False
    least: float | None = None
    above: float | None = None
    words: tuple[str, ...] = ()
    pattern: str | None = None

    @property
    def rule(self) -> str:
        """What a value must be beyond its kind, in words; empty where any value will do."""
        rules = []
        if self.filled:
            rules.append("never empty")
        if self.least is not None:
            rules.append(f"at least {self.least:g}")
        if self.above is not None:
            rules.append(f"above {self.above:g}")
        if self.words:
            rules.append(f"one of {', '.join(self.words)}")
        if self.pattern:
            rules.append("a period such as 2026-10, 2026-Q3, 2026-W45 or 2026")
        return "; ".join(rules)


@dataclass(frozen=True)
class Shape:
    """One of the shapes a table may be exported in: what must be mapped, and what dates a row."""

    required: tuple[str, ...]
    dated: str
    key: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """One canonical table.

    `key`: the columns that tell rows apart, used where the first of them is mapped (the others as far as they
    are mapped); without one, equal rows are different facts. `dated`: the column without which a row stands
    outside dated figures. `one_of`: groups of columns of which one must be mapped. `shapes`: for a table that
    exports deliver in several forms; `required`, `dated` and `key` are then the shape's.
    """

    grain: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    dated: str | None = None
    one_of: tuple[tuple[str, ...], ...] = ()
    shapes: dict[str, Shape] | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns, in their order."""
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column:
        """The column `name`; KeyError where the table has none."""
        return next(column for column in self.columns if column.name == name)


UPDATED = Column(
    "updated_at", "timestamp", "when the source last changed the row; of two rows the later holds"
)


def _table(
    grain: str,
    *columns: Column,
    key: tuple[str, ...] = (),
    dated: str | None = None,
    one_of: tuple[tuple[str, ...], ...] = (),
    shapes: dict[str, Shape] | None = None,
) -> Table:
    return Table(grain, (*columns, UPDATED), key, dated, one_of, shapes)


def _id(name: str, doc: str) -> Column:
    """An identifier that every row must have."""
    return Column(name, "text", doc, required=True, filled=True)


def _text(name: str, doc: str, words: tuple[str, ...] = ()) -> Column:
    return Column(name, "text", doc, words=words)


def _at(name: str, doc: str, required: bool = False) -> Column:
    """An instant of what has happened."""
    return Column(name, "timestamp", doc, required=required, happened=True)


def _on(name: str, doc: str, required: bool = False, happened: bool = True) -> Column:
    return Column(name, "date", doc, required=required, happened=happened)


def _month(doc: str, required: bool = True) -> Column:
    return Column("month_on", "month", doc, required=required, happened=True)


def _amount(name: str, doc: str, required: bool = False) -> Column:
    return Column(name, "money", doc, required=required, filled=required)


ACCOUNT = _text("account_id", "the account it belongs to")
CURRENCY = _text("currency", "the currency the amounts were in; null is the reporting currency")
SEGMENT = _text("segment", "the market segment")
CHANNEL = _text("channel", "the channel, from source and medium")
SOURCE = _text("source", "where it came from")
MEDIUM = _text("medium", "by what means it came")
CAMPAIGN = _text("campaign", "the campaign")
OWNER = _text("owner", "the person responsible")

TABLES: dict[str, Table] = {
    "accounts": _table(
        "account",
        _id("account_id", "the account"),
        _on("started_on", "the first day as a customer; null is a prospect"),
        _text("name", "its name"),
        SEGMENT,
        CHANNEL,
        SOURCE,
        MEDIUM,
        CAMPAIGN,
        _text("use_case", "what it uses the product for"),
        _text("industry", "its industry"),
        _text("region", "its region"),
        _text("plan_tier", "its plan"),
        _text("onboarding_path", "how it was onboarded"),
        Column("is_icp", "boolean", "fits the ideal customer profile"),
        Column("is_internal", "boolean", "our own or a test account; it and all its rows are left out"),
        Column("is_target", "boolean", "is on the list of target accounts"),
        _on("target_from", "the first day on that list", happened=False),
        _on("target_to", "the first day no longer on that list; may lie ahead", happened=False),
        _on("kickoff_on", "the day its onboarding began"),
        _text("parent_id", "the account it is part of"),
        OWNER,
        key=("account_id",),
    ),
    "account_changes": _table(
        "change",
        _id("account_id", "the account that changed"),
        _on("changed_on", "the first day with the new value", required=True),
        _id("column", "the column of accounts that changed"),
        Column("value", "text", "the value from that day on, as text", required=True),
        key=("account_id", "changed_on", "column"),
        dated="changed_on",
    ),
    "owners": _table(
        "person",
        _id("owner", "the person"),
        _text("team", "the team"),
        _text("territory", "the territory"),
        _text("function", "the function: sales, marketing, customer_success"),
        _on("started_on", "the first day in the job", happened=False),
        key=("owner",),
    ),
    "identities": _table(
        "known id",
        _text("anonymous_id", "the visitor before it was known"),
        _text("user_id", "the person"),
        _id("account_id", "the account it turned out to be"),
        _at("linked_at", "when that became known"),
        one_of=(("anonymous_id", "user_id"),),
    ),
    "touches": _table(
        "touch",
        _at("touched_at", "when it happened", required=True),
        ACCOUNT,
        _text("anonymous_id", "the visitor"),
        _text("lead_id", "the lead"),
        Column("source", "text", SOURCE.doc, required=True),
        Column("medium", "text", MEDIUM.doc, required=True),
        CAMPAIGN,
        _text("content", "the variant of the advertisement"),
        _text("term", "the search term"),
        one_of=(("account_id", "anonymous_id", "lead_id"),),
        dated="touched_at",
    ),
    "traffic": _table(
        "day or month x source x medium",
        _on("day_on", "the day"),
        _month("the month", required=False),
        Column("source", "text", SOURCE.doc, required=True),
        Column("medium", "text", MEDIUM.doc, required=True),
        CAMPAIGN,
        Column("impressions", "integer", "impressions", least=0),
        Column("sessions", "integer", "sessions", least=0),
        Column("visitors", "integer", "visitors; they do not add up over days", least=0),
        one_of=(("day_on", "month_on"),),
    ),
    "leads": _table(
        "lead",
        _id("lead_id", "the lead"),
        _at("created_at", "when it was created", required=True),
        ACCOUNT,
        _text("opportunity_id", "the opportunity it became"),
        SOURCE,
        MEDIUM,
        CHANNEL,
        SEGMENT,
        _text("persona", "the role of the person"),
        OWNER,
        Column("score", "number", "its score"),
        _at("mql_at", "when marketing qualified it"),
        _at("sal_at", "when sales accepted it"),
        _at("sql_at", "when sales qualified it"),
        _at("sqo_at", "when it became a qualified opportunity"),
        _at("assigned_at", "when it was assigned"),
        _at("first_response_at", "when it was first answered"),
        _text("status", "its status"),
        key=("lead_id",),
        dated="created_at",
    ),
    "opportunities": _table(
        "opportunity",
        _id("opportunity_id", "the opportunity"),
        _at("created_at", "when it was created", required=True),
        ACCOUNT,
        _text("subscription_id", "the subscription it is about"),
        _text("kind", "what it sells; null is new", KINDS),
        _text("stage", "the current stage: one of [pipeline] stages, won or lost"),
        _amount("amount", "first-year recurring value"),
        CURRENCY,
        Column("term_months", "integer", "length of the contract", above=0),
        _text("product", "the product"),
        _at("accepted_at", "when sales accepted it"),
        _on("expected_close_on", "when it is expected to close; may lie ahead", happened=False),
        _on("closed_on", "the day it was won or lost"),
        SEGMENT,
        _text("use_case", "what the product is for"),
        _text("persona", "the role of the buyer"),
        CHANNEL,
        OWNER,
        key=("opportunity_id",),
        dated="created_at",
    ),
    "stage_changes": _table(
        "change; a row may repeat the stage",
        _id("opportunity_id", "the opportunity"),
        _id("stage", "the stage from then on: one of [pipeline] stages, won or lost"),
        _at("entered_at", "when it entered the stage", required=True),
        _amount("amount", "the amount from then on, in the currency of its opportunity"),
        _on("expected_close_on", "the expected close from then on; may lie ahead", happened=False),
        OWNER,
        dated="entered_at",
    ),
    "subscriptions": _table(
        "line, in one of three shapes",
        _id("account_id", "the account that pays"),
        _text("subscription_id", "the subscription"),
        _on("started_on", "periods: the first day it holds"),
        _on("ended_on", "periods: the first day without it, null is open; may lie ahead", happened=False),
        _on("changed_on", "changes: the day from which the amount holds"),
        _month("snapshots: the month in which the amount holds", required=False),
        _amount("mrr_amount", "monthly recurring revenue of the line"),
        _text("plan", "the plan"),
        _text("status", "the status; [subscriptions] counts says which carry MRR; null does", STATUSES),
        CURRENCY,
        Column("price_amount", "money", "the price of one unit for one interval, instead of mrr_amount"),
        Column("quantity", "integer", "the units priced; null is 1", least=0),
        _text("interval", "the interval of the price", INTERVALS),
        Column("interval_count", "integer", "intervals the price covers; null is 1", above=0),
        _on("term_ends_on", "when the term ends and a renewal is due; may lie ahead", happened=False),
        _on("cancel_requested_on", "the day a cancellation was asked for"),
        one_of=(("mrr_amount", "price_amount"),),
        shapes={
            "periods": Shape(
                ("account_id", "started_on"), "started_on", ("subscription_id", "plan", "started_on")
            ),
            "changes": Shape(("account_id", "changed_on"), "changed_on"),
            "snapshots": Shape(
                ("account_id", "month_on"), "month_on", ("subscription_id", "plan", "month_on")
            ),
        },
    ),
    "events": _table(
        "product event",
        _at("occurred_at", "when it happened", required=True),
        _id("event", "what happened"),
        ACCOUNT,
        _text("user_id", "the person"),
        _text("anonymous_id", "the visitor"),
        _text("user_role", "the role of the person"),
        _text("plan_tier", "the plan at that time"),
        SEGMENT,
        one_of=(("account_id", "user_id", "anonymous_id"),),
        dated="occurred_at",
    ),
    "spend": _table(
        "posting",
        _month("the month it belongs to", required=False),
        _on("day_on", "the day it belongs to"),
        _amount("amount", "the cost", required=True),
        _id("function", "who spent it: sales, marketing, customer_success, ..."),
        _text("category", "media, tools, payroll, agency, sales_engineering, ..."),
        _text("purpose", "what it was for", ("new", "expansion", "retention")),
        CHANNEL,
        SOURCE,
        MEDIUM,
        SEGMENT,
        CURRENCY,
        one_of=(("month_on", "day_on"),),
    ),
    "finance": _table(
        "month",
        _month("the month"),
        _amount("revenue_amount", "recognised revenue"),
        _amount("cogs_amount", "cost of goods sold"),
        _amount("subscription_revenue_amount", "recognised subscription revenue"),
        _amount("subscription_cogs_amount", "cost of the subscription revenue"),
        _amount("sales_amount", "sales cost"),
        _amount("marketing_amount", "marketing cost"),
        _amount("customer_success_amount", "customer success cost"),
        _amount("rnd_amount", "research and development cost"),
        _amount("ga_amount", "general and administrative cost"),
        _amount("cash_amount", "cash at the end of the month"),
        key=("month_on",),
    ),
    "targets": _table(
        "period x metric",
        Column("period", "text", "the period", required=True, filled=True, pattern=PERIOD),
        _id("metric", "the metric"),
        Column("value", "number", "the target, in the metric's own unit", required=True, filled=True),
        SEGMENT,
        CHANNEL,
        OWNER,
        key=("period", "metric", "segment", "channel", "owner"),
    ),
    "churn_events": _table(
        "churn",
        _id("account_id", "the account that left"),
        _on("churned_on", "the day it left", required=True),
        Column("reason", "text", "the reason code", required=True),
        _text("category", "the category of the reason"),
        _text("detail", "what was said"),
        _text("source", "who said so", ("customer", "csm", "system")),
        dated="churned_on",
    ),
    "health_scores": _table(
        "score",
        _id("account_id", "the account"),
        _on("scored_on", "the day", required=True),
        Column("score", "number", "the score", required=True, filled=True),
        _text("band", "the band the score falls in"),
        key=("account_id", "scored_on"),
        dated="scored_on",
    ),
    "tickets": _table(
        "ticket",
        _id("ticket_id", "the ticket"),
        _id("account_id", "the account that asked"),
        _at("opened_at", "when it was opened", required=True),
        _at("first_response_at", "when it was first answered"),
        _at("closed_at", "when it was closed"),
        key=("ticket_id",),
        dated="opened_at",
    ),
    "activities": _table(
        "activity",
        _at("occurred_at", "when it happened", required=True),
        _id("kind", "what was done"),
        ACCOUNT,
        _text("lead_id", "the lead"),
        _text("opportunity_id", "the opportunity"),
        OWNER,
        Column("is_automated", "boolean", "done by a machine"),
        dated="occurred_at",
    ),
    "surveys": _table(
        "response",
        _on("answered_on", "the day", required=True),
        Column("kind", "text", "the survey", required=True, filled=True, words=("nps", "csat")),
        Column("score", "number", "the score", required=True, filled=True),
        ACCOUNT,
        dated="answered_on",
    ),
    "inputs": _table(
        "period x name",
        Column("period", "text", "the period", required=True, filled=True, pattern=PERIOD),
        _id("name", "what was counted"),
        Column("value", "number", "how much", required=True, filled=True),
        key=("period", "name"),
    ),
    "exchange_rates": _table(
        "month x currency",
        Column("month_on", "month", "the month", required=True, filled=True, happened=True),
        Column("currency", "text", "the currency", required=True, filled=True),
        Column(
            "rate", "number", "reporting currency for one unit of it", required=True, filled=True, above=0
        ),
        key=("month_on", "currency"),
    ),
}


def dictionary() -> str:
    """The data dictionary: every canonical table with its columns, kinds and rules, as Markdown.

    Columns in bold must be mapped where the table is given.
    """
    return "\n".join(["## Data dictionary", "", *_lines()]) + "\n"


def _lines() -> Iterator[str]:
    yield "Every table is optional. Columns in bold must be mapped where their table is given."
    for name, table in TABLES.items():
        yield from ("", f"### {name}", "", f"One row: {table.grain}.{_keys(table)}")
        for columns in table.one_of:
            yield f"One of {', '.join(columns)} must be mapped."
        for shape, form in (table.shapes or {}).items():
            yield f"Shape `{shape}`: {', '.join(f'**{column}**' for column in form.required)}."
        yield from ("", "| column | kept as | what it says | rule |", "|---|---|---|---|")
        for column in table.columns:
            shown = f"**{column.name}**" if column.required else column.name
            yield f"| {shown} | {STORED[column.kind]} | {column.doc} | {column.rule} |"


def _keys(table: Table) -> str:
    return f" Told apart by {', '.join(table.key)}." if table.key else ""
