"""The article's mistakes as rules: each in a gtm.toml that makes it, and in one just beyond that does not."""

import pytest

from gtmkit import notebooks, wording
from gtmkit.config import Config
from gtmkit.wording.mistakes import is_presence, proxies_among_lines

FOCUS = ("segment", "channel")
ACTIVATION = {
    "conditions": [{"event": "workflow_completed", "at_least": 2}],
    "second": {"event": "report_shared"},
}


def config(lines=("arr", "activation_rate"), focus=FOCUS, star=("workflow_completed",), **more):
    sections = {"scorecard": {"lines": lines, "focus": focus}, "activation": ACTIVATION, **more}
    if star:
        sections["north_star"] = {"label": "Working teams", "events": star}
    return Config.model_validate(sections)


def texts(said):
    return [sentence.text for sentence in said]


def test_a_sound_scorecard_makes_none():
    assert wording.mistakes(config(), FOCUS) == []
    assert wording.mistakes(Config.model_validate({}), FOCUS) == []  # the article's own lines


# A proxy as North Star.


@pytest.mark.parametrize(
    ("event", "is_one"),
    [
        ("session_started", True), ("user_logged_in", True), ("login", True), ("page_viewed", True),
        ("signed_up", True), ("SignUp", True), ("pageView", True), ("ad_clicked", True), ("site_visited", True),
        ("lead_created", True), ("trial_started", True),
        ("workflow_completed", False), ("report_viewed", False), ("leader_named", False), ("visitation", False),
        ("backlog_in_order", False),
    ],
)  # fmt: skip
def test_the_name_of_an_event_says_whether_it_is_presence(event, is_one):
    assert is_presence(event) == is_one


def test_a_north_star_of_presence():
    assert texts(wording.mistakes(config(star=("workflow_completed", "session_started")), FOCUS)) == [
        "The North Star 'Working teams' counts session_started: presence, which rises without customer success. "
        "Count one of workflow_completed, report_shared."
    ]
    bare = config(star=("session_started",), activation={})
    assert texts(wording.mistakes(bare, FOCUS))[0].endswith("Count what the product does for a customer.")


@pytest.mark.parametrize(
    ("star", "events", "count"),
    [
        (("comment_posted",), {}, 1),
        (("comment_posted",), {"comment_posted": {"is_conversion": True}}, 0),
        (("comment_posted", "report_shared"), {}, 0),  # the second milestone
        (("signed_up",), {"signed_up": {"is_conversion": True}}, 1),  # a conversion, and still presence
        ((), {}, 0),
    ],
)
def test_a_north_star_that_is_not_known_to_be_value(star, events, count):
    assert len(wording.mistakes(config(star=star, events=events), FOCUS)) == count


def test_without_anything_known_to_be_value_an_ordinary_event_is_taken_as_it_is():
    assert wording.mistakes(config(star=("comment_posted",), activation={}), FOCUS) == []


# A proxy alone among the lines.


@pytest.mark.parametrize(
    ("lines", "alone"),
    [
        (("sessions", "activation_rate"), ["Sessions"]),
        (("sessions", "qualified_lead_rate", "win_rate"), []),
        (("sessions", "qualified_lead_rate"), ["Qualified lead rate"]),  # leads, and no opportunity
        (("activity_volume", "activation_rate"), ["Activity volume"]),
        (("activity_volume", "pipeline_created"), []),
    ],
)
def test_what_is_easily_counted_needs_beside_it_what_it_is_to_bring(lines, alone):
    said = texts(proxies_among_lines(config(lines)))
    assert [text.partition(" is a line")[0] for text in said] == alone
    assert all(text.endswith("to [scorecard] lines.") for text in said)


# No segmentation.


@pytest.mark.parametrize(
    ("focus", "columns", "no_icp", "words"),
    [
        (FOCUS, ("segment",), "", []),
        (FOCUS, (), "", ["nothing is known by segment, channel."]),
        ((), (), "", ["name columns in [scorecard] focus"]),
        (FOCUS, ("channel",), "no account has is_icp = true", ["no account has is_icp = true. Map is_icp"]),
        ((), (), "no account has is_icp = true", ["name columns", "Map is_icp"]),
    ],
)
def test_averages_only(focus, columns, no_icp, words):
    said = texts(wording.mistakes(config(focus=focus), columns, no_icp))
    assert len(said) == len(words)
    assert all(word in text for word, text in zip(words, said, strict=True))


# Lines that lag only.


@pytest.mark.parametrize(
    ("lines", "count"),
    [
        (("arr", "win_rate", "pipeline_created"), 1),
        (("arr", "win_rate", "activation_rate"), 0),  # one of layer 3
        (("arr", "spend"), 0),  # one of layer 4
        (("win_rate.amount",), 1),  # a variant has its metric's layer
    ],
)
def test_lines_that_lag_only(lines, count):
    said = texts(wording.mistakes(config(lines), FOCUS))
    assert len(said) == count
    if count:
        assert said[0].startswith(f"All {len(lines)} line")


def test_each_asks_for_an_act_and_names_no_cause():
    wrong = config(("arr", "qualified_lead_rate"), (), ("session_started",))
    said = wording.mistakes(wrong, (), "no account has is_icp = true")
    assert len(said) == 5
    for sentence in said:
        assert sentence.verdict == "act"
        assert not notebooks.CAUSAL.search(sentence.text), sentence.text
