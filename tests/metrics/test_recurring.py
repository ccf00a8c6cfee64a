"""What the metrics of recurring revenue share: who is a customer, and periods that reach back before the data."""

import pandas as pd
import paper

from gtmkit.metrics.recurring import customers, with_history
from gtmkit.periods import Period


def test_a_customer_pays_something() -> None:
    rows = paper.lazy(paper.subscriptions(("a", "2025-01-01", None, 1), ("b", "2025-01-01", None, 0)))
    found = rows.with_columns(is_one=customers("mrr_amount"))
    assert paper.ledger(found, "account_id", "is_one") == [("a", 1), ("b", 0)]


def test_a_window_that_reaches_before_the_first_month_is_immature() -> None:
    periods = [Period.parse(label) for label in ("2025-12", "2026-01")]
    rows = pd.DataFrame({"period": [p.label for p in periods], "value": [1.0, 1.0]})
    marked = with_history(rows, periods, 12, paper.month_number("2025-01"))
    assert paper.cells(marked, "status") == [("immature",), (None,)]
    assert marked["reason"].iloc[0] == "revenue starts in 2025-01; 12 months of it are needed"
    assert with_history(rows, periods, 12, None)["status"].isna().all()
