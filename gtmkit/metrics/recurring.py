"""What the metrics of recurring revenue count alike: customers, the movements, and how far the data reach back.

No metric stands here. `movements` and `retention` do.
"""

from collections.abc import Sequence

import narwhals as nw
import pandas as pd

from gtmkit.frames import counted
from gtmkit.periods import Period, month_label
from gtmkit.results import marked

FIRST_MONTH = "the data begins here: customers of before count as new"


def customers(column: str) -> nw.Expr:
    """1 where this balance of an account is one of a customer, else 0."""
    return counted(nw.col(column) > 0)


def with_history(
    rows: pd.DataFrame, periods: Sequence[Period], window: int, first: int | None
) -> pd.DataFrame:
    """Marks, before anything else, periods whose window reaches back before the data: immature, not empty."""
    young = [p.label for p in periods if first is not None and p.last_month - window < first]
    reason = f"revenue starts in {month_label(first or 0)}; {window} months of it are needed"
    return marked(rows, rows["period"].isin(young), "immature", reason)
