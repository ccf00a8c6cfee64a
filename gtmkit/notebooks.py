"""The form of a notebook: `lint` names what breaks it, `tidy` writes the one canonical file.

One notebook is one question of one meeting. Its cells stand in a fixed order: the question; parameters;
setup; the loss account; at most three decisions, each words, compute, chart, so-what; definitions; the
figures of record, whose output is kept so that a test really compares; the facts. Between the decisions may stand
tables alone, each words and one cell tagged `table`.
"""

import ast
import json
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

from gtmkit.errors import NotebookError

GOLDEN = "nbval-check-output"
MOST_LINES, MEDIAN_LINES, MOST_DECISIONS = 12, 4, 3
QUESTION_LINES = ("Decision", "Who", "Cadence", "If")
FORBIDDEN_NODES = {
    ast.FunctionDef: "def",
    ast.AsyncFunctionDef: "def",
    ast.ClassDef: "class",
    ast.For: "for",
    ast.While: "while",
    ast.Try: "try",
}
FORBIDDEN_CALLS = {"open", "read_csv", "read_parquet", "read_excel", "today", "now", "print"}
CAUSAL = re.compile(
    r"\b(because|due to|caused? by|thanks to|led to|leads to|driven by|drove|as a result"
    r"|improved|significant(ly)?)\b",
    re.I,
)
NUMBER = re.compile(r"(?<![\w.#/-])\d+(?:[.,]\d+)?\s*%?(?![\w/-])")
DATE = re.compile(r"\b(19|20)\d\d-\d\d(-\d\d)?\b")
CHOICE = re.compile(r"\(one of [^()]+\)\s*$")  # such a parameter holds an ordinary word, as month or quarter
SPELLED = (
    *("three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen"),
    *("fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty"),
)  # fmt: skip
LEAST = 3  # below it a number is too common to be a parameter's


def read(path: Path) -> dict[str, Any]:
    """The notebook as JSON.

    Raises NotebookError where the file is not a notebook of format 4.
    """
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as fault:
        raise NotebookError(
            f"{path} cannot be read as a notebook: {fault}. A notebook is JSON. Restore it from git."
        ) from fault
    if not isinstance(notebook, dict) or notebook.get("nbformat") != 4 or "cells" not in notebook:
        raise NotebookError(
            f"{path} is not a notebook of format 4. Only format 4 is read. Open and save it in JupyterLab."
        )
    return notebook


def tidy(path: Path) -> bool:
    """Writes the notebook in its canonical form; answers whether that changed the file.

    Outputs, counts and stray metadata go, except of the cell tagged `nbval-check-output`: it keeps every
    output with all its forms and `execution_count` 1, because nbval compares nothing in a cell without one.
    """
    before = path.read_bytes()
    after = canonical(read(path)).encode("utf-8")
    if before == after:
        return False
    path.write_bytes(after)
    return True


def canonical(notebook: dict[str, Any]) -> str:
    """The canonical text of a notebook: one indent, sources as lines, stable cell ids, a last newline."""
    cells = [_canonical_cell(cell, place) for place, cell in enumerate(notebook["cells"])]
    metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    whole = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def lint(path: Path) -> list[str]:
    """What breaks the form, one sentence a fault, each with the number of its cell; empty = none."""
    cells = [Cell(place, raw) for place, raw in enumerate(read(path)["cells"], start=1)]
    faults = [*_order(cells), *_decisions(cells), *_budgets(cells), *_said_again(cells)]
    for cell in cells:
        faults += _words(cell) if cell.is_markdown else _code(cell)
    return faults


class Cell:
    """One cell as lint sees it."""

    def __init__(self, place: int, raw: dict[str, Any]) -> None:
        self.place = place
        self.raw = raw
        self.is_markdown = raw["cell_type"] == "markdown"
        self.source = _source(raw)
        self.tags = set(raw.get("metadata", {}).get("tags", []))
        self.is_golden = GOLDEN in self.tags

    @property
    def heading(self) -> str:
        """The first line of a markdown cell, with its hashes."""
        return self.source.splitlines()[0].strip() if self.is_markdown and self.source else ""

    @property
    def role(self) -> str:
        """What the cell is, by its tags and its heading."""
        for tag in (
            "parameters",
            "setup",
            "loss",
            "table",
            "chart",
            "so-what",
            "definitions",
            GOLDEN,
            "facts",
        ):
            if tag in self.tags:
                return tag
        if self.is_markdown:
            if self.heading.startswith("# "):
                return "question"
            return "definitions heading" if self.heading == "## Definitions" else "decision"
        return "compute"

    def says(self, fault: str) -> str:
        """The fault with the place of the cell."""
        return f"cell {self.place}: {fault}"


def _order(cells: list[Cell]) -> Iterator[str]:
    """The frame around the decisions: four cells before them, four after."""
    first = ["question", "parameters", "setup", "loss"]
    last = ["definitions heading", "definitions", GOLDEN, "facts"]
    roles = [cell.role for cell in cells]
    if roles[: len(first)] != first:
        yield f"the first cells are {', '.join(roles[:4])}; they must be {', '.join(first)}"
    if roles[-len(last) :] != last:
        yield f"the last cells are {', '.join(roles[-4:])}; they must be {', '.join(last)}"
    if cells and cells[0].is_markdown:
        starts = [re.sub(r"[*_-]", "", line).strip() for line in cells[0].source.splitlines()]
        for word in QUESTION_LINES:
            if not any(line.startswith(word) for line in starts):
                yield cells[0].says(f"the question has no line that begins with {word!r}")


def _decisions(cells: list[Cell]) -> Iterator[str]:
    """At most three decisions, each words, compute, chart, so-what; a table alone stands under words of its own."""
    inner = cells[4:-4]
    starts = [i for i, cell in enumerate(inner) if cell.role == "decision"]
    alone = [i for i in starts if [cell.role for cell in inner[i : i + 2]] == ["decision", "table"]]
    decisions = len(starts) - len(alone)
    if not 1 <= decisions <= MOST_DECISIONS:
        yield f"{decisions} decisions; one to {MOST_DECISIONS} are allowed"
    if starts and starts[0] != 0:
        yield inner[0].says("stands before the first decision")
    for start, end in pairwise([*starts, len(inner)]):
        block = inner[start:end]
        roles = [cell.role for cell in block]
        if roles not in (["decision", "compute", "chart", "so-what"], ["decision", "table"]):
            yield block[0].says(f"a decision is words, compute, chart, so-what; this is {', '.join(roles)}")
        if not block[0].heading.startswith("## "):
            yield block[0].says("a decision begins with a heading of level two")
    for cell in cells:
        calls = len(re.findall(r"\bcharts\.show\(", cell.source)) if not cell.is_markdown else 0
        if calls != (cell.role == "chart"):
            yield cell.says(f"{calls} charts; a cell tagged chart shows one, every other none")


def _budgets(cells: list[Cell]) -> Iterator[str]:
    code = [cell for cell in cells if not cell.is_markdown]
    lines = sorted(len(cell.source.splitlines()) for cell in code)
    for cell in code:
        count = len(cell.source.splitlines())
        if count > MOST_LINES:
            yield cell.says(f"{count} lines; {MOST_LINES} are allowed")
    if lines and lines[len(lines) // 2] > MEDIAN_LINES:
        yield f"the median code cell has {lines[len(lines) // 2]} lines; {MEDIAN_LINES} are allowed"
    kept = [cell for cell in code if not cell.is_golden and cell.raw.get("outputs")]
    for cell in kept:
        yield cell.says("has an output; only the figures of record keep theirs (gtmkit tidy)")
    for cell in code:
        if cell.is_golden and not (cell.raw.get("outputs") and cell.raw.get("execution_count") == 1):
            yield cell.says(
                "figures of record without output compare nothing; run the notebook, then gtmkit tidy"
            )


def _words(cell: Cell) -> Iterator[str]:
    """Static words hold questions and how to read a picture: no figure, no cause."""
    prose = re.sub(r"`[^`]*`", "", cell.source)
    for found in NUMBER.finditer(prose):
        yield cell.says(f"a static number {found[0].strip()!r}; figures are computed, or stand in words")
    for found in CAUSAL.finditer(prose):
        yield cell.says(f"a causal word {found[0]!r}; why is a person's to say, in notes.md")


def _code(cell: Cell) -> Iterator[str]:
    if re.search(r"^\s*[%!]", cell.source, re.M):
        yield cell.says("a magic or a shell line; a notebook is plain Python")
        return
    try:
        tree = ast.parse(cell.source)
    except SyntaxError as fault:
        yield cell.says(f"is not Python: {fault.msg}")
        return
    if cell.role == "parameters":
        yield from _parameters(cell, tree)
        return
    for node in ast.walk(tree):
        for kind, word in FORBIDDEN_NODES.items():
            if isinstance(node, kind):
                yield cell.says(f"has {word!r}; what needs it belongs in the library")
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            owner = ast.unparse(node.func.value) if isinstance(node.func, ast.Attribute) else ""
            if name in FORBIDDEN_CALLS and not (name == "open" and owner == "gtmkit"):
                yield cell.says(f"calls {name}(); a notebook asks the workspace and reads no clock")
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if DATE.search(node.value):
                yield cell.says(f"a literal date {node.value!r}; dates are parameters")
            if re.search(r"[\w.]/[\w.]|\.(csv|parquet|toml)\b", node.value):
                yield cell.says(f"a literal path {node.value!r}; paths are parameters")


def _parameters(cell: Cell, tree: ast.Module) -> Iterator[str]:
    """Every parameter on one line, typed, with a value and a comment that says what it is."""
    lines = cell.source.splitlines()
    for node in tree.body:
        if not isinstance(node, ast.AnnAssign) or node.value is None:
            yield cell.says(f"line {node.lineno} is not a typed parameter with a default")
        elif not re.search(r"#\s*\S{2}", lines[node.lineno - 1]):
            yield cell.says(f"line {node.lineno}: a parameter needs a comment that says what it is")
    names = [
        n.target.id for n in tree.body if isinstance(n, ast.AnnAssign) and isinstance(n.target, ast.Name)
    ]
    for name in ("period", "workspace"):
        if name not in names:
            yield cell.says(f"no parameter {name!r}")


def _said_again(cells: list[Cell]) -> Iterator[str]:
    """Where a cell repeats what a parameter holds, so that to change the parameter would not be enough."""
    held = [(name, *kind) for cell in cells if cell.role == "parameters" for name, *kind in _defaults(cell)]
    for cell in cells:
        if cell.role == "parameters":
            continue
        values = [] if cell.is_markdown else _constants(cell)
        texts = [cell.source] if cell.is_markdown else [v for v in values if isinstance(v, str) and " " in v]
        for name, value, is_choice in held:
            said = [value] if any(type(v) is type(value) and v == value for v in values) else []
            if not is_choice:
                said += [found[0] for text in texts if (found := _spoken(value).search(text))]
            for word in said[:1]:
                yield cell.says(f"repeats {word!r}, which the parameter {name!r} holds; use the parameter")


def _defaults(cell: Cell) -> Iterator[tuple[str, str | int, bool]]:
    """Name and default of each parameter, and whether it is one of a few words; small numbers left out."""
    try:
        tree = ast.parse(cell.source)
    except SyntaxError:
        return
    lines = cell.source.splitlines()
    for node in tree.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.value, ast.Constant):
            value, is_choice = node.value.value, bool(CHOICE.search(lines[node.lineno - 1]))
            if (isinstance(value, str) and value) or (type(value) is int and value >= LEAST):
                yield ast.unparse(node.target), value, is_choice and isinstance(value, str)


def _constants(cell: Cell) -> list[Any]:
    try:
        tree = ast.parse(cell.source)
    except SyntaxError:
        return []
    return [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]


def _spoken(value: str | int) -> re.Pattern[str]:
    """How a value stands in a sentence: a word and its plural, a number in digits or spelled out."""
    if isinstance(value, str):
        return re.compile(rf"(?<![\w`]){re.escape(value)}s?(?![\w`])", re.I)
    spelled = dict(enumerate(SPELLED, start=LEAST)).get(value, str(value))
    return re.compile(rf"(?<![\w.]){value}(?![\w.])|\b{spelled}\b", re.I)


def _source(raw: dict[str, Any]) -> str:
    source = raw.get("source", "")
    return "".join(source) if isinstance(source, list) else str(source)


def _canonical_cell(raw: dict[str, Any], place: int) -> dict[str, Any]:
    source = "\n".join(line.rstrip() for line in _source(raw).strip("\n").split("\n"))
    tags = list(raw.get("metadata", {}).get("tags", []))
    cell: dict[str, Any] = {
        "cell_type": raw["cell_type"],
        "id": f"cell-{place:02d}",
        "metadata": {"tags": tags} if tags else {},
        "source": source.splitlines(keepends=True),
    }
    if raw["cell_type"] == "code":
        is_golden = GOLDEN in tags
        cell["execution_count"] = 1 if is_golden and raw.get("outputs") else None
        cell["outputs"] = [_canonical_output(o) for o in raw.get("outputs", [])] if is_golden else []
    return cell


def _canonical_output(output: dict[str, Any]) -> dict[str, Any]:
    """An output with all its forms; text as lines, so that a diff shows the line that moved."""
    kept = {k: v for k, v in output.items() if k not in ("execution_count", "metadata")}
    if "data" in kept:
        kept["data"] = {
            mime: _lines(value) if mime.startswith("text/") else value for mime, value in kept["data"].items()
        }
        kept["metadata"] = {}
    if output["output_type"] == "execute_result":
        kept["execution_count"] = 1
    return kept


def _lines(value: Any) -> list[str]:
    return ("".join(value) if isinstance(value, list) else str(value)).splitlines(keepends=True)
