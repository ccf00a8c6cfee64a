"""How shared cost is laid on rows: by hand, and that nothing is ever lost."""

from hypothesis import given
from hypothesis import strategies as st

from gtmkit.metrics.allocation import shared_out

CHANNEL, BOTH = ("unattributed",), ("unattributed", "unknown")


def test_shared_cost_follows_the_basis_and_the_last_gets_the_rest() -> None:
    # 100 shared 1:2 is 33 and 67 of whole ten-thousandths; what is paid stays where it is.
    cost = {("ads",): 10, ("unattributed",): 100}
    amounts, stays = shared_out(cost, {("ads",): 1, ("events",): 2}, CHANNEL)
    assert amounts == {("ads",): 43, ("events",): 67, ("unattributed",): 0}
    assert stays == set()


def test_what_has_no_channel_bears_its_part() -> None:
    amounts, _ = shared_out({("unattributed",): 100}, {("ads",): 3, ("unattributed",): 1}, CHANNEL)
    assert amounts == {("ads",): 75, ("unattributed",): 25}


def test_a_half_known_cost_is_shared_within_what_is_known() -> None:
    # 60 of ads in an unknown segment: by 1:2 over the segments of ads alone. 90 of nobody: over all, 1:2:6.
    cost = {("ads", "unknown"): 60, ("unattributed", "unknown"): 90}
    basis = {("ads", "smb"): 1, ("ads", "mid"): 2, ("events", "smb"): 6}
    amounts, stays = shared_out(cost, basis, BOTH)
    assert amounts[("ads", "smb")] == 20 + 10
    assert amounts[("ads", "mid")] == 40 + 20
    assert amounts[("events", "smb")] == 60
    assert stays == set()


def test_without_a_basis_it_stays() -> None:
    cost = {("ads", "unknown"): 60, ("unattributed", "unknown"): 90, ("events", "smb"): 5}
    amounts, stays = shared_out(cost, {("events", "smb"): 1, ("ads", "mid"): 0}, BOTH)
    assert amounts == {("ads", "unknown"): 60, ("unattributed", "unknown"): 0, ("events", "smb"): 95}
    assert stays == {("ads", "unknown")}
    assert shared_out(cost, {}, BOTH)[0] == cost


NAMES = st.tuples(
    st.sampled_from(["ads", "events", "unattributed"]), st.sampled_from(["smb", "mid", "unknown"])
)
AMOUNTS = st.integers(-(10**12), 10**15)


@given(st.dictionaries(NAMES, AMOUNTS), st.dictionaries(NAMES, st.integers(-10, 10**13)))
def test_nothing_is_lost_and_nothing_paid_moves(
    cost: dict[tuple[str, ...], int], basis: dict[tuple[str, ...], int]
) -> None:
    amounts, stays = shared_out(cost, basis, BOTH)
    assert sum(amounts.values()) == sum(cost.values())
    for key, amount in cost.items():
        if "unattributed" not in key and "unknown" not in key and amount >= 0:
            more = sum(abs(v) for k, v in cost.items() if "unattributed" in k or "unknown" in k)
            assert abs(amounts[key] - amount) <= more
    assert all("unattributed" in key or "unknown" in key for key in stays)
