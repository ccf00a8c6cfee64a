"""Which events the rules count, and which metrics stand on these rules."""

from gtmkit.config import Condition, Milestone
from gtmkit.config.sections import NorthStar
from gtmkit.health.uses import ACTIVE, RULE, SECOND, STAR, metrics_by, uses


def test_each_event_names_the_rules_that_count_it_once() -> None:
    found = uses(
        [Condition(event="go"), Condition(event="ask"), Condition(event="go", at_least=2)],
        Milestone(event="ask"), NorthStar(events=("go", "go")), ["stop", "go"],
    )  # fmt: skip
    assert found == {"go": [RULE, STAR, ACTIVE], "ask": [RULE, SECOND], "stop": [ACTIVE]}
    assert uses([], None, None, []) == {}


def test_the_metrics_of_a_rule_are_those_that_read_it() -> None:
    family = ("activation_rate", "time_to_value", "activation_depth", "milestone_rate")
    assert set(metrics_by([RULE])) >= set(family)
    assert {"activation_depth", "milestone_rate"} <= set(metrics_by([SECOND])) < set(metrics_by([RULE]))
    assert "activation_rate" not in metrics_by([SECOND])
    assert metrics_by([STAR]) == ("north_star",)
    assert set(metrics_by([ACTIVE])) == {"active_accounts", "product_qualified_pipeline_share"}
    assert metrics_by([]) == ()
    assert not set(metrics_by([RULE])) & {"identity_match_rate", "usage_retention", "win_rate"}
