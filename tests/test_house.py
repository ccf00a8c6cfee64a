"""The house's rules, read from the source: floors, docstrings, no clock, ignores, sizes, mirrored tests."""

import ast
import os
import re
import subprocess
import tokenize
import tomllib
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from gtmkit import notebooks

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "gtmkit"

# From the ground up. A module imports only from floors below its own; a package is one entry and, within
# itself, free of cycles. Tables, ledgers and metrics lie in the order in which data flows through them.
FLOORS = [
    {"errors"},
    {"periods", "projection", "stats", "formats", "spreadsheet"},
    {"frames", "results", "windows"},
    {"config", "contracts", "clock", "signals"},
    {"sources", "sample"},
    {"store", "ledgers"},
    {"metrics"},
    {"catalog", "explain", "strip"},
    {"health"},
    {"trust"},
    {"display"},
    {"agreed", "charts", "definitions", "tables", "wording", "reference"},
    {"workspace"},
    {"rows", "scorecard"},
    {"predictions"},
    {"measurement"},
    {"report", "notebooks"},
    {"check"},
    {"cli"},
    {"__init__", "__main__"},
]
FLOOR = {name: height for height, names in enumerate(FLOORS) for name in names}
TOP = len(FLOORS) - 1

# What may read the clock: a run writes down when it ran, its lock since when it is held.
CLOCK = {f"report/{name}.py" for name in ("run", "review", "record", "publish")}
READS_THE_CLOCK = {"now", "today", "utcnow", "time", "time_ns"}
READS_IT_WITHOUT_ARGUMENT = {"localtime", "gmtime", "ctime"}  # given a moment they only write it otherwise
OF_TIME = {"time", "datetime", "date", "dt", "Timestamp", "pd", "pandas"}

SAMPLE_BYTES = 4_000_000
MOST_IGNORES = 10
REASON = r"\s+(#|-) ?\w.{9}"


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def dotted(path: Path) -> str:
    """gtmkit/report/run.py is report.run, gtmkit/report/__init__.py report, gtmkit/__init__.py __init__."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


KNOWN = {dotted(path) for path in modules()}


def read(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def imported(tree: ast.Module) -> set[str]:
    """The gtmkit modules that a text imports anywhere, also inside functions and for typing."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: a relative import hides its floor"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {resolve(name) for name in names if name.split(".")[0] == "gtmkit"}


def resolve(name: str) -> str:
    """gtmkit.report.run.publish is report.run; gtmkit itself, or a name of its front door, is __init__."""
    parts = name.split(".")[1:]
    while parts and ".".join(parts) not in KNOWN:
        parts.pop()
    return ".".join(parts) or "__init__"


def imports() -> dict[str, set[str]]:
    return {dotted(path): imported(read(path)) - {dotted(path)} for path in modules()}


def entry(module: str) -> str:
    return module.split(".")[0]


def upward(edges: dict[str, set[str]]) -> list[str]:
    """The imports that do not go down."""
    return [
        f"{module} (floor {FLOOR[entry(module)]}) imports {target} (floor {FLOOR[entry(target)]})"
        for module, targets in edges.items()
        for target in sorted(targets)
        if entry(module) != entry(target) and FLOOR[entry(module)] <= FLOOR[entry(target)]
    ]


def test_every_module_has_a_floor_and_every_floor_its_modules():
    assert {entry(module) for module in KNOWN} - FLOOR.keys() == set()
    assert FLOOR.keys() - {entry(module) for module in KNOWN} <= {"__main__"}


def test_imports_go_down():
    assert upward(imports()) == []


def test_no_cycle_within_a_package():
    edges = imports()
    for package in sorted({entry(module) for module in edges}):
        inside = {
            module: {target for target in targets if entry(target) == package}
            for module, targets in edges.items()
            if entry(module) == package
        }
        try:
            TopologicalSorter(inside).prepare()
        except CycleError as cycle:
            pytest.fail(f"gtmkit/{package} imports in a circle: {' -> '.join(cycle.args[1])}")


def test_an_upward_import_is_seen_wherever_it_hides():
    source = (
        "def f():\n  import gtmkit.periods\n  from gtmkit import open\nfrom gtmkit.errors import ConfigError"
    )
    assert imported(ast.parse(source)) == {"errors", "periods", "__init__"}
    assert upward({"periods": {"errors", "__init__"}}) == [
        f"periods (floor 1) imports __init__ (floor {TOP})"
    ]
    assert upward({"periods": {"periods"}, "charts": {"tables"}}) == [
        "charts (floor 11) imports tables (floor 11)"
    ]


def public(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.ClassDef]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield node


def faulty_docstring(node: ast.FunctionDef | ast.ClassDef) -> str:
    """What is wrong with the first line of a docstring, or nothing."""
    text = ast.get_docstring(node)
    if not text:
        return "has no docstring"
    first = text.splitlines()[0]
    if len(first) > 110:
        return f"has a first line of {len(first)} characters; 110 are allowed"
    if re.match(r"(This|Returns?|Function|Method|Class|Helper|Computes?|Calculates?|Gets?)\b", first):
        return f"begins by talking of code, not with the definition: {first!r}"
    return ""


@pytest.mark.parametrize("path", modules(), ids=dotted)
def test_public_names_begin_with_their_definition(path):
    faults = {node.name: faulty_docstring(node) for node in public(read(path))}
    assert {name: fault for name, fault in faults.items() if fault} == {}


def clocks(tree: ast.Module) -> list[str]:
    """Where the clock is read, or handed on to be read: datetime.now, date.today, time.time and their kin."""
    calls = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call) and not node.args}
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "time":
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.Attribute) and ast.unparse(node.value).split(".")[-1] in OF_TIME:
            names = [node.attr]
        else:
            continue
        forbidden = READS_THE_CLOCK | (READS_IT_WITHOUT_ARGUMENT if id(node) in calls else set())
        found += [f"line {node.lineno}: {name}" for name in names if name in forbidden]
    return found


@pytest.mark.parametrize("path", modules(), ids=dotted)
def test_nothing_but_a_run_reads_the_clock(path):
    assert path.relative_to(PACKAGE).as_posix() in CLOCK or clocks(read(path)) == []


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("datetime.datetime.now(tz)", "now"),
        ("pd.Timestamp.today()", "today"),
        ("time.gmtime()", "gmtime"),
        ("field(default_factory=time.time)", "time"),
        ("from time import time_ns", "time_ns"),
    ],
)
def test_a_clock_is_seen(source, name):
    assert clocks(ast.parse(source)) == [f"line 1: {name}"]


@pytest.mark.parametrize("source", ["time.monotonic()", "period.time()", "time.gmtime(moment)"])
def test_what_is_no_clock_passes(source):
    assert clocks(ast.parse(source)) == []


@pytest.mark.parametrize("path", modules(), ids=dotted)
def test_nothing_prints(path):
    calls = [node for node in ast.walk(read(path)) if isinstance(node, ast.Call)]
    prints = [call.lineno for call in calls if isinstance(call.func, ast.Name) and call.func.id == "print"]
    assert prints == []


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda path: path.stem)
def test_the_notebooks_keep_their_form(path):
    assert notebooks.lint(path) == []
    assert path.read_text(encoding="utf-8") == notebooks.canonical(notebooks.read(path)), "run gtmkit tidy"


def comments(path: Path) -> Iterator[tuple[int, str]]:
    with path.open("rb") as source:
        for token in tokenize.tokenize(source.readline):
            if token.type == tokenize.COMMENT:
                yield token.start[0], token.string


def test_few_type_ignores_each_with_its_reason():
    marks = [
        (path.relative_to(ROOT).as_posix(), line, text)
        for path in modules()
        for line, text in comments(path)
        if "type: ignore" in text
    ]
    overrides = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mypy"].get(
        "overrides", []
    )
    assert len(marks) + len(overrides) <= MOST_IGNORES
    assert [mark for mark in marks if not re.search(r"type: ignore\[[\w, -]+\]" + REASON, mark[2])] == []


def test_every_mypy_override_has_its_reason():
    lines = (ROOT / "pyproject.toml").read_text(encoding="utf-8").splitlines()
    starts = [number for number, line in enumerate(lines) if line.startswith("[[tool.mypy.overrides]]")]
    assert [number + 1 for number in starts if not lines[number - 1].startswith("# ")] == []


def test_every_noqa_has_its_reason():
    sources = [*modules(), *(ROOT / "tests").rglob("*.py"), *(ROOT / "benchmarks").rglob("*.py")]
    bare = [
        f"{path.relative_to(ROOT)}:{line} {text}"
        for path in sources
        for line, text in comments(path)
        if re.search(r"#\s*noqa", text) and not re.search(r"noqa: [A-Z]+\d+(, ?[A-Z]+\d+)*" + REASON, text)
    ]
    assert bare == []


def committed() -> list[Path]:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


# In pieces, so that this file does not name what it forbids.
HOSTS = ["pypi" + ".org", "pythonhosted" + ".org", "npmjs" + ".org", "deb." + "debian", "anaconda" + ".org"]
OF_A_MACHINE = re.compile(
    r"(?:^|[^\w.])/(?:work|root|farm|home/(?!me/)\w+)/|index" + "-url|" + "|".join(map(re.escape, HOSTS))
)


def test_nothing_committed_names_a_machine_or_a_registry():
    named = []
    for path in committed():
        content = path.read_bytes()
        if b"\0" in content[:8000]:
            continue
        for number, line in enumerate(content.decode("utf-8", "replace").splitlines(), start=1):
            if OF_A_MACHINE.search(line):
                named.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}")
    assert named == []


def test_a_path_of_a_machine_is_seen():
    assert OF_A_MACHINE.search("open('" + "/" + "root/data.csv')")
    assert not OF_A_MACHINE.search("a network/root/cause, reports/work/2026")


def test_the_sample_is_small():
    inside = [path for path in committed() if path.is_relative_to(ROOT / "data" / "sample")]
    assert inside, "data/sample is not committed"
    assert sum(path.stat().st_size for path in inside) <= SAMPLE_BYTES


def says_something(path: Path) -> bool:
    """Whether a module holds more than imports and its docstring."""
    silent = (ast.Import, ast.ImportFrom, ast.Expr, ast.Assign)
    return not all(isinstance(node, silent) for node in read(path).body)


def test_every_module_has_its_mirrored_test():
    missing = []
    for path in modules():
        inside = path.relative_to(PACKAGE)
        mirror = ROOT / "tests" / inside.parent / f"test_{inside.name}"
        whole = ROOT / "tests" / f"test_{inside.parts[0].removesuffix('.py')}.py"  # a package tested as one
        if (
            not inside.stem.startswith("__")
            and says_something(path)
            and not (mirror.is_file() or whole.is_file())
        ):
            missing.append(mirror.relative_to(ROOT).as_posix())
    assert missing == []


def test_the_whole_check_calls_every_command_in_order():
    script = ROOT / ".ci" / "run"
    called = re.findall(r"^step (.+)$", script.read_text(encoding="utf-8"), re.MULTILINE)
    assert os.access(script, os.X_OK)
    assert called == [
        "install_missing", "report", "second_report_installs_nothing",
        "make lint", "make test", "make test-spark", "make test-browser", "make accept",
    ]  # fmt: skip


# The lines that each list of what must hold has.
LISTS = {
    "test_belief.py": 9, "test_house.py": 13, "test_reviews.py": 9, "test_system.py": 10, "test_why.py": 8,
}  # fmt: skip


def test_there_is_a_list_for_each_file_of_acceptance_tests():
    assert {path.name for path in (ROOT / "tests" / "acceptance").rglob("test_*.py")} == set(LISTS)


@pytest.mark.parametrize("name", LISTS)
def test_every_line_of_the_acceptance_list_has_a_test(name):
    tree = read(ROOT / "tests" / "acceptance" / name)
    tests = [n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.name.startswith("test_")]
    lines = {test: re.match(r"test_line_(\d\d)_\w+$", test) for test in tests}
    assert [test for test, line in lines.items() if not line] == []
    found = [int(line[1]) for line in lines.values() if line]
    assert set(found) == set(range(1, LISTS[name] + 1))
    assert found == sorted(found)
