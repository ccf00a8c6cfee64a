"""gtm.toml read into typed, frozen settings; every key is known and checked, and no secret is among them."""

import codecs
import re
import tomllib
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self, get_args, get_origin
from zoneinfo import available_timezones

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    PrivateAttr,
    Tag,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails

from gtmkit.errors import ConfigError, did_you_mean

FILE = "gtm.toml"
WEEKDAYS = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]

Words = Annotated[tuple[str, ...], Field(strict=False)]
Days = Annotated[int, Field(ge=1, le=3660)]
COST_CATEGORIES = ("tools", "payroll", "agency", "sales_engineering")  # without them a CAC is not loaded
Plain = str | int | float | bool | date
# Steps of pydantic's path that name a branch of a union, which the file does not have.
BRANCHES = {"(list)", "(file)", "str", "int", "float", "bool", "date"}


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
    """[events.NAME]: what kind of act an event is."""

    kind: Literal["product", "contract", "billing"] = "product"


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
    """[metric.ID]: what is agreed about one metric."""

    target: float | None = None
    owner: str | None = None
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


class Config(Section):
    """The settings of one workspace, as its gtm.toml gives them."""

    company: Company = Company()
    suppress: Suppress = Suppress()
    retention: Retention = Retention()
    pipeline: Pipeline = Pipeline()
    activation: Activation = Activation()
    cac: Cac = Cac()
    ltv: Ltv = Ltv()
    finance: Finance = Finance()
    churn: Churn = Churn()
    events: dict[str, Event] = {}
    subscriptions: Subscriptions = Subscriptions()
    engine: Engine = Engine()
    metric: dict[str, Metric] = {}
    change: Annotated[tuple[Change, ...], Field(strict=False)] = ()
    tables: dict[str, Table] = {}

    _file: Path = PrivateAttr(default=Path(FILE))
    LIFTED: ClassVar[tuple[str, ...]] = ("counts", "ended_on")

    @model_validator(mode="after")
    def _activation_is_behaviour(self) -> Self:
        second = self.activation.second
        for condition in [*self.activation.conditions, *([second] if second else [])]:
            known = self.events.get(condition.event)
            if known and known.kind != "product":
                raise ValueError(
                    f"activation is what an account does, and '{condition.event}' is a {known.kind} event. "
                    "Name a product event in [activation]"
                )
        return self

    @property
    def file(self) -> Path:
        """The gtm.toml these settings were read from."""
        return self._file

    @classmethod
    def load(cls, folder: Path) -> "Config":
        """The settings of the workspace `folder`, from its gtm.toml.

        Keys that are absent take their defaults; `company.name` is then the folder's name.

        Raises ConfigError, naming every fault with its key: no such folder, no gtm.toml, not TOML, an unknown
        key (with a suggestion), a value of the wrong type or out of range.
        """
        folder = Path(folder)
        file = folder / FILE
        settings = _parsed(folder, file)
        try:
            _lift(settings)
            config = cls.model_validate(settings)
        except ValidationError as error:
            raise ConfigError("\n".join(_said(file, fault) for fault in error.errors())) from None
        except ValueError as error:
            raise ConfigError(f"{file}: {error}") from None
        if not config.company.name:
            company = config.company.model_copy(update={"name": folder.resolve().name})
            config = config.model_copy(update={"company": company})
        config._file = file
        return config


def _parsed(folder: Path, file: Path) -> dict[str, Any]:
    if not folder.is_dir():
        raise ConfigError(
            f"There is no workspace '{folder}'. A workspace is a folder with a {FILE}. "
            f"Check the path, or name another folder with --workspace."
        )
    if not file.is_file():
        raise ConfigError(
            f"The folder '{folder}' has no {FILE}. A workspace says there where its tables come from. "
            f"Copy the {FILE} of data/sample and change it, or name another folder with --workspace."
        )
    try:
        return tomllib.loads(file.read_bytes().decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = file.read_bytes()[: error.start].count(b"\n") + 1
        raise ConfigError(f"{file}, line {line}: not UTF-8. Save the file as UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{file} is not TOML: {error}. Correct that line.") from None


def _lift(settings: dict[str, Any]) -> None:
    """Let [tables.subscriptions] say what [subscriptions] says, so that readers look in one place."""
    tables = settings.get("tables")
    entry = tables.get("subscriptions") if isinstance(tables, dict) else None
    if not isinstance(entry, dict):
        return
    for key in Config.LIFTED:
        if key not in entry:
            continue
        section = settings.setdefault("subscriptions", {})
        if key in section and section[key] != entry[key]:
            raise ValueError(
                f"subscriptions.{key} and tables.subscriptions.{key} differ. Keep one of the two."
            )
        section[key] = entry.pop(key)


EXPECTED = {
    "tuple_type": "must be a list",
    "model_type": "must be a section of keys",
    "dict_type": "must be a section of keys",
    "string_type": "must be text in quotes",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "bool_type": "must be true or false",
    "date_type": "must be a date such as 2026-10-31, without quotes",
}


def _said(file: Path, fault: ErrorDetails) -> str:
    """One fault of the settings in words: where, what is wrong, what is allowed."""
    path = [part for part in fault["loc"] if part not in BRANCHES]
    key = _dotted(path)
    if fault["type"] == "extra_forbidden":
        options = sorted(_keys(path[:-1]))
        where = f"'{_dotted(path[:-1])}'" if path[:-1] else "the file"
        return (
            f"{file}: unknown key '{key}'.{did_you_mean(str(path[-1]), options)} "
            f"Allowed in {where}: {', '.join(options)}."
        )
    if fault["type"] == "missing":
        return f"{file}: the key '{key}' is missing. Add it."
    message = fault["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
    message = EXPECTED.get(fault["type"], message)
    value = fault["input"]
    shown = "" if isinstance(value, dict | list | tuple) else f" = {value!r}"
    hint = ""
    if fault["type"] == "literal_error" and isinstance(value, str):
        hint = did_you_mean(value, re.findall(r"'([^']*)'", fault["ctx"]["expected"]))
    named = f"{key}{shown}: " if key else ""
    return f"{file}: {named}{message}{'' if message.endswith(('.', '?')) else '.'}{hint}"


def _dotted(path: Iterable[int | str]) -> str:
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def _keys(path: list[int | str]) -> set[str]:
    """The keys that the section at `path` knows."""
    kind: Any = Config
    for part in path:
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            kind = kind.model_fields[str(part)].annotation
        else:
            kind = get_args(kind)[-1 if get_origin(kind) is dict else 0]
        if type(None) in get_args(kind):  # a section that may be absent
            kind = get_args(kind)[0]
        if get_origin(kind) is Annotated:  # the one union: a list of values, or the file that holds them
            kind = AllowedFile
    fields: Mapping[str, Any] = kind.model_fields
    known = set(fields)
    return known | set(Config.LIFTED) if path == ["tables", "subscriptions"] else known
