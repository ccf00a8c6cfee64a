import json
import tomllib
from datetime import date, datetime, time
from decimal import Decimal

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st
from report.paper_review import SETTINGS, PaperWorkspace

from gtmkit.config import Config
from gtmkit.report.snapshot import toml, write_snapshot
from gtmkit.sources import prepare


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


WORKSPACE = {
    "gtm.toml": """
[company]
name = "Paper"
currency = "EUR"
timezone = "America/New_York"

[pipeline]
stages = ["qualified", "proposal"]

[tables.accounts]
path = "accounts.csv"
columns = { account_id = "Id", name = "Name", is_internal = "Internal" }

[tables.opportunities]
path = "deals.csv"
date_format = "%d/%m/%Y"
key = ["opportunity_id"]
values.stage = { "Won" = "closed_won", "Open" = "qualified" }
constants = { kind = "new" }

[tables.opportunities.columns]
opportunity_id = "Id"
account_id = "Account"
created_at = "Created"
amount = "Amount"
currency = "Cur"
stage = "Stage"

[tables.subscriptions]
path = "subscriptions.csv"
shape = "SHAPE"
counts = ["active"]

[tables.exchange_rates]
path = "rates.csv"
""",
    "accounts.csv": 'Id,Name,Internal\n007,NA,false\n0071,"=x, ""y""",false\n008,Us,true\n',
    "deals.csv": (
        "Id,Account,Created,Amount,Cur,Stage\n"
        "9007199254740993,007,31/10/2026,0.1,EUR,Won\n"
        "9007199254740993,007,31/10/2026,0.1,EUR,Won\n"
        "d2,0071,01/09/2026,123456789.12345,USD,Open\n"
        "d3,008,01/09/2026,5,EUR,Open\n"
    ),
    "rates.csv": "month_on,currency,rate\n2026-09-01,USD,0.9137\n2026-10-01,USD,0.92\n",
}
SUBSCRIPTIONS = {
    "periods": (
        "account_id,started_on,ended_on,price_amount,interval,currency,status\n"
        "007,2026-01-15,2026-09-20,1000,year,EUR,active\n"
        "0071,2026-09-01,,99.99,month,USD,active\n"
        "0071,2026-09-01,,10,month,EUR,paused\n"
    ),
    "changes": (
        "account_id,changed_on,mrr_amount\n007,2026-01-15,83.3333\n007,2026-03-01,0\n0071,2026-09-01,10\n"
    ),
    "snapshots": "account_id,month_on,mrr_amount\n007,2026-01-01,1\n007,2026-02-01,2.00005\n",
}


@pytest.mark.parametrize("shape", SUBSCRIPTIONS)
def test_what_is_read_from_a_snapshot_is_what_was_read_from_the_exports(shape, tmp_path):
    for name, text in WORKSPACE.items():
        (tmp_path / name).write_text(text.replace("SHAPE", shape))
    (tmp_path / "subscriptions.csv").write_text(SUBSCRIPTIONS[shape])
    prepare(Config.load(tmp_path), tmp_path, tmp_path / "store", tmp_path / "rejects")
    snapshot = tmp_path / "snapshot"
    write_snapshot(tmp_path / "store", tmp_path / "gtm.toml", snapshot)
    prepare(Config.load(snapshot), snapshot, tmp_path / "again", tmp_path / "rejects")
    names = sorted(path.name for path in (tmp_path / "store").glob("*.parquet"))
    assert names == sorted(path.name for path in (tmp_path / "again").glob("*.parquet"))
    assert len(names) == 4
    with duckdb.connect() as connection:
        for name in names:
            one, two = (connection.read_parquet(str(tmp_path / s / name)) for s in ("store", "again"))
            columns = [column for column in two.columns if column not in ("file", "line")]
            gone = {c for c in one.columns if c not in two.columns}
            assert gone <= {"currency", "price_amount", "quantity", "interval", "interval_count"}
            assert one.fetchall() != []
            rows = [sorted(map(repr, r.select(*map(quoted, columns)).fetchall())) for r in (one, two)]
            assert rows[0] == rows[1], name
    through = [(tmp_path / s / "through.json").read_text() for s in ("store", "again")]
    assert json.loads(through[0]).items() <= json.loads(through[1]).items()


def quoted(column):
    return duckdb.ColumnExpression(column)
