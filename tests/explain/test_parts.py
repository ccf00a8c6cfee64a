"""Parts of parts: shared out so that they add up, told as a table with the way down to each."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from benchmarks import explained as simulated
from gtmkit.explain.parts import Part, by_kind, by_values, jackknifed, table, within


def part(name: str, *brought: float, group: str | None = None) -> Part:
    return Part(name, np.array(brought, dtype=float), group)


def test_inner_parts_say_in_which_proportions_a_part_is_shared_out() -> None:
    # Of 100 a day, a win rate up by .03 of which .04 is rate and -.01 mix: 133.3 and -33.3.
    found = within(part("win_rate", 100), [part("rate", 0.04, group="SMB"), part("mix", -0.01, group="SMB")])
    assert [float(one.brought[0]) for one in found.parts] == pytest.approx([400 / 3, -100 / 3])
    rows = table([found])
    assert rows[["level", "of", "part"]].fillna("").to_numpy().tolist() == [
        [1, "", "win_rate"], [2, "win_rate", "rate"], [2, "win_rate", "mix"]
    ]  # fmt: skip


def test_what_cancels_out_gives_no_proportions() -> None:
    whole = part("win_rate", 100)
    assert within(whole, [part("rate", 0.04), part("mix", -0.04)]) == whole
    assert within(whole, [part("rate", 0.0)]) == whole
    assert within(whole, []) == whole


def test_parts_of_parts_are_shared_out_as_well() -> None:
    inner = within(part("a", 2), [part("x", 1), part("y", 3)])
    found = within(part("whole", 40), [inner, part("b", 2)])
    assert [float(one.brought[0]) for one in found.parts[0].parts] == pytest.approx([5, 15])
    assert table([found])["of"].tolist()[2:4] == ["whole > a"] * 2


def test_a_kind_is_the_sum_of_its_parts() -> None:
    kinds = by_kind([part("mix", 1, group="a"), part("rate", 2, group="a"), part("mix", 4, group="b")])
    assert {one.name: float(one.brought[0]) for one in kinds} == {"mix": 5, "rate": 2}


def test_values_of_an_axis_that_are_new_or_gone() -> None:
    found = by_values({"tools": np.array([3.0])}, {"agency": np.array([5.0])})
    assert {one.name: float(one.brought[0]) for one in found} == {"tools": -3, "agency": 5}


def test_the_interval_is_that_of_leaving_groups_out() -> None:
    # Left out 1, 2, 3: the spread is the root of 2/3 x 2, and t of two degrees of freedom.
    low, high = jackknifed(np.array([2.0, 1.0, 2.0, 3.0]))
    assert high - 2 == pytest.approx(stats.t.ppf(0.975, 2) * np.sqrt(4 / 3))
    assert 2 - low == pytest.approx(high - 2)
    assert np.isnan(jackknifed(np.array([2.0]))).all()
    assert np.isnan(jackknifed(np.array([2.0, 1.0, 1.0]))).all()


def test_what_the_simulation_takes_for_true() -> None:
    mix, rate = simulated.truth()
    # Weights move by -.15, .05 and .10, of mean shares won .425, .27 and .18; shares by .01, .02 and 0, of mean weights
    # .325, .375 and .30. Won were .304 of all deals, and are .2825.
    assert mix.sum() == pytest.approx(-0.15 * 0.425 + 0.05 * 0.27 + 0.10 * 0.18)
    assert rate.tolist() == pytest.approx([0.325 * 0.01, 0.375 * 0.02, 0])
    assert mix.sum() + rate.sum() == pytest.approx(0.2825 - 0.304)


def test_intervals_of_mix_and_rate_were_measured_to_hold_what_is_true() -> None:
    measured = pd.read_csv(simulated.RESULTS).set_index("deals a year")
    assert set(measured.index) == set(simulated.SIZES)
    assert ((measured >= 0.92) & (measured <= 0.98)).all(axis=None)


@pytest.mark.slow
def test_they_do_so_here() -> None:
    # Of 100 companies 95 are expected, and fewer than 86 are found in 1 of 10,000 tries.
    held = simulated.row(300, companies=100, seed=2)
    assert all(float(held[column]) >= 0.86 for column in ("mix", "rate"))
