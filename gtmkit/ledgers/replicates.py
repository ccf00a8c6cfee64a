"""The ledger of replicates: every account in one of twenty fixed groups, by which a jackknife leaves accounts out.

A derived figure (a product or quotient of others) shares rows between its parts, so their intervals cannot be
combined. Its spread is measured instead: the figure is computed twenty times, each time without one group of
accounts. The replicate is one more dimension of the measures, so that one pass over a ledger gives all twenty.
"""

from datetime import date

import narwhals as nw

from gtmkit.frames import INTEGER, Frame, small

GROUPS = 20
REPLICATE = "replicate"  # the dimension: the number of the group that is left out


def replicates(accounts: Frame, *, as_of: date) -> Frame:
    """One row an account: account_id and its `group`, 0 to 19.

    Accounts are dealt out in the order of their ids, whenever they started: the groups are the same in every
    ledger, on every engine and at every `as_of`, as long as the accounts are.
    """
    ids = accounts.select("account_id").unique().with_columns(_one=nw.lit(1).cast(INTEGER))
    place = nw.col("_one").cum_sum().over("_one", order_by="account_id").cast(INTEGER)
    return ids.with_columns(group=(place % GROUPS).cast(INTEGER)).select("account_id", "group")


def replicated(ledger: Frame, groups: Frame) -> Frame:
    """The rows of a ledger once for each replicate that holds them: for all but that of their own group.

    Rows of an account that is not among the accounts go with the first group, so that none is lost from all.
    """
    rows = ledger.join(groups, on="account_id", how="left")
    rows = rows.with_columns(group=nw.col("group").fill_null(0))
    each = small(ledger, **{REPLICATE: list(range(GROUPS))})
    return rows.join(each, how="cross").filter(nw.col("group") != nw.col(REPLICATE)).drop("group")
