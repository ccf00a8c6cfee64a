"""The form of notebooks: lint names every fault, tidy writes one form, and ours pass both."""

import ast
import copy
import json
import re
import shutil
from pathlib import Path

import pytest
from IPython.core.formatters import DisplayFormatter

from gtmkit import notebooks
from gtmkit.errors import NotebookError
from gtmkit.report.parameters import OWN, RANGE, WORDS, parameters_of

ROOT = Path(__file__).parents[1]
OURS = sorted((ROOT / "notebooks").glob("*.ipynb"))
FACTS = "application/vnd.gtmkit.facts+json"


def md(source):
    return {"cell_type": "markdown", "metadata": {}, "source": source}


def code(source, *tags):
    return {
        "cell_type": "code", "metadata": {"tags": list(tags)}, "source": source, "outputs": [],
        "execution_count": None,
    }  # fmt: skip


def golden():
    output = {
        "output_type": "display_data",
        "metadata": {},
        "data": {"text/plain": "win_rate\n0.25", FACTS: [{"metric": "win_rate", "value": 0.25}]},
    }
    return {
        **code("wording.figures('win_rate', rates)", notebooks.GOLDEN),
        "outputs": [output],
        "execution_count": 1,
    }


QUESTION = """# Does it hold?

- **Decision:** where.
- **Who:** VP.
- **Cadence:** monthly.
- **If it falls:** act."""
PARAMETERS = 'period: str = "2026-10"  # the month\nworkspace: str = "data/sample"  # the folder'


def good():
    return [
        md(QUESTION),
        code(PARAMETERS, "parameters"),
        code("import gtmkit\nws = gtmkit.open(workspace, period)", "setup"),
        code("ws.loss_account()", "loss"),
        md("## Which segment?\n\nRead the dots."),
        code("rates = ws.metric('win_rate', by='segment')"),
        code(
            "charts.show(lambda width: charts.rates(rates, 'segment', width=width), rates, title='Wins')",
            "chart",
        ),
        code("wording.against_reference(rates, rates, 'segment', subject='wins')", "so-what"),
        md("## Definitions"),
        code("catalog.define('win_rate', config=ws.config)", "definitions"),
        golden(),
        code("ws.facts()", "facts"),
    ]


def write(folder, cells):
    path = folder / "n.ipynb"
    path.write_text(notebooks.canonical({"cells": cells, "nbformat": 4}), encoding="utf-8")
    return path


def changed(place, **fields):
    cells = good()
    cells[place] = {**cells[place], **fields}
    return cells


def test_a_good_notebook_has_no_fault(tmp_path):
    assert notebooks.lint(write(tmp_path, good())) == []


@pytest.mark.parametrize(
    ("cells", "fault"),
    [
        (changed(0, source=QUESTION.replace("- **Who:** VP.\n", "")), "no line that begins with 'Who'"),
        (
            good()[1:],
            "the first cells are parameters, setup, loss, decision; they must be question, parameters",
        ),
        (good()[:-1], "they must be definitions heading, definitions, nbval-check-output, facts"),
        (changed(1, source='period: str = "2026-10"  # the month'), "no parameter 'workspace'"),
        (
            changed(1, source=PARAMETERS + "\nage = 3  # months"),
            "line 3 is not a typed parameter with a default",
        ),
        (changed(1, source=PARAMETERS + "\nage: int = 3"), "line 3: a parameter needs a comment"),
        (changed(4, source="## Which?\n\nA rise of 3 % is much."), "a static number '3 %'"),
        (changed(4, source="## Which?\n\nIt fell because of price."), "a causal word 'because'"),
        (changed(4, source="### Which?"), "a decision begins with a heading of level two"),
        (changed(5, source="def f():\n    return 1"), "has 'def'"),
        (changed(5, source="for a in b:\n    c = a"), "has 'for'"),
        (changed(5, source="rates = pd.read_csv(name)"), "calls read_csv()"),
        (changed(5, source="text = open(name).read()"), "calls open()"),
        (changed(5, source="print(rates)"), "calls print()"),
        (changed(5, source="now = pd.Timestamp.today()"), "calls today()"),
        (
            changed(5, source="rates = ws.metric('win_rate', since='2026-01-01')"),
            "a literal date '2026-01-01'",
        ),
        (changed(5, source="rates = load('data/sample')"), "a literal path 'data/sample'"),
        (changed(5, source="%matplotlib inline"), "a magic or a shell line"),
        (changed(5, source="rates = = 1"), "is not Python"),
        (changed(5, source="\n".join(f"a{i} = 1" for i in range(13))), "13 lines; 12 are allowed"),
        (changed(6, source="rates"), "0 charts; a cell tagged chart shows one"),
        (changed(5, source="charts.show(draw, rates, title='x')"), "1 charts; a cell tagged chart shows one"),
        ([*good()[:7], *good()[8:]], "this is decision, compute, chart"),
        ([*good()[:4], *good()[4:8] * 4, *good()[8:]], "4 decisions; one to 3 are allowed"),
        ([*good()[:4], *good()[8:]], "0 decisions"),
        (changed(10, outputs=[]), "figures of record without output compare nothing"),
    ],
)
def test_lint_names_the_fault(tmp_path, cells, fault):
    faults = notebooks.lint(write(tmp_path, cells))
    assert any(fault in line for line in faults), faults


MORE = (
    PARAMETERS
    + '\nby: str = "segment"  # the column'
    + '\ncohort: str = "quarter"  # length (one of month, quarter)'
    + "\nage: int = 12  # months"
    + "\nleast: int = 2  # rows"
)


def with_parameters(source):
    """A good notebook with more parameters, which it uses."""
    cells = [{**c, "source": c["source"].replace("'segment'", "by")} for c in changed(1, source=source)]
    cells[4]["source"] = "## Which group?\n\nRead the dots."
    return cells


@pytest.mark.parametrize(
    ("place", "source", "fault"),
    [
        (
            5,
            "rates = ws.metric('win_rate', by='segment')",
            "repeats 'segment', which the parameter 'by' holds",
        ),
        (5, "rates = ws.metric('win_rate', months=12)", "repeats 12, which the parameter 'age' holds"),
        (
            5,
            "rates = ws.metric('x', cohort='quarter')",
            "repeats 'quarter', which the parameter 'cohort' holds",
        ),
        (5, "title = f'Kept by {by}, twelve months on'", "repeats 'twelve', which the parameter 'age' holds"),
        (5, "title = 'Kept after 12 months'", "repeats '12', which the parameter 'age' holds"),
        (4, "## Which?\n\nCompare segments.", "repeats 'segments', which the parameter 'by' holds"),
        (4, "## Which?\n\nTwelve months on.", "repeats 'Twelve', which the parameter 'age' holds"),
    ],
)
def test_lint_names_what_a_parameter_already_holds(tmp_path, place, source, fault):
    cells = with_parameters(MORE)
    assert notebooks.lint(write(tmp_path, cells)) == []
    cells[place] = {**cells[place], "source": source}
    assert notebooks.lint(write(tmp_path, cells)) == [f"cell {place + 1}: {fault}; use the parameter"]


@pytest.mark.parametrize(
    "source", ["## Which?\n\nNext quarter, the two by `segment`.", "## A segmented dozen?"]
)
def test_an_ordinary_word_repeats_no_parameter(tmp_path, source):
    cells = with_parameters(MORE.replace("age: int = 12", "age: int = 2"))
    cells[4] = {**cells[4], "source": source}
    assert notebooks.lint(write(tmp_path, cells)) == []


def test_a_table_alone_stands_under_its_own_words_and_is_no_decision(tmp_path):
    alone = [md("## All of it\n\nRead it by rows."), code("tables.rows(ws.all(), caption)", "table")]
    cells = [*good()[:4], *alone * 5, *good()[4:]]
    assert notebooks.lint(write(tmp_path, cells)) == []
    bare = [*good()[:4], *alone[1:], *good()[4:]]
    assert "stands before the first decision" in " ".join(notebooks.lint(write(tmp_path, bare)))
    only = [*good()[:4], *alone, *good()[8:]]
    assert "0 decisions; one to 3 are allowed" in " ".join(notebooks.lint(write(tmp_path, only)))


def test_lint_names_the_cell(tmp_path):
    faults = notebooks.lint(write(tmp_path, changed(5, source="print(rates)")))
    assert faults == ["cell 6: calls print(); a notebook asks the workspace and reads no clock"]


def test_lint_sees_outputs_that_are_kept(tmp_path):
    cells = changed(5, outputs=[{"output_type": "stream", "name": "stdout", "text": "x"}])
    path = tmp_path / "n.ipynb"
    path.write_text(json.dumps({"cells": cells, "nbformat": 4}), encoding="utf-8")
    assert notebooks.lint(path) == [
        "cell 6: has an output; only the figures of record keep theirs (gtmkit tidy)"
    ]


def executed():
    cells = copy.deepcopy(good())
    for count, cell in enumerate((c for c in cells if c["cell_type"] == "code"), start=1):
        cell["execution_count"] = count
        cell["metadata"]["execution"] = {"iopub.execute_input": "2026-11-01T00:00:00"}
        if notebooks.GOLDEN not in cell["metadata"]["tags"]:
            cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "noise"}]
    return {"cells": cells, "metadata": {"papermill": {"secret": "x"}}, "nbformat": 4, "nbformat_minor": 4}


def test_tidy_keeps_only_the_figures_of_record_with_both_forms(tmp_path):
    path = tmp_path / "n.ipynb"
    path.write_text(json.dumps(executed()), encoding="utf-8")
    assert notebooks.tidy(path)
    tidied = json.loads(path.read_text(encoding="utf-8"))
    kept = [c for c in tidied["cells"] if c.get("outputs")]
    assert [c["metadata"]["tags"] for c in kept] == [[notebooks.GOLDEN]]
    assert kept[0]["execution_count"] == 1
    assert set(kept[0]["outputs"][0]["data"]) == {"text/plain", FACTS}
    assert all(c.get("execution_count") is None for c in tidied["cells"] if c is not kept[0])
    assert "papermill" not in tidied["metadata"]
    assert "execution" not in json.dumps([c["metadata"] for c in tidied["cells"]])


def test_tidy_twice_is_tidy_once(tmp_path):
    path = tmp_path / "n.ipynb"
    path.write_text(json.dumps(executed()), encoding="utf-8")
    notebooks.tidy(path)
    once = path.read_bytes()
    assert not notebooks.tidy(path)
    assert path.read_bytes() == once


@pytest.mark.parametrize("text", ["", "not json", "[]", '{"cells": [], "nbformat": 3}', '{"nbformat": 4}'])
def test_what_is_no_notebook_is_refused(tmp_path, text):
    path = tmp_path / "n.ipynb"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(NotebookError, match=r"n\.ipynb"):
        notebooks.tidy(path)


def test_there_are_notebooks():
    assert {p.stem for p in OURS} >= {"01_acquisition", "03_pipeline_stage_conversion", "04_cohort_retention"}


@pytest.mark.parametrize("path", OURS, ids=lambda p: p.stem)
def test_our_notebooks_keep_the_form(path):
    assert notebooks.lint(path) == []


@pytest.mark.parametrize("path", OURS, ids=lambda p: p.stem)
def test_tidy_would_change_nothing_of_ours(path):
    assert path.read_text(encoding="utf-8") == notebooks.canonical(notebooks.read(path))


@pytest.mark.parametrize("path", OURS, ids=lambda p: p.stem)
def test_our_figures_of_record_have_text_and_facts(path):
    cell = next(c for c in notebooks.read(path)["cells"] if notebooks.GOLDEN in c["metadata"].get("tags", []))
    assert cell["outputs"]
    for output in cell["outputs"]:
        assert set(output["data"]) == {"text/plain", FACTS}
        assert output["data"][FACTS]


# ---------------------------------------------------------------- the first cell is all that an analyst changes

MONTH = "2026-07"  # not the month that the notebooks name


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    """The sample company under another name, in a folder that no notebook names."""
    folder = tmp_path_factory.mktemp("notebooks") / "elsewhere"
    shutil.copytree(ROOT / "data" / "sample", folder, ignore=shutil.ignore_patterns(".gtmkit"))
    settings = (folder / "gtm.toml").read_text(encoding="utf-8")
    (folder / "gtm.toml").write_text(settings.replace('"Sample Company"', '"Elsewhere"'), encoding="utf-8")
    return folder


COLUMNS = ("region", "industry", "plan_tier", "use_case")  # by which no notebook of ours compares


def others(known):
    """Another value for each parameter, one that it allows and that is no default of any."""
    taken = {ast.literal_eval(parameter.default) for parameter in known.values()}
    changed = {}
    for name, parameter in known.items():
        if name in OWN:  # the run gives these
            continue
        default = ast.literal_eval(parameter.default)
        if isinstance(default, str):
            listed = WORDS.search(parameter.help)
            allowed = re.split(r",\s*", listed[1]) if listed else COLUMNS
            changed[name] = next(word for word in allowed if word not in taken)
            taken.add(changed[name])
        elif listed := WORDS.search(parameter.help):
            changed[name] = next(
                value for word in re.split(r",\s*", listed[1]) if (value := parameter.read(word)) != default
            )
        else:
            ends = RANGE.search(parameter.help)
            step = 1 if isinstance(default, int) else default / 8
            changed[name] = default - step if ends and default + step > float(ends[2]) else default + step
    return changed


def run_in_this_process(path, **parameters):
    """The names a notebook leaves, and what each cell displays, by its tags."""
    names, shown = {}, []
    for cell in notebooks.read(path)["cells"]:
        if cell["cell_type"] == "markdown":
            continue
        tags = cell["metadata"].get("tags", [])
        tree = ast.parse("".join(cell["source"]))
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, str(path), "exec"), names)  # our own notebook
        if "parameters" in tags:
            names |= parameters
        if last is not None:
            value = eval(compile(ast.Expression(last.value), str(path), "eval"), names)  # our own notebook
            bundle, _ = DisplayFormatter().format(value)
            shown.append((tags, "\n".join(str(text) for text in bundle.values())))
    return names, shown


@pytest.mark.slow
@pytest.mark.parametrize("path", OURS, ids=lambda p: p.stem)
def test_its_first_cell_is_all_that_an_analyst_changes(path, elsewhere, capsys):
    known = parameters_of(path)
    changed = others(known) | {"period": MONTH, "workspace": str(elsewhere)}
    names, shown = run_in_this_process(path, **changed)
    facts = names["ws"].records()
    assert names["ws"].config.company.name == "Elsewhere"
    assert facts
    assert max(fact["period"] for fact in facts) == MONTH
    old = [ast.literal_eval(known["period"].default)]
    if "by" in known:
        old.append(ast.literal_eval(known["by"].default))
        asked = {name for fact in facts for name in json.loads(fact["dims"])}
        assert changed["by"] in asked
        assert old[1] not in asked
    for tags, text in shown:
        # Two tell of all the data and of every metric; the reasons of facts say how a metric is counted.
        if not {"definitions", "loss", "facts"} & set(tags):
            said = [word for word in old if re.search(rf"(?<![\w-]){word}", text, re.I)]
            assert said == [], (tags, text)
    assert "Traceback" not in capsys.readouterr().out
