"""What the parameters cell of a notebook allows, checked before anything is started.

A parameter is one line: `window_days: int = 90  # days to reach the next stage (7 to 365)`. The type is its
annotation; the comment is its help, and may end with its range, `(7 to 365)`, or its words,
`(one of month, quarter, year)`.
"""

import ast
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gtmkit.errors import ConfigError, did_you_mean
from gtmkit.report.engine import papermill

OWN = {"period": "--period", "workspace": "--workspace", "where": "--where"}  # given by the run itself
NEEDED = ("period", "workspace")  # of these, what no notebook can do without
GRAINS = ("week", "month", "quarter", "year")
RANGE = re.compile(r"\((-?[\d.]+) to (-?[\d.]+)\)\s*$")
WORDS = re.compile(r"\(one of ([^()]+)\)\s*$")
TYPES = ("str", "int", "float", "bool")


@dataclass(frozen=True)
class Parameter:
    """One parameter of one notebook: its type, its default as Python text, its help."""

    name: str
    type: str
    default: str
    help: str

    def read(self, text: str) -> Any:
        """The value that `text` stands for.

        Raises ConfigError if it is not of the type, or outside what the help allows.
        """
        value = _as_type(text.strip(), self.type)
        if value is None:
            raise ConfigError(f"{self.name} = {text!r} is not {_a(self.type)}. {self._allowed()}")
        if (ends := RANGE.search(self.help)) and not float(ends[1]) <= float(value) <= float(ends[2]):
            raise ConfigError(f"{self.name} = {text} is out of range. {self._allowed()}")
        if (named := WORDS.search(self.help)) and str(value) not in (words := re.split(r",\s*", named[1])):
            raise ConfigError(
                f"{self.name} = {text!r} is not allowed.{did_you_mean(text, words)} {self._allowed()}"
            )
        return value

    def _allowed(self) -> str:
        """What the parameter takes, in a sentence, with its default."""
        told = f" ({self.help})" if self.help else ""
        return f"Allowed is {_a(self.type)}{told}. Leave it out for {self.default}."


def parameters_of(notebook: Path) -> dict[str, Parameter]:
    """The parameters of a notebook by name.

    Raises ConfigError if it is no notebook, has not exactly one parameters cell, or lacks one of the two
    parameters that a run gives, `period` and `workspace`.
    """
    try:
        cells = papermill.iorw.load_notebook_node(str(notebook)).cells
        found = papermill.inspect_notebook(as_papermill_takes_it(notebook))
    except Exception as error:  # whatever json, nbformat and papermill raise: the file cannot be read
        raise ConfigError(
            f"{notebook.name} is not a notebook that can be read ({type(error).__name__}). "
            "A notebook of format 4 is needed. Open and save it in JupyterLab."
        ) from error
    count = sum("parameters" in cell.metadata.get("tags", []) for cell in cells)
    if count != 1:
        raise ConfigError(
            f"{notebook.name} has {count} cells tagged 'parameters'. One is needed. Tag one, no other."
        )
    for name in NEEDED:
        if name not in found:
            raise ConfigError(
                f"{notebook.name} has no parameter '{name}'. Every notebook takes period and workspace. "
                f'Write a line `{name}: str = "..."  # what it is` in its parameters cell.'
            )
    return {name: _parameter(words, notebook) for name, words in found.items()}


def grains_of(notebook: Path) -> list[str]:
    """The lengths of period that a notebook takes, as the comment of its parameter `period` names them.

    Raises ConfigError if it is no notebook. One that names none takes months.
    """
    named = set(re.findall(r"\w+", parameters_of(notebook)["period"].help))
    return [grain for grain in GRAINS if grain in named] or ["month"]


def checked(notebooks: Sequence[Path], asked: Mapping[str, str]) -> dict[Path, dict[str, Any]]:
    """The values that each notebook is run with, typed: of `asked` those it has.

    Raises ConfigError, naming every fault, if a parameter is unknown to all of them, misspelt, of the wrong
    type or out of range.
    """
    known = {notebook: parameters_of(notebook) for notebook in notebooks}
    names = sorted({name for parameters in known.values() for name in parameters if name not in OWN})
    faults = []
    for name in asked:
        if name in OWN:
            faults.append(f"'{name}' is not set as a parameter. It is the run's own. Use {OWN[name]}.")
        elif name not in names:
            faults.append(
                f"No notebook has a parameter '{name}'.{did_you_mean(name, names)} "
                f"Allowed: {', '.join(names) or 'none'}. Correct the name or leave it out."
            )
    values: dict[Path, dict[str, Any]] = {notebook: {} for notebook in notebooks}
    for notebook, parameters in known.items():
        for name, text in asked.items():
            if name in parameters and name not in OWN:
                try:
                    values[notebook][name] = parameters[name].read(text)
                except ConfigError as fault:
                    faults.append(f"{notebook.name}: {fault}")
    if faults:
        raise ConfigError("\n".join(faults))
    return values


def _parameter(words: Mapping[str, Any], notebook: Path) -> Parameter:
    default, told = str(words["default"]).strip(), str(words["help"]).strip()
    kind = str(words["inferred_type_name"]).strip("'\" ")
    if kind in ("", "None"):
        kind = type(_literal_value(default)).__name__
    if kind not in TYPES:
        raise ConfigError(
            f"{notebook.name}: the parameter '{words['name']}' is of type {kind}. "
            f"Allowed: {', '.join(TYPES)}. Annotate it with one of these."
        )
    return Parameter(words["name"], kind, default, told)


def _as_type(text: str, kind: str) -> Any:
    if kind == "str":
        return text
    if kind == "int":
        return int(text) if re.fullmatch(r"[+-]?\d{1,18}", text, re.ASCII) else None
    if kind == "bool":
        return {"true": True, "false": False}.get(text.lower())
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _literal_value(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (SyntaxError, ValueError):
        return None


def _a(kind: str) -> str:
    return {"str": "a text", "int": "a whole number", "float": "a number", "bool": "true or false"}[kind]


def as_papermill_takes_it(path: Path) -> str:
    """A path as papermill takes it: it would read braces as a place to fill in."""
    return str(path).replace("{", "{{").replace("}", "}}")
