"""Changes in parts: the golden vector, sums that close whatever the groups do, products by their logarithms."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gtmkit.explain.arithmetic import Ratio, factors, mix_and_rate, shapley, with_rest


def ratio(*pairs: tuple[float, float]) -> Ratio:
    """Numerator and denominator of each group."""
    return Ratio(*(np.array(column, dtype=float) for column in zip(*pairs, strict=True)))


def test_golden_vector_10_both_segments_improve_and_the_whole_falls():
    # Won 60 at 30 % and 40 at 20 % = 26 %; then 40 at 31 % and 60 at 21 % = 25 %. Half of the points that the weights
    # moved by, .2, times the distance of the segments, .1, is the mix: -2.0 points; the rate is +1.0.
    found = mix_and_rate(ratio((18, 60), (8, 40)), ratio((12.4, 40), (12.6, 60)))
    assert found.mix.sum() == pytest.approx(-0.02, abs=1e-12)
    assert found.rate.sum() == pytest.approx(0.01, abs=1e-12)
    assert found.rate == pytest.approx([0.005, 0.005], abs=1e-12)
    # Centred at (.26 + .25) / 2: the first lies .05 above it, the second .05 below, and each moved by .2.
    assert found.mix == pytest.approx([-0.2 * 0.05, 0.2 * -0.05], abs=1e-12)
    assert found.total == pytest.approx(0.25 - 0.26, abs=1e-12)


def test_a_new_a_vanished_and_an_empty_group_have_no_rate_of_their_own():
    # 50 of 100 then; now the same 50 of 100 and a new group's 10 of 100: .5 becomes .3, by mix alone.
    found = mix_and_rate(ratio((50, 100), (0, 0), (0, 0)), ratio((50, 100), (10, 100), (0, 0)))
    assert found.rate.tolist() == [0, 0, 0]
    # Centre .4: the old one lost half of its weight at .1 above it, the new one gained half at .3 below.
    assert found.mix == pytest.approx([-0.5 * 0.1, 0.5 * -0.3, 0])
    assert found.total == pytest.approx(-0.2)
    back = mix_and_rate(ratio((50, 100), (10, 100), (0, 0)), ratio((50, 100), (0, 0), (0, 0)))
    assert back.mix == pytest.approx(-found.mix)
    assert back.rate.tolist() == [0, 0, 0]


def test_cost_without_a_customer_has_no_rate_and_is_not_lost():
    # 100 for 10 customers and 50 for none: 15 each. Then 100 for 10 and 60 for 2: 160 / 12.
    found = mix_and_rate(ratio((100, 10), (50, 0)), ratio((100, 10), (60, 2)))
    assert found.unweighted[0] == 0
    # 60/12 - 50/10 = 0, less the weight 2/12 at the centre.
    assert found.unweighted[1] == pytest.approx(-(2 / 12) * (15 + 160 / 12) / 2)
    assert found.total == pytest.approx(160 / 12 - 15)


def test_without_a_denominator_there_is_no_change():
    with pytest.raises(ValueError, match="no denominator"):
        mix_and_rate(ratio((0, 0)), ratio((1, 2)))


numbers = st.floats(0, 1e6).map(lambda x: round(x, 3))


@given(st.lists(st.tuples(numbers, numbers, numbers, numbers), min_size=1, max_size=8))
def test_mix_and_rate_add_up_whatever_the_groups_are(groups: list[tuple[float, float, float, float]]):
    before, after = ratio(*(g[:2] for g in groups)), ratio(*(g[2:] for g in groups))
    # A whole must have a denominator that the numerators can be measured by.
    assume(min(before.denominator.sum(), after.denominator.sum()) >= 0.01)
    change = float(after.whole.rate[0] - before.whole.rate[0])
    # Sums that cancel are as exact as the largest of them.
    size = max(1.0, *np.nan_to_num(before.rate), *np.nan_to_num(after.rate))
    assert mix_and_rate(before, after).total == pytest.approx(change, abs=1e-9 * size)


@given(
    st.lists(
        st.tuples(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50), st.integers(0, 50)), min_size=1
    )
)
def test_of_counts_they_add_up_to_a_billionth(groups: list[tuple[int, int, int, int]]):
    before = ratio(*((min(a, b), b) for a, b, _, _ in groups))
    after = ratio(*((min(a, b), b) for _, _, a, b in groups))
    assume(before.denominator.sum() > 0)
    assume(after.denominator.sum() > 0)
    found = mix_and_rate(before, after)
    assert abs(found.total - float(after.whole.rate[0] - before.whole.rate[0])) < 1e-12
    assert not found.unweighted.any()
    backwards = mix_and_rate(after, before)
    assert backwards.mix == pytest.approx(-found.mix, abs=1e-12)
    assert backwards.rate == pytest.approx(-found.rate, abs=1e-12)


def product(before: dict[str, float], after: dict[str, float]):
    """Volume x win / time, as velocity has it, with the factors of `now` as they are now."""

    def value(now: frozenset[str]) -> np.ndarray:
        f = {name: (after if name in now else before)[name] for name in before}
        return np.array([f["volume"] * f["win"] / f["time"]])

    return value


def test_a_product_is_shared_out_by_logarithms():
    before, after = {"volume": 100.0, "win": 0.2, "time": 50.0}, {"volume": 200.0, "win": 0.1, "time": 25.0}
    found = factors(product(before, after), ["volume", "win", "time"])
    # .4 becomes .8: ln 2 = ln 2 - ln 2 + ln 2, each of them .4 of the change, one of them downwards.
    assert {name: float(x[0]) for name, x in found.items()} == pytest.approx(
        {"volume": 0.4, "win": -0.4, "time": 0.4}
    )


def test_what_is_no_product_is_shared_out_over_all_orders():
    # Growth 30 + margin 5, then 20 + 25: a sum, each brings its own change.
    def total(now: frozenset[str]) -> np.ndarray:
        return np.array([(20.0 if "growth" in now else 30.0) + (25.0 if "margin" in now else 5.0)])

    assert factors(total, ["growth", "margin"]) == {"growth": np.array([-10.0]), "margin": np.array([20.0])}

    # a x b - 1 with a, b from 1 to 3: either first brings 2, second brings 6, so 4 each of 8.
    def less(now: frozenset[str]) -> np.ndarray:
        return np.array([(3.0 if "a" in now else 1.0) * (3.0 if "b" in now else 1.0) - 1.0])

    assert factors(less, ["a", "b"]) == {"a": np.array([4.0]), "b": np.array([4.0])}


@given(
    st.dictionaries(st.sampled_from("abcde"), st.tuples(*[st.floats(0.01, 100)] * 2), min_size=1),
    st.sampled_from(["product", "sum", "mixed"]),
)
def test_factors_add_up_to_the_change(sides: dict[str, tuple[float, float]], kind: str):
    def value(now: frozenset[str]) -> np.ndarray:
        each = [sides[name][name in now] for name in sorted(sides)]
        made = {"product": math.prod(each), "sum": sum(each), "mixed": math.prod(each) - sum(each)}
        return np.array([made[kind]])

    names = sorted(sides)
    change = float((value(frozenset(names)) - value(frozenset()))[0])
    size = max(1.0, *(abs(float(value(frozenset(s))[0])) for s in (names, [])))
    for found in (factors(value, names), shapley(value, names)):
        assert float(sum(found.values())[0]) == pytest.approx(change, abs=1e-9 * size)
        unchanged = [name for name in names if sides[name][0] == sides[name][1]]
        assert all(abs(float(found[name][0])) <= 1e-9 * size for name in unchanged)


def test_what_groups_miss_of_the_whole_is_a_group_by_itself():
    groups = pd.DataFrame({"numerator": [3.0, 4.0], "denominator": [10.0, 10.0]}, index=["a", "b"])
    assert with_rest(groups, {"numerator": 7, "denominator": 20}, "rest") is groups
    found = with_rest(groups, {"numerator": 8, "denominator": 25}, "rest")
    assert found.loc["rest"].to_dict() == {"numerator": 1, "denominator": 5}
    empty = pd.DataFrame({"numerator": [], "denominator": []}, dtype=float)
    assert with_rest(empty, {"numerator": 0, "denominator": 0}, "rest").empty
