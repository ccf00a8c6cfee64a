"""`gtmkit explain` on the command line: sentences, tables for programs, and what it refuses."""

import csv
import json
from pathlib import Path

import pytest
from acceptance.workspaces import closed, company, line
from click.testing import Result
from typer.testing import CliRunner

from gtmkit.cli import app
from gtmkit.explain import COLUMNS


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    # Won in September 3 of 4 (small 2 of 2, large 1 of 2), in October 2 of 4 (small 1 of 1, large 1 of 3).
    people = [{"account_id": f"a{i}", "started_on": "2024-01-01", "segment": "small" if i % 2 else "large"}
              for i in range(4)]  # fmt: skip
    outcomes = {
        "2026-09": [("a1", True), ("a3", True), ("a0", True), ("a2", False)],
        "2026-10": [("a1", True), ("a0", True), ("a2", False), ("a0", False)],
    }
    deals = [
        closed(f"{month}-{i}", "2026-06-01", f"{month}-15", won, 100, account_id=account)
        for month, of in outcomes.items()
        for i, (account, won) in enumerate(of)
    ]
    lines = [line("a0", "2025-01-01", None, 100), line("a1", "2026-10-05", None, 50)]
    tables = {"accounts": people, "opportunities": deals, "subscriptions": lines}
    return company(tmp_path_factory.mktemp("cli") / "paper", tables)


def run(home: Path, *arguments: object, code: int = 0) -> Result:
    given = ["explain", *map(str, arguments), "--workspace", str(home), "--period", "2026-10"]
    found = CliRunner().invoke(app, given)
    assert found.exit_code == code, found.output
    return found


def test_a_table_is_sentences_against_the_period_before(home: Path) -> None:
    said = run(home, "win_rate", "--by", "segment").stdout.splitlines()
    assert (
        said[0] == "[no action] Win rate moved by −25.0 points, from 75.0 % in 2026-09 to 50.0 % in 2026-10."
    )
    # Weights of small .5 and .25; rates 1 and 1, of large .5 and .333: rate -.167 x .625, the rest is mix.
    assert said[1].startswith("[no action] Of that by segment: mix −14.6 points")
    assert "rate −10.4 points" in said[1]
    assert said[2].startswith("[no action] The largest parts: rate of large −10.4 points")
    assert said[-1].startswith("Trust: ")


def test_several_columns_are_told_one_after_the_other(home: Path) -> None:
    said = run(home, "win_rate", "--by", "segment", "--by", "owner").stdout
    assert said.count("Win rate moved by") == 2


def test_json_is_a_list_of_parts_and_csv_the_same(home: Path) -> None:
    rows = json.loads(run(home, "mrr", "--versus", "2026-09", "--format", "json").stdout)
    assert [list(row) for row in rows] == [COLUMNS] * 5
    assert {row["part"]: row["change"] for row in rows} == {
        "new": 50, "expansion": 0, "contraction": 0, "churned": 0, "reactivated": 0
    }  # fmt: skip
    assert {(row["versus"], row["period"], row["by"], row["level"]) for row in rows} == {
        ("2026-09", "2026-10", "movement", 1)
    }
    table = list(csv.DictReader(run(home, "mrr", "--format", "csv").stdout.splitlines()))
    assert [row["part"] for row in table] == [row["part"] for row in rows]
    assert table[0]["change"] == "50"
    assert table[0]["low"] == ""


def test_depth_and_axes(home: Path) -> None:
    rows = json.loads(run(home, "arr", "--by", "segment", "--depth", 1, "--format", "json").stdout)
    assert [(r["level"], r["of"], r["group"], r["change"]) for r in rows if r["level"] == 2] == [
        (2, "new", "small", 600)
    ]
    one = json.loads(run(home, "arr_bridge", "--at", "movement=new", "--format", "json").stdout)
    assert [(r["part"], r["change"]) for r in one] == [("change", 600)]


def test_confined(home: Path) -> None:
    rows = json.loads(run(home, "win_rate", "--where", "segment=large", "--format", "json").stdout)
    assert [(r["before"], r["after"]) for r in rows] == [(0.5, pytest.approx(1 / 3))]


def test_what_cannot_be_told_is_a_sentence_and_a_reason(home: Path) -> None:
    said = run(home, "win_rate", "--versus", "2026-08").stdout
    assert "[not yet] Why win rate moved cannot be told: win_rate has no figure in 2026-08: " in said
    row = json.loads(run(home, "win_rate", "--versus", "2026-08", "--format", "json").stdout)[0]
    assert row["part"] is None
    assert row["reason"].startswith("win_rate has no figure in 2026-08")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["win_rate", "--by", "colour"], "win_rate cannot be asked by 'colour'."),
        (["win_rates"], "There is no metric 'win_rates'. Did you mean 'win_rate'?"),
        (["win_rate", "--versus", "2026-Q3"], "'2026-Q3' is no period to compare 2026-10 with."),
        (["stage_conversion"], "needs table stage_changes"),
        (["cohort_retention"], "cohort_retention has several figures in a period"),
        (["cohort_retention", "--at", "cohort"], "'cohort' is not a setting. KEY=VALUE is allowed."),
        (["cohort_retention", "--at", "age=6"], "Choose one with at, such as --at cohort="),
        (["arr_bridge", "--at", "movement=newer"], "arr_bridge has no movement 'newer'. Did you mean 'new'?"),
        (["win_rate", "--depth", "9"], "depth=9 cannot be told. Whole numbers from 1 to 5 are allowed."),
        (["win_rate", "--set", "colour=red"], "win_rate has no option 'colour'."),
    ],
)
def test_what_cannot_be_asked_is_refused(home: Path, arguments: list[str], said: str) -> None:
    if arguments == ["stage_conversion"]:
        assert said in run(home, *arguments).stdout
        return
    found = run(home, *arguments, code=2)
    assert said in found.stderr
    assert found.stdout == ""
    told = json.loads(run(home, *arguments, "--format", "json", code=2).stdout)
    assert (told["error"], told["exit_code"]) == ("ConfigError", 2)
