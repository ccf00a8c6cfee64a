"""gtmkit check: contracts first and alone, then faults by severity; terminal, JSON, page and exit code."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gtmkit import cli
from gtmkit.check import Check, check
from gtmkit.health.fault import Fault

NOTE = Fault("note", "taxonomy", "events.Clicked", "The name is no verb_object.", "Rename it.")
WARNING = Fault(
    "warning", "hygiene", "touches.source 'gogle'", "It is nearly 'google' (3 rows).",
    '[tables.touches.values]\nsource = { "gogle" = "google" }', ("cac",), 3, 12_500.0,
)  # fmt: skip
ERROR = Fault("error", "freshness", "events", "No row in 2026-10.", "Export it again.", ("activation_rate",))


def found(*faults: Fault) -> Check:
    return Check("Acme <b>", "2026-10", faults, "USD")


@pytest.mark.parametrize(
    ("faults", "is_strict", "code"),
    [
        ((), True, 0),
        ((NOTE,), True, 0),
        ((NOTE, WARNING), False, 0),
        ((NOTE, WARNING), True, 7),
        ((WARNING, ERROR), False, 3),
        ((WARNING, ERROR), True, 3),
    ],
)
def test_the_exit_code_is_that_of_the_gravest(faults: tuple[Fault, ...], is_strict: bool, code: int):
    assert found(*faults).exit_code(is_strict) == code


def test_the_terminal_has_each_fault_with_what_mends_it_and_the_count_last():
    assert found(ERROR, WARNING).text().splitlines() == [
        "error: events: No row in 2026-10.",
        "    in doubt: activation_rate.",
        "    Export it again.",
        "warning: touches.source 'gogle': It is nearly 'google' (3 rows).",
        "    pipeline of USD 12.5 k; in doubt: cac.",
        "    [tables.touches.values]",
        '    source = { "gogle" = "google" }',
        "",
        "Acme <b> 2026-10: 1 error, 1 warning",
    ]
    assert found().text() == "Acme <b> 2026-10: nothing found"


def test_a_record_has_every_key_of_a_fault():
    assert found(WARNING).records() == [
        {
            "severity": "warning", "area": "hygiene", "subject": "touches.source 'gogle'",
            "text": "It is nearly 'google' (3 rows).",
            "fix": '[tables.touches.values]\nsource = { "gogle" = "google" }',
            "metrics": ["cac"], "n": 3, "amount": 12_500.0,
        }
    ]  # fmt: skip


def test_the_page_is_whole_and_escaped():
    page = found(ERROR, WARNING, NOTE).html()
    assert page.index("Errors") < page.index("Warnings") < page.index("Notes")
    assert "Acme &lt;b&gt;" in page
    assert "<b>Acme <b>" not in page
    assert "source = { &#34;gogle&#34; = &#34;google&#34; }" in page
    assert "Nothing is wrong" in found().html()


def workspace(folder: Path, accounts: str, settings: str = "") -> Path:
    folder.mkdir(parents=True)
    (folder / "gtm.toml").write_text(
        f'[company]\nname = "Acme"\n[tables.accounts]\npath = "accounts.csv"\nthrough = 2026-10-31\n{settings}',
        encoding="utf-8",
    )
    (folder / "accounts.csv").write_text(accounts, encoding="utf-8")
    return folder


def test_broken_contracts_are_told_each_by_itself_and_alone(tmp_path: Path):
    home = workspace(tmp_path / "it's", "account_id,started_on\nA,2026-10-01\nB,soon\n,2026-10-02\n")
    answer = check(home, "2026-10")
    assert {(f.severity, f.area, f.subject) for f in answer.faults} == {("error", "contract", "accounts")}
    assert "2 of 3 rows break its contract" in answer.faults[0].text
    assert "line 3: 'soon'" in answer.faults[0].fix
    assert answer.exit_code(False) == 3


def test_a_changed_column_does_not_pass_in_silence(tmp_path: Path):
    settings = '[tables.accounts.columns]\naccount_id = "Account ID"\n'
    home = workspace(tmp_path / "a", "AccountID\nA\n", settings)
    (fault,) = check(home).faults
    assert fault.text.startswith("accounts.csv has no column 'Account ID'")


def test_rows_set_aside_are_a_note(tmp_path: Path):
    rows = "".join(f"A{i},2026-10-01\n" for i in range(99))
    home = workspace(tmp_path / "a", f"account_id,started_on\n{rows}B,soon\n", "max_rejected = 0.01\n")
    told = [f for f in check(home, "2026-10").faults if f.area == "contract"]
    assert [(f.severity, f.n, f.text) for f in told] == [
        ("note", 1, "1 row that broke its contract was set aside.")
    ]


def test_what_is_not_in_place_is_a_note_even_where_nothing_contradicts_it(tmp_path: Path):
    declared = (
        '[processes.renewals]\nstatus = "missing"\n'
        '[processes.sales_coaching]\nstatus = "in_place"\nreviewed_on = 2026-01-01\n'
    )
    home = workspace(tmp_path / "a", "account_id,started_on\nA,2026-10-01\n", declared)
    missing, undeclared, partial = (f for f in check(home, "2026-10").faults if f.subject == "processes")
    assert {f.severity for f in (missing, undeclared, partial)} == {"note"}
    # By their data three more are missing: no is_icp, no target of the scorecard, none for NRR.
    assert missing.text.count(" (") == 4
    assert "Renewals (declared missing)" in missing.text
    assert missing.text.endswith(" metrics that stand on them are doubtful at best.")
    assert undeclared.text.count("(nothing is declared of it in gtm.toml)") == 17 - 4 - 1
    # Reviewed 304 days before the end of October: more than 180, so that nobody knows.
    assert partial.text.startswith("Sales coaching (")
    assert partial.text.endswith(" are check at best.")


def test_the_amount_of_what_says_its_amount_is_not_told_again():
    told = Fault("note", "reconciliation", "spend", "USD 3 k more.", "Add it.", amount=3_000.0)
    assert found(told).text().splitlines()[:2] == ["note: spend: USD 3 k more.", "    Add it."]


def test_the_command_prints_and_leaves_with_the_code(tmp_path: Path):
    home = workspace(tmp_path / "a", "account_id,started_on\nA,soon\n")
    ran = CliRunner().invoke(cli.app, ["check", "--workspace", str(home), "--format", "json"])
    told = json.loads(ran.stdout)
    assert (ran.exit_code, told["company"], told["faults"][0]["area"]) == (3, "a", "contract")
    page = CliRunner().invoke(cli.app, ["check", "--workspace", str(home), "--format", "html"])
    assert page.exit_code == 3
    assert page.stdout.startswith("<!doctype html>")
    words = CliRunner().invoke(cli.app, ["check", "--workspace", str(home)])
    assert words.stdout.rstrip().endswith("a: 1 error")


def test_a_setting_that_cannot_be_used_is_an_error_of_its_own(tmp_path: Path):
    home = workspace(tmp_path / "a", "account_id\nA\n", "[acme]\n")
    assert CliRunner().invoke(cli.app, ["check", "--workspace", str(home)]).exit_code == 2
