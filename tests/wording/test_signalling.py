"""How many figures moved, on which side, and why others have no verdict."""

from gtmkit import wording


def test_what_moved_is_counted_among_what_can_be_told_and_bad_news_is_watched():
    said = wording.beyond_noise(84, 1, 2, "2026-10", {"of too few": 3, "undefined": 1})
    assert str(said) == (
        "[watch] 3 of 84 figures moved beyond noise in the review of 2026-10: 1 of them for the worse.\n"
        "[not yet] 4 more figures have no verdict: 3 of too few; 1 undefined."
    )


def test_good_news_alone_asks_for_nothing():
    said = wording.beyond_noise(84, 0, 1, "2026-10", {})
    assert str(said) == (
        "[no action] 1 of 84 figures moved beyond noise in the review of 2026-10: none of them for the worse."
    )


def test_that_nothing_moved_is_a_result():
    said = wording.beyond_noise(84, 0, 0, "2026-10", {"undefined": 1})
    assert str(said) == (
        "[no action] 0 of 84 figures moved beyond noise in the review of 2026-10: all of them are quiet.\n"
        "[not yet] 1 more figure has no verdict: 1 undefined."
    )


def test_where_nothing_can_be_told_that_is_said():
    said = wording.beyond_noise(0, 0, 0, "2025", {"with fewer than 8 final periods before": 84})
    assert str(said) == (
        "[not yet] No figure of 2025 can be told from noise.\n"
        "[not yet] 84 figures have no verdict: 84 with fewer than 8 final periods before."
    )


def test_what_is_not_explained_says_why():
    assert str(wording.not_explained("no row")) == "[not yet] Why it moved is not told: no row."
