"""What customers say when they are asked: would they recommend us, and are they content."""

from collections.abc import Sequence

import narwhals as nw
import numpy as np
import pandas as pd

from gtmkit import stats
from gtmkit.frames import Frame, collect, counted, day, sums
from gtmkit.ledgers.dimensions import for_groups
from gtmkit.metrics.entrants import one
from gtmkit.periods import Period
from gtmkit.results import divided, floats, marked, noted, setting, shaped, share
from gtmkit.windows import flows

PROMOTERS = 9  # from this answer of 0 to 10 on
DETRACTORS = 6  # up to this one
CONTENT = 4  # from this answer of 1 to 5 on
NONE = "no responses in the period"


def nps(
    surveys: Frame,
    accounts: Frame | None = None,
    account_changes: Frame | None = None,
    owners: Frame | None = None,
    *,
    by: Sequence[str],
    periods: Sequence[Period],
    min_n: int = setting("suppress.min_n"),
) -> pd.DataFrame:
    """Net promoter score: promoters (9, 10) less detractors (0 to 6), per hundred responses of the period.

    Answers: would our customers recommend us?
    Takes: responses of the kind nps by the day they were given, each for itself.
    Returns: points from -100 to 100; numerator = promoters less detractors, n = responses. It stands on two
    shares of them, so that few responses are suppressed as those of a share are.
    """
    score = nw.col("score")
    promoters, detractors = counted(score >= PROMOTERS), counted(score <= DETRACTORS)
    rows = _answered(surveys, "nps").with_columns(promoters=promoters, detractors=detractors)
    kept = ["day", "promoters", "detractors"]
    rows = for_groups(rows, by, kept, (), accounts, account_changes, owners)
    up, down = nw.col("promoters"), nw.col("detractors")
    over = flows(collect(sums(rows, [*by, "day"], up=up, down=down, n=one())), by, periods)
    net, n = floats(over["up"]) - floats(over["down"]), floats(over["n"])
    low, high = stats.net_share(over["up"], over["down"], n)
    answer = over.assign(
        value=100 * divided(net, n), numerator=net, denominator=n, n=n, low=100 * low, high=100 * high
    )
    answer = noted(answer, (n > 0) & np.isnan(low), "no interval: all answered alike")
    answer = marked(answer, n == 0, "undefined", NONE)
    few = (n > 0) & (n < min_n)
    answer = marked(answer, few, "suppressed", f"fewer than {min_n}")
    return shaped(answer.assign(value=answer["value"].mask(few)), by, [])


def csat(
    surveys: Frame,
    accounts: Frame | None = None,
    account_changes: Frame | None = None,
    owners: Frame | None = None,
    *,
    by: Sequence[str],
    periods: Sequence[Period],
) -> pd.DataFrame:
    """Share of the responses of the period that are content: 4 or 5 of 5.

    Answers: are our customers content with what they got?
    Takes: responses of the kind csat by the day they were given, each for itself.
    Returns: share; n = responses.
    """
    rows = _answered(surveys, "csat").with_columns(content=counted(nw.col("score") >= CONTENT))
    rows = for_groups(rows, by, ["day", "content"], (), accounts, account_changes, owners)
    over = flows(collect(sums(rows, [*by, "day"], content=nw.col("content"), n=one())), by, periods)
    return shaped(share(over, over["content"], over["n"], NONE), by, [])


def _answered(surveys: Frame, kind: str) -> Frame:
    """The dated responses to surveys of a kind, with their day."""
    rows = surveys.filter((nw.col("kind") == kind) & ~nw.col("answered_on").is_null())
    return rows.with_columns(day=day("answered_on"))
