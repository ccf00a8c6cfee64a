"""Rules of attribution in words, and channels by first against last touch, worked out by hand."""

from collections.abc import Mapping

import pandas as pd
import pytest

from gtmkit.config import Config
from gtmkit.wording import attribution_rule, attribution_worship, by_rule, rules_disagree


def answer(values: Mapping[str, float | None], period: str = "2026-10") -> pd.DataFrame:
    """An answer by channel."""
    rows = [{"channel": channel, "period": period, "value": value} for channel, value in values.items()]
    frame = pd.DataFrame(rows, columns=["channel", "period", "value"])
    return frame.astype({"channel": "string", "period": "string", "value": "Float64"})


def undefined() -> pd.DataFrame:
    return answer({}).reindex([0]).assign(period="2026-10")


# Of 100 each:        declared  first  last   last less first
#   ads                     30     20    40   +.20
#   mail                    30     30    20   -.10
#   talks                   40     10     0   -.10
#   unattributed             0     40    40    .00
DECLARED = answer({"ads": 30, "mail": 30, "talks": 40})
FIRST = answer({"ads": 20, "mail": 30, "talks": 10, "unattributed": 40})
LAST = answer({"ads": 40, "mail": 20, "unattributed": 40})
ALL = {"declared": DECLARED, "first_touch": FIRST, "last_touch": LAST}


@pytest.mark.parametrize(
    ("agreed", "said"),
    [
        ({}, "Channels as declared in accounts and opportunities."),
        (
            {"rule": "last_touch"},
            "Channels by last touch: the last touch in the 90 days before an account started or an opportunity was "
            "created; channel from source and medium by [[channels]].",
        ),
        (
            {"rule": "first_touch", "window_days": 30},
            "Channels by first touch: the first touch in the 30 days before an account started or an opportunity was "
            "created; channel from source and medium by [[channels]].",
        ),
    ],
)
def test_the_rule_is_one_sentence(agreed: dict[str, object], said: str) -> None:
    assert attribution_rule(Config.model_validate({"attribution": agreed})) == said


def test_rules_side_by_side_the_widest_apart_first_and_the_unattributed_last() -> None:
    table = by_rule(ALL)
    assert list(table.columns) == [
        "channel", "declared", "declared_share", "first_touch", "first_touch_share", "last_touch",
        "last_touch_share", "difference",
    ]  # fmt: skip
    assert table["channel"].tolist() == ["ads", "mail", "talks", "unattributed"]  # mail before talks by name
    assert table["difference"].round(9).tolist() == [0.2, -0.1, -0.1, 0.0]
    assert table["declared_share"].tolist() == [0.3, 0.3, 0.4, 0.0]
    assert table["first_touch"].tolist() == [20, 30, 10, 40]


def test_the_latest_period_is_read() -> None:
    both = pd.concat([answer({"ads": 7}, "2026-09"), DECLARED], ignore_index=True)
    assert by_rule({**ALL, "declared": both})["declared"].tolist() == [30, 30, 40, 0]


def test_a_rule_that_says_nothing_is_null_and_nothing_at_all_no_row() -> None:
    table = by_rule({**ALL, "last_touch": undefined()})
    assert table["last_touch"].isna().all()
    assert table["difference"].isna().all()
    said = str(rules_disagree(table, subject="pipeline created"))
    assert said.startswith("[not yet] pipeline created by first and last touch")
    assert not len(by_rule(dict.fromkeys(ALL, undefined())))
    assert "[not yet]" in str(rules_disagree(by_rule(dict.fromkeys(ALL, undefined())), subject="it"))


def test_where_first_and_last_disagree_is_said() -> None:
    assert str(rules_disagree(by_rule(ALL), subject="pipeline created")) == (
        "[no action] Of pipeline created, first and last touch disagree most on ads: 20.0 % by first and 40.0 % by "
        "last touch; mail: 30.0 % by first and 20.0 % by last touch.\n"
        "[no action] Without a channel: 0.0 % as declared, 40.0 % by first and 40.0 % by last touch."
    )
    alike = by_rule({"declared": DECLARED, "first_touch": DECLARED, "last_touch": DECLARED})
    said = "[no action] First and last touch agree on pipeline created, channel by channel."
    assert str(rules_disagree(alike, subject="pipeline created")) == said


def test_another_largest_channel_is_worship_of_a_rule() -> None:
    # Of the 60 with a channel mail has 30 by first touch, ads 40 by last.
    found = attribution_worship(FIRST, LAST, subject="pipeline created")
    assert str(found) == (
        "[watch] The largest channel of pipeline created hangs on the rule: mail (50.0 % of what has a channel) by "
        "first touch, ads (66.7 % of what has a channel) by last. Decide nothing by this order alone."
    )
    little = attribution_worship(answer({"a": 501, "b": 499}), answer({"a": 499, "b": 501}), subject="it")
    assert little is not None


def test_two_others_that_change_places_are_too_where_their_lead_is_no_trifle() -> None:
    # b leads c by 10 of 100 by first, c leads b by 5 of 100 by last: the smaller lead is at the limit.
    first, last = answer({"a": 50, "b": 30, "c": 20}), answer({"a": 45, "b": 25, "c": 30})
    assert str(attribution_worship(first, last, subject="it")) == (
        "[watch] Two channels of it change places with the rule: b (30.0 % of what has a channel) and c (20.0 % of "
        "what has a channel) by first touch, b (25.0 % of what has a channel) and c (30.0 % of what has a channel) "
        "by last. Decide nothing between them by this order alone."
    )
    below = answer({"a": 45, "b": 26, "c": 29})  # a lead of 3 of 100
    assert attribution_worship(first, below, subject="it") is None
    assert attribution_worship(first, below, subject="it", least=0.03) is not None


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (FIRST, FIRST),
        (answer({"a": 60, "b": 40}), answer({"a": 51, "b": 49})),  # nearer, in the same order
        (answer({"a": 50, "b": 50}), answer({"a": 40, "b": 60})),  # alike by one rule: no order to reverse
        (
            answer({"a": 10, "unattributed": 90}),
            answer({"a": 90, "unattributed": 10}),
        ),  # nobody is no channel
        (answer({"a": 10}), undefined()),
        (answer({"a": 10}), answer({"unattributed": 10})),
        (answer({}), answer({})),
        (answer({"a": 0, "b": 0}), answer({"a": 0, "b": 1})),
    ],
)
def test_the_same_order_or_none_is_no_worship(first: pd.DataFrame, last: pd.DataFrame) -> None:
    assert attribution_worship(first, last, subject="it") is None
