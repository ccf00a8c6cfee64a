"""The ledgers of the pipeline: journeys (one row an opportunity), visits, stays, positions and moves.

Stages are numbered 0, 1, ... in the order of gtm.toml, won comes after the last. Lost is an outcome,
not a stage. Everything ends at `as_of`: what closes later is open, what is created later is not there.
"""

from collections.abc import Callable, Sequence
from datetime import date

import narwhals as nw

from gtmkit.frames import INTEGER, Frame, before, column_or_null, counted, day, month, running, small
from gtmkit.ledgers.attribution import TOUCHED
from gtmkit.ledgers.dimensions import ATTRIBUTED, MEANT, OPPORTUNITY_DIMENSIONS, with_dimensions
from gtmkit.results import setting


def journeys(
    opportunities: Frame,
    stage_changes: Frame | None = None,
    accounts: Frame | None = None,
    account_changes: Frame | None = None,
    owners: Frame | None = None,
    *,
    as_of: date,
    stages: Sequence[str] = setting("pipeline.stages"),
    won: str = setting("pipeline.won"),
    lost: str = setting("pipeline.lost"),
    rule: str = setting("attribution.rule"),
) -> Frame:
    """One row an opportunity created before `as_of`, with its outcome as it stood then.

    Returns: opportunity_id, account_id, created_day, created_month, entered_day and entered_month (first
    stage entry, else created), accepted_day, outcome (won, lost, open), closed_day, closed_month, amount
    (first-year recurring), first_amount (first known in stage_changes, else amount), is_first_known,
    has_history, rank (of today's stage), expected_day, and the opportunity's dimensions as
    text: its own, then the account's at acquisition, then the owner's. By a rule of touches channel, source, medium
    and campaign are its own or nobody's: its account's may be those of a touch after the opportunity was created.
    An opportunity closed without a date keeps its outcome and has closed_day null: outside dated figures.
    """
    table = _as_exported(opportunities).with_columns(rank=_rank(stages, won, lost))
    table = table.filter(nw.col("created_day").is_null() | before("created_day", as_of))
    if stage_changes is not None:
        told = _told(_history(stage_changes, stages, won, lost), len(stages), as_of)
        table = table.join(told, on="opportunity_id", how="left")
    else:
        nothing = column_or_null(table, "_none", nw.Int64)
        table = table.with_columns(**dict.fromkeys(TOLD, nothing))
    table = _ended_by(table, len(stages), as_of)
    table = table.with_columns(
        entered_month=_first_of("_entered_month", "created_month"),
        entered_day=_first_of("_entered_day", "created_day"),
        has_history=~nw.col("_entered_day").is_null(),
        is_first_known=~nw.col("_first").is_null(),
        first_amount=_first_of("_first", "amount"),
    )
    alone = (*ATTRIBUTED, *MEANT) if rule in TOUCHED else ()
    return with_dimensions(table, COLUMNS, OPPORTUNITY_DIMENSIONS, accounts, account_changes, owners, alone)


COLUMNS = (
    "opportunity_id", "account_id", "created_day", "created_month", "entered_day", "entered_month",
    "accepted_day", "outcome", "closed_day", "closed_month", "amount", "first_amount",
    "is_first_known", "has_history",
    "rank", "expected_day",
)  # fmt: skip
TOLD = (
    "_first", "_last_rank", "_entered_day", "_last_day", "_won_day", "_lost_day",
    "_entered_month", "_last_month", "_won_month", "_lost_month",
)  # fmt: skip
CARRIED = ("opportunity_id", "created_day", "created_month", "outcome", "closed_day", "closed_month")
END = 1_000_000  # the place of an opportunity's end in the order of its history: after all that is told of it


def visits(
    journeys: Frame,
    stage_changes: Frame,
    *,
    as_of: date,
    stages: Sequence[str] = setting("pipeline.stages"),
    won: str = setting("pipeline.won"),
    lost: str = setting("pipeline.lost"),
) -> Frame:
    """One row per opportunity and stage it reached, skipped stages filled in.

    Returns: opportunity_id, at (stage number), entered_day and entered_month (first at that stage or a later
    one), went_on (to a later stage, or won), next_day (the first day there; null where it did not, or won
    without a date), is_skipped (never really there), is_furthest, entry_amount (as known on entry), and what
    journeys carries. An opportunity without history entered the first stage when it was created.
    """
    k = len(stages)
    history = _history(stage_changes, stages, won, lost).filter(before("day", as_of) & (nw.col("rank") < k))
    steps = _came_to(journeys, history, k).join(small(journeys, at=range(k + 1)), how="cross")
    steps = steps.filter(nw.col("rank") >= nw.col("at"))  # who came to a stage came to all before it
    steps = steps.with_columns(
        _here=counted(nw.col("rank") == nw.col("at")),
        _first=nw.col("order").min().over("opportunity_id", "at"),
    )
    steps = steps.with_columns(_amount=nw.when(nw.col("order") == nw.col("_first")).then(nw.col("amount")))
    reached = steps.group_by("opportunity_id", "at").agg(
        nw.col("day").min().alias("entered_day"),
        nw.col("month").min().alias("entered_month"),
        nw.col("_here").max().alias("_here"),
        nw.col("_amount").max().alias("_amount"),
    )
    reached = reached.with_columns(
        next_day=nw.col("entered_day").shift(-1).over("opportunity_id", order_by=["at"]),
        _furthest=nw.col("at").max().over("opportunity_id"),
    ).filter(nw.col("at") < k)
    carried = journeys.select(*_carried(journeys), _first_amount=nw.col("first_amount"))
    rows = reached.join(carried, on="opportunity_id", how="inner")
    return rows.with_columns(
        is_skipped=nw.col("_here") == 0,
        is_furthest=nw.col("at") == nw.col("_furthest"),
        went_on=nw.col("at") < nw.col("_furthest"),
        entry_amount=_first_of("_amount", "_first_amount"),
    ).drop("_here", "_amount", "_furthest", "_first_amount")


def positions(
    journeys: Frame,
    stage_changes: Frame | None = None,
    *,
    as_of: date,
    stages: Sequence[str] = setting("pipeline.stages"),
    won: str = setting("pipeline.won"),
    lost: str = setting("pipeline.lost"),
) -> Frame:
    """One row per opportunity and span of days in which its stage, amount and expected close stayed the same.

    Returns: opportunity_id, at (stage number, null where unknown), from_day, until_day (exclusive; null
    while open), amount and expected_day (before the first that is told that one), is_current_amount (no history:
    the value of today's export), and what journeys carries. Undated opportunities are not here.
    """
    k = len(stages)
    carried = _alive(journeys)
    states = _opening(carried, k)
    if stage_changes is not None:
        history = _history(stage_changes, stages, won, lost).filter(before("day", as_of))
        states = nw.concat([states, _states(history)])
    rows = _with_expected(states.join(carried, on="opportunity_id", how="inner"))
    rows = rows.with_columns(until=nw.col("day").shift(-1).over("opportunity_id", order_by=["order"]))
    rows = rows.filter(nw.col("at").is_null() | (nw.col("at") < k))
    end, until = nw.col("closed_day"), nw.col("until")
    rows = rows.with_columns(
        until_day=nw.when(until.is_null() | (~end.is_null() & (until > end))).then(end).otherwise(until),
        amount=_first_of("amount", "_first"),
    )
    rows = rows.filter(nw.col("until_day").is_null() | (nw.col("day") < nw.col("until_day")))
    return rows.with_columns(from_day=nw.col("day")).drop(
        "day",
        "until",
        "order",
        "expected",
        "_first",
        "_expected",
        "_rank",
        "has_history",
        "is_current_expected",
    )


def stays(
    journeys: Frame,
    stage_changes: Frame,
    *,
    as_of: date,
    stages: Sequence[str] = setting("pipeline.stages"),
    won: str = setting("pipeline.won"),
    lost: str = setting("pipeline.lost"),
) -> Frame:
    """One row per real stay of an opportunity in a stage: from entering it to leaving it.

    Returns: opportunity_id, at (stage number), from_day, from_month, until_day and until_month (null while
    there), goes_to (stage number, len(stages) for won, len(stages) + 1 for lost, null while there), and what journeys
    carries. Repeated rows of one stage are one stay; filled-in stages are not here.
    """
    k = len(stages)
    history = _history(stage_changes, stages, won, lost).filter(before("day", as_of))
    moved = history.with_columns(_before=nw.col("rank").shift(1).over("opportunity_id", order_by=["order"]))
    moved = moved.filter(nw.col("_before").is_null() | (nw.col("_before") != nw.col("rank")))
    moved = moved.with_columns(
        _next_day=nw.col("day").shift(-1).over("opportunity_id", order_by=["order"]),
        _next_month=nw.col("month").shift(-1).over("opportunity_id", order_by=["order"]),
        _next=nw.col("rank").shift(-1).over("opportunity_id", order_by=["order"]),
    ).filter(nw.col("rank") < k)
    rows = moved.select(
        "opportunity_id",
        "_next_day",
        "_next_month",
        "_next",
        at=nw.col("rank"),
        from_day=nw.col("day"),
        from_month=nw.col("month"),
    ).join(journeys.select(*_carried(journeys)), on="opportunity_id", how="inner")
    closed = nw.col("_next").is_null() & ~nw.col("closed_day").is_null()
    # A close dated before the last stage was entered ends that stay on the day it began.
    early = nw.col("closed_day") < nw.col("from_day")
    for part in ("day", "month"):
        end = nw.when(early).then(nw.col(f"from_{part}")).otherwise(nw.col(f"closed_{part}"))
        rows = rows.with_columns(
            **{f"until_{part}": nw.when(closed).then(end).otherwise(nw.col(f"_next_{part}"))}
        )
    rows = rows.with_columns(
        goes_to=nw.when(closed)
        .then(nw.when(nw.col("outcome") == "won").then(_integer(k)).otherwise(_integer(k + 1)))
        .otherwise(nw.col("_next")),
    )
    # Closed without a date: it left, but nobody knows when; such a stay measures nothing.
    rows = rows.filter(
        ~(nw.col("_next").is_null() & (nw.col("outcome") != "open") & nw.col("closed_day").is_null())
    )
    return rows.drop("_next_day", "_next_month", "_next")


def moves(
    journeys: Frame,
    stage_changes: Frame,
    *,
    as_of: date,
    stages: Sequence[str] = setting("pipeline.stages"),
    won: str = setting("pipeline.won"),
    lost: str = setting("pipeline.lost"),
) -> Frame:
    """One row per opportunity and change of what it has in play: created, amount, expected close, end, reopened.

    Returns: opportunity_id, day, until_day (of the next change, null for the last), was and now (open, won, lost;
    was is null where it begins), amount_before and amount, expected_before and expected_day, is_current_amount and
    is_current_expected (stage_changes tells none: today's), and what journeys carries. Changes of one day are all
    here, in the order of the history. What is open at the end of a day is what `positions` has. Undated opportunities
    are not here.
    """
    k = len(stages)
    carried = _alive(journeys)
    history = _history(stage_changes, stages, won, lost).filter(before("day", as_of))
    rows = nw.concat([_opening(carried, k), _states(history), _ending(carried, k)])
    rows = _within_life(rows.join(carried, on="opportunity_id", how="inner"))
    rows = _with_expected(rows).with_columns(
        amount=_first_of("amount", "_first"),
        now=nw.when(nw.col("at") == k)
        .then(nw.lit("won"))
        .otherwise(nw.when(nw.col("at") > k).then(nw.lit("lost")).otherwise(nw.lit("open"))),
    )
    before_it = {"was": "now", "amount_before": "amount", "expected_before": "expected_day"}
    rows = rows.with_columns(
        **{
            name: nw.col(column).shift(1).over("opportunity_id", order_by=["order"])
            for name, column in before_it.items()
        }
    )
    rows = rows.filter(_is_change()).with_columns(
        until_day=nw.col("day").shift(-1).over("opportunity_id", order_by=["order"])
    )
    return rows.drop("at", "order", "expected", "_first", "_expected", "_rank", "has_history")


def _alive(journeys: Frame) -> Frame:
    """What the ledgers of amounts over time keep of each opportunity whose days are known."""
    alive = journeys.filter(
        ~nw.col("created_day").is_null() & ~((nw.col("outcome") != "open") & nw.col("closed_day").is_null())
    )
    return alive.select(
        *_carried(alive), "has_history", _first=nw.col("first_amount"), _expected=nw.col("expected_day"),
        _rank=nw.col("rank"), is_current_amount=~nw.col("is_first_known"),
    )  # fmt: skip


def _states(history: Frame) -> Frame:
    """What each row of the history says of its opportunity from then on."""
    return history.select(
        "opportunity_id", "day", at=nw.col("rank"), order=nw.col("order"), amount=nw.col("amount"),
        expected=nw.col("expected"),
    )  # fmt: skip


def _ending(carried: Frame, k: int) -> Frame:
    """How each closed opportunity ended."""
    closed = carried.filter(~nw.col("closed_day").is_null())
    nothing = column_or_null(closed, "_none", nw.Int64)
    return closed.select(
        "opportunity_id",
        day=nw.col("closed_day"),
        at=nw.when(nw.col("outcome") == "won").then(_integer(k)).otherwise(_integer(k + 1)),
        order=_integer(END),
        amount=nothing,
        expected=nothing,
    )


def _within_life(rows: Frame) -> Frame:
    """States from the first day anything is known to the day of the end; those dated after the end are cut off.

    A history that begins before created_at is the earlier word, and an end before the beginning is on its day.
    """
    told = nw.when(nw.col("order") < END).then(nw.col("day"))
    rows = rows.with_columns(_begins=told.min().over("opportunity_id"))
    rows = rows.with_columns(
        _ends=nw.when(nw.col("closed_day") < nw.col("_begins"))
        .then(nw.col("_begins"))
        .otherwise(nw.col("closed_day"))
    )
    rows = rows.filter(
        (nw.col("order") == END) | nw.col("_ends").is_null() | (nw.col("day") <= nw.col("_ends"))
    )
    day = nw.when(nw.col("order") == END).then(nw.col("_ends")).otherwise(nw.col("day"))
    return rows.with_columns(day=nw.when(nw.col("order") == 0).then(nw.col("_begins")).otherwise(day)).drop(
        "_begins", "_ends"
    )


def _with_expected(rows: Frame) -> Frame:
    """The states with the expected close each had: before the first that is told that one, where none is today's."""
    is_told = (nw.col("order") > 0) & (nw.col("order") < END) & ~nw.col("expected").is_null()
    rows = rows.with_columns(_told=nw.when(is_told).then(nw.col("order")).min().over("opportunity_id"))
    is_first = nw.col("order") == nw.col("_told")
    rows = rows.with_columns(_told=nw.when(is_first).then(nw.col("expected")).max().over("opportunity_id"))
    rows = rows.with_columns(
        is_current_expected=nw.col("_told").is_null(), _told=_first_of("_told", "_expected")
    )
    is_unsaid = (nw.col("order") == 0) | nw.col("expected").is_null()
    return rows.with_columns(
        expected_day=nw.when(is_unsaid).then(nw.col("_told")).otherwise(nw.col("expected"))
    ).drop("_told")


def _is_change() -> nw.Expr:
    """Whether a state differs from the one before it in what is in play; a second end of what is over does not."""
    is_open, was_open = nw.col("now") == "open", nw.col("was") == "open"
    moved = (nw.col("amount") != nw.col("amount_before")) | (
        nw.col("expected_day") != nw.col("expected_before")
    )
    differs = (
        counted(is_open & was_open & moved) + counted(is_open & ~was_open) + counted(~is_open & was_open)
    )
    return nw.col("was").is_null() | (differs > 0)


def _as_exported(opportunities: Frame) -> Frame:
    """The opportunities with days and months as numbers; a column that the export does not have is null."""
    return opportunities.with_columns(
        created_day=day("created_at"),
        created_month=month("created_at"),
        accepted_day=_day_or_null(opportunities, "accepted_at"),
        expected_day=_day_or_null(opportunities, "expected_close_on"),
        amount=column_or_null(opportunities, "amount", nw.Int64),
        stage=column_or_null(opportunities, "stage", nw.String),
        account_id=column_or_null(opportunities, "account_id", nw.String),
        kind=column_or_null(opportunities, "kind", nw.String).fill_null("new"),
        _closed_day=_day_or_null(opportunities, "closed_on"),
        _closed_month=_day_or_null(opportunities, "closed_on", month),
    )


def _came_to(journeys: Frame, history: Frame, k: int) -> Frame:
    """The days on which opportunities came to a stage: as the history tells, as created without one, as won."""
    seen = history.select("opportunity_id", "day", "month", "rank", "order", "amount")
    created = journeys.filter(~nw.col("has_history") & ~nw.col("created_day").is_null()).select(
        "opportunity_id",
        day=nw.col("created_day"),
        month=nw.col("created_month"),
        rank=_integer(0),
        order=_integer(0),
        amount=nw.col("first_amount"),
    )
    reached_won = journeys.filter(nw.col("outcome") == "won").select(
        "opportunity_id",
        day=nw.col("closed_day"),
        month=nw.col("closed_month"),
        rank=_integer(k),
        order=_integer(END),
        amount=nw.col("amount"),
    )
    return nw.concat([seen, created, reached_won])


def _opening(carried: Frame, k: int) -> Frame:
    """The position in which each opportunity was created."""
    return carried.select(
        "opportunity_id",
        day=nw.col("created_day"),
        # Without history only today's stage is known, and of a closed opportunity not even that.
        at=nw.when(~nw.col("has_history") & (nw.col("_rank") < k)).then(nw.col("_rank")),
        order=_integer(0),
        amount=nw.col("_first"),
        expected=nw.when(~nw.col("has_history")).then(nw.col("_expected")),
    )


def _history(stage_changes: Frame, stages: Sequence[str], won: str, lost: str) -> Frame:
    """Dated stage changes in their order, amount and expected close carried forward.

    Ties in time are common in exports: stage, then amount, then expected close decide, never row order.
    """
    rows = stage_changes.with_columns(
        day=day("entered_at"),
        month=month("entered_at"),
        rank=_rank(stages, won, lost),
        amount=column_or_null(stage_changes, "amount", nw.Int64),
        expected=_day_or_null(stage_changes, "expected_close_on"),
    ).filter(~nw.col("day").is_null() & ~nw.col("rank").is_null())
    rows = rows.select(
        "opportunity_id", "entered_at", "day", "month", "rank", "amount", "expected",
        _a=nw.col("amount").fill_null(-1), _e=nw.col("expected").fill_null(-1), _one=_integer(1),
    )  # fmt: skip
    rows = rows.with_columns(order=running("_one", ["opportunity_id"], ["entered_at", "rank", "_a", "_e"]))
    for column in ("amount", "expected"):
        rows = rows.with_columns(_seen=counted(~nw.col(column).is_null()))
        rows = rows.with_columns(_seen=running("_seen", ["opportunity_id"], ["order"]))
        rows = rows.with_columns(**{column: nw.col(column).max().over("opportunity_id", "_seen")})
    return rows.select("opportunity_id", "day", "month", "rank", "order", "amount", "expected")


def _told(history: Frame, k: int, as_of: date) -> Frame:
    """What the history tells of each opportunity: first entry and last state before `as_of`, its first known

    amount, and the days it was last won and lost, whenever that was.
    """
    seen, rank = before("day", as_of), nw.col("rank")
    known = nw.when(seen & ~nw.col("amount").is_null()).then(nw.col("order"))
    rows = history.with_columns(
        _known=known.min().over("opportunity_id"),
        _newest=nw.when(seen).then(nw.col("order")).max().over("opportunity_id"),
    )
    is_last, is_entry = nw.col("order") == nw.col("_newest"), seen & (rank < k)
    what = {
        "_first": nw.when(nw.col("order") == nw.col("_known")).then(nw.col("amount")),
        "_last_rank": nw.when(is_last).then(rank),
    }
    for part in ("day", "month"):
        what[f"_entered_{part}"] = nw.when(is_entry).then(nw.col(part))
        what[f"_last_{part}"] = nw.when(is_last).then(nw.col(part))
        what[f"_won_{part}"] = nw.when(rank == k).then(nw.col(part))
        what[f"_lost_{part}"] = nw.when(rank == k + 1).then(nw.col(part))
    rows = rows.with_columns(**what)
    earliest = ("_entered_day", "_entered_month")
    return rows.group_by("opportunity_id").agg(
        *[nw.col(c).min() if c in earliest else nw.col(c).max() for c in what]
    )


def _ended_by(table: Frame, k: int, as_of: date) -> Frame:
    """The table with outcome, closed_day and closed_month as they stood at `as_of`.

    The export's end holds where it came before; its day is closed_on, else the history's. What is open
    today, or ended later, may have been closed then and reopened since: the history's last state says.
    """
    rank, has_day = nw.col("rank"), ~nw.col("_closed_day").is_null()
    for part in ("day", "month"):
        of_history = nw.when(rank == k).then(nw.col(f"_won_{part}")).otherwise(nw.col(f"_lost_{part}"))
        end = nw.when(has_day).then(nw.col(f"_closed_{part}")).otherwise(of_history)
        table = table.with_columns(**{f"_end_{part}": nw.when(rank >= k).then(end)})
    undated = (rank >= k) & nw.col("_end_day").is_null()
    is_over = before("_end_day", as_of)
    table = table.with_columns(
        _as=nw.when(undated | is_over)
        .then(rank)
        .otherwise(nw.when(nw.col("_last_rank") >= k).then(nw.col("_last_rank"))),
        closed_day=nw.when(is_over)
        .then(nw.col("_end_day"))
        .otherwise(nw.when(~undated & (nw.col("_last_rank") >= k)).then(nw.col("_last_day"))),
        closed_month=nw.when(is_over)
        .then(nw.col("_end_month"))
        .otherwise(nw.when(~undated & (nw.col("_last_rank") >= k)).then(nw.col("_last_month"))),
    )
    ended = nw.when(nw.col("_as") == k).then(nw.lit("won")).otherwise(nw.lit("lost"))
    return table.with_columns(outcome=nw.when(nw.col("_as").is_null()).then(nw.lit("open")).otherwise(ended))


def _rank(stages: Sequence[str], won: str, lost: str) -> nw.Expr:
    """The number of a stage: its place in the order, won after the last, lost after won."""
    names = [*stages, won, lost]
    return nw.col("stage").replace_strict(names, list(range(len(names))), default=None, return_dtype=INTEGER)


def _carried(journeys: Frame) -> list[str]:
    """The columns that stage ledgers keep of a journey: who, when, how it ended, and its dimensions."""
    return [c for c in journeys.collect_schema().names() if c in CARRIED or c not in COLUMNS]


def _first_of(column: str, other: str) -> nw.Expr:
    """The column, and where it is null the other."""
    return nw.when(nw.col(column).is_null()).then(nw.col(other)).otherwise(nw.col(column))


def _integer(value: int) -> nw.Expr:
    return nw.lit(value).cast(INTEGER)


def _day_or_null(frame: Frame, column: str, part: Callable[[str], nw.Expr] = day) -> nw.Expr:
    return (
        part(column) if column in frame.collect_schema().names() else column_or_null(frame, column, nw.Int64)
    )
