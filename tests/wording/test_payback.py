"""Payback with churn in words: which groups buy customers who leave, which only lag, which cannot be judged."""

from typing import Any

import pandas as pd

from gtmkit import wording

COLUMNS = ["channel", "value", "low", "high", "n", "status", "reason"]


def frame(*rows: list[Any], **more: Any) -> pd.DataFrame:
    found = pd.DataFrame(rows, columns=COLUMNS, dtype=object)
    return found.assign(numerator=None, denominator=None, **more)


def of_all(value: float, low: float, high: float, n: int) -> pd.DataFrame:
    return frame([None, value, low, high, n, "final", None]).drop(columns="channel")


def curve(**shares: tuple[float, float, float | None, float | None, int]) -> pd.DataFrame:
    """The share of the first month and that of month 24, with its interval and n, by channel."""
    parts = []
    for name, (first, share, low, high, n) in shares.items():
        row = [name, share, low, high, n, "final", None]
        parts += [frame([name, first, None, None, 60, "final", None], age=1), frame(row, age=24)]
    return pd.concat(parts, ignore_index=True)


WHOLE = {"payback": of_all(10.0, 7.0, 14.0, 69), "activation": of_all(0.62, 0.58, 0.66, 617)}
LATE = "gross_margin is not by channel; not within the 31 months observed: 0.55 of the cost paid back by then"


def groups(
    activation: tuple[float, float, float, int] = (0.33, 0.23, 0.45, 69), months: float | None = None
) -> dict[str, pd.DataFrame]:
    status, reason = ("immature", LATE) if months is None else ("final", None)
    return {
        "payback": frame(["calls", 11.6, 6.4, 21.1, 15, "final", None]),
        "with churn": frame(["calls", months, None, None, 10, status, reason]),
        "activation": frame(["calls", *activation, "final", None]),
    }


def said(shares: pd.DataFrame, own: dict[str, pd.DataFrame]) -> list[str]:
    return str(wording.paid_back(shares, own, WHOLE, "channel", min_n=5)).splitlines()


def test_a_channel_whose_customers_leave_and_do_not_activate_buys_churn() -> None:
    # A share of .05 in the first month: 24 x .05 = 120 % had all stayed. .53 (.36 to .76) lies below all of its cost.
    assert said(curve(calls=(0.05, 0.53, 0.36, 0.76, 24)), groups()) == [
        "[act] calls: simple payback says 11.6 months (6.4 to 21.1, n 15) against 10.0 months over all, not told "
        "apart; with the customers who left, 53.0 % (36 to 76, n 24) of the cost is paid back by month 24; "
        "had all stayed as they began it were 120.0 %; it is not within the 31 months observed; "
        "33.0 % (23 to 45, n 69) activate against 62.0 % over all: we are buying churn."
    ]


def test_where_as_many_activate_it_is_watched() -> None:
    (line,) = said(curve(calls=(0.05, 0.53, 0.36, 0.76, 24)), groups((0.60, 0.48, 0.71, 69)))
    assert line.startswith("[watch] calls: ")
    assert line.endswith(
        "60.0 % (48 to 71, n 69) activate against 62.0 % over all: below, beyond the interval."
    )


def test_where_payback_only_touches_it_is_watched_though_few_activate() -> None:
    # The 80 % interval ends at .53 + .654 x .5 = .857, below 1; the 95 % one at 1.03.
    (line,) = said(curve(calls=(0.05, 0.53, 0.36, 1.03, 24)), groups(months=31.0))
    assert line.startswith("[watch] calls: ")
    assert "it is by month 31; " in line
    assert line.endswith(": below, its interval only touches.")


def test_a_slow_payback_is_not_churn() -> None:
    """24 x .02 = 48 % had all stayed: .45 (.36 to .55) is what was to be expected of a dear channel."""
    assert said(curve(calls=(0.02, 0.45, 0.36, 0.55, 24)), groups()) == [
        "[no action] 1 of 1 channel not told apart from paying back what they cost, with the customers who left."
    ]


def test_what_is_paid_back_is_no_loss_though_more_was_promised() -> None:
    """24 x .2 = 480 %: 1.5 (1.2 to 1.9) is far less, and above the cost."""
    assert said(curve(calls=(0.2, 1.5, 1.2, 1.9, 24)), groups())[0].startswith("[no action]")


def test_a_channel_without_an_interval_or_with_few_customers_is_not_judged() -> None:
    for share, n in (((0.05, 0.1, None, None), 8), ((0.05, 0.1, 0.05, 0.2), 4)):
        assert said(curve(calls=(*share, n)), groups()) == [
            "[too few to judge] Payback with churn, too few or no cost: calls."
        ]


def test_the_oldest_age_that_can_be_judged_is_read() -> None:
    """Month 24 has three customers and no interval; month 12 has 30, and half of 12 x .05 = 60 %."""
    shares = curve(calls=(0.05, 0.9, None, None, 3))
    shares = pd.concat([shares, frame(["calls", 0.3, 0.2, 0.4, 30, "final", None], age=12)])
    (line,) = said(shares, groups())
    assert "30.0 % (20 to 40, n 30) of the cost is paid back by month 12" in line


def test_what_is_not_known_is_said_and_nothing_breaks() -> None:
    none = frame([None, None, None, None, None, "undefined", "needs table finance"], age=None)
    assert said(none, groups()) == ["[not yet] CAC paid back by channel undefined: needs table finance."]
    own = {name: rows.iloc[:0] for name, rows in groups().items()}
    (line,) = said(curve(calls=(0.05, 0.53, 0.36, 0.76, 24)), own)
    assert line == (
        "[watch] calls: simple payback has no figure; with the customers who left, 53.0 % (36 to 76, n 24) of the "
        "cost is paid back by month 24; had all stayed as they began it were 120.0 %: below, beyond the interval."
    )
