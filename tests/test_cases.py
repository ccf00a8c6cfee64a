"""Every case by hand, on one engine here and on all of them in the acceptance list."""

import pytest
from cases import CASES, Case, check


@pytest.mark.parametrize("case", CASES, ids=[f"{c.metric}-{c.kind}-{i}" for i, c in enumerate(CASES)])
def test_a_metric_says_what_is_reckoned_by_hand(case: Case) -> None:
    check(case)
