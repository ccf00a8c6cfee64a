"""One figure under several definitions: what turns, whether that is noise, and what is not compared."""

import math
from typing import Any

import pandas as pd
import pytest
from cases.case import Case, workspace
from hypothesis import given
from hypothesis import strategies as st

from gtmkit import charts, scorecard, wording
from gtmkit.errors import ConfigError
from gtmkit.results import FIGURES
from gtmkit.strip import QUESTIONS, STRIP_COLUMNS, Strip, strip

Figure = tuple[float | None, float | None, float | None]
OURS: dict[str, Figure] = {"all": (10, 9, 11), "a": (5, 4, 6), "b": (15, 14, 16)}


def made(
    figures: dict[str, dict[str, Figure]],
    better: str = "down",
    target: float | None = None,
    not_of_target: tuple[str, ...] = (),
) -> Strip:
    """The strip of value, low and high by definition and group."""
    rows = [
        {"definition": name, "asked": name, "source": "s", "note": "n", "group": group,
         **dict.fromkeys(FIGURES), "value": value, "low": low, "high": high, "n": 30.0,
         "status": "undefined" if value is None else "final", "reason": "nothing there" if value is None else None}
        for name, groups in figures.items()
        for group, (value, low, high) in groups.items()
    ]  # fmt: skip
    frame = pd.DataFrame(rows)[STRIP_COLUMNS]
    return strip(
        frame, metric="cac", label="CAC", by="channel", unit="money", better=better, target=target,
        not_of_target=not_of_target, unranked="unattributed",
    )  # fmt: skip


def test_the_same_order_under_all_definitions_holds() -> None:
    found = made({"ours": OURS, "other": {"all": (20, 18, 22), "a": (9, 8, 10), "b": (31, 30, 32)}})
    assert found.verdicts == {"order": "holds", "company": "holds", "target": "not known"}
    assert found.comparisons == {"order": 1, "company": 2, "target": 0}
    assert found.definitions["order"] == ("ours", "other")


def test_a_reversal_beyond_the_intervals_of_both_flips() -> None:
    # a 5 (4 to 6) under b 15 (14 to 16), then 30 (28 to 32) over 20 (18 to 22)
    found = made({"ours": OURS, "other": {"all": (25, 24, 26), "a": (30, 28, 32), "b": (20, 18, 22)}})
    (turn,) = found.turned("order")
    assert (turn.group, turn.other, turn.ours, turn.theirs) == ("a", "b", (5, 15), (30, 20))
    assert turn.told == (True, True)
    assert found.verdict("order") == "flips"
    assert found.verdict("company") == "flips"  # a from under the company to above it, b the other way


@pytest.mark.parametrize(
    ("a", "b", "noise", "verdict"),
    [
        ((30, 19, 41), (20, 18, 22), "within", "flips within noise"),  # 19 to 41 holds 18 to 22 in part
        ((30, None, None), (20, 18, 22), "unknown", "flips, noise not known"),
        ((30, 23, None), (20, 18, 22), "beyond", "flips"),  # its upper end was not reached: higher than 23
        ((30, None, 41), (20, 18, 22), "within", "flips within noise"),  # nor its lower: anything below 41
        ((20, 18, 22), (20, 18, 22), None, "holds"),  # equal is no order, and so none that turns
    ],
)
def test_whether_a_reversal_is_noise(a: Figure, b: Figure, noise: str | None, verdict: str) -> None:
    found = made({"ours": OURS, "other": {"a": a, "b": b}})
    assert [turn.noise for turn in found.turned("order")] == ([noise] if noise else [])
    assert found.verdict("order") == verdict


def test_what_has_no_figure_is_not_compared_and_nobody_is_no_group() -> None:
    nothing: Figure = (None, None, None)
    found = made(
        {
            "ours": {**OURS, "unattributed": (1, 1, 1)},
            "other": {"all": nothing, "a": (7, 6, 8), "b": nothing},
        },
        target=12,
    )
    assert found.verdicts == dict.fromkeys(QUESTIONS, "not known")
    ranks = found.rows.set_index(["definition", "group"])["rank"]
    assert ranks["ours", "a"] == 1
    assert ranks["ours", "b"] == 2
    assert ranks["other", "a"] == 1
    assert ranks[[("ours", "all"), ("ours", "unattributed"), ("other", "b")]].isna().all()
    said = str(wording.definition_strip(found))
    assert "[not yet] CAC: no order of channel can be compared" in said
    assert "no figure, and so not compared, by 'other' of the company (nothing there)" in said


@pytest.mark.parametrize(("better", "sides"), [("down", ["better", "worse"]), ("up", ["worse", "better"])])
def test_the_side_of_the_target(better: str, sides: list[str]) -> None:
    # 10 (9 to 11) and 14 (13 to 15) on either side of 12
    found = made({"ours": OURS, "other": {"all": (14, 13, 15)}}, better, target=12)
    company = found.company.set_index("definition")["against_target"]
    assert [company["ours"], company["other"]] == sides
    assert found.verdict("target") == "flips"
    assert "[act] CAC against the target 12: whether it is met changes" in str(
        wording.definition_strip(found)
    )


def test_a_target_that_is_reached_is_met() -> None:
    for better in ("down", "up"):
        found = made({"ours": {"all": (12, 11, 13)}, "other": {"all": (12, 12, 12)}}, better, target=12)
        assert list(found.company["against_target"]) == ["better", "better"]
        assert found.verdict("target") == "holds"


def test_a_definition_of_which_the_target_says_nothing_takes_no_side() -> None:
    found = made({"ours": OURS, "other": {"all": (14, 13, 15)}}, target=12, not_of_target=("other",))
    assert found.verdict("target") == "not known"
    assert found.company.set_index("definition")["against_target"].isna()["other"]


FIGURES_OF = st.dictionaries(
    st.sampled_from(["all", "a", "b", "c"]),
    st.tuples(st.integers(1, 50), st.integers(0, 9), st.integers(0, 9)).map(lambda t: (t[0], t[0] - t[1], t[0] + t[2])),
)  # fmt: skip


@given(FIGURES_OF, FIGURES_OF)
def test_what_turns_is_reversed_and_to_turn_back_turns_as_much(
    ours: dict[str, Figure], theirs: dict[str, Figure]
) -> None:
    if not ours or not theirs:
        return
    there, back = (made({"x": one, "y": other}, target=20) for one, other in ((ours, theirs), (theirs, ours)))
    for question in QUESTIONS:
        assert there.comparisons[question] == back.comparisons[question]
        assert there.verdict(question) == back.verdict(question)
    for turn in there.turned("order"):
        assert (turn.ours[0] - turn.ours[1]) * (turn.theirs[0] - turn.theirs[1]) < 0
    same = made({"x": ours, "y": ours}, target=20)
    assert not same.turns


def test_groups_are_ranked_by_what_is_better() -> None:
    three: dict[str, Figure] = {"a": (5, 4, 6), "b": (15, 14, 16), "c": (5, 4, 6)}
    for better, ranks in (("down", [1, 3, 1]), ("up", [2, 1, 2])):
        assert list(made({"ours": three}, better).rows["rank"]) == ranks


def test_what_differs_by_rounding_alone_is_equal() -> None:
    # two groups that share cost by customers alone cost the same, up to the ten-thousandth that is left over
    ours: dict[str, Figure] = {"a": (100.00001, 90, 110), "b": (100, 90, 110), "c": (200, 190, 210)}
    theirs: dict[str, Figure] = {"a": (3, 2, 4), "b": (5, 4, 6), "c": (9, 8, 10)}
    found = made({"ours": ours | {"all": (150, 140, 160)}, "other": theirs | {"all": (6, 5, 7)}})
    assert list(found.groups["rank"]) == [1, 1, 3, 1, 2, 3]
    assert found.verdict("order") == "holds"
    assert "b = a < c" in [text.get_text() for text in charts.definition_strip(found).texts]


def test_who_is_lowest_by_all_is_so_among_whoever_has_a_figure() -> None:
    # c has none by the other definition: a is lowest there, but not by ours
    found = made(
        {
            "ours": {"a": (5, 4, 6), "b": (15, 14, 16), "c": (1, 0, 2)},
            "other": {"a": (5, 4, 6), "b": (9, 8, 10)},
        }
    )
    said = str(wording.definition_strip(found))
    assert "the order of channel is the same under both definitions: b is highest." in said


def test_a_single_group_is_the_company_and_on_no_side_of_it() -> None:
    found = made({"ours": {"all": (5, 4, 6), "a": (5, 4, 6)}, "other": {"all": (7, 6, 8), "a": (7, 6, 8)}})
    assert found.comparisons["company"] == 0


def test_a_strip_without_any_figure_says_so() -> None:
    found = made({"ours": {"all": (None, None, None)}})
    assert charts.definition_strip(found).get_label() == "No picture: undefined: nothing there."


# ---------------------------------------------------------------- asked of a workspace

# Of 60 a month new in October, for 100 of September, 50 of it of nobody, and for 30 of October.
SUBSCRIPTIONS = """
    account_id  started_on  ended_on  mrr_amount
    old         2025-01-01  -         500
    cheap       2026-10-05  -         10
    dear        2026-10-05  -         20
    dearer      2026-10-20  -         30
"""
ACCOUNTS = """
    account_id  channel
    old         search
    cheap       search
    dear        social
    dearer      social
"""
SPEND = """
    month_on  function   amount  channel
    2026-09   marketing  30      search
    2026-09   marketing  20      social
    2026-09   sales      50      -
    2026-10   marketing  30      search
"""
MONTH = '[cac]\nlag_months = 1\nwindow_months = 1\nallocation = "logos"\n'
TABLES = {"subscriptions": SUBSCRIPTIONS, "accounts": ACCOUNTS, "spend": SPEND}


def asked(settings: str = MONTH, **tables: str) -> Any:
    return workspace(Case("cac", "hand", {**TABLES, **tables}, [], settings))


def test_the_strip_of_a_company_is_what_its_metrics_answer() -> None:
    ws = asked(MONTH + "[metric.cac]\ntarget = 20.0\n")
    found = ws.definition_strip("cac", "channel")
    figures = found.rows.set_index(["definition", "group"])["value"]
    # loaded: (30 + 50 / 3) / 1 and (20 + 100 / 3) / 2; shared by customers anyway, so that is not shown again
    assert figures["loaded", "search"] == pytest.approx(30 + 50 / 3, abs=1e-4)  # shared in ten-thousandths
    assert figures["loaded", "social"] == pytest.approx((20 + 100 / 3) / 2, abs=1e-4)
    assert figures["paid alone", "search"] == 30
    assert figures["paid alone", "social"] == 10
    assert figures["same months", "all"] == 10  # 30 over 3
    assert "shared by customers" not in set(found.rows["definition"])
    # 100 / 3 misses 20, 30 / 3 meets it; of July, three months before, nothing is known
    sides = found.company.set_index("definition")["against_target"]
    assert sides["loaded"] == "worse"
    assert sides["same months"] == "better"
    assert pd.isna(sides["quarter before"])
    assert {variant for _, variant, _, _ in ws.asked} >= {"", "paid", "same_period", "prior_quarter"}


def test_a_lag_of_three_months_is_not_shown_twice() -> None:
    three = asked(MONTH.replace("lag_months = 1", "lag_months = 3"))
    assert "quarter before" not in set(three.definition_strip("cac").rows["definition"])
    assert "quarter before" in set(asked().definition_strip("cac").rows["definition"])


def test_what_cannot_be_asked_is_refused() -> None:
    ws = asked()
    with pytest.raises(
        ConfigError, match=r"No published definitions of mrr are set side by side.*Allowed: net_rev"
    ):
        ws.definition_strip("mrr")
    with pytest.raises(ConfigError, match="No definition of cac has the option 'month'"):
        ws.definition_strip("cac", month=12)
    with pytest.raises(ConfigError, match="cac cannot be asked by 'owner'"):
        ws.definition_strip("cac", "owner")


def test_a_company_without_the_tables_has_a_strip_that_says_so() -> None:
    ws = workspace(Case("cac", "hand", {"subscriptions": SUBSCRIPTIONS}, [], MONTH))
    shown = scorecard.by_definition(ws, "cac", by="channel")
    assert "needs table" in str(shown)
    assert "<figure" not in shown.html()


def test_a_confined_review_has_no_target_and_one_group() -> None:
    ws = asked(MONTH + "[metric.cac]\ntarget = 20.0\n")
    ws.where = {"channel": "search"}
    found = ws.definition_strip("cac", "channel")
    assert found.verdict("target") == "not known"
    assert found.comparisons["order"] == 0


def test_the_page_has_the_sentences_the_picture_and_escaped_names() -> None:
    tricky = ACCOUNTS.replace("social", "<b>so'cial</b>")
    ws = asked(accounts=tricky, spend=SPEND.replace("social", "<b>so'cial</b>"))
    shown = scorecard.by_definition(ws, "cac", "cac_payback", by="channel")
    assert "<b>so'cial" not in shown.html()
    assert shown.html().count("<figure") == 2
    assert "by 'gross margin' of the company (needs table finance" in str(shown)
    assert "CAC under 4 definitions" in str(shown)


@pytest.mark.parametrize("width", [720, 344])
def test_the_picture_names_every_definition(width: int) -> None:
    found = made({"ours": OURS, "other": {"all": (14, 13, 15), "a": (9, 8, 10), "b": (3, 2, 4)}}, target=12)
    ax = charts.definition_strip(found, width=width)
    words = [text.get_text() for text in ax.texts]
    assert "a < b" in words
    assert "b < a" in words
    assert "target 12" in words
    assert math.isclose(ax.get_ylim()[0], 2)
    assert sum(list(line.get_xdata()) == [12, 12] for line in ax.lines) == 2
    month = made({"ours": OURS, "other": {"all": (14, 13, 15)}}, target=12, not_of_target=("other",))
    of_month = charts.definition_strip(month, width=width)
    assert sum(list(line.get_xdata()) == [12, 12] for line in of_month.lines) == 1
    assert "ours 10 (9 to 11), a < b; other" in ax.get_label()
