"""What movements bring to recurring revenue: which figures are made of which, and the sums by hand."""

import narwhals as nw
import pandas as pd
import pytest

from gtmkit.explain.movements import by_movement, moved
from gtmkit.periods import Period

# a pays 100 and then 130, b 50 and then nothing, c comes later and is in no closed cohort.
ROWS = [
    ("a", 0, 100, 0, 100, "new"), ("b", 0, 50, 0, 50, "new"),
    ("a", 6, 30, 100, 130, "expansion"), ("c", 7, 20, 0, 20, "new"), ("b", 8, -50, 50, 0, "churned"),
]  # fmt: skip
START = 2025 * 12


def revenue() -> nw.LazyFrame:
    columns = ["account_id", "month", "delta", "prior", "after", "movement"]
    rows = pd.DataFrame(ROWS, columns=columns)
    money = {name: rows[name] * 10_000 for name in ("delta", "prior", "after")}
    return nw.from_native(rows.assign(month=rows["month"] + START, **money)).lazy()


@pytest.mark.parametrize("is_cohort", [True, False])
def test_shares_of_what_there_was_when_the_window_began(is_cohort: bool) -> None:
    period = Period.parse("2026-01")
    found = by_movement(revenue(), by=[], periods=[period], window_months=12, is_cohort=is_cohort)
    value = found.set_index("movement")["value"]
    assert value["expansion"] == pytest.approx(30 / 150)
    assert value["churned"] == pytest.approx(-50 / 150)
    assert value["contraction"] == 0
    assert set(found["denominator"]) == {150.0}
    if not is_cohort:  # whoever moved, c among them
        assert value["new"] == pytest.approx(20 / 150)


def test_which_figures_are_made_of_which_movements() -> None:
    net = moved("net_revenue_retention", "cohort")
    assert net is not None
    assert net.movements == ("expansion", "contraction", "churned")
    flow = moved("gross_revenue_retention", "movements")
    assert flow is not None
    assert (flow.movements, flow.is_cohort) == (("contraction", "churned"), False)
    assert moved("win_rate", "cohort") is None
    assert moved("logo_retention", "cohort") is None
