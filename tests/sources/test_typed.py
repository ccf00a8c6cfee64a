"""What each kind of cell may look like, what it then is, and the words for all others."""

import datetime as dt
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gtmkit.contracts import Column
from gtmkit.sources.engine import connect, local, text
from gtmkit.sources.typed import Form, value, within

AT = dt.datetime.fromisoformat
NEW_YORK = Form("America/New_York")


@pytest.fixture(scope="module")
def read(tmp_path_factory):
    """A cell of a kind as its value; None where it is no such value."""
    connection = connect("200MB", tmp_path_factory.mktemp("spill"))

    def one(kind, cell, form=NEW_YORK):
        column = Column("x", kind, "")
        query = (
            f"SELECT CASE WHEN {within(column, 'v')} THEN v END FROM (SELECT {value(column, 'c', form)} AS v "
        )
        return connection.execute(f"{query} FROM (SELECT {text(cell)} AS c))").fetchone()[0]

    yield one
    connection.close()


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        ("2026-01-05", (2026, 1, 5)),
        (" 2026-01-05 ", (2026, 1, 5)),
        ("2026-01-05 00:00:00", (2026, 1, 5)),  # dates are never shifted
        ("2026-01-05T03:00:00Z", (2026, 1, 4)),  # 22:00 of the day before in New York
        ("2026-01-05 03:00:00+02:00", (2026, 1, 4)),
        ("9999-12-31", (9999, 12, 31)),
        ("2050-01-01", (2050, 1, 1)),
    ],
)
def test_dates(read, cell, day):
    assert read("date", cell) == dt.date(*day)


@pytest.mark.parametrize(
    "cell", ["0000-00-00", "2026-02-31", "31/02/2026", "26-01-05", "0026-01-05", "2026-1-5", "45000", "today"]
)
def test_no_dates(read, cell):
    assert read("date", cell) is None


@pytest.mark.parametrize(
    ("cell", "form", "day"),
    [
        ("1/5/2026", "%m/%d/%Y", (2026, 1, 5)),
        ("05.01.2026", "%d.%m.%Y", (2026, 1, 5)),
        ("20260105", "%Y%m%d", (2026, 1, 5)),
        ("1/5/2026 03:00", "%m/%d/%Y %H:%M", (2026, 1, 4)),
    ],
)
def test_declared_dates(read, cell, form, day):
    assert read("date", cell, Form("America/New_York", form)) == dt.date(*day)


@pytest.mark.parametrize("cell", ["31/02/2026", "1/5/26", "2026-01-05", "1/5/2026 x"])
def test_no_declared_dates(read, cell):
    assert read("date", cell, Form("UTC", "%d/%m/%Y")) is None


@pytest.mark.parametrize(
    ("cell", "day"), [("2026-01", (2026, 1, 1)), ("2026-01-31", (2026, 1, 1)), ("2026-13", None)]
)
def test_months(read, cell, day):
    assert read("month", cell) == (day and dt.date(*day))


@pytest.mark.parametrize(
    ("cell", "utc"),
    [
        ("2026-01-05", "2026-01-05 05:00"),  # midnight in New York, in winter
        ("2026-07-05", "2026-07-05 04:00"),  # and in summer
        ("2026-01-05T03:00:00Z", "2026-01-05 03:00"),
        ("2026-01-05 03:00:00", "2026-01-05 03:00"),
        ("2026-01-05 03:00:00.123456-0530", "2026-01-05 08:30:00.123456"),
        ("2026-01-05 03:00 UTC", "2026-01-05 03:00"),
    ],
)
def test_instants(read, cell, utc):
    assert read("timestamp", cell) == AT(utc)


@pytest.mark.parametrize("cell", ["2026-01-05 25:00:00", "2026-02-30", "1767582000", "2026-01-05 03:00 EST"])
def test_no_instants(read, cell):
    assert read("timestamp", cell) is None


def test_declared_instants(read):
    assert read("timestamp", "1/2/2026", Form("America/New_York", "%m/%d/%Y")) == AT("2026-01-02 05:00")
    zoned = Form("America/New_York", "%m/%d/%Y %H:%M %z")
    assert read("timestamp", "1/2/2026 10:00 +0200", zoned) == AT("2026-01-02 08:00")


@pytest.mark.parametrize(
    ("cell", "ten_thousandths"),
    [("18.29", 182_900), (".5", 5_000), ("5.", 50_000), ("-3.5", -35_000), ("+1", 10_000)],
)
def test_money(read, cell, ten_thousandths):
    assert read("money", cell) * 10_000 == ten_thousandths


@pytest.mark.parametrize(
    "cell",
    ["1,234", "1e3", "$5", "5 USD", "nan", "inf", "(5)", "1 000", "5%", "-", "1.2.3", "100000000000000"],
)
def test_no_money(read, cell):
    assert read("money", cell) is None


def test_decimal_comma(read):
    assert str(read("money", "18,29", Form("UTC", decimal=","))) == "18.2900000000"
    assert read("money", "1.234,5", Form("UTC", decimal=",")) is None
    assert read("number", "0,5", Form("UTC", decimal=",")) == 0.5


def test_numbers(read):
    assert read("number", "1.5") == 1.5
    assert [read("number", cell) for cell in ("1e3", "inf", "nan", "9" * 400)] == [None] * 4
    assert [read("integer", cell) for cell in ("3", "3.00", "-1")] == [3, 3, -1]
    assert [read("integer", cell) for cell in ("3.5", "9" * 30)] == [None] * 2


@pytest.mark.parametrize(
    ("cell", "truth"), [("TRUE", True), ("Yes", True), ("1", True), ("no", False), ("0", False), ("y", None)]
)
def test_booleans(read, cell, truth):
    assert read("boolean", cell) is truth


ZONES = [
    "America/New_York",
    "America/Sao_Paulo",
    "Asia/Beirut",
    "Asia/Kathmandu",
    "Pacific/Apia",
    "Africa/Cairo",
    "Pacific/Kiritimati",
    "UTC",
]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(day=st.dates(dt.date(1990, 1, 1), dt.date(2037, 12, 31)), zone=st.sampled_from(ZONES))
def test_a_plain_date_is_that_day_in_the_companys_zone(read, day, zone):
    skipped = zone == "Pacific/Apia" and day == dt.date(2011, 12, 30)  # the day Samoa left out
    instant = read("timestamp", day.isoformat(), Form(zone))
    there = instant.replace(tzinfo=dt.UTC).astimezone(ZoneInfo(zone)).date()
    assert there == (day + timedelta(days=1) if skipped else day)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    instant=st.datetimes(AT("1990-01-01"), AT("2037-12-31")).map(lambda m: m.replace(microsecond=0)),
    zone=st.sampled_from(ZONES),
)
def test_wall_time_agrees_with_the_zones_of_python(read, tmp_path_factory, instant, zone):
    connection = connect("200MB", tmp_path_factory.getbasetemp())
    shown = connection.execute(f"SELECT {local(f'TIMESTAMP {text(str(instant))}', zone)}").fetchone()[0]
    connection.close()
    assert shown == instant.replace(tzinfo=dt.UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
