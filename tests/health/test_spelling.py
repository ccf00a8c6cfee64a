"""Which values are nearly the spelling of which: capitals and marks, one wrong letter, and what is another thing."""

import pytest

from gtmkit.health.spelling import near_duplicates, plain


def known(counts: dict[str, int], *agreed: str) -> dict[str, str]:
    return {value: near.known for value, near in near_duplicates(counts, agreed).items()}


@pytest.mark.parametrize(
    "value", ["Paid Social", " paid_social", "paid-social ", "PAID.SOCIAL", "paidsocial"]
)
def test_capitals_blanks_and_marks_do_not_tell_apart(value: str) -> None:
    assert plain(value) == "paidsocial"
    assert known({value: 1}, "paid_social") == {value: "paid_social"}


def test_a_short_value_may_differ_in_capitals_and_in_nothing_else() -> None:
    # sdr and sdx have three letters; bing and ping four, of which three are the same: 2 x 3 / 8 = 75.
    assert known({"SDR": 5, "sdx": 5}, "sdr") == {"SDR": "sdr"}
    assert known({"ping": 1}, "bing") == {}


@pytest.mark.parametrize(
    ("value", "agreed", "alike"),
    [
        ("goggle", "google", 100 * 2 * 5 / 12),  # five of six letters in their order: 83.3
        ("linkdin", "linkedin", 100 * 2 * 7 / 15),  # one left out
        ("newsletters", "newsletter", 100 * 2 * 10 / 21),  # one too many
    ],
)
def test_one_wrong_letter_in_six(value: str, agreed: str, alike: float) -> None:
    (near,) = near_duplicates({value: 3}, {agreed}).values()
    assert (near.known, near.alike) == (agreed, pytest.approx(alike))


@pytest.mark.parametrize(
    ("value", "agreed"),
    [
        ("gmail", "email"),  # four of five: 80
        ("paid_social", "paid_search"), ("tiktok", "field_event"), ("summit_2025", "summit_2026"),
        ("organic_social", "organic"), ("-", "_"), ("", "google"),
    ],
)  # fmt: skip
def test_another_thing_stays_one(value: str, agreed: str) -> None:
    assert known({value: 3}, agreed) == {}


def test_what_is_agreed_is_never_a_near_duplicate() -> None:
    assert known({"google": 900, "goggle": 1, "Google": 1}, "google", "goggle", "Google") == {}


def test_without_an_agreement_the_much_commoner_value_is_known() -> None:
    # Ten times as many rows make a value known; nine times do not. In capitals alone, any more will do.
    assert known({"google": 100, "goggle": 10}) == {"goggle": "google"}
    assert known({"google": 90, "goggle": 10}) == {}
    assert known({"google": 6, "Google": 5}) == {"Google": "google"}
    assert known({"google": 5, "Google": 5}) == {"Google": "google"}  # of equals the one without capitals


def test_all_spellings_of_a_value_lead_to_the_same_known_one() -> None:
    found = near_duplicates({"google": 900, "goggle": 8, "GOGGLE": 2}, {"google"})
    assert {value: near.known for value, near in found.items()} == {"goggle": "google", "GOGGLE": "google"}
    assert found["GOGGLE"].alike == pytest.approx(100 * 2 * 5 / 12)


def test_of_several_the_most_alike_counts_then_the_commonest() -> None:
    # facebok: facebook 2 x 7 / 15 = 93.3, facebuk 2 x 6 / 14 = 85.7.
    assert known({"facebok": 1, "facebuk": 500}, "facebook", "facebuk") == {"facebok": "facebook"}
    # newslette lacks one letter of either: 2 x 9 / 19.
    assert known({"newslette": 1, "newsletter": 5, "newslettex": 9}, "newsletter", "newslettex") == {
        "newslette": "newslettex"
    }


def test_nothing_typed_nothing_found() -> None:
    assert near_duplicates({}, {"google"}) == {}
    assert near_duplicates({}, ()) == {}


def test_ten_rows_to_one_are_enough_for_a_value_nobody_agreed() -> None:
    # Ten times as many rows is much commoner; nine times is not.
    assert near_duplicates({"newsletter": 10, "newslettr": 1}, ()).keys() == {"newslettr"}
    assert near_duplicates({"newsletter": 9, "newslettr": 1}, ()) == {}
