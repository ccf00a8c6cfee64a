"""A metric's answer shows units, intervals and status, and stays a DataFrame in everything else."""

import pickle
import re
from typing import Any, get_args

import pandas as pd
import pytest
from IPython.core.formatters import DisplayFormatter

from gtmkit import display, formats, results
from gtmkit.catalog import Unit
from gtmkit.config import Process
from gtmkit.display import Answer
from gtmkit.trust import Trust, standing

# 62 of 288 won; a group of 11 is suppressed and keeps its counts; one has no rows at all.
ROWS = [
    {"segment": "SMB", "value": 62 / 288, "numerator": 62, "denominator": 288, "n": 288, "low": 0.171, "high": 0.267},
    {"segment": "Mid", "value": None, "numerator": 5, "denominator": 11, "n": 11, "low": 0.213, "high": 0.72,
     "status": "suppressed", "reason": "fewer than 20"},
    {"segment": "Top", "value": None, "numerator": 0, "denominator": 0, "n": 0, "low": None, "high": None,
     "status": "undefined", "reason": "none closed"},
]  # fmt: skip


def rows(*records: Any, period: str = "2026-10", by: str = "segment") -> pd.DataFrame:
    told = {"period": period, "status": "final", "reason": None}
    return results.shaped(pd.DataFrame([{**told, **r} for r in records]), [by], [])


def answer(frame: pd.DataFrame, metric: str = "win_rate", unit: str = "share", **told: str) -> Answer:
    return display.answer(
        frame, **{"metric": metric, "title": "Win rate", "unit": unit, "currency": "EUR"} | told
    )


@pytest.fixture
def wins() -> Answer:
    return answer(rows(*ROWS), title="Win rate by segment, 2026-10")


def test_a_terminal_shows_figures_with_their_unit_interval_and_status(wins: Answer) -> None:
    # 62/288 = 21.53 %; rows come sorted by segment; a suppressed share stands as its counts
    assert repr(wins) == (
        "Win rate by segment, 2026-10\n"
        "\n"
        "segment    value  interval        n  status      reason\n"
        "Mid      5 of 11  21.3 to 72.0   11  suppressed  fewer than 20\n"
        "SMB       21.5 %  17.1 to 26.7  288  final\n"
        "Top                               0  undefined   none closed\n"
        "\n"
        "A pandas frame; `value` is a share, 0 to 1, shown in percent.\n"
        "Columns: segment, period, value, numerator, denominator, n, low, high, status, reason."
    )


def test_a_notebook_shows_the_same_as_a_table(wins: Answer) -> None:
    html = wins._repr_html_()
    assert html is not None
    assert "<caption>Win rate by segment, 2026-10</caption>" in html
    assert re.findall(r'<th scope="row">(\w+)</th>', html) == ["Mid", "SMB", "Top"]
    assert '<td class="r">21.5\N{NO-BREAK SPACE}%</td><td>17.1 to 26.7</td><td class="r">288</td>' in html
    assert "<td>suppressed</td><td>fewer than 20</td>" in html


def test_the_style_takes_its_colours_from_the_page() -> None:
    assert not re.search(
        r"#[0-9a-f]{3}|rgb|hsl|color|background|black|white(?!-space)|gr[ae]y", display.STYLE
    )


def test_jupyter_gets_text_html_and_the_form_for_a_page(wins: Answer) -> None:
    bundle, _ = DisplayFormatter().format(wins)
    assert set(bundle) == {"text/plain", "text/html", formats.PAGE_MIME}
    assert bundle["text/plain"] == repr(wins)
    assert "<style>" in bundle["text/html"]
    assert "<style>" not in bundle[formats.PAGE_MIME]  # a page has its own


def test_what_comes_from_data_is_text() -> None:
    hostile = answer(rows({**ROWS[0], "segment": "<script>$x$</script>\nnext"}), title="<b>")
    html = hostile._repr_html_()
    assert html is not None
    assert "<script>" not in html
    assert "<b>" not in html
    assert "&lt;script&gt;$x$&lt;/script&gt;" in html
    assert len(repr(hostile).splitlines()) == 7  # a line break in a name does not break its line


def test_several_periods_stand_in_a_column_and_one_in_the_title(wins: Answer) -> None:
    both = pd.concat([rows(ROWS[0], period="2026-09"), rows(ROWS[0])], ignore_index=True)
    assert repr(answer(both)).splitlines()[2].split() == [
        *("segment", "period", "value", "interval", "n", "status")
    ]
    assert "period" not in repr(wins).splitlines()[2]


def test_more_rows_than_pandas_shows_are_counted() -> None:
    many = answer(rows(*({**ROWS[0], "segment": f"s{i:03d}"} for i in range(75))))
    assert repr(many).splitlines()[-3] == "15 more rows of 75; pd.options.display.max_rows sets how many."
    assert repr(many).count("21.5 %") == 60
    with pd.option_context("display.max_rows", None):
        assert repr(many).count("21.5 %") == 75
        assert "more rows" not in repr(many)


def test_a_terminal_s_words_are_every_row_without_what_a_program_needs(wins: Answer) -> None:
    assert display.words(wins).splitlines() == repr(wins).splitlines()[:6]
    many = answer(rows(*({**ROWS[0], "segment": f"s{i:03d}"} for i in range(75))))
    assert len(display.words(many).splitlines()) == 3 + 75
    assert display.words(wins[["segment", "n"]]) == wins[["segment", "n"]].to_string(index=False)


def test_rows_of_the_answer_keep_their_units_however_they_are_chosen(wins: Answer) -> None:
    for chosen in (
        wins[wins["segment"] == "SMB"], wins.tail(1), wins.sort_values("n"), wins.query("n > 20"),
        wins.sort_values("n").reset_index(drop=True), wins.iloc[[0, 2]], wins.copy(), pickle.loads(pickle.dumps(wins)),  # noqa: S301 - our own bytes
    ):  # fmt: skip
        assert repr(chosen).startswith("Win rate by segment, 2026-10\n")


def test_what_is_no_longer_the_answer_is_shown_as_pandas_shows_it(wins: Answer) -> None:
    for made in (
        wins.assign(value=wins["value"] * 100), wins[["segment", "value"]], wins.assign(more=1),
        wins.merge(wins, on="segment"), pd.concat([wins, wins.assign(segment="x")]), wins.iloc[:0],
        wins.rename(columns={"value": "rate"}), wins.groupby("status").sum(),
    ):  # fmt: skip
        assert repr(made) == repr(pd.DataFrame(made))
        assert made._repr_html_() == pd.DataFrame(made)._repr_html_()
        assert formats.PAGE_MIME not in DisplayFormatter().format(made)[0]


def test_a_figure_put_into_the_frame_itself_ends_its_showing(wins: Answer) -> None:
    wins.loc[0, "value"] = 0.5
    assert repr(wins) == repr(pd.DataFrame(wins))


def test_it_reckons_as_any_frame(wins: Answer) -> None:
    plain = rows(*ROWS)
    pd.testing.assert_frame_equal(wins, plain, check_frame_type=False)
    pd.testing.assert_series_equal(wins["value"] * 2, plain["value"] * 2)
    pd.testing.assert_series_equal(wins.iloc[0], plain.iloc[0])
    assert wins.to_csv() == plain.to_csv()
    assert wins.to_dict("records") == plain.to_dict("records")
    assert wins.to_string() == plain.to_string()
    assert wins.attrs == {}
    assert isinstance(wins["value"], pd.Series)


def test_changing_the_frame_leaves_what_it_was_made_of_alone() -> None:
    kept = rows(*ROWS)
    given = answer(kept)
    given["value"] = 0.0
    pd.testing.assert_frame_equal(kept, rows(*ROWS))


@pytest.mark.parametrize(
    ("metric", "unit", "value", "shown"),
    [
        ("net_revenue_retention", "ratio", 1.042, "104.2 %"),  # nobody says 1.04
        ("pipeline_coverage", "ratio", 3.1, "3.10"),
        ("arr", "money", 1_234_000, "EUR 1.23 m"),
        ("pipeline_velocity", "money per day", 8_200, "EUR 8.20 k a day"),
        ("sales_cycle", "days", 69, "69 days"),
    ],
)
def test_a_figure_is_written_in_the_unit_in_which_it_is_spoken_of(
    metric: str, unit: str, value: float, shown: str
) -> None:
    one = answer(rows({**ROWS[0], "value": value}), metric, unit)
    assert shown in repr(one)


@pytest.mark.parametrize("unit", get_args(Unit))
def test_every_unit_of_the_catalogue_can_be_shown(unit: str) -> None:
    assert "`value` is " in repr(answer(rows(ROWS[0]), unit=unit))


def test_what_cannot_be_told_says_why_in_one_row() -> None:
    nothing = results.undefined(["segment"], ["2026-10"], "needs table opportunities")
    assert repr(answer(nothing)).splitlines()[2:4] == [
        "status     reason",
        "undefined  needs table opportunities",
    ]


def test_a_title_says_what_was_asked() -> None:
    assert display.title("ARR", [], "", ["2026-10"]) == "ARR, 2026-10"
    assert (
        display.title(
            "Win rate (amount)", ["segment", "channel"], "kinds=new,months=3", ["2026-09", "2026-10"]
        )
        == "Win rate (amount) by segment and channel, kinds=new, months=3, 2026-09 to 2026-10"
    )


CHECK = Trust("check", (standing("sales_coaching", Process(status="partial")),))


def trusted(trust: Trust = CHECK, **told: Any) -> Answer:
    return display.answer(
        rows(*ROWS),
        metric="win_rate",
        title="Win rate",
        unit="share",
        currency="EUR",
        trust=lambda rows: {"": trust},
        **told,
    )


def test_what_is_shown_ends_with_how_far_it_can_be_trusted() -> None:
    wins = trusted()
    assert repr(wins).splitlines()[-1] == "Trust: check: Sales coaching (declared partial)"
    assert display.words(wins).splitlines()[-2:] == ["", "Trust: check: Sales coaching (declared partial)"]
    assert display.words(trusted(Trust("sound"))).splitlines()[-1] == "Trust: sound"
    html = wins._repr_html_()
    assert html is not None
    assert '</table></div><details class="trust">' in html
    assert "trust" not in str(trusted(Trust("sound"))._repr_html_())


def test_trust_is_looked_up_only_by_what_is_shown() -> None:
    def costly(rows: pd.DataFrame) -> dict[str, Trust]:
        raise AssertionError("nobody has looked yet")

    wins = display.answer(rows(*ROWS), metric="win_rate", title="", unit="share", currency="", trust=costly)
    assert len(wins[wins["n"] > 20].sort_values("n")) == 1
    assert display.trust_of(wins.assign(value=1.0)) == {}
    with pytest.raises(AssertionError, match="nobody has looked"):
        repr(wins)


def test_rows_of_an_answer_keep_its_trust_and_what_is_reckoned_has_none() -> None:
    wins = trusted()
    for chosen in (
        wins,
        wins[wins["n"] > 20],
        wins.tail(1),
        wins.drop(columns="segment"),
        wins.sort_values("n"),
    ):
        assert display.trust_of(chosen) == {"": CHECK}
    for made in (
        wins.assign(value=0.5), wins.assign(more=1), wins.iloc[:0], wins[["segment", "value"]], pd.DataFrame(wins),
        pd.concat([wins, wins]).merge(wins, on="segment"), answer(rows(*ROWS)), pickle.loads(pickle.dumps(wins)),  # noqa: S301 - our own bytes
    ):  # fmt: skip
        assert display.trust_of(made) == {}


def by_motion() -> Answer:
    """Two motions of which one is doubtful, as the workspace tells them apart."""
    doubtful = Trust("doubtful", (standing("outbound_prospecting", Process(status="missing")),))
    told = {"inbound": Trust("sound"), "outbound": doubtful, "partner": Trust("sound")}
    return display.answer(
        rows(*ROWS), metric="win_rate", title="Win rate", unit="share", currency="", trust=lambda rows: told
    )


def test_rows_that_are_trusted_otherwise_than_others_are_told_apart() -> None:
    assert display.words(by_motion()).splitlines()[-2:] == [
        "Trust, inbound, partner: sound",
        "Trust, outbound: doubtful: Outbound prospecting (declared missing)",
    ]
    # On a page what is sound is quiet, and what is not is named.
    html = str(by_motion()._repr_html_())
    assert (
        '<summary>Trust: <span class="st dbt">doubtful</span> outbound (Outbound prospecting)</summary>'
        in html
    )
    assert list(display.trusted({"Win rate": by_motion()})) == ["inbound", "outbound", "partner"]
    assert list(display.trusted({"Win rate": by_motion(), "Close rate": trusted()})) == [
        "Win rate, inbound", "Win rate, outbound", "Win rate, partner", "Close rate"
    ]  # fmt: skip


def test_of_what_has_no_figure_no_trust_is_told() -> None:
    absent = trusted()
    nothing = absent[absent["status"] == "undefined"]
    assert display.trusted({"a": absent, "b": nothing, "c": pd.DataFrame(absent)}) == {"a": CHECK}
    assert "Trust" not in display.words(nothing)
    # The counts of a share that is suppressed are read, and so is how far to trust them.
    assert "Trust: check" in display.words(absent[absent["status"] == "suppressed"])
