"""What is asked for the readings and the mistakes of a review, and what is left out where it cannot be asked."""

import re

import pandas as pd
import pytest
from scorecard.paper_card import Paper, config

from gtmkit import scorecard
from gtmkit.errors import ConfigError

FIGURES = ["value", "numerator", "denominator", "n", "low", "high", "status", "reason"]
CALM = "[no action] None of the mistakes that can be checked"
SOUND = config(
    scorecard={"lines": ["arr", "activation_rate"], "focus": ["segment"]},
    activation={"conditions": [{"event": "workflow_completed"}], "second": {"event": "report_shared"}},
)


def answer(*cells, **axes):
    """Rows of (value, low, high, n) of 2026-10; axes hold a value of each."""
    rows = [[v, v * 1000, 1000.0, n, low, high, "final", None] for v, low, high, n in cells]
    return pd.DataFrame(rows, columns=FIGURES).assign(period="2026-10", **axes)


BY_ICP = {"is_icp": ["true", "false"]}
ANSWERS = {
    ("gross_revenue_retention", ()): answer((0.80, 0.77, 0.83, 200)),  # the whole interval under .85
    ("net_revenue_retention", ()): answer((1.05, 1.02, 1.08, 200)),
    ("logo_retention", ()): answer((0.81, 0.78, 0.84, 200)),  # .01 above
    ("win_rate", ()): answer((0.30, 0.28, 0.32, 900)),
    ("win_rate", ("channel",)): answer(
        (0.32, 0.2, 0.4, 90), (0.2, 0.1, 0.3, 90), channel=["outbound", "search"]
    ),
    ("activation_rate", ()): answer((0.60, 0.55, 0.65, 300)),
    ("activation_rate", ("channel",)): answer(
        (0.40, 0.30, 0.50, 90), (0.40, 0.30, 0.50, 90), channel=["outbound", "search"]
    ),
    ("pipeline_concentration", ()): answer((0.6, None, None, 50)),
    ("pipeline_created", ("channel",)): answer(
        (600.0, None, None, 30), (400.0, None, None, 20), channel=["a", "b"]
    ),
    ("time_to_value", ("is_icp",)): answer((20.0, 15.0, 25.0, 60), (30.0, 25.0, 35.0, 60), **BY_ICP),
    ("activation_depth", ("is_icp",)): answer((0.6, 0.5, 0.7, 60), (0.5, 0.4, 0.6, 60), **BY_ICP),
}


class Asked(Paper):
    """Answers from ANSWERS; of the columns only those of `known` have values."""

    known = ("is_icp", "channel")

    def metric(self, name, by=(), periods=1, where=None, **options):
        self.asked.append((name, options))
        return ANSWERS[name, (by,) if isinstance(by, str) else tuple(by)]

    def attributed(self, rule):
        return self  # every rule says the same, so that no order hangs on one

    def check_where(self, where):
        if not set(where) <= set(self.known):
            raise ConfigError("No row has it.")


def test_each_reading_is_asked_and_the_weightiest_leads():
    said = scorecard.article_readings(Asked({}, SOUND)).sentences
    assert [(s.verdict, s.text.partition(" ")[0]) for s in said] == [
        ("act", "NRR"), ("act", "outbound:"), ("act", "a"), ("no action", "Logo"), ("no action", "The"),
    ]  # fmt: skip
    assert "faster and deeper" in said[-1].text


def test_rates_of_few_are_of_twelve_months():
    ws = Asked({}, SOUND)
    scorecard.article_readings(ws)
    months = {name for name, options in ws.asked if options == {"months": 12}}
    assert months == {"win_rate", "activation_rate", "activation_depth"}


def test_the_limits_are_those_of_the_company():
    own = SOUND.model_copy(
        update={"readings": SOUND.readings.model_copy(update={"gross_below": 0.8, "top_channel_share": 0.6})}
    )
    verdicts = [s.verdict for s in scorecard.article_readings(Asked({}, own)).sentences]
    assert verdicts.count("act") == 1  # the channel that buys churn has no limit to set


def test_a_week_reads_what_is_not_counted_by_the_month():
    ws = Asked({}, SOUND, "2026-W43")
    said = scorecard.article_readings(ws)
    assert {name for name, _ in ws.asked} == {"time_to_value", "activation_depth"}
    assert all(not options for _, options in ws.asked)
    assert "a week does not read them" in str(said)


@pytest.mark.parametrize(
    ("column", "left_out"), [("channel", "pipeline_created"), ("is_icp", "time_to_value")]
)
def test_what_a_review_is_confined_to_is_not_compared(column, left_out):
    ws = Asked({}, SOUND)
    ws.where = {column: "x's"}
    said = str(scorecard.article_readings(ws))
    assert f"[not yet] Nothing is compared by {column}: all of it is {column} = x's." in said
    assert left_out not in {name for name, _ in ws.asked}


def test_without_a_second_milestone_deep_is_whether_they_activate(monkeypatch):
    monkeypatch.setitem(ANSWERS, ("activation_rate", ("is_icp",)), ANSWERS["activation_depth", ("is_icp",)])
    said = scorecard.article_readings(Asked({}, config()))
    assert "activation rate 60.0 % (50 to 70, n 60)" in str(said)


def test_segments_are_read_where_they_are_known(monkeypatch):
    keys = {"segment": ["SMB", "SMB"], **BY_ICP}
    for name, cells in (("time_to_value", (30.0, 28.0, 32.0, 60)), ("activation_depth", (0.6, 0.5, 0.7, 60))):
        monkeypatch.setitem(ANSWERS, (name, ("segment", "is_icp")), answer(cells, cells, **keys))
    monkeypatch.setattr(Asked, "known", ("is_icp", "segment"))
    assert "[watch] SMB, the ideal customer profile: time to value 30 days" in str(
        scorecard.article_readings(Asked({}, SOUND))
    )


def test_a_sound_scorecard_has_one_quiet_line(monkeypatch):
    monkeypatch.setattr(Asked, "known", ("is_icp", "segment"))
    assert str(scorecard.mistakes(Asked({}, SOUND))).startswith(CALM)


def test_mistakes_are_told_with_what_to_change():
    said = scorecard.mistakes(Asked({}, SOUND))  # nothing is known by segment
    assert [s.verdict for s in said.sentences] == ["act"]
    assert "nothing is known by segment" in str(said)


def test_a_confined_review_does_not_say_that_the_rest_is_missing(monkeypatch):
    monkeypatch.setattr(Asked, "known", ("segment",))
    ws = Asked({}, SOUND)
    assert "no account has is_icp = true" in str(scorecard.mistakes(ws))
    ws.where = {"segment": "SMB"}
    assert str(scorecard.mistakes(ws)).startswith(CALM)


# ---------------------------------------------------------------- channels by each rule


RULES = ("declared", "first_touch", "last_touch")


def by_channel(**amounts):
    """Pipeline created by channel."""
    return pd.DataFrame({"channel": list(amounts), "period": "2026-10", "value": list(amounts.values())})


# Of 100 each:    declared  first  last   last less first
#   ads                 40     10    40   +.30
#   mail                30     50    30   -.20
#   talks               30     30    20   -.10
#   unattributed         -     10    10    .00
BY_RULE = {
    "declared": by_channel(ads=40.0, mail=30.0, talks=30.0),
    "first_touch": by_channel(ads=10.0, mail=50.0, talks=30.0, unattributed=10.0),
    "last_touch": by_channel(ads=40.0, mail=30.0, talks=20.0, unattributed=10.0),
}


@pytest.fixture
def ruled(monkeypatch):
    """What by_each_rule answers, and the months for which it was asked."""
    asked, answers = [], dict(BY_RULE)

    def by_each_rule(_, *, months):
        asked.append(months)
        return answers

    monkeypatch.setattr("gtmkit.scorecard.together.by_each_rule", by_each_rule)
    return asked, answers


def test_the_shares_of_channels_stand_side_by_side_by_rule(ruled):
    table = scorecard.by_rule(Asked({}, SOUND))
    html = table.html().replace("\N{NO-BREAK SPACE}", " ")
    cells = re.findall(
        r"<t[hd](?: [^>]*)?>(.*?)</t[hd]>", html[html.index("<table") : html.index("</table>")]
    )
    assert cells == [
        "channel", "declared", "first touch", "last touch", "last less first",
        "ads", "40.0 %", "10.0 %", "40.0 %", "+30.0 points",
        "mail", "30.0 %", "50.0 %", "30.0 %", "−20.0 points",
        "talks", "30.0 %", "30.0 %", "20.0 %", "−10.0 points",
        "unattributed", "0.0 %", "10.0 %", "10.0 %", "0.0 points",
    ]  # fmt: skip
    assert "Share of the pipeline created in 12 months, by channel under each rule" in table.html()


def test_over_it_stands_the_order_that_hangs_on_a_rule_and_the_rule_of_all_pages(ruled):
    said = str(scorecard.by_rule(Asked({}, SOUND))).partition("\n\n")[0].splitlines()
    # Of the 90 with a channel: mail 50 by first, ads 40 by last.
    assert said[0].startswith(
        "[watch] The largest channel of pipeline created hangs on the rule: mail (55.6 % of what has a channel)"
    )
    assert said[1].startswith(
        "[no action] Of pipeline created, first and last touch disagree most on ads: 10.0 % by"
    )
    assert said[-1] == "[no action] On all pages: Channels as declared in accounts and opportunities."
    by_touch = config(attribution={"rule": "last_touch"})
    assert "On all pages: Channels by last touch: " in str(scorecard.by_rule(Asked({}, by_touch)))


def test_its_months_are_those_asked_for_and_worship_is_of_twelve(ruled):
    table = scorecard.by_rule(Asked({}, SOUND), months=3)
    assert ruled[0] == [3, 12]
    assert "pipeline created in 3 months" in table.html()


def test_where_a_rule_gives_no_channel_its_column_is_empty(ruled):
    ruled[1]["last_touch"] = by_channel()
    said = str(scorecard.by_rule(Asked({}, SOUND)))
    assert "[not yet] pipeline created by first and last touch" in said
    assert "hangs on the rule" not in said
    assert "40.0 %" in said


def test_without_a_channel_by_any_rule_that_is_said(ruled):
    ruled[1].update(dict.fromkeys(RULES, by_channel()))
    said = str(scorecard.by_rule(Asked({}, SOUND)))
    assert said.endswith("by channel under each rule: no opportunity has a channel by any rule.")
    assert "On all pages: " in said


def test_a_week_is_not_asked_by_rule(ruled):
    said = str(scorecard.by_rule(Asked({}, SOUND, "2026-W43")))
    assert said.endswith("by channel under each rule: it is counted by the month.")
    assert ruled[0] == []


def test_a_review_of_one_channel_has_no_order_of_channels(ruled):
    ws = Asked({}, SOUND)
    ws.where = {"channel": "ads"}
    assert "hangs on the rule" not in str(scorecard.by_rule(ws))


def test_a_channel_with_a_hostile_name_is_text(ruled):
    for rule in RULES:
        ruled[1][rule] = by_channel(**{"<b>o'ads": 60.0, "mail": 40.0})
    html = scorecard.by_rule(Asked({}, SOUND)).html()
    assert "&lt;b&gt;o" in html
    assert "<b>o" not in html
