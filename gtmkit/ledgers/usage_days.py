"""The ledger of usage: how often each account did each thing in the product on each day."""

from collections.abc import Mapping
from datetime import date

import narwhals as nw

from gtmkit.config import Event, NorthStar
from gtmkit.frames import INTEGER, Frame, sums
from gtmkit.ledgers.activations import identified
from gtmkit.ledgers.dimensions import with_dimensions
from gtmkit.results import setting


def usage_days(
    events: Frame,
    accounts: Frame | None = None,
    identities: Frame | None = None,
    account_changes: Frame | None = None,
    owners: Frame | None = None,
    *,
    as_of: date,
    taxonomy: Mapping[str, Event] = setting("events"),
    north_star: NorthStar | None = setting("north_star"),
) -> Frame:
    """Every product event before `as_of`, added up by account, event and day.

    Returns: account_id (null where nobody knows whose it was), user_id (only where the North Star counts
    people), event, day, month, n (how many), and the account's dimensions at acquisition as text. What [events]
    calls contract or billing is no use of the product.
    """
    others = [name for name, agreed in taxonomy.items() if agreed.kind != "product"]
    rows = identified(events, identities, as_of)
    if others:
        rows = rows.filter(~nw.col("event").is_in(others))
    is_of_people = north_star is not None and north_star.unit == "user"
    people = ["user_id"] if is_of_people and "user_id" in events.collect_schema().names() else []
    keys = ["account_id", *people, "event", "day", "month"]
    counted = sums(rows, keys, n=nw.lit(1).cast(INTEGER))
    return with_dimensions(counted, [*keys, "n"], (), accounts, account_changes, owners)
