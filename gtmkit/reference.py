"""All there is to know of a metric on one page: what it means, how it is asked, what it is made of.

Nothing is written here: the definition is the docstring of the metric's function, what it needs is its
signature, the formula is its code, and the rest is its row of the catalogue.
"""

import ast
import html
import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from textwrap import dedent, fill
from typing import Any, Literal, get_args, get_origin

from gtmkit import catalog, formats, results
from gtmkit.catalog import LAYERS, Metric
from gtmkit.config import FILE, Config
from gtmkit.contracts import TABLES
from gtmkit.ledgers import LEDGERS
from gtmkit.results import Setting

WIDTH = 100  # characters of a line of text
INDENT = "    "
DOCSTRING = ("Answers", "Takes", "Returns", "Differs")
GOOD = {
    "up": "up is good news",
    "down": "down is good news",
    "neither": "neither direction is good news as such",
}
UNITS = {
    "share": "share, 0 to 1, shown in percent",
    "ratio": "ratio of two sums",
    "money": "money, in the company's currency",
    "money per day": "money a day, in the company's currency",
    "points": "points, -100 to 100",
    "count": "how many",
}


@dataclass(frozen=True)
class Part:
    """A thing that a metric is made of, with its own parts below it."""

    words: str
    parts: tuple["Part", ...] = ()


@dataclass(frozen=True, repr=False)
class Reference(formats.Shown):
    """A metric's page: terms with their lines, what it is made of, its code; HTML in a notebook, else text."""

    id: str
    label: str
    terms: dict[str, list[str]]
    made_of: tuple[Part, ...]
    code: str

    def html(self) -> str:
        """A list of terms, with nested lists for what it is made of and the code folded below."""
        terms = {name: _lines(lines) for name, lines in self.terms.items()}
        terms["Made of"] = _list(self.made_of)
        parts = "".join(
            f"<dt><strong>{formats.escape(name)}</strong></dt><dd>{text}</dd>" for name, text in terms.items()
        )
        head = f"{formats.escape(self.label)} <small><code>{formats.escape(self.id)}</code></small>"
        code = f"<details><summary>The code</summary><pre>{html.escape(self.code)}</pre></details>"
        return f'<h4>{head}</h4><dl class="defs">{parts}</dl>{code}'

    def __str__(self) -> str:
        said = [f"{self.label} ({self.id})"]
        for name, lines in self.terms.items():
            said += ["", name, *(_wrapped(line) for line in lines)]
        return "\n".join([*said, "", "Made of", *_tree(self.made_of)])


def help(metric: str) -> Reference:
    """What a metric means, how it is computed and asked, what it is made of; `win_rate.amount` is a variant.

    Raises ConfigError for an id or variant that is not in the catalogue.
    """
    row, variant = catalog.find(metric)
    label = f"{row.label} ({variant})" if variant else row.label
    return Reference(metric, label, dict(_terms(row, variant)), _parts(row, set()), _body(row.function))


def _terms(row: Metric, variant: str) -> Iterator[tuple[str, list[str]]]:
    """The terms that have something to say, in the order in which they are read."""
    asks = row.variants[variant].options if variant else {}
    unit = row.unit_with(asks)
    yield "Definition", [row.definition]
    if variant:
        told = ", ".join(f"{name}={value!r}" for name, value in asks.items())
        yield "This variant", [f"{_sentence(row.variants[variant].note)} It is the metric asked with {told}."]
    yield from _docstring(row.function)
    yield "The usual way", [_sentence(row.standard)]
    if row.departs:
        yield "Ours departs", [_sentence(row.departs)]
    yield "Unit", [f"{UNITS.get(unit, unit)}; {GOOD[row.better]}"]
    yield "Layer", [f"{row.layer}, {LAYERS[row.layer]}"]
    yield "Decision served", [row.decision.replace("_", " ")]
    yield "Source of truth", [row.truth]
    yield "Variants", [_variant(row, name) for name in row.variants] or ["none"]
    yield "by", [", ".join(row.by) or "nothing"]
    if row.axes:
        yield "Columns of its own", [", ".join(row.axes)]
    yield "Options", [_option(p) for p in row.options.values()] or ["none"]
    yield "Formula", [f"the function {row.id} of {row.function.__module__}"]
    yield "Tables in the end", [_tables_said(row.function)]


def _docstring(function: Callable[..., Any]) -> Iterator[tuple[str, list[str]]]:
    """What the docstring says below the definition, by the words with which its paragraphs begin."""
    said: dict[str, list[str]] = {}
    name = "Computed"
    for line in (inspect.getdoc(function) or "").splitlines()[1:]:
        begins, colon, rest = line.partition(": ")
        if colon and begins in DOCSTRING:
            name, line = begins, rest
        if line.strip():
            said.setdefault(name, []).append(line.strip())
    yield from ((name, [_sentence(" ".join(lines))]) for name, lines in said.items())


def _variant(row: Metric, name: str) -> str:
    variant = row.variants[name]
    unit = f" ({variant.unit})" if variant.unit and variant.unit != row.unit else ""
    return f"{row.id}.{name}{unit}: {_sentence(variant.note)}"


def _option(parameter: inspect.Parameter) -> str:
    """An option with its default, the key of gtm.toml that sets another, and what it may be."""
    annotation, default = parameter.annotation, parameter.default
    words = get_args(annotation) if get_origin(annotation) is Literal else ()
    allowed = f", one of {', '.join(map(str, words))}" if words else ""
    if isinstance(default, Setting):
        stands = f"{_plain(_preset(default))}, unless {FILE} sets {default.key}"
    else:
        stands = "not set" if default is None else _plain(default)
    return f"{parameter.name}: {stands}{allowed}"


def _preset(setting: Setting) -> Any:
    """The value of a key that gtm.toml does not have."""
    value: Any = Config()
    for part in setting.key.split("."):
        value = getattr(value, part)
    return value


def _plain(value: Any) -> str:
    if isinstance(value, tuple | list):
        return ", ".join(map(_plain, value)) or "empty"
    return "empty" if value is None or value == {} else str(value)


def _parts(row: Metric, seen: set[tuple[str, bool]]) -> tuple[Part, ...]:
    """What a metric takes, down to the tables; what was opened before is only named."""
    return tuple(_part(part, seen) for part in row.parts)


def _part(part: results.Part, seen: set[tuple[str, bool]]) -> Part:
    name, may_lack = part.name, ", where there is one" if part.may_lack else ""
    if not part.is_metric and name in TABLES:
        return Part(f"{name} (table{may_lack})")
    kind = "metric" if part.is_metric else "ledger"
    words = f"{name} ({kind}{_asked(part.options)}{may_lack})"
    if (name, part.is_metric) in seen:
        return Part(f"{words}, as above")
    seen.add((name, part.is_metric))
    return Part(words, tuple(_part(p, seen) for p in results.parts_of(_function(part))))


def _asked(options: Mapping[str, Any]) -> str:
    """The options with which a metric is taken: `, months=12`."""
    values = {k: v.key if isinstance(v, Setting) else v for k, v in options.items()}
    return "".join(f", {name}={value}" for name, value in values.items())


def _function(part: results.Part) -> Callable[..., Any]:
    """What makes a metric or ledger."""
    return catalog.METRICS[part.name].function if part.is_metric else LEDGERS[part.name]


def _tables_said(function: Callable[..., Any]) -> str:
    """The tables under a metric, and those that it uses where there are any."""
    found = list(_tables(function))
    musts = list(dict.fromkeys(name for name, is_must in found if is_must))
    mays = [name for name in dict.fromkeys(name for name, _ in found) if name not in musts]
    return ", ".join(musts) + (f"; where there is one: {', '.join(mays)}" if mays else "")


def _tables(function: Callable[..., Any]) -> Iterator[tuple[str, bool]]:
    """Each table under a metric or ledger, and whether it cannot do without it."""
    for part in results.parts_of(function):
        if not part.is_metric and part.name in TABLES:
            yield part.name, not part.may_lack
        else:
            below = _tables(_function(part))
            yield from ((table, is_must and not part.may_lack) for table, is_must in below)


def _body(function: Callable[..., Any]) -> str:
    """The code of a function below its docstring."""
    source = inspect.getsource(function)
    body = ast.parse(source).body[0].body[1:]  # type: ignore[attr-defined] # a module of one function
    return dedent("\n".join(source.splitlines()[body[0].lineno - 1 :]))


def _sentence(text: str) -> str:
    """The text with a capital and a full stop, where it has none; else as it is."""
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "?")) else ".")


def _lines(lines: list[str]) -> str:
    return "<br>".join(formats.escape(line) for line in lines)


def _list(parts: tuple[Part, ...]) -> str:
    inside = "".join(f"<li>{formats.escape(p.words)}{_list(p.parts) if p.parts else ''}</li>" for p in parts)
    return f"<ul>{inside}</ul>"


def _wrapped(line: str) -> str:
    return fill(line, WIDTH, initial_indent=INDENT, subsequent_indent=INDENT + "  ", break_on_hyphens=False)


def _tree(parts: tuple[Part, ...], depth: int = 1) -> Iterator[str]:
    for part in parts:
        yield fill(part.words, WIDTH, initial_indent=INDENT * depth, subsequent_indent=INDENT * (depth + 2))
        yield from _tree(part.parts, depth + 1)
