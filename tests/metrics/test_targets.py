"""Targets: which rows are whose, and the target of a period where only its parts have one."""

import deals
import narwhals as nw
import pandas as pd
import pytest

from gtmkit.config import Channel
from gtmkit.frames import sums
from gtmkit.ledgers.attribution import with_channel
from gtmkit.metrics.targets import beside_targets, collected, given, target, with_aimed
from gtmkit.periods import Period

ROWS = [
    {"period": "2026-10", "metric": "bookings", "value": 100.0, "segment": None},
    {"period": "2026-10", "metric": "bookings", "value": 60.0, "segment": "smb"},
    {"period": "2026-10", "metric": "bookings", "value": 7.0, "segment": "smb", "owner": "ann"},
    {"period": "2026-10", "metric": "arr", "value": 999.0, "segment": None},
]
MONTHS = {"2026-10": 1.0, "2026-11": 2.0, "2026-12": 4.0}


def frame(rows: list[deals.Row], engine: str = "polars") -> nw.LazyFrame:
    tables = deals.on_engine({"targets": deals.table("targets", rows)}, engine)
    return nw.from_native(tables["targets"]).lazy()


@pytest.mark.parametrize("engine", deals.ENGINES)
def test_a_companys_targets_are_those_of_no_segment_and_no_owner(engine: str) -> None:
    assert given(frame(ROWS, engine), [], "bookings") == {(): {"2026-10": 100.0}}
    assert given(frame(ROWS, engine), ["segment"], "bookings") == {("smb",): {"2026-10": 60.0}}
    assert given(frame(ROWS, engine), ["segment", "owner"], "bookings") == {("smb", "ann"): {"2026-10": 7.0}}
    assert given(frame(ROWS, engine), [], "win_rate") == {}


@pytest.mark.parametrize("engine", deals.ENGINES)
def test_targets_of_channels_are_those_of_what_the_channels_are_for(engine: str) -> None:
    rows = [
        {"period": "2026-10", "metric": "bookings", "value": 100.0},
        {"period": "2026-10", "metric": "bookings", "value": 20.0, "channel": "seo"},
        {"period": "2026-10", "metric": "bookings", "value": 30.0, "channel": "sem"},
        {
            "period": "2026-10",
            "metric": "bookings",
            "value": 5.0,
            "channel": "tv",
        },  # of which the map says nothing
    ]
    channels = [Channel(channel=name, motion="inbound") for name in ("seo", "sem")]
    targets = with_channel(frame(rows, engine), channels)
    assert given(targets, ["motion"], "bookings") == {
        ("inbound",): {"2026-10": 50.0}, ("unattributed",): {"2026-10": 5.0},
    }  # fmt: skip
    assert given(targets, [], "bookings") == {(): {"2026-10": 100.0}}


@pytest.mark.parametrize(
    ("label", "known", "expected"),
    [
        ("2026-Q4", MONTHS, (7.0, "")),
        ("2026-Q4", {**MONTHS, "2026-Q4": 10.0}, (10.0, "")),  # its own comes first
        ("2026-Q4", {"2026-10": 1.0}, (None, "bookings targets for 1 of 3 months of 2026-Q4")),
        ("2026-Q4", {}, (None, "no bookings target for 2026-Q4")),
        ("2026", {**MONTHS, "2026-Q1": 1.0, "2026-Q2": 1.0, "2026-Q3": 1.0}, (10.0, "")),
        ("2026", MONTHS, (None, "bookings targets for 1 of 4 quarters of 2026")),
        ("2026-10", {"2026-Q4": 10.0}, (None, "no bookings target for 2026-10")),
    ],
)
def test_a_period_has_its_own_target_or_that_of_all_its_parts(
    label: str, known: dict[str, float], expected: tuple[float | None, str]
) -> None:
    assert target(known, Period.parse(label), "bookings") == expected


def test_a_fiscal_quarter_may_be_written_without_its_letters() -> None:
    quarter = Period.parse("2027-Q3", 2)
    assert target({"2027-Q3": 5.0}, quarter, "bookings") == (5.0, "")
    assert target({"FY2027-Q3": 6.0}, quarter, "bookings") == (6.0, "")
    assert target({"2026-08": 1.0, "2026-09": 2.0, "2026-10": 3.0}, quarter, "bookings") == (6.0, "")


@pytest.mark.parametrize("engine", deals.ENGINES)
def test_sums_and_targets_come_out_together_and_apart(engine: str) -> None:
    table_of_targets = frame(ROWS, engine)
    rows = sums(
        table_of_targets.filter(nw.col("metric") == "arr").with_columns(segment=nw.lit("ent")),
        ["segment"], n=nw.lit(1).cast(nw.Int64()),
    )  # fmt: skip
    table, known = collected(rows, table_of_targets, ["segment"], "bookings")
    assert table.to_dict("records") == [{"segment": "ent", "n": 1}]
    assert known == {("smb",): {"2026-10": 60.0}}
    both = with_aimed(table, known, ["segment"])
    assert both.to_dict("records") == [{"segment": "ent", "n": 1}, {"segment": "smb", "n": 0}]
    spans = {"2026-10": Period.parse("2026-10")}
    found = beside_targets(both.assign(period="2026-10"), known, ["segment"], spans, "bookings")
    assert found["lacking"].tolist() == ["no bookings target for 2026-10", ""]
    assert pd.isna(found["target"].iloc[0])
    assert found["target"].iloc[1] == 60
