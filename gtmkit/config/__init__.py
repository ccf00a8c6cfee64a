"""gtm.toml read into typed, frozen settings; every key is known and checked, and no secret is among them."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self, get_args, get_origin

from pydantic import BaseModel, Field, PrivateAttr, ValidationError, model_validator
from pydantic_core import ErrorDetails

from gtmkit.config.sections import (
    COST_CATEGORIES,
    Activation,
    Active,
    AllowedFile,
    Attribution,
    Cac,
    Cadence,
    Change,
    Channel,
    Churn,
    Company,
    Condition,
    Engine,
    Event,
    Finance,
    Guardrail,
    Leads,
    Ltv,
    Metric,
    Milestone,
    NorthStar,
    Pipeline,
    Process,
    Readings,
    Reason,
    Renewals,
    Retention,
    Scorecard,
    Section,
    Sla,
    Subscriptions,
    Suppress,
    Table,
)
from gtmkit.errors import ConfigError, did_you_mean

__all__ = [
    "COST_CATEGORIES", "FILE", "Activation", "AllowedFile", "Attribution", "Cac", "Cadence", "Change", "Channel",
    "Company", "Condition", "Config", "Event", "Guardrail", "Milestone", "NorthStar", "Pipeline", "Process",
    "Readings", "Reason", "Suppress", "Table",
]  # fmt: skip

FILE = "gtm.toml"
# Steps of pydantic's path that name a branch of a union, which the file does not have.
BRANCHES = {"(list)", "(file)", "str", "int", "float", "bool", "date"}


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
    events: dict[str, Event] = Field(default_factory=dict)
    north_star: NorthStar | None = None
    guardrails: dict[str, Guardrail] = Field(default_factory=dict)
    active: Active = Active()
    channels: Annotated[tuple[Channel, ...], Field(strict=False)] = ()
    attribution: Attribution = Attribution()
    leads: Leads = Leads()
    sla: Sla = Sla()
    renewals: Renewals = Renewals()
    processes: dict[str, Process] = Field(default_factory=dict)
    readings: Readings = Readings()
    scorecard: Scorecard = Scorecard()
    cadence: dict[str, Cadence] = Field(default_factory=dict)
    glossary: dict[str, str] = Field(default_factory=dict)
    subscriptions: Subscriptions = Subscriptions()
    engine: Engine = Engine()
    metric: dict[str, Metric] = Field(default_factory=dict)
    change: Annotated[tuple[Change, ...], Field(strict=False)] = ()
    tables: dict[str, Table] = Field(default_factory=dict)

    _file: Path = PrivateAttr(default=Path(FILE))
    LIFTED: ClassVar[tuple[str, ...]] = ("counts", "ended_on")

    @model_validator(mode="after")
    def _use_is_behaviour(self) -> Self:
        second = self.activation.second
        rules = [*self.activation.conditions, *([second] if second else [])]
        named = [("activation", rule.event) for rule in rules]
        named += [("north_star", event) for event in (self.north_star.events if self.north_star else ())]
        named += [("active", event) for event in self.active.events]
        for section, event in named:
            known = self.events.get(event)
            if known and known.kind != "product":
                raise ValueError(
                    f"{section} is what an account does, and '{event}' is a {known.kind} event. "
                    f"Name a product event in [{section}]"
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
