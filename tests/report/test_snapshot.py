import tomllib
from datetime import date, datetime, time
from decimal import Decimal

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st
from paper_review import SETTINGS, PaperWorkspace

from gtmkit.config import Config
from gtmkit.report.snapshot import toml, write_snapshot


@pytest.fixture
def snapshot(tmp_path):
    (tmp_path / "gtm.toml").write_text(SETTINGS)
    store = PaperWorkspace(tmp_path, None, tmp_path / "store").store
    write_snapshot(store, tmp_path / "gtm.toml", tmp_path / "snapshot")
    return tmp_path / "snapshot"


def test_amounts_are_decimals_in_units_and_instants_stay(snapshot):
    with duckdb.connect() as connection:
        rows = connection.read_parquet(str(snapshot / "opportunities.parquet"))
        assert rows.columns == ["opportunity_id", "created_at", "amount"]  # no line, file or currency
        assert rows.fetchall() == [
            ("a", datetime(2026, 10, 1, 22, 30), Decimal("1234.5678")),  # noqa: DTZ001 - stored naive, UTC
            ("b", None, Decimal("-0.0001")),
        ]


def test_the_settings_map_every_column_to_itself(snapshot):
    config = Config.load(snapshot)
    table = config.tables["opportunities"]
    assert table.columns == {
        "opportunity_id": "opportunity_id",
        "created_at": "created_at",
        "amount": "amount",
    }
    assert (table.path, table.format, table.settles_days) == ("opportunities.parquet", "parquet", 2)
    assert table.through == date(2026, 10, 31)
    assert (config.company.name, config.company.currency) == ("Paper & Sons", "EUR")


texts = st.text(st.characters(codec="utf-8"), max_size=8)
plain = st.one_of(
    texts, st.integers(-(2**63), 2**63 - 1), st.booleans(), st.dates(), st.floats(allow_nan=False)
)
values = st.recursive(
    plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3), max_leaves=8
)


@given(st.dictionaries(texts, values, max_size=4))
def test_settings_are_read_back_as_they_were_written(words):
    assert tomllib.loads(toml(words)) == words


def test_every_kind_of_setting_is_written():
    words = {
        "change": [{"on": date(2026, 7, 1), "note": 'a\n"b"\x7f'}],
        "at": datetime(2026, 7, 1, 12, 30),  # noqa: DTZ001 - TOML's local date-time
        "hour": time(7, 30),
        "empty": {},
        "tables": {"a b": {"x": {"y": 1.5}}, "c": {"z": [True, [1, 2]]}},
    }
    assert tomllib.loads(toml(words)) == words
