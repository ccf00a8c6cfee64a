"""The door: a whole workspace in, all faults at once, nothing half stored, real exports."""

import datetime as dt
import json
import shutil
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gtmkit import sources
from gtmkit.config import Config
from gtmkit.errors import ConfigError, ContractError
from gtmkit.sources import engine
from gtmkit.sources.loss import SET_ASIDE

DATA = Path(__file__).parents[1].parent / "shared" / "data"
CRM = DATA / "crm_sales_opportunities"
needs_data = pytest.mark.skipif(not DATA.exists(), reason="the shared data are not beside this checkout")


def workspace(home: Path, settings_: str, **files: str) -> Path:
    home.mkdir(exist_ok=True)
    (home / "gtm.toml").write_text(settings_, encoding="utf-8")
    for name, text in files.items():
        (home / f"{name}.csv").write_text(text, encoding="utf-8")
    return home


def prepare(folder: Path, into: Path) -> Path:
    sources.prepare(Config.load(folder), folder, into, into.parent / "rejects")
    return into


def answer(query: str) -> list[tuple[object, ...]]:
    with duckdb.connect() as connection:
        return connection.execute(query).fetchall()


def test_faults_of_all_tables_are_said_at_once(tmp_path: Path):
    folder = workspace(
        tmp_path / "acme",
        '[tables.owners]\npath = "o.csv"\n[tables.events]\npath = "e.csv"\n[tables.inputs]\npath = "i.csv"\n'
        '[tables.subscriptions]\npath = "s.csv"\n',
        o="owner\nAnn\n,\n",
        e="event,occurred_at,account_id\nx,2026-99-99,A\n",
        i="",
        s="account_id,started_on,ended_on,mrr_amount,currency\nA,2026-01-02,2026-01-01,5,USD\nA,2026-01-02,,5,EUR\n",
    )
    with pytest.raises(ContractError) as error:
        prepare(folder, tmp_path / "store")
    said = str(error.value)
    for part in (
        "events.occurred_at must be",
        "i.csv: it is empty",
        "ended_on must not be",
        "EUR 2026-01",
        "owner",
    ):
        assert part in said
    assert error.value.exit_code == 3
    assert list((tmp_path / "store").iterdir()) == []
    assert sorted(path.name for path in (tmp_path / "rejects").iterdir()) == [
        "events.csv",
        "owners.csv",
        "subscriptions.csv",
    ]


def test_rejects_of_an_earlier_run_do_not_stay(tmp_path: Path):
    entry = '[tables.owners]\npath = "o.csv"\n[tables.events]\npath = "e.csv"\n'
    folder = workspace(
        tmp_path / "acme", entry, o="owner\nAnn\n", e="event,occurred_at,account_id\nx,soon,A\n"
    )
    with pytest.raises(ContractError):
        prepare(folder, tmp_path / "store")
    workspace(folder, entry, e="event,occurred_at,account_id\nx,2026-01-01,A\n")
    prepare(folder, tmp_path / "store")
    assert list((tmp_path / "rejects").iterdir()) == []


@pytest.mark.parametrize(
    ("settings_", "said"),
    [
        (
            '[tables.oportunities]\npath = "o.csv"',
            "unknown table 'tables.oportunities'. Did you mean 'opportunities'? Known tables: accounts, ",
        ),
        (
            '[tables.owners]\npath = "o.csv"\ncolumns = { ower = "o" }',
            "unknown column 'ower' in tables.owners.columns. Did you mean 'owner'? "
            "Columns of owners: owner, team, territory, function, started_on, updated_at.",
        ),
        (
            '[tables.owners]\npath = "nobody_*.csv"',
            "tables.owners.path = 'nobody_*.csv': there is no such file in 'HOME'. "
            "Put the export there, correct the path, or remove [tables.owners].",
        ),
        (
            '[tables.owners]\npath = "o.csv"\ndate_format = "DD/MM/YYYY"',
            "tables.owners.date_format = 'DD/MM/YYYY': not a date format. "
            "Use %Y, %m, %d, %H, %M, %S and %z, as in '%d/%m/%Y'.",
        ),
        (
            '[tables.owners]\npath = "o.csv"\ncolumns.owner = "o"\nconstants.owner = "x"',
            "tables.owners gives 'owner' both in columns and in constants. Keep one of the two.",
        ),
        (
            '[tables.owners]\npath = "o.csv"\nallowed.team = { path = "t.csv", column = "team" }',
            "tables.owners.allowed.team.path = 't.csv': there is no such file in 'HOME'. "
            "Put it there, or list the allowed values.",
        ),
        (
            '[tables.owners]\npath = "o.csv"\nshape = "changes"',
            "tables.owners.shape: only subscriptions come in shapes. Remove it.",
        ),
    ],
)
def test_settings_that_no_table_bears(tmp_path: Path, settings_: str, said: str):
    folder = workspace(tmp_path / "acme", settings_, o="owner\nAnn\n")
    with pytest.raises(ConfigError) as error:
        prepare(folder, tmp_path / "store")
    assert str(error.value).replace(str(folder), "HOME").startswith(f"HOME/gtm.toml: {said}")
    assert error.value.exit_code == 2


def test_how_far_tables_reach(tmp_path: Path):
    # Ends, renewals and expected closes lie ahead and do not count; a month counts as its last day; the
    # event of 1 February UTC is still January in New York; owners have no date of what has happened.
    folder = workspace(
        tmp_path / "acme",
        '[company]\ntimezone = "America/New_York"\n[tables.owners]\npath = "o.csv"\n'
        '[tables.events]\npath = "e.csv"\n'
        '[tables.subscriptions]\npath = "s.csv"\n[tables.exchange_rates]\npath = "x.csv"\n'
        '[tables.account_changes]\npath = "c.csv"\nthrough = 2026-10-31\n',
        o="owner,started_on\nAnn,2026-01-01\n",
        e="event,occurred_at,account_id\nx,2026-02-01T04:59:59Z,A\n",
        s="account_id,started_on,ended_on,mrr_amount,term_ends_on\nA,2026-01-02,2027-01-01,5,2027-01-01\n",
        x="month_on,currency,rate\n2026-02-01,EUR,1.1\n",
        c="account_id,changed_on,column,value\nA,2026-03-01,segment,smb\n",
    )
    store = prepare(folder, tmp_path / "store")
    assert json.loads((store / "through.json").read_text(encoding="utf-8")) == {
        "account_changes": "2026-10-31",
        "events": "2026-01-31",
        "exchange_rates": "2026-02-28",
        "subscriptions": "2026-01-02",
    }


@pytest.mark.parametrize("in_memory", [True, False])
def test_an_opened_table_shows_wall_time_and_no_origin(tmp_path: Path, in_memory: bool):
    folder = workspace(
        tmp_path / "it's",
        '[company]\ntimezone = "Asia/Kathmandu"\n[tables.events]\npath = "e.csv"\n',
        e="event,occurred_at,account_id\nx,2026-02-01,A\n",
    )
    store = prepare(folder, tmp_path / "it's a store")
    frame = sources.open_table(store / "events.parquet", "Asia/Kathmandu", in_memory=in_memory)
    assert frame.implementation.is_polars() is in_memory
    frame = frame.collect(backend="pyarrow")
    assert frame.columns == ["occurred_at", "event", "account_id"]
    assert frame.rows() == [(dt.datetime.fromisoformat("2026-02-01"), "x", "A")]
    utc = sources.open_table(store / "events.parquet", "UTC", in_memory=in_memory).collect(backend="pyarrow")
    assert utc.rows()[0][0] == dt.datetime.fromisoformat("2026-01-31 18:15")  # five and three quarter hours


def test_a_store_is_small_up_to_its_limit_of_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(engine, "SMALL_BYTES", 30)
    for name, length in (("a.parquet", 10), ("b.parquet", 20), ("loss.json", 500)):
        (tmp_path / name).write_bytes(b"x" * length)
    assert sources.is_small(tmp_path)  # 10 + 20 = 30 bytes of tables
    (tmp_path / "b.parquet").write_bytes(b"x" * 21)
    assert not sources.is_small(tmp_path)


def test_the_fingerprint_follows_settings_and_files(tmp_path: Path):
    folder = workspace(tmp_path / "acme", '[tables.owners]\npath = "o*.csv"\n', o="owner\nAnn\n")
    seen = {sources.fingerprint(Config.load(folder), folder)}
    assert seen == {sources.fingerprint(Config.load(folder), folder)}
    workspace(folder, '[tables.owners]\npath = "o*.csv"\nkey = []\n')
    seen.add(sources.fingerprint(Config.load(folder), folder))
    workspace(folder, '[tables.owners]\npath = "o*.csv"\nkey = []\n', o2="owner\nBob\n")
    seen.add(sources.fingerprint(Config.load(folder), folder))
    assert len(seen) == 3


ROWS = st.lists(
    st.tuples(
        st.sampled_from(["A", "B", "T", "X", ""]),  # T is internal, X an orphan, an empty id is rejected
        st.sampled_from(["S1", "S2", ""]),
        st.sampled_from(["2026-01-01", "2026-02-01", "", "soon"]),
        st.sampled_from(["2026-02-01", "2026-01-01", ""]),
        st.sampled_from(["5", "7", "x"]),
        st.dates(dt.date(2026, 1, 1), dt.date(2026, 12, 31)).map(str),
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS)
def test_read_is_used_and_all_that_was_set_aside(tmp_path_factory, rows):
    home = tmp_path_factory.mktemp("loss")
    header = "account_id,subscription_id,started_on,ended_on,mrr_amount,updated_at\n"
    text = header + "".join(",".join(row) + "\n" for row in rows)
    folder = workspace(
        home / "acme",
        '[tables.accounts]\npath = "a.csv"\n[tables.subscriptions]\npath = "s.csv"\nmax_rejected = 1.0\n',
        a="account_id,is_internal\nA,no\nB,no\nT,yes\n",
        s=text,
    )
    try:
        store = prepare(folder, home / "store")
    except ContractError:
        return  # every row rejected, or one instant with two versions
    lines = [
        r
        for r in json.loads((store / "loss.json").read_text(encoding="utf-8"))
        if r["table"] == "subscriptions"
    ]
    steps = {line["step"]: line["rows"] for line in lines}
    stored = answer(f"SELECT count(*) FROM '{store}/subscriptions.parquet'")[0][0]
    assert steps["read"] == len(rows)
    assert steps["used"] == stored == len(rows) - sum(steps.get(step, 0) for step in SET_ASIDE)


def crm(home: Path, file: str, *more: str) -> Path:
    home.mkdir()
    for name in (
        "sales_pipeline.csv",
        "products.csv",
        "sales_teams.csv",
        "variants/sales_pipeline_us_dates.csv",
    ):
        shutil.copy(CRM / name, home)
    columns = (
        'opportunity_id = "opportunity_id", created_at = "engage_date", closed_on = "close_date", '
        'stage = "deal_stage", amount = "close_value", account_id = "account", product = "product", '
        'owner = "sales_agent"'
    )
    lines = [
        '[pipeline]\nstages = ["Prospecting", "Engaging"]\nwon = "Won"\nlost = "Lost"',
        f'[tables.opportunities]\npath = "{file}"\ncolumns = {{ {columns} }}',
        'allowed.product = { path = "products.csv", column = "product" }',
        *more,
        '[tables.owners]\npath = "sales_teams.csv"',
        'columns = { owner = "sales_agent", territory = "regional_office" }',
    ]
    return workspace(home, "\n".join(lines))


@needs_data
@pytest.mark.parametrize(
    ("file", "form"),
    [("sales_pipeline.csv", ""), ("sales_pipeline_us_dates.csv", 'date_format = "%m/%d/%Y"')],
)
def test_sales_opportunities_from_both_date_variants(tmp_path: Path, file: str, form: str):
    folder = crm(tmp_path / "crm", file, form, 'values.product = { "GTXPro" = "GTX Pro" }')
    store = prepare(folder, tmp_path / "store")
    found = answer(
        "SELECT count(*) FILTER (stage = 'Won'), count(*) FILTER (stage = 'Lost'), "
        "sum(amount) FILTER (stage = 'Won') / 10000, count(*) FILTER (created_at IS NULL), min(created_at), "
        f"max(closed_on) FROM '{store}/opportunities.parquet'"
    )
    # the published figures of the set: 4,238 won, 2,473 lost, 10,005,534 won; engage dates from 2016-10-20
    assert found == [
        (4238, 2473, 10_005_534, 500, dt.datetime.fromisoformat("2016-10-20"), dt.date(2017, 12, 31))
    ]
    lines = json.loads((store / "loss.json").read_text(encoding="utf-8"))
    undated = [line for line in lines if line["step"] == "undated"]
    assert [line["rows"] for line in undated] == [500]
    pro = f"FROM '{store}/opportunities.parquet' WHERE product = 'GTX Pro' AND stage IN ('Won', 'Lost')"
    assert answer(f"SELECT count(*) FILTER (stage = 'Won'), count(*) {pro}") == [(729, 1147)]


@needs_data
def test_a_product_that_is_not_allowed_is_answered_with_the_map(tmp_path: Path):
    folder = crm(tmp_path / "crm", "sales_pipeline.csv")
    with pytest.raises(ContractError) as error:
        prepare(folder, tmp_path / "store")
    assert str(error.value).replace(str(tmp_path), "HOME") == (
        "opportunities: 1,480 of 8,800 rows break its contract; all are in HOME/rejects/opportunities.csv.\n"
        "  opportunities.product has 1 unknown value: 'GTXPro' (1,480 rows, "
        "from sales_pipeline.csv, line 3). Allowed: GTX Basic, GTX Pro, "
        "MG Special, MG Advanced, GTX Plus Pro, GTX Plus Basic, GTK 500. Did you mean 'GTX Pro'? "
        'Add values.product = { "GTXPro" = "GTX Pro" } to [tables.opportunities], '
        "or allow it in [tables.opportunities.allowed].\n"
        "Correct the export, or set max_rejected in [tables.opportunities] to the share of rows to set aside."
    )


@needs_data
def test_connector_exports_with_far_dates_and_many_empty_columns(tmp_path: Path):
    exports = DATA / "connector_exports" / "salesforce"
    folder = workspace(
        tmp_path / "acme",
        f'[tables.opportunities]\npath = "{exports / "sf_opportunity_data.csv"}"\n'
        'columns = { opportunity_id = "id", created_at = "created_date", closed_on = "close_date", '
        'amount = "amount" }\n'
        f'[tables.account_changes]\npath = "{exports / "sf_opportunity_history_data.csv"}"\nkey = []\n'
        'columns = { account_id = "id", changed_on = "_fivetran_end", value = "stage_name" }\n'
        'constants = { column = "segment" }\n',
    )
    store = prepare(folder, tmp_path / "store")
    assert answer(
        f"SELECT count(*), count(*) FILTER (amount IS NULL) FROM '{store}/opportunities.parquet'"
    ) == [(10, 6)]
    assert answer(f"SELECT year(max(changed_on)) FROM '{store}/account_changes.parquet'") == [(9999,)]
