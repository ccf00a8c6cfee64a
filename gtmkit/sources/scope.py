"""Whose rows count: internal accounts out; orphans, undated rows and backward stages counted and named."""

from gtmkit.contracts import TABLES
from gtmkit.sources.engine import local, name, text
from gtmkit.sources.loss import NAMED, named
from gtmkit.sources.plan import Plan
from gtmkit.sources.rejects import shown_file
from gtmkit.sources.work import Work


def without_internal(work: Work) -> None:
    """Take internal accounts out, with all their rows and the rows of their opportunities."""
    if not work.has("accounts", "is_internal"):
        return
    run = work.connection.execute
    run("CREATE TEMP TABLE internal AS SELECT account_id FROM accounts WHERE is_internal")
    run("CREATE TEMP TABLE internal_deals (opportunity_id VARCHAR)")
    if work.has("opportunities", "account_id"):
        run(
            "INSERT INTO internal_deals SELECT opportunity_id FROM opportunities "
            "WHERE account_id IN (SELECT account_id FROM internal)"
        )
    for table in work.mapped:
        conditions = []
        if work.has(table, "account_id"):
            conditions.append("account_id IN (SELECT account_id FROM internal)")
        if work.has(table, "opportunity_id"):
            conditions.append("opportunity_id IN (SELECT opportunity_id FROM internal_deals)")
        if conditions:
            rows = work.delete(name(table), " OR ".join(conditions))
            work.loss.add(table, "internal", rows, "rows of internal accounts")


def remark(work: Work, plan: Plan) -> None:
    """Count and name what is kept though doubtful: orphans, undated rows, stages entered backwards."""
    for key, owner in (("account_id", "accounts"), ("opportunity_id", "opportunities")):
        if owner != plan.name and owner in work.mapped and work.has(plan.name, key):
            _orphans(work, plan, key, owner)
    if plan.dated is not None:
        _undated(work, plan, plan.dated)
    if plan.name == "stage_changes" and work.config.pipeline.stages:
        _backward(work)


def _orphans(work: Work, plan: Plan, key: str, owner: str) -> None:
    lost = f"FROM {name(plan.name)} ANTI JOIN {name(owner)} USING ({name(key)}) WHERE {name(key)} IS NOT NULL"
    rows = work.number(f"SELECT count(*) {lost}")
    if rows:
        ids = work.rows(f"SELECT DISTINCT {name(key)} {lost} ORDER BY 1 LIMIT {NAMED}")
        total = work.number(f"SELECT count(DISTINCT {name(key)}) {lost}")
        work.loss.add(
            plan.name, "orphan", rows, f"{key} not in {owner}: {named([str(i[0]) for i in ids], total)}"
        )


def _undated(work: Work, plan: Plan, dated: str) -> None:
    rows = work.number(f"SELECT count(*) FROM {name(plan.name)} WHERE {name(dated)} IS NULL")
    if rows:
        key = plan.contract.key
        label = name(key[0]) if len(key) == 1 else f"{shown_file(plan)} || ', line ' || line"
        undated = f"FROM {name(plan.name)} WHERE {name(dated)} IS NULL"
        ids = work.rows(f"SELECT {label} {undated} ORDER BY file, line LIMIT {NAMED}")
        work.loss.add(plan.name, "undated", rows, f"no {dated}: {named([str(i[0]) for i in ids], rows)}")


def _backward(work: Work) -> None:
    pipeline = work.config.pipeline
    order = {stage: at for at, stage in enumerate(pipeline.stages)}
    order |= {pipeline.won: len(order), pipeline.lost: len(order)}
    rank = f"CASE stage {' '.join(f'WHEN {text(stage)} THEN {at}' for stage, at in order.items())} END"
    back = (
        f"FROM (SELECT opportunity_id, rank < max(rank) OVER (PARTITION BY opportunity_id "
        f"ORDER BY entered_at, rank ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS back "
        f"FROM (SELECT *, {rank} AS rank FROM stage_changes WHERE entered_at IS NOT NULL)) WHERE back"
    )
    rows = work.number(f"SELECT count(*) {back}")
    if rows:
        ids = work.rows(f"SELECT DISTINCT opportunity_id {back} ORDER BY 1 LIMIT {NAMED}")
        total = work.number(f"SELECT count(DISTINCT opportunity_id) {back}")
        work.loss.add(
            "stage_changes",
            "backward",
            rows,
            f"to an earlier stage: {named([str(i[0]) for i in ids], total)}",
        )


def derive_accounts(work: Work) -> None:
    """Accounts, or their started_on, from the other tables where no source gives them.

    started_on = the first MRR above zero, else the first won opportunity, else the first event, else null.
    """
    if work.has("accounts", "started_on"):
        return
    given = "accounts" in work.mapped
    holders = [table for table in work.mapped if table != "accounts" and work.has(table, "account_id")]
    if not given and not holders:
        return
    known = (
        "SELECT account_id FROM accounts"
        if given
        else " UNION ".join(
            f"SELECT DISTINCT account_id FROM {name(table)} WHERE account_id IS NOT NULL" for table in holders
        )
    )
    starts = _starts(work)
    joins = " ".join(
        f"LEFT JOIN ({query}) s{at} USING (account_id)" for at, query in enumerate(starts.values())
    )
    days = ", ".join(f"s{at}.day" for at in range(len(starts)))
    origin = " ".join(f"WHEN s{at}.day IS NOT NULL THEN {at}" for at in range(len(starts)))
    day, known_by = (f"coalesce({days})", f"CASE {origin} END") if starts else ("NULL", "NULL")
    work.connection.execute(
        f"CREATE TABLE derived AS SELECT account_id, CAST({day} AS DATE) AS started_on, {known_by} AS origin "
        f"FROM ({known}) {joins}"
    )
    counts = {at: int(str(n)) for at, n in work.rows("SELECT origin, count(*) FROM derived GROUP BY 1")}
    said = [f"{counts[at]:,} by {what}" for at, what in enumerate(starts) if at in counts] + (
        [f"{counts[None]:,} without a start"] if None in counts else []
    )
    rows = work.number("SELECT count(*) FROM derived")
    what = "started_on" if given else "accounts"
    work.loss.add("accounts", "derived", rows, f"{what} from the other tables: {', '.join(said)}")
    if given:
        work.connection.execute(
            "CREATE TABLE started AS SELECT a.*, d.started_on FROM accounts a "
            "LEFT JOIN derived d USING (account_id)"
        )
        work.connection.execute("DROP TABLE accounts")
    else:
        work.connection.execute(
            "CREATE TABLE started AS SELECT row_number() OVER (ORDER BY account_id) AS line, NULL AS file, "
            "account_id, started_on FROM derived"
        )
    work.connection.execute("ALTER TABLE started RENAME TO accounts")
    names = {column.name for column in work.mapped.get("accounts", ())} | {"account_id", "started_on"}
    work.mapped["accounts"] = tuple(c for c in TABLES["accounts"].columns if c.name in names)


def _starts(work: Work) -> dict[str, str]:
    """SQL: account_id and the first day, by where it is known from, the best first."""
    starts = {}
    if work.has("subscriptions", "account_id"):
        starts["their first MRR"] = (
            "SELECT account_id, min(started_on) AS day FROM subscriptions WHERE mrr_amount > 0 GROUP BY 1"
        )
    if work.has("opportunities", "account_id", "stage", "closed_on"):
        starts["their first won opportunity"] = (
            f"SELECT account_id, min(closed_on) AS day FROM opportunities "
            f"WHERE stage = {text(work.config.pipeline.won)} GROUP BY 1"
        )
    if work.has("events", "account_id"):
        first = local("min(occurred_at)", work.config.company.timezone)
        starts["their first event"] = (
            f"SELECT account_id, CAST({first} AS DATE) AS day FROM events GROUP BY 1"
        )
    return starts
