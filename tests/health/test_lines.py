"""Lines of gtm.toml: what they keep, where they lead, and that TOML reads them back as they were meant."""

import datetime as dt
import tomllib

import pytest

from gtmkit.config import Table
from gtmkit.health.lines import entry_of, mapping, written


@pytest.mark.parametrize(
    "value",
    ['say "x"', "a\\b", "tab\there", "line\nbreak", "é 🎯", "", "\x7f\x01", "it's", "a = b # c", "[x]"],
)
def test_any_text_is_read_back(value: str) -> None:
    assert tomllib.loads(f"x = {written(value)}") == {"x": value}
    line = mapping("touches", "source", {value: "google"}, None)
    assert tomllib.loads(line) == {"tables": {"touches": {"values": {"source": {value: "google"}}}}}
    assert tomllib.loads(entry_of("?", value, None)) == {"channels": [{"channel": "?", "source": value}]}


@pytest.mark.parametrize("value", [True, False, 3, 2.5, dt.date(2026, 10, 31)])
def test_values_of_other_kinds_are_read_back(value: object) -> None:
    assert tomllib.loads(f"x = {written(value)}")["x"] == value  # type: ignore[arg-type]  # any of the kinds


def test_what_the_line_says_already_stays_and_leads_on() -> None:
    # Adwords was mapped to Google, which is now itself read as google: both must come to google.
    entry = Table(
        path="x.csv", values={"source": {"Adwords": "Google", "fb": "facebook"}, "medium": {"CPC": "cpc"}}
    )
    line = mapping("touches", "source", {"Google": "google"}, entry)
    assert line == (
        '[tables.touches.values]\nsource = { "Adwords" = "google", "fb" = "facebook", "Google" = "google" }'
    )


def test_a_cell_that_is_mapped_already_stays_mapped_so() -> None:
    # "Google" of the export is read as adwords; the Google that stands in the table is what GOOG was read as.
    entry = Table(path="x.csv", values={"source": {"Google": "adwords", "GOOG": "Google"}})
    line = mapping("touches", "source", {"Google": "google"}, entry)
    assert line.splitlines()[1] == 'source = { "Google" = "adwords", "GOOG" = "google" }'


def test_a_constant_is_mended_where_it_stands() -> None:
    entry = Table(path="x.csv", constants={"source": "Google"})
    assert (
        mapping("spend", "source", {"Google": "google"}, entry)
        == '[tables.spend.constants]\nsource = "google"'
    )
