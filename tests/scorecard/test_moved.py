"""What moved beyond noise: verdicts by hand, in words, on the page, among the facts, and explained."""

from datetime import date
from importlib import import_module
from itertools import accumulate
from typing import Any

import pandas as pd
import pytest

from gtmkit import scorecard
from gtmkit.config import Config
from gtmkit.explain import Explanation
from gtmkit.explain.parts import COLUMNS as OF_PARTS
from gtmkit.scorecard.moved import LIMITS
from gtmkit.workspace import Workspace

from .paper_card import Paper, config, months

module = import_module("gtmkit.scorecard.moved")  # the package's `moved` is the function

# The mean is 11, each moving range 2, so the limits are 11 -/+ 2.66 x 2: 5.68 to 16.32.
ZIGZAG = [10.0, 12.0] * 6
SURE = (None, None, None, 0, "suppressed", "fewer than 20")


class Told(Paper):
    """A paper workspace that keeps what it is told and explains what it is asked for."""

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self.kept: list[tuple[str, tuple[str, ...], str, pd.DataFrame]] = []
        self.explained: list[tuple[str, str, str | None]] = []

    def keep(self, metric: str, by: list[str], found: str, rows: pd.DataFrame) -> None:
        self.kept.append((metric, tuple(by), found, rows))

    def explain(self, metric: str, versus: str, by: str | None = None) -> Explanation:
        self.explained.append((metric, versus, by))
        then, now = self.figures[metric][versus][0], self.figures[metric][self.period.label][0]
        share = {"segment": (0.5, 0.5), "channel": (0.9, 0.1)}.get(by or "", (1.0,))
        parts = pd.DataFrame({"part": "amount", "group": [f"{by} {i}" for i in range(len(share))]})
        parts = parts.reindex(columns=OF_PARTS).assign(level=1)
        parts = parts.assign(change=[s * (now - then) for s in share], low=None, high=None)
        totals = pd.DataFrame(
            {"part": ["amount"], "of": [None], "change": [now - then], "low": None, "high": None}
        )
        return Explanation(metric, versus, self.period.label, by, "money", then, now, parts, totals)


def judged(figures, **more):
    ws = Told(figures, config(**more))
    return ws, scorecard.moved(ws, scorecard.ask(ws))


def test_a_figure_beyond_its_limits_is_listed_with_all_that_a_reader_needs():
    agreed = {"spend": {"decision": "which channel gets less", "owner": "CMO"}}
    _, told = judged({"spend": months("2025-10", *ZIGZAG, 20.0)}, metric=agreed)
    (one,) = told.signals
    assert (one.label, one.value, one.expected, one.interval) == ("Spend", "EUR 20", "EUR 11", "6 to 16")
    assert (one.direction, one.period, one.serves) == ("up", "2026-10", "Is demand real?")
    text = str(scorecard.beyond_noise(told))
    assert text.startswith("[no action] 1 of 1 figure moved beyond noise in the review of 2026-10:")
    assert "Spend, 2026-10: EUR 20, up" in text
    page = scorecard.beyond_noise(told).html()
    for said in ("which channel gets less", "trust: sound", 'download="signals.csv"'):
        assert said in page


def test_it_is_explained_by_the_column_whose_largest_part_stands_out_most():
    """By channel one part holds 90 of 100, by segment each holds half."""
    ws, told = judged({"spend": months("2025-10", *ZIGZAG, 20.0)})
    assert {by for _, _, by in ws.explained} == {None, "segment", "channel"}
    assert {versus for _, versus, _ in ws.explained} == {"2026-09"}
    assert "channel 0 +EUR 7" in str(told.signals[0].why)


def test_bad_news_is_told_apart_from_good():
    """Fewer tickets are good news, a lower ARR is not; both fall far below what was added before."""
    growth = accumulate([1000.0, 8.0, 12.0, 9.0, 11.0, 10.0, 13.0, 7.0, 12.5, 9.5, 10.5, 11.5])
    _, told = judged(
        {"arr": months("2025-10", *growth, 900.0), "support_burden": months("2025-10", *ZIGZAG, 1.0)}
    )
    sides = {one.label: one.is_adverse for one in told.signals}
    assert sides == {"ARR": True, "Support burden": False}
    assert "2 of 2 figures moved" in str(scorecard.beyond_noise(told))
    assert "1 of them for the worse" in str(scorecard.beyond_noise(told))


def test_quiet_figures_are_not_listed_and_that_is_a_result():
    ws, told = judged({"spend": months("2025-10", *ZIGZAG, 12.0)})
    assert (told.signals, ws.explained) == ([], [])
    text = str(scorecard.beyond_noise(told))
    assert (
        "[no action] 0 of 1 figure moved beyond noise in the review of 2026-10: all of them are quiet."
        in text
    )
    assert "Spend" not in text


def test_limits_stand_among_the_facts_with_the_verdict_as_the_reason():
    ws, _ = judged({"spend": months("2025-10", *ZIGZAG, 20.0)})
    ((metric, by, variant, rows),) = ws.kept
    assert (metric, by, variant, len(rows)) == ("spend", (), LIMITS, 1)
    row = rows.iloc[0]
    assert (row["value"], row["low"], row["high"]) == pytest.approx((11, 5.68, 16.32))
    assert (row["period"], row["status"]) == ("2026-10", "final")
    assert row["reason"].startswith("signal up, p ")


def test_under_eight_final_periods_nothing_is_said_of_a_figure():
    _, told = judged({"spend": months("2026-03", *ZIGZAG[:7], 500.0)})
    assert told.told == 0
    text = str(scorecard.beyond_noise(told))
    assert "No figure of 2026-10 can be told from noise." in text
    assert "1 with fewer than 8 final periods before" in text


def test_a_past_cut_by_a_change_of_definition_says_so():
    changed = {"on": date(2026, 5, 1), "metric": "spend", "note": "agencies are in"}
    _, told = judged({"spend": months("2025-10", *ZIGZAG, 20.0)}, change=[changed])
    row = told.rows.set_index("metric").loc["spend"]
    assert row["reason"] == "5 final periods before it, 8 are needed: its definition changed in 2026-05"


def test_reasons_for_no_verdict_are_counted_together():
    _, told = judged({"win_rate": months("2025-10", *([0.3] * 12), SURE)})
    text = str(scorecard.beyond_noise(told))
    assert "1 of too few" in text
    assert "undefined" in text


def test_of_an_earlier_period_the_change_is_not_explained():
    late = (None, None, None, 0, "immature")
    ws, told = judged({"average_selling_price": months("2025-09", *ZIGZAG, 30.0, late)})
    (one,) = told.signals
    assert (one.period, ws.explained) == ("2026-09", [])
    assert "an explanation is of 2026-10, and this figure of 2026-09" in str(one.why)
    assert "of 2026-09" in scorecard.beyond_noise(told).html()


def test_a_group_is_explained_in_a_workspace_confined_to_it():
    """The whole is quiet at 30; of the ideal customers 20 are beyond 16.32."""
    whole = {"pipeline_created": months("2025-10", *(30.0 + 7 * i % 5 for i in range(13)))}
    ideal = {"pipeline_created": months("2025-10", *ZIGZAG, 20.0)}

    class Grouped(Told):
        def confined(self, where: dict[str, str]) -> Told:
            assert where == {"is_icp": "true"}
            return Told(ideal, self.config)

    ws = Grouped(whole, config(scorecard={"lines": ["pipeline_created"]}), icp=ideal)
    (one,) = scorecard.moved(ws, scorecard.ask(ws)).signals
    assert (one.place, one.direction) == ("ideal customer profile", "up")
    assert "from EUR 12 in 2026-09 to EUR 20 in 2026-10" in str(one.why)


def test_what_the_explanation_is_not_of_is_not_explained_by_it():
    class Whole(Told):
        def explain(self, metric: str, versus: str, by: str | None = None) -> Explanation:
            return Explanation(metric, versus, "2026-10", by, "money", 5.0, 6.0)

    ws = Whole({"spend": months("2025-10", *ZIGZAG, 20.0)}, config())
    ws.where = {"segment": "SMB"}
    (one,) = scorecard.moved(ws, scorecard.ask(ws)).signals
    assert "an explanation is of the whole company, and this figure of segment SMB" in str(one.why)


def test_where_much_moves_only_the_surest_are_explained(monkeypatch):
    """Two figures are far out, one less so: with room for two the third is listed without a why."""
    monkeypatch.setattr(module, "MOST_EXPLAINED", 2)
    figures = {"spend": 400.0, "visitors": 500.0, "sessions": 30.0}
    _, told = judged({name: months("2025-10", *ZIGZAG, last) for name, last in figures.items()})
    whys = {one.label: str(one.why) for one in told.signals}
    assert "2 others are less likely noise" in whys["Sessions"]
    assert "Of that by channel" not in whys["Sessions"]
    assert all("less likely" not in whys[label] for label in ("Spend", "Visitors"))


def test_names_from_data_are_escaped():
    _, told = judged(
        {"spend": months("2025-10", *ZIGZAG, 20.0)}, metric={"spend": {"decision": "<b>now</b>"}}
    )
    assert "<b>now" not in scorecard.beyond_noise(told).html()


@pytest.mark.slow
def test_a_company_without_any_table_says_that_nothing_can_be_told():
    ws = Workspace.from_frames({}, Config(), "2026-10")
    told = scorecard.moved(ws, scorecard.ask(ws))
    assert told.told == 0
    assert "No figure of 2026-10 can be told from noise." in str(scorecard.beyond_noise(told))
