"""How a figure is written, one case a rule."""

import pandas as pd
import pytest

from gtmkit import formats
from gtmkit.formats import MINUS, Cell


def row(value=0.218, low=0.172, high=0.271, n=271, status="final", reason=None):
    return {"value": value, "low": low, "high": high, "n": n, "status": status, "reason": reason}


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.218, "share", "21.8 %"),
        (-0.05, "share", "−5.0 %"),
        (1, "days", "1 day"),
        (32.4, "days", "32 days"),
        (4512, "count", "4,512"),
        (9000, "opportunity-days", "9,000 opportunity-days"),
        (2.345, "ratio", "2.35"),
        (999, "money", "USD 999"),
        (12_345, "money", "USD 12.3 k"),
        (999_960, "money", "USD 1.00 m"),
        (2_310_000, "money", "USD 2.31 m"),
        (-3_400, "money", "−USD 3.40 k"),
        (1_500, "money per day", "USD 1.50 k a day"),
        (None, "share", "not known"),
        (float("nan"), "money", "not known"),
        (float("inf"), "ratio", "not known"),
        (pd.NA, "days", "not known"),
    ],
)
def test_number(value, unit, text):
    assert formats.number(value, unit, "USD") == text


def test_an_unknown_unit_is_named():
    with pytest.raises(ValueError, match=r"unit is 'percent'. Allowed: share, money"):
        formats.number(1, "percent")


def test_a_figure_does_not_travel_alone():
    assert formats.figure(row()) == "21.8 % (17 to 27, n 271)"
    assert formats.figure(row(low=None, high=None)) == "21.8 % (n 271)"
    assert formats.figure(row(74, 66, None, 1204), "days") == "74 days (from 66, n 1,204)"


@pytest.mark.parametrize(
    ("status", "reason", "text"),
    [
        ("undefined", "needs table spend", "undefined: needs table spend"),
        ("immature", None, "not yet observed"),
        ("suppressed", None, "suppressed: n 11"),
        ("suppressed", "n 11, under 20", "suppressed: n 11, under 20"),
    ],
)
def test_what_is_absent_says_why(status, reason, text):
    absent = row(value=None, n=11, status=status, reason=reason)
    assert formats.figure(absent) == formats.absence(absent) == text


def test_signed_and_interval():
    assert formats.signed(1200, "money", "EUR") == "+EUR 1.20 k"
    assert formats.signed(-0.02, "share") == "−2.0 %"
    assert formats.signed(0, "count") == "0"
    assert formats.interval(-0.05, 0.1, "share", 1) == "−5.0 to 10.0"
    assert formats.interval(None, 0.3) == "up to 30"
    assert formats.interval(None, None) == ""


EVIL = '<script>alert("1")</script>'


def test_a_table_escapes_everything_and_names_its_heads():
    html = formats.table(EVIL, [EVIL, "n"], [[EVIL, Cell(EVIL, EVIL, EVIL)]], right={1})
    assert "<script" not in html
    assert html.count("&lt;script&gt;") == 7  # region, caption, head, row head, text, small, mark
    assert '<th scope="col" class="r">n</th>' in html
    assert '<th scope="row">' in html
    assert "<caption>" in html


def test_result_table_marks_what_is_not_final():
    frame = pd.DataFrame(
        [
            {"segment": "a", "numerator": 59, "denominator": 271, **row()},
            {"segment": "b", "numerator": 3, "denominator": 9, **row(value=1.1, n=9)},
            {
                "segment": None,
                "numerator": 0,
                "denominator": 0,
                **row(None, None, None, 0, "undefined", "none"),
            },
            {"segment": "c", "numerator": 5, "denominator": 50, **row(n=50, status="provisional")},
        ]
    )
    html = formats.result_table(frame, "Rates", "share")
    assert "<b>21.8\N{NO-BREAK SPACE}%</b><small>17.2 to 27.1, n 271</small>" in html
    assert '<span class="st">few</span>' in html
    assert '<span class="st un">undefined</span><small>none, n 0</small>' in html
    assert '<span class="st">provisional</span>' in html
    assert '<th scope="row">unknown</th>' in html


def test_a_long_table_is_cut_and_says_so():
    frame = pd.DataFrame([{"age": a, "numerator": 1, "denominator": 2, **row()} for a in range(7)])
    html = formats.result_table(frame, "Ages", "share", most=5)
    assert html.count('<th scope="row">') == 5
    assert "Ages (the first 5 of 7 rows)" in html


@pytest.mark.parametrize(
    ("metric", "unit", "value", "words"),
    [
        ("net_revenue_retention", "ratio", 1.05, "105 %"),
        ("win_rate.amount", "ratio", 0.3, "30 %"),
        ("win_rate", "share", 0.305, "30.5 %"),
        ("pipeline_coverage", "ratio", 3.0, "3.00"),
        ("sales_cycle", "days", 75.0, "75 days"),
    ],
)
def test_a_target_is_written_as_its_metric_is_spoken_of(metric, unit, value, words):
    assert formats.target(metric, value, unit) == words


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("plain $1 <b>", "plain $1 <b>"),
        (None, "unknown"),
        ("שירות", "\u2068שירות\u2069"),  # isolated, so that it cannot turn the figure beside it around
        ("mail\u202egnp.exe", "mailgnp.exe"),  # an override would
        ("\u2069خدمة\u2066", "\u2068خدمة\u2069"),
        ("two\nlines\x00\x0b", "two lines"),
        ("🚀 ads", "🚀 ads"),
    ],
)
def test_a_name_from_data_stands_by_itself(name, shown):
    assert formats.label(name) == shown


def test_a_card_keeps_its_rows_and_the_name_of_each_cell():
    html = formats.table("c", ["segment", "GRR <x>"], [["a", Cell("80 %", "n 5")]], right={1}, cards=True)
    assert '<table class="cards" role="table">' in html
    assert '<th scope="row" role="rowheader">a</th>' in html
    assert '<td role="cell" data-l="GRR &lt;x&gt;" class="r"><b>' in html
    assert "role=" not in formats.table("c", ["a", "b"], [["1", "2"]]).replace('role="region"', "")


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (18.75, "months", "18.8 months"),
        (15.0, "months", "15.0 months"),
        (1234.0, "accounts", "1,234 accounts"),
        (59.75, "accounts", "59.8 accounts"),
        (60.0000000001, "count", "60"),
        (-2.0, "months", f"{MINUS}2.0 months"),
    ],
)
def test_months_have_a_decimal_and_counts_none(value: float, unit: str, said: str) -> None:
    assert formats.number(value, unit) == said


def test_a_margin_is_spoken_of_in_percent_and_a_magic_number_is_not() -> None:
    assert formats.spoken_unit("gross_margin.subscription", "ratio") == "share"
    assert formats.spoken_unit("magic_number", "ratio") == "ratio"
