"""The command line: results on stdout, errors on stderr, exit codes; mostly in this process, a few times outside."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from acceptance.workspaces import closed, company, gtm, line
from click.testing import Result
from typer.testing import CliRunner

from gtmkit import catalog, cli, reference

COMMANDS = ("report", "metric", "metrics", "rows", "explain", "predictions", "check", "sample", "tidy", "lab")
SHAPE = ["value", "numerator", "denominator", "n", "low", "high", "status", "reason"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Closed in October 2026: one won of three for "Füße", none won of one without a segment."""
    deals = [
        closed("d1", "2026-08-03", "2026-10-05", True, segment="Füße"),
        closed("d2", "2026-08-04", "2026-10-06", False, segment="Füße"),
        closed("d3", "2026-08-05", "2026-10-07", False, segment="Füße"),
        closed("d4", "2026-08-05", "2026-10-07", False),
    ]
    tables = {"opportunities": deals, "subscriptions": [line("a", "2026-10-01", None, 1234.5)]}
    return company(tmp_path_factory.mktemp("cli") / "company", tables)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli.app, [str(a) for a in arguments])


def asked(home: Path, *arguments: object, code: int = 0) -> Result:
    result = run("metric", *arguments, "--workspace", home)
    assert result.exit_code == code, result.output
    return result


def answer(home: Path, *arguments: object) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(asked(home, *arguments, "--format", "json").stdout)
    return found


# ---------------------------------------------------------------- metric


def test_json_is_a_list_of_records_in_the_result_shape(home: Path) -> None:
    (record,) = answer(home, "win_rate")
    assert list(record) == ["period", *SHAPE]
    assert (record["period"], record["value"], record["numerator"], record["n"]) == ("2026-10", 0.25, 1, 4)
    assert (record["status"], record["reason"]) == ("final", None)


def test_json_writes_null_for_what_is_not_there_and_never_nan(home: Path) -> None:
    result = asked(home, "win_rate", "--periods", 2, "--format", "json")
    assert "NaN" not in result.stdout
    first = json.loads(result.stdout)[0]
    assert (first["period"], first["value"], first["low"], first["status"]) == (
        "2026-09", None, None, "undefined",
    )  # fmt: skip


def test_floats_are_written_at_twelve_significant_digits(home: Path) -> None:
    (record,) = [r for r in answer(home, "win_rate", "--by", "segment") if r["segment"] == "Füße"]
    assert record["value"] == 0.333333333333


def test_by_may_be_repeated_and_null_is_named(home: Path) -> None:
    records = answer(home, "win_rate", "--by", "segment", "--by", "kind")
    assert [(r["segment"], r["kind"], r["n"]) for r in records] == [
        ("Füße", "new", 3),
        ("unknown", "new", 1),
    ]


def test_csv_has_a_header_and_empty_cells_for_null(home: Path) -> None:
    result = asked(home, "win_rate", "--periods", 2, "--by", "segment", "--format", "csv")
    lines = list(csv.reader(io.StringIO(result.stdout)))
    assert lines[0] == ["segment", "period", *SHAPE]
    found = {(row[0], row[1]): row for row in lines[1:]}
    # September, nothing closed: value empty, counts 0.
    assert found["Füße", "2026-09"][2:5] == ["", "0", "0"]
    assert found["Füße", "2026-10"][2] == "0.333333333333"
    assert "nan" not in result.stdout.lower()
    assert "<NA>" not in result.stdout


def test_the_table_has_a_title_and_readable_figures(home: Path) -> None:
    # One won of four closed; by Wilson 4.6 to 69.9 %. MRR is 1,234.5.
    *shown, trust = asked(home, "win_rate").stdout.splitlines()
    assert shown == [
        "Win rate, 2026-10",
        "",
        " value  interval     n  status",
        "25.0 %  4.6 to 69.9  4  final",
        "",
    ]
    assert trust.startswith("Trust: ")
    assert "USD 1.23 k" in asked(home, "mrr").stdout


def test_the_table_has_every_row(home: Path) -> None:
    shown = asked(home, "mrr", "--periods", 90).stdout.splitlines()
    assert len(shown) == 3 + 90 + 2
    assert "more rows" not in "".join(shown)


def test_below_a_table_by_channel_stands_the_rule(home: Path) -> None:
    said = asked(home, "win_rate", "--by", "channel").stdout.splitlines()
    assert said[-1] == "Channels as declared in accounts and opportunities."
    assert "Channels" not in asked(home, "win_rate", "--by", "segment").stdout
    assert answer(home, "win_rate", "--by", "channel")  # JSON stays JSON


def test_variants_options_and_periods_of_every_grain(home: Path) -> None:
    assert answer(home, "win_rate.amount")[0]["denominator"] == 400
    assert answer(home, "win_rate", "--set", "months=1")[0]["n"] == 4
    assert answer(home, "win_rate", "--set", "weight=amount")[0]["denominator"] == 400
    assert [r["period"] for r in answer(home, "win_rate", "--period", "2026-Q4", "--periods", 2)] == [
        "2026-Q3",
        "2026-Q4",
    ]
    assert answer(home, "win_rate", "--period", "2026")[0]["n"] == 4


@pytest.mark.parametrize("metric", list(catalog.METRICS))
def test_any_metric_of_the_catalogue_answers(home: Path, metric: str) -> None:
    for record in answer(home, metric):
        assert {"period", *SHAPE} <= set(record)
        assert record["status"] in ("final", "provisional", "immature", "undefined", "suppressed")


# ---------------------------------------------------------------- what is refused


REFUSED = [
    (["win_rat"], "Did you mean 'win_rate'?"),
    (["win_rate.amonut"], "Did you mean 'amount'?"),
    (["win_rate", "--by", "segmnt"], "Did you mean 'segment'?"),
    (["win_rate", "--set", "month=3"], "Did you mean 'months'?"),
    (["win_rate", "--set", "months"], "'months' is not a setting. KEY=VALUE is allowed."),
    (["win_rate", "--set", "=3"], "'=3' is not a setting. KEY=VALUE is allowed."),
    (["win_rate", "--set", "months=x"], "months=x is not a whole number."),
    (["win_rate", "--periods", "0"], "0 periods cannot be asked."),
    (["win_rate", "--period", "2026-13"], "'2026-13' is not a period."),
    (["win_rate", "--period", "2020-01"], "2020-01 ends before the data begins"),
    (["win_rate", "--period", "2030-01"], "2030-01 begins after the data ends"),
]


@pytest.mark.parametrize(("arguments", "said"), REFUSED, ids=[" ".join(a) for a, _ in REFUSED])
def test_what_cannot_be_asked_is_refused_on_stderr(home: Path, arguments: list[str], said: str) -> None:
    result = asked(home, *arguments, code=2)
    assert result.stdout == ""
    assert said in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["win_rate", "--set", "by=segment"],
        ["win_rate", "--set", "periods=3"],
        ["win_rate", "--set", "metric=mrr"],
        ["win_rate", "--set", "weight=amonut"],
        ["win_rate", "--set", "months=-2"],
        ["win_rate", "--set", "months=--2"],
        ["net_revenue_retention", "--set", "window_months=0"],
        ["win_rate", "--period", "9999-12"],
        ["win_rate", "--by", "kind", "--by", "kind"],
    ],
    ids=" ".join,
)
def test_a_value_out_of_range_is_no_fault_of_gtmkit(home: Path, arguments: list[str]) -> None:
    assert asked(home, *arguments, code=2).stdout == ""


def test_with_json_the_error_is_a_record_on_stdout_as_well(home: Path) -> None:
    result = asked(home, "win_rat", "--format", "json", code=2)
    told = json.loads(result.stdout)
    assert (told["error"], told["exit_code"]) == ("ConfigError", 2)
    assert "Did you mean 'win_rate'?" in told["message"]
    assert told["message"] in result.stderr


def test_a_period_without_history_says_what_kind_of_error_it_is(home: Path) -> None:
    result = asked(home, "win_rate", "--period", "2020-01", "--format", "json", code=2)
    assert json.loads(result.stdout)["error"] == "HistoryError"


def test_a_workspace_that_is_not_there(tmp_path: Path) -> None:
    result = asked(tmp_path / "nowhere", "win_rate", code=2)
    assert "There is no workspace" in result.stderr
    assert "--workspace" in result.stderr


def test_data_that_breaks_its_contract_leaves_with_three(tmp_path: Path) -> None:
    bad = company(tmp_path / "bad", {"subscriptions": [line("a", "2026-10-01", None, "much")]})
    result = asked(bad, "mrr", "--format", "json", code=3)
    told = json.loads(result.stdout)
    assert (told["error"], told["exit_code"]) == ("ContractError", 3)
    for place in ("subscriptions.csv", "mrr_amount", "much"):
        assert place in result.stderr


def test_a_report_is_refused_in_the_same_form(tmp_path: Path) -> None:
    result = run("report", "--workspace", tmp_path / "nowhere", "--out", tmp_path / "reports", "--json")
    assert result.exit_code == 2
    assert json.loads(result.stdout)["error"] == "ConfigError"


def test_a_fault_of_gtmkit_itself_says_so(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("[bold]impossible[/bold]")

    monkeypatch.setattr(catalog, "find", broken)
    result = asked(home, "win_rate", code=70)
    assert result.stdout == ""
    assert "[bold]impossible[/bold]" in result.stderr  # not read as markup
    assert "This is a fault of gtmkit, not of your data." in result.stderr


@pytest.mark.parametrize("arguments", [["nonsense"], ["metric"], ["metric", "mrr", "--format", "xml"]])
def test_a_command_that_is_none_leaves_with_two(arguments: list[str]) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""


# ---------------------------------------------------------------- the other commands


def test_the_catalogue_lists_every_metric_with_by_and_variants() -> None:
    records = json.loads(run("metrics", "--format", "json").stdout)
    assert [r["id"] for r in records] == list(catalog.METRICS)
    found = {r["id"]: r for r in records}
    assert found["stage_conversion"]["variants"].split() == ["amount", "cohort"]
    assert found["pipeline_coverage"]["by"].split() == ["segment", "channel", "intent", "motion", "owner"]
    assert found["mrr"]["definition"] == catalog.METRICS["mrr"].definition


def test_the_catalogue_of_one_layer() -> None:
    rows = list(csv.DictReader(io.StringIO(run("metrics", "--layer", 3, "--format", "csv").stdout)))
    assert {row["layer"] for row in rows} == {"3"}
    assert {row["id"] for row in rows} == {m for m, row in catalog.METRICS.items() if row.layer == 3}
    assert run("metrics", "--layer", 5).exit_code == 2


def test_a_section_in_brackets_is_printed() -> None:
    shown = " ".join(run("metrics").stdout.split())
    assert {name for name in ("[north_star]", "[active]") if name in shown} == {"[north_star]", "[active]"}


def test_one_metric_of_the_catalogue_is_its_whole_page() -> None:
    shown = run("metrics", "win_rate.amount").stdout
    assert shown == f"{reference.help('win_rate.amount')}\n"
    rows = json.loads(run("metrics", "win_rate", "--format", "json").stdout)
    assert rows[0] == {"term": "Definition", "text": catalog.METRICS["win_rate"].definition}
    refused = run("metrics", "win_rat")
    assert (refused.exit_code, "Did you mean 'win_rate'?" in refused.stderr) == (2, True)


def test_the_catalogue_as_a_table_shows_whole_ids_where_the_terminal_is_wide(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    shown = run("metrics").stdout
    assert all(metric in shown for metric in catalog.METRICS)


def test_a_sample_is_written_and_can_be_asked(tmp_path: Path) -> None:
    result = run("sample", tmp_path / "sample", "--accounts", 60, "--seed", 5)
    assert (result.exit_code, result.stdout.strip()) == (0, str(tmp_path / "sample"))
    assert (tmp_path / "sample" / "gtm.toml").is_file()
    assert answer(tmp_path / "sample", "mrr")[0]["value"] > 0


def notebook(cells: list[dict[str, Any]], **more: Any) -> str:
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5, **more})


def test_tidy_check_changes_nothing_and_fails_where_something_would_change(tmp_path: Path) -> None:
    path = tmp_path / "01_question.ipynb"
    cell = {"cell_type": "markdown", "id": "a", "metadata": {}, "source": "# Question"}
    path.write_text(notebook([cell]), encoding="utf-8")
    before = path.read_bytes()
    result = run("tidy", tmp_path, "--check")
    assert result.exit_code == 1
    assert f"{path} is not tidy. Run gtmkit tidy." in result.stderr
    assert path.read_bytes() == before


def test_tidy_writes_names_what_it_changed_and_still_says_what_breaks_the_form(tmp_path: Path) -> None:
    path = tmp_path / "01_question.ipynb"
    cell = {"cell_type": "markdown", "id": "a", "metadata": {"stray": 1}, "source": "# Question"}
    path.write_text(notebook([cell]), encoding="utf-8")
    result = run("tidy", tmp_path)
    assert result.stdout.strip() == str(path)
    assert result.exit_code == 1  # one heading is no notebook of ours
    assert result.stderr
    assert run("tidy", tmp_path).stdout == ""


def test_the_notebooks_of_the_repository_are_tidy() -> None:
    result = run("tidy", Path(__file__).parents[1] / "notebooks", "--check")
    assert result.exit_code == 0, result.stderr


def test_a_folder_without_notebooks_is_not_tidy_but_wrong(tmp_path: Path) -> None:
    assert run("tidy", tmp_path / "nowhere", "--check").exit_code == 2


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_its_help(command: str) -> None:
    result = run(command, "--help")
    assert result.exit_code == 0
    assert "Usage:" in result.stdout
    callback = next(
        c.callback for c in cli.app.registered_commands if (c.name or c.callback.__name__) == command
    )
    assert " ".join((callback.__doc__ or "").split())[:40] in " ".join(result.stdout.split())


def test_the_list_of_commands_is_the_help() -> None:
    result = run("--help")
    assert result.exit_code == 0
    assert all(command in result.stdout for command in COMMANDS)
    assert {c.name or c.callback.__name__ for c in cli.app.registered_commands} == set(COMMANDS)


# ---------------------------------------------------------------- as a program


def test_as_a_program_results_and_errors_take_different_ways(home: Path, tmp_path: Path) -> None:
    fine = gtm("metric", "win_rate", "--workspace", home, "--format", "json", cwd=tmp_path)
    assert (fine.returncode, fine.stderr) == (0, "")
    assert json.loads(fine.stdout)[0]["value"] == 0.25
    refused = gtm("metric", "win_rate", "--workspace", home, "--by", "segmnt", cwd=tmp_path, COLUMNS="40")
    assert (refused.returncode, refused.stdout) == (2, "")
    # One line however narrow the terminal is, so that it can be searched for.
    assert refused.stderr.startswith(
        "ConfigError: win_rate cannot be asked by 'segmnt'. Did you mean 'segment'?"
    )


def test_as_a_program_text_survives_a_terminal_of_ascii(home: Path, tmp_path: Path) -> None:
    result = gtm(
        "metric", "win_rate", "--workspace", home, "--by", "segment", "--format", "csv",
        cwd=tmp_path, LC_ALL="C", PYTHONIOENCODING="utf-8",
    )  # fmt: skip
    assert result.returncode == 0
    assert "Füße" in result.stdout


def test_report_finds_the_notebooks_of_the_checkout_from_any_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gtmkit import cli

    monkeypatch.chdir(tmp_path)
    assert (cli._notebooks() / "04_cohort_retention.ipynb").is_file()
    (tmp_path / "notebooks").mkdir()
    assert cli._notebooks() == Path("notebooks")
