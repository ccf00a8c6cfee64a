"""What gtm.toml asks of each table, checked against the contracts before any row is read."""

import glob
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from gtmkit import contracts
from gtmkit.config import AllowedFile, Config, Table
from gtmkit.errors import ConfigError, did_you_mean
from gtmkit.sources.loss import listed
from gtmkit.sources.typed import Form

DIRECTIVE = re.compile("%(-?[dHIjmMSy]|[aAbBcfgGnpuUVwWxXYzZ%])")


@dataclass(frozen=True)
class Plan:
    """One table to be read: its contract, its entry in gtm.toml, and its files by name."""

    name: str
    entry: Table
    contract: contracts.Table
    folder: Path
    files: tuple[Path, ...]
    timezone: str

    @property
    def required(self) -> tuple[str, ...]:
        """The columns that must be mapped."""
        shape = self.shape.required if self.shape else ()
        return (*(column.name for column in self.contract.columns if column.required), *shape)

    @property
    def shape(self) -> contracts.Shape | None:
        """The shape the table comes in, where its contract has several."""
        return self.contract.shapes[self.entry.shape] if self.contract.shapes else None

    @property
    def dated(self) -> str | None:
        """The column without which a row stands outside dated figures."""
        return self.shape.dated if self.shape else self.contract.dated

    @property
    def columns(self) -> tuple[contracts.Column, ...]:
        """The columns a source may give: those of the table, without what belongs to its other shapes."""
        return tuple(column for column in self.contract.columns if column.name not in _absent(self))

    def key(self, mapped: Iterable[str]) -> tuple[str, ...]:
        """The columns that tell rows apart, of those mapped; empty where equal rows are different facts."""
        if self.entry.key is not None:
            return self.entry.key
        key = self.shape.key if self.shape else self.contract.key
        known = set(mapped)
        return tuple(column for column in key if column in known) if key and key[0] in known else ()

    def form(self, column: str) -> Form:
        """How the cells of `column` are written; constants are always ISO 8601 with a decimal point."""
        if column in self.entry.constants:
            return Form(self.timezone)
        date_format = self.entry.date_formats.get(column, self.entry.date_format)
        return Form(self.timezone, date_format, self.entry.decimal)

    def shown(self, file: Path) -> str:
        """A file as messages name it: from the workspace's folder on."""
        return (
            file.relative_to(self.folder).as_posix() if file.is_relative_to(self.folder) else file.as_posix()
        )


def _absent(plan: Plan) -> set[str]:
    """The columns of the shapes that the table does not come in; only periods say when they end."""
    if plan.shape is None or plan.contract.shapes is None:
        return set()
    others = {column for form in plan.contract.shapes.values() for column in form.required}
    ends = set() if plan.entry.shape == "periods" else {"ended_on"}
    return (others | ends) - set(plan.shape.required)


def plans(config: Config, folder: Path) -> list[Plan]:
    """The tables of gtm.toml, ready to be read.

    Raises ConfigError, naming every table, column and date format that is not known, and every path that
    leads to no file.
    """
    faults = [f"{config.file}: {fault}" for fault in _faults(config, folder)]
    if faults:
        raise ConfigError("\n".join(faults))
    asked = [
        Plan(
            name,
            entry,
            contracts.TABLES[name],
            folder,
            tuple(matches(folder, entry.path)),
            config.company.timezone,
        )
        for name, entry in config.tables.items()
    ]
    misplaced = [
        f"{config.file}: tables.{plan.name}.columns maps {listed(named)}, which the shape "
        f"'{plan.entry.shape}' does not have. Remove it, or correct the shape."
        for plan in asked
        if (named := sorted(_absent(plan) & ({*(plan.entry.columns or {})} | {*plan.entry.constants})))
    ]
    if misplaced:
        raise ConfigError("\n".join(misplaced))
    return asked


def matches(folder: Path, path: str) -> list[Path]:
    """The files that a path of gtm.toml names, with its * and ? spelt out, sorted."""
    whole = folder / path
    if whole.is_file():  # a name may itself hold brackets
        return [whole]
    found = glob.glob(str(whole), recursive=True)  # noqa: PTH207 - Path.glob refuses an absolute pattern
    return sorted(file for file in map(Path, found) if file.is_file())


def _faults(config: Config, folder: Path) -> Iterator[str]:
    for name, entry in config.tables.items():
        if name not in contracts.TABLES:
            yield (
                f"unknown table 'tables.{name}'.{did_you_mean(name, contracts.TABLES)} "
                f"Known tables: {', '.join(contracts.TABLES)}."
            )
            continue
        yield from _unknown_columns(name, entry)
        yield from _formats(name, entry)
        if not matches(folder, entry.path):
            yield (
                f"tables.{name}.path = '{entry.path}': there is no such file in '{folder}'. "
                f"Put the export there, correct the path, or remove [tables.{name}]."
            )
        for column, allowed in entry.allowed.items():
            if isinstance(allowed, AllowedFile) and not (folder / allowed.path).is_file():
                yield (
                    f"tables.{name}.allowed.{column}.path = '{allowed.path}': there is no such file "
                    f"in '{folder}'. Put it there, or list the allowed values."
                )


def _unknown_columns(name: str, entry: Table) -> Iterator[str]:
    known = contracts.TABLES[name].names
    named: dict[str, Iterable[str]] = {
        "columns": entry.columns or {},
        "constants": entry.constants,
        "values": entry.values,
        "allowed": entry.allowed,
        "date_formats": entry.date_formats,
        "key": entry.key or (),
    }
    for key, columns in named.items():
        for column in columns:
            if column not in known:
                yield (
                    f"unknown column '{column}' in tables.{name}.{key}.{did_you_mean(column, known)} "
                    f"Columns of {name}: {', '.join(known)}."
                )
    both = sorted(set(entry.columns or {}) & set(entry.constants))
    if both:
        yield f"tables.{name} gives {listed(both)} both in columns and in constants. Keep one of the two."
    if contracts.TABLES[name].shapes is None and "shape" in entry.model_fields_set:
        yield f"tables.{name}.shape: only subscriptions come in shapes. Remove it."


def _formats(name: str, entry: Table) -> Iterator[str]:
    formats = {"date_format": entry.date_format} if entry.date_format is not None else {}
    formats |= {f"date_formats.{column}": form for column, form in entry.date_formats.items()}
    for key, form in formats.items():
        directives = re.findall(r"%-?.?", form)
        if not directives or any(not DIRECTIVE.fullmatch(directive) for directive in directives):
            yield (
                f"tables.{name}.{key} = '{form}': not a date format. "
                f"Use %Y, %m, %d, %H, %M, %S and %z, as in '%d/%m/%Y'."
            )
