"""The three shapes of subscriptions made one: lines with their first day, the day they end and their MRR."""

from gtmkit.contracts import TABLES
from gtmkit.sources.engine import text
from gtmkit.sources.plan import Plan
from gtmkit.sources.work import Work


def to_periods(work: Work, plan: Plan) -> None:
    """Give every line its half-open interval [started_on, ended_on) and the MRR that its status carries."""
    match plan.entry.shape:
        case "periods":
            _from_periods(work, plan)
        case "changes":
            _from_changes(work)
        case "snapshots":
            _from_snapshots(work)
    _by_status(work)
    given = {column.name for column in work.mapped["subscriptions"]} | {
        "started_on",
        "ended_on",
        "mrr_amount",
    }
    work.mapped["subscriptions"] = tuple(
        column
        for column in TABLES["subscriptions"].columns
        if column.name in given - {"changed_on", "month_on"}
    )


def _from_periods(work: Work, plan: Plan) -> None:
    if not work.has("subscriptions", "ended_on"):
        _replace(work, "SELECT *, CAST(NULL AS DATE) AS ended_on FROM subscriptions")
    elif work.config.subscriptions.ended_on == "last_day_with":
        _replace(work, "SELECT * REPLACE (ended_on + 1 AS ended_on) FROM subscriptions")
    empty = work.delete("subscriptions", "ended_on <= started_on")
    work.loss.add("subscriptions", "zero length", empty, "lines that end on the day they start")


def _from_changes(work: Work) -> None:
    """A value holds until the next change of its account, or of its subscription where that is mapped."""
    whose = ["account_id"]
    if work.has("subscriptions", "subscription_id"):
        whose.append("subscription_id")
    last = (
        "updated_at DESC NULLS LAST, record DESC"
        if work.has("subscriptions", "updated_at")
        else "record DESC"
    )
    keys = ", ".join(whose)
    work.connection.execute(
        f"CREATE OR REPLACE TEMP TABLE same_day AS SELECT record FROM (SELECT record, row_number() OVER "
        f"(PARTITION BY {keys}, changed_on ORDER BY {last}) AS place FROM subscriptions "
        f"WHERE changed_on IS NOT NULL) WHERE place > 1"
    )
    overruled = work.delete("subscriptions", "record IN (SELECT record FROM same_day)")
    work.loss.add("subscriptions", "same day", overruled, "overruled by a later change of the day")
    # Undated changes stand apart, so that they neither end another nor are ended.
    _replace(
        work,
        f"SELECT * EXCLUDE (changed_on), changed_on AS started_on, CASE WHEN changed_on IS NOT NULL THEN "
        f"lead(changed_on) OVER (PARTITION BY {keys}, changed_on IS NULL ORDER BY changed_on) END "
        f"AS ended_on FROM subscriptions",
    )


def _from_snapshots(work: Work) -> None:
    """A value holds for its month; a month without a row is 0."""
    _replace(
        work,
        "SELECT * EXCLUDE (month_on), month_on AS started_on, "
        "CAST(month_on + INTERVAL 1 MONTH AS DATE) AS ended_on FROM subscriptions",
    )


def _by_status(work: Work) -> None:
    if not work.has("subscriptions", "status"):
        return
    counts = ", ".join(text(status) for status in work.config.subscriptions.counts) or "''"
    endless = "status = 'canceled' AND ended_on IS NULL AND mrr_amount <> 0"
    open_ended = work.number(f"SELECT count(*) FROM subscriptions WHERE {endless} AND status IN ({counts})")
    work.loss.add("subscriptions", "canceled without an end", open_ended, "they carry no MRR")
    silent = f"status NOT IN ({counts}) OR (status = 'canceled' AND ended_on IS NULL)"
    amount = f"CASE WHEN {silent} THEN 0 ELSE mrr_amount END"
    _replace(work, f"SELECT * REPLACE ({amount} AS mrr_amount) FROM subscriptions")


def _replace(work: Work, query: str) -> None:
    work.connection.execute(f"CREATE OR REPLACE TABLE shaped AS {query}")
    work.connection.execute("DROP TABLE subscriptions")
    work.connection.execute("ALTER TABLE shaped RENAME TO subscriptions")
