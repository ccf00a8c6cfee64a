"""What was read is kept until it changes, and found again; on a company of two accounts."""

import tempfile
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from acceptance.workspaces import company, line
from pydantic import TypeAdapter

import gtmkit
from gtmkit import sources, store
from gtmkit.errors import ContractError
from gtmkit.health.fault import Fault

# a1 pays 100 throughout; a2 paid 300 and pays 450 since September 2026: MRR 550, and 400 in August.
LINES = [
    line("a1", "2025-09-01", None, 100),
    line("a2", "2025-09-01", "2026-09-01", 300),
    line("a2", "2026-09-01", None, 450),
]
TABLES = {"subscriptions": LINES}


def only(frame: pd.DataFrame) -> pd.Series:
    assert len(frame) == 1, frame.to_string()
    return frame.iloc[0]


def refuse(*_: Any, **__: Any) -> None:
    raise AssertionError("the files were read again")


def test_the_second_opening_reads_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = company(tmp_path, TABLES)
    first = gtmkit.open(folder, "2026-10").metric("mrr")
    monkeypatch.setattr(sources, "prepare", refuse)
    again = gtmkit.open(folder, "2026-10")
    pd.testing.assert_frame_equal(again.metric("mrr"), first)
    assert len(again.loss_account())


@pytest.mark.parametrize("changed", ["subscriptions.csv", "gtm.toml"])
def test_a_changed_file_is_read_anew(tmp_path: Path, changed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = company(tmp_path, TABLES)
    gtmkit.open(folder, "2026-10")
    path = folder / changed
    if changed == "gtm.toml":
        path.write_text(path.read_text(encoding="utf-8") + "\n# a remark\n", encoding="utf-8")
        monkeypatch.setattr(sources, "prepare", refuse)
        with pytest.raises(AssertionError, match="read again"):
            gtmkit.open(folder, "2026-10")
    else:
        path.write_text(path.read_text(encoding="utf-8") + "a3,2026-10-01,,7\n", encoding="utf-8")
        assert only(gtmkit.open(folder, "2026-10").metric("mrr"))["value"] == 557


def test_data_that_breaks_its_contract_keeps_nothing_and_is_refused_each_time(tmp_path: Path) -> None:
    folder = company(tmp_path, {"subscriptions": [line("a1", "2025-09-01", None, "much")]})
    for _ in range(2):
        with pytest.raises(ContractError, match="mrr_amount"):
            gtmkit.open(folder, "2026-10")


def test_old_readings_are_forgotten_but_a_few(tmp_path: Path) -> None:
    folder = company(tmp_path, {"subscriptions": LINES[:1]})
    path = folder / "subscriptions.csv"
    for n in range(store.KEPT_STORES + 3):
        path.write_text(path.read_text(encoding="utf-8") + f"b{n},2026-10-01,,1\n", encoding="utf-8")
        gtmkit.open(folder, "2026-10")
    stores = list((folder / ".gtmkit").glob("*/through.json"))
    assert 1 <= len(stores) <= store.KEPT_STORES
    assert only(gtmkit.open(folder, "2026-10").metric("mrr"))["n"] == store.KEPT_STORES + 4


def test_a_workspace_that_cannot_be_written_is_read_beside_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = company(tmp_path / "company", TABLES)
    # A file where the folder of readings would be: nothing can be kept there, whoever runs this.
    (folder / ".gtmkit").write_text("", encoding="utf-8")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "scratch"))
    assert only(gtmkit.open(folder, "2026-10").metric("mrr"))["value"] == 550
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert list((tmp_path / "scratch").rglob("through.json"))
    monkeypatch.setattr(sources, "prepare", refuse)  # kept there as well
    assert only(gtmkit.open(folder, "2026-10").metric("mrr"))["value"] == 550


def test_tables_that_were_prepared_for_it_are_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = company(tmp_path / "company", TABLES)
    prepared = gtmkit.open(folder, "2026-10").store
    other = company(tmp_path / "other", {**TABLES, "subscriptions": LINES[:1]})
    monkeypatch.setenv("GTMKIT_PREPARED", str(prepared))
    monkeypatch.setattr(sources, "prepare", refuse)
    assert only(gtmkit.open(other, "2026-10").metric("mrr"))["value"] == 550
    assert not (other / ".gtmkit").exists()


def test_ledgers_are_kept_per_period(tmp_path: Path) -> None:
    folder = company(tmp_path, TABLES)
    early, late = gtmkit.open(folder, "2026-08"), gtmkit.open(folder, "2026-10")
    assert only(late.metric("mrr"))["value"] == 550
    assert only(early.metric("mrr"))["value"] == 400
    assert only(gtmkit.open(folder, "2026-10").metric("mrr"))["value"] == 550


def test_what_was_found_is_looked_for_once(tmp_path: Path) -> None:
    asked: list[str] = []

    def look() -> list[Fault]:
        asked.append("once")
        return [Fault("note", "sources", "it's", "A “quote”.", "None.", ("arr",), 3, 0.1)]

    kind = TypeAdapter(list[Fault])
    first = store.kept(tmp_path, "faults", "2026-10", kind, look)
    assert store.kept(tmp_path, "faults", "2026-10", kind, look) == first
    assert asked == ["once"]
    store.kept(tmp_path, "faults", "2026-W43", kind, look)  # another question
    assert asked == ["once", "once"]
    assert not list(tmp_path.glob("**/*.partial"))
