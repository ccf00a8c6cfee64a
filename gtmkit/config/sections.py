"""The sections of gtm.toml: each a frozen set of keys with exact types, defaults and limits."""

import codecs
import re
from datetime import date
from typing import Annotated, Literal, Self
from zoneinfo import available_timezones

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, field_validator, model_validator

from gtmkit.errors import did_you_mean

WEEKDAYS = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]

Words = Annotated[tuple[str, ...], Field(strict=False)]
Days = Annotated[int, Field(ge=1, le=3660)]
COST_CATEGORIES = ("tools", "payroll", "agency", "sales_engineering")  # without them a CAC is not loaded
Plain = str | int | float | bool | date


class Section(BaseModel):
    """A part of gtm.toml: frozen, of exact types, and closed to keys it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Company(Section):
    """[company]: who the review is about, and its calendar."""

    name: str = ""
    currency: str = "USD"
    timezone: str = "UTC"
    fiscal_year_start: int = Field(default=1, ge=1, le=12)
    week_start: WEEKDAYS = "monday"
    cohort_unit: Literal["account"] = "account"

    @field_validator("currency")
    @classmethod
    def _currency(cls, value: str) -> str:
        if not re.fullmatch(r"[A-Z]{3}", value):
            raise ValueError("it must be a currency code of three capitals, such as 'USD'")
        return value

    @field_validator("timezone")
    @classmethod
    def _timezone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError(f"no such time zone.{did_you_mean(value, available_timezones())}")
        return value


class Suppress(Section):
    """[suppress]: from which denominator a share of counts is shown."""

    min_n: int = Field(default=20, ge=0)


class Retention(Section):
    """[retention]: months a closed cohort is followed, and how cohorts are cut."""

    window_months: int = Field(default=12, ge=1, le=60)
    cohort: Literal["month", "quarter", "year"] = "month"


class Pipeline(Section):
    """[pipeline]: the open stages in their order, the two ends, and the windows of the rates."""

    stages: Words = ()
    won: str = "closed_won"
    lost: str = "closed_lost"
    kinds: Words = ("new", "expansion")
    stage_window_days: Days = 90
    accept_window_days: Days = 30
    close_window_days: Days = 180
    stale_days: Days = 30

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        names = [*self.stages, self.won, self.lost]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"stages, won and lost must all differ; twice: {', '.join(twice)}")
        return self

    @field_validator("kinds")
    @classmethod
    def _kinds(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        known = ("new", "expansion", "renewal")
        unknown = [kind for kind in value if kind not in known]
        if unknown or not value:
            raise ValueError(f"it must list one or more of {', '.join(known)}")
        return value


class Condition(Section):
    """A condition of activation: so many of an event, at any time or within some span of days."""

    event: str
    at_least: int = Field(default=1, ge=1)
    within_days: Days | None = None
    distinct: Literal["user_id"] | None = None


class Milestone(Condition):
    """The second milestone: a condition with a window of its own, counted from the start as the rule's is."""

    window_days: Days | None = None


class Activation(Section):
    """[activation]: what an account must have done, within how many days of its start."""

    window_days: Days = 30
    conditions: Annotated[tuple[Condition, ...], Field(strict=False)] = ()
    second: Milestone | None = None


class Cac(Section):
    """[cac]: which months' cost belongs to a month's customers, and how shared cost is spread."""

    lag_months: int = Field(default=3, ge=0, le=24)
    window_months: int = Field(default=3, ge=1, le=24)
    allocation: Literal["pipeline", "logos", "paid", "none"] = "pipeline"
    not_applicable: Words = ()

    @field_validator("not_applicable")
    @classmethod
    def _categories(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [category for category in value if category not in COST_CATEGORIES]
        if unknown:
            raise ValueError(f"it may list {', '.join(COST_CATEGORIES)}")
        return value


class Ltv(Section):
    """[ltv]: the months of a customer's life that count, the same for every row."""

    horizon_months: int = Field(default=36, ge=1, le=60)


class Finance(Section):
    """[finance]: on which side of gross margin the cost of customer success stands."""

    customer_success: Literal["opex", "cogs"] = "opex"


class Reason(Section):
    """[churn.reasons.CODE]: what a reason code of the forced choice means."""

    category: str = ""
    is_involuntary: bool = False


class Churn(Section):
    """[churn]: the reasons of which one must be given when a customer leaves."""

    reasons: dict[str, Reason] = {}


class Event(Section):
    """[events.NAME]: what kind of act an event is, the columns it must fill, and whether it is a conversion."""

    kind: Literal["product", "contract", "billing"] = "product"
    required: Words = ()
    is_conversion: bool = False


class NorthStar(Section):
    """[north_star]: who counts (`unit`), once it did one of the events so often in a week or month (`per`)."""

    label: str = "North Star"
    unit: Literal["account", "user", "event"] = "account"
    events: Words = Field(default=(), validate_default=True)
    at_least: int = Field(default=1, ge=1)
    per: Literal["week", "month"] = "week"
    icp_only: bool = False

    @field_validator("events")
    @classmethod
    def _named(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value:
            raise ValueError("it must list one or more product events, such as ['workflow_completed']")
        return value


class Guardrail(Section):
    """[guardrails.ID]: what a metric must not fall below, or not rise above, while the North Star improves."""

    at_least: float | None = None
    at_most: float | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError("give at_least or at_most, one of the two")
        return self


class Active(Section):
    """[active]: what makes an account active in a span: so many of the events (of none named: any product event)."""

    events: Words = ()
    at_least: int = Field(default=1, ge=1)


class Channel(Section):
    """[[channels]]: what a channel is for, and the source and medium it is known by; the first that fits holds."""

    channel: str
    source: str | None = None
    medium: str | None = None
    intent: Literal["capture", "creation"] | None = None
    motion: Literal["inbound", "outbound", "partner", "product"] | None = None


class Attribution(Section):
    """[attribution]: by which rule an account or opportunity has its channel.

    `declared` takes what the tables say; `first_touch` and `last_touch` the first or last touch in the `window_days`
    before the account started or the opportunity was created.
    """

    rule: Literal["declared", "first_touch", "last_touch"] = "declared"
    window_days: Days = 90


class Leads(Section):
    """[leads]: within how many days a lead must take its next step, or lead to an accepted opportunity."""

    step_window_days: Days = 30
    opportunity_window_days: Days = 90


class Sla(Section):
    """[sla]: within how many hours a lead must have had its first answer."""

    first_response_hours: int = Field(default=24, ge=1, le=8760)


class Renewals(Section):
    """[renewals]: how long a term is, how late a renewal may still come, and how far ahead dues are listed.

    `term_months`: terms recur that often, since an export writes the next end of a term over the last one; 0
    takes only the ends that are written.
    """

    term_months: int = Field(default=12, ge=0, le=120)
    grace_days: Days = 30
    ahead_days: Days = 90


class Process(Section):
    """[processes.ID]: whether a process that metrics depend on is at work, and when somebody last looked at it."""

    status: Literal["in_place", "partial", "missing"]
    reviewed_on: date | None = None


class Readings(Section):
    """[readings]: the limits beyond which figures read together say something that neither says alone."""

    net_at_least: float = Field(default=1.0, gt=0)
    gross_below: float = Field(default=0.85, gt=0, le=1)
    logo_over_gross: float = Field(default=0.05, gt=0, le=1)
    top_channel_share: float = Field(default=0.5, gt=0, le=1)


# What a page of the whole system shows: outcomes, GTM outputs, value signals, inputs.
LINES = (
    "arr", "net_revenue_retention",
    "pipeline_created", "win_rate", "sales_cycle", "cac",
    "activation_rate", "time_to_value", "cohort_retention",
    "spend", "activity_volume", "content_shipped", "sla_compliance",
)  # fmt: skip


class Scorecard(Section):
    """[scorecard]: its lines and the columns of its focus table; without them those of the article."""

    lines: Words = LINES
    focus: Words = ("segment", "use_case", "channel")


Cadence = Literal["week", "month", "quarter"]


class Subscriptions(Section):
    """[subscriptions]: which statuses carry MRR, and how the export writes the end."""

    counts: Words = ("active", "past_due", "canceled")
    ended_on: Literal["first_day_without", "last_day_with"] = "first_day_without"


class Engine(Section):
    """[engine]: what the embedded engine may use."""

    memory_limit: str = "1GB"

    @field_validator("memory_limit")
    @classmethod
    def _size(cls, value: str) -> str:
        if not re.fullmatch(r"[1-9]\d*(\.\d+)? ?(MB|GB)", value):
            raise ValueError("it must be a size such as '1GB' or '800MB'")
        return value


class Metric(Section):
    """[metric.ID]: what is agreed about one metric; `decision` is what its owner decides by it."""

    target: float | None = None
    owner: str | None = None
    decision: str | None = None
    next_review: date | None = None
    version: int = Field(default=1, ge=1)
    truth: str | None = None


class Change(Section):
    """[[change]]: a change of definition that readers must know of."""

    on: date
    metric: str
    note: str


class AllowedFile(Section):
    """The values of one column of a file, as the allowed values of a column."""

    path: str
    column: str


def _list_or_file(value: object) -> str:
    return "(file)" if isinstance(value, dict | AllowedFile) else "(list)"


Allowed = Annotated[
    Annotated[Words, Tag("(list)")] | Annotated[AllowedFile, Tag("(file)")], Discriminator(_list_or_file)
]


class Table(Section):
    """[tables.NAME]: where a table comes from, and how its columns and values map."""

    path: str
    format: Literal["csv", "parquet"] | None = None
    delimiter: str = ","
    quote: str = '"'
    encoding: str = "utf-8"
    header: bool = True
    date_format: str | None = None
    date_formats: dict[str, str] = {}
    decimal: Literal[".", ","] = "."
    key: Words | None = None
    through: date | None = None
    settles_days: int = Field(default=0, ge=0)
    max_rejected: float = Field(default=0.0, ge=0, le=1)
    columns: dict[str, str] | None = None
    constants: dict[str, Plain] = {}
    values: dict[str, dict[str, Plain]] = {}
    allowed: dict[str, Allowed] = {}
    shape: Literal["periods", "changes", "snapshots"] = "periods"

    @property
    def is_parquet(self) -> bool:
        """Whether the files are Parquet: as `format` says, else by the suffix of the path."""
        return self.format == "parquet" or (self.format is None and self.path.endswith(".parquet"))

    @field_validator("path")
    @classmethod
    def _path(cls, value: str) -> str:
        if "://" in value:
            raise ValueError("it must be a path on this machine, not an address")
        if not value.strip() or "\0" in value:
            raise ValueError("it must name a file, or several with * and ?")
        return value

    @field_validator("delimiter")
    @classmethod
    def _delimiter(cls, value: str) -> str:
        if len(value) != 1 or value in '\r\n\0"':
            raise ValueError(r"it must be one character, such as ',' or ';' or '\t'")
        return value

    @field_validator("quote")
    @classmethod
    def _quote(cls, value: str) -> str:
        if len(value) > 1 or (value and value in "\r\n\0"):
            raise ValueError("it must be one character, or '' where nothing is quoted")
        return value

    @field_validator("encoding")
    @classmethod
    def _encoding(cls, value: str) -> str:
        try:
            return codecs.lookup(value).name
        except LookupError:
            raise ValueError("no such encoding; utf-8, utf-16, cp1252 and latin-1 are usual") from None
