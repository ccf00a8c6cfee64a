from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report.paper_review import PARAMETERS, notebook

from gtmkit.errors import ConfigError
from gtmkit.report.parameters import Parameter, checked, grains_of, parameters_of

DAYS = Parameter("window_days", "int", "90", "days to reach the next stage (7 to 365)")
GRAIN = Parameter("grain", "str", '"month"', "how cohorts are cut (one of month, quarter, year)")


@pytest.fixture
def two(tmp_path):
    """Two notebooks: the first has all parameters, the second only the run's own."""
    own = "\n".join(PARAMETERS.splitlines()[:2])
    return [notebook(tmp_path / "a.ipynb"), notebook(tmp_path / "b{1}.ipynb", parameters=own)]


def test_a_notebook_says_what_it_takes(two):
    found = parameters_of(two[0])
    assert list(found) == ["period", "workspace", "where", "window_days", "grain"]
    assert found["window_days"] == DAYS
    assert found["grain"] == GRAIN


def test_values_go_to_the_notebooks_that_have_them_typed(two):
    assert checked(two, {"window_days": "30"}) == {two[0]: {"window_days": 30}, two[1]: {}}


def test_every_fault_is_told_at_once(two):
    with pytest.raises(ConfigError) as refusal:
        checked(two, {"widnow_days": "30", "grain": "yeer", "period": "2026-10"})
    assert str(refusal.value) == (
        "No notebook has a parameter 'widnow_days'. Did you mean 'window_days'? Allowed: grain, window_days. "
        "Correct the name or leave it out.\n"
        "'period' is not set as a parameter. It is the run's own. Use --period.\n"
        "a.ipynb: grain = 'yeer' is not allowed. Did you mean 'year'? Allowed is a text (how cohorts are cut "
        '(one of month, quarter, year)). Leave it out for "month".'
    )


@pytest.mark.parametrize(
    ("parameter", "text", "value"),
    [
        (DAYS, "7", 7),
        (DAYS, " 365 ", 365),
        (GRAIN, "year", "year"),
        (Parameter("x", "float", "1.0", "(0 to 1)"), "0.25", 0.25),
        (Parameter("x", "bool", "True", ""), "false", False),
        (Parameter("x", "str", '""', ""), "=1; import os", "=1; import os"),
    ],
)
def test_what_is_allowed_is_read(parameter, text, value):
    assert parameter.read(text) == value
    assert type(parameter.read(text)) is type(value)


@pytest.mark.parametrize(
    ("parameter", "text", "words"),
    [
        (DAYS, "6", "window_days = 6 is out of range. Allowed is a whole number (days to reach"),
        (DAYS, "366", "out of range"),
        (DAYS, "30.0", "is not a whole number"),
        (DAYS, "", "is not a whole number"),
        (DAYS, "1e2", "is not a whole number"),
        (DAYS, "٣٠", "is not a whole number"),
        (Parameter("x", "float", "1.0", ""), "nan", "is not a number"),
        (Parameter("x", "float", "1.0", "(0 to 1)"), "1.01", "out of range"),
        (Parameter("x", "bool", "True", ""), "yes", "is not true or false"),
    ],
)
def test_what_is_not_allowed_is_refused(parameter, text, words):
    with pytest.raises(ConfigError) as refusal:
        parameter.read(text)
    assert words in str(refusal.value)


@given(st.integers())
def test_a_range_holds_its_ends_and_nothing_else(number):
    if 7 <= number <= 365:
        assert DAYS.read(str(number)) == number
    else:
        with pytest.raises(ConfigError):
            DAYS.read(str(number))


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ('period: str = "2026-09"  # month', "has no parameter 'workspace'"),
        (PARAMETERS + "\nnames: list = []", "the parameter 'names' is of type list"),
    ],
)
def test_a_notebook_that_cannot_be_run_is_refused(parameters, words, tmp_path):
    with pytest.raises(ConfigError, match=words):
        parameters_of(notebook(tmp_path / "a.ipynb", parameters=parameters))


def test_a_file_that_is_no_notebook_is_refused(tmp_path):
    (tmp_path / "a.ipynb").write_text("{")
    with pytest.raises(ConfigError, match=r"a\.ipynb is not a notebook that can be read"):
        parameters_of(tmp_path / "a.ipynb")


@pytest.mark.parametrize("count", [0, 2])
def test_there_is_one_parameters_cell(count, tmp_path):
    import nbformat

    path = notebook(tmp_path / "a.ipynb", "1 + 1")
    node = nbformat.read(path, as_version=4)
    for place, cell in enumerate(node.cells):
        cell.metadata["tags"] = ["parameters"] if place < count else []
    nbformat.write(node, path)
    with pytest.raises(ConfigError, match=f"a.ipynb has {count} cells tagged 'parameters'. One is needed"):
        parameters_of(path)


NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_notebook_of_ours_can_be_confined_and_says_its_periods(notebook):
    found = parameters_of(notebook)  # a second equals sign in a comment hides a parameter from papermill
    assert {"period", "workspace", "where"} <= set(found)
    weekly = {"00_scorecard"}
    assert grains_of(notebook) == (["week"] if notebook.stem in weekly else []) + ["month", "quarter", "year"]
