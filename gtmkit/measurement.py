"""The page on the measurement itself: what is looked at by `health`, as tables, steps of a bridge and sentences.

Each function takes a workspace. What it lacks a table for is said, never left out.
"""

import os
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from gtmkit import catalog, formats, predictions, results, scorecard, tables, wording
from gtmkit.charts import Step
from gtmkit.health import (
    billing_to_finance,
    crm_to_billing,
    hygiene,
    reconciliation,
    rollout,
    sources_of_truth,
    spend_to_finance,
    stitching,
    taxonomy,
)
from gtmkit.health.fault import Area, Fault, Severity
from gtmkit.health.freshness import set_aside_over_time
from gtmkit.health.pairing import UNEXPLAINED
from gtmkit.health.reconciliation import Comparison
from gtmkit.scorecard.choice import lines
from gtmkit.tables import Table
from gtmkit.wording import Sentence, SoWhat, so_what
from gtmkit.workspace import Workspace

COMPARED: tuple[tuple[Callable[..., Comparison], str], ...] = (
    (crm_to_billing, "The CRM and billing: opportunities and subscriptions are needed"),
    (billing_to_finance, "Billing and finance: subscriptions and finance are needed"),
    (spend_to_finance, "The spend and finance: both tables are needed"),
)
VERDICT: dict[Severity, str] = {"error": "act", "warning": "watch", "note": "no action"}
NAMES: dict[Area, str] = {
    "contract": "the contracts of the tables",
    "taxonomy": "the events",
    "hygiene": "the campaign parameters",
    "stitching": "the matching to accounts",
    "freshness": "how fresh the tables are",
    "volume": "how many rows the tables have",
    "sources": "what the sources tell",
    "process": "the processes",
}
# The tables of which one at least is needed to look at an area; of the others any table.
LOOKED_AT: dict[Area, tuple[str, ...]] = {
    "taxonomy": ("events",),
    "stitching": ("events", "touches", "leads"),
}
MONTHS = 24  # of a trend
MOST_MONTHS = 6  # side by side: as many as a sheet of paper holds
MOST_REVIEWS = 12  # side by side
REPORTS = "GTMKIT_REPORTS"  # set by a run: the folder of the reviews of its workspace
NO_EVENTS = "the workspace has no table events"


def comparison(ws: Workspace, look: Callable[..., Comparison]) -> pd.DataFrame:
    """What lies between two systems as rows of a result: axis `part`; value in the company's currency.

    The first row is what the first system says, the last what the second says; the rows between add up to the
    difference, but for parts of less than a unit, which are left out. Undefined where the workspace lacks one of the
    two.
    """
    found: Comparison | None = ws.told(look)
    if found is None or found.rows.empty:
        reason = _lacks(look) if found is None else "the two have no month in common"
        return results.undefined((), [ws.period.label], reason, ["part"])
    table = reconciliation.summed(found)
    months = found.rows["month"]
    rows = pd.DataFrame({"period": f"{months.iloc[0]} to {months.iloc[-1]}", "part": table["part"]})
    rows["value"], rows["n"] = table["amount"].astype(float), table["n"]
    for name in ("numerator", "denominator", "low", "high", "reason"):
        rows[name] = None
    rows["status"] = "final"
    shown = table["role"].isin(["from", "to"]) | (rows["value"].abs() >= 1)
    return rows[shown][["period", "part", *results.FIGURES, *results.WORDS]].reset_index(drop=True)


def steps(rows: pd.DataFrame) -> list[Step] | str:
    """The rows of a comparison as a bridge from the first system to the second; a reason where there are none."""
    if rows["status"].eq("undefined").any():
        return str(rows["reason"].iloc[0])
    last = len(rows) - 1
    return [
        Step(str(row["part"]), formats.people(row["n"]), float(row["value"]), place in (0, last))
        for place, row in enumerate(rows.to_dict("records"))
    ]


def by_month(ws: Workspace) -> Table:
    """The three comparisons month by month: what each system says and the parts between them."""
    frames = []
    for look, _ in COMPARED:
        found: Comparison | None = ws.told(look)
        if found is not None and not found.rows.empty:
            table = reconciliation.by_month(found).drop(columns="role")
            frames.append(table.assign(compared=f"{found.first} to {found.second}"))
    caption = f"Three sources month by month, the newest {MOST_MONTHS}, in {ws.config.company.currency}"
    if not frames:
        return tables.nothing(caption, "no two sources tell the same thing")
    whole = pd.concat(frames, ignore_index=True)
    months = sorted(c for c in whole.columns if c not in ("compared", "part"))[-MOST_MONTHS:]
    rounded = whole[months].apply(lambda column: column.round())
    told = (rounded.abs() > 0).any(axis=1) | (whole["part"] == UNEXPLAINED)
    return tables.rows(whole[["compared", "part"]].join(rounded.astype("Int64"))[told], caption)


def sources_agree(ws: Workspace) -> SoWhat:
    """Each comparison in a sentence, and what is to be mended in them."""
    said = []
    for look, _ in COMPARED:
        found: Comparison | None = ws.told(look)
        if found is None:
            said.append(Sentence("not yet", f"{_lacks(look)}."))
        else:
            verdict = max((VERDICT[f.severity] for f in found.faults), key=_weight, default="no action")
            said.append(Sentence(verdict, reconciliation.sentence(found, ws.config.company.currency)))
    return so_what(SoWhat(tuple(said)), found_in(ws, "sources"))


def truths(ws: Workspace) -> Table:
    """Each table: which system fills it, from which file, whose truth it tells, what is measured from it.

    Of the metrics the lines of the scorecard are named, the others counted; the file has all of them.
    """
    frame = sources_of_truth.sources_of_truth(ws.config, ws.tables, ws.tables_of)
    shown = [name.partition(".")[0] for name in lines(ws.config)]
    words = {
        "table": frame["table"], "filled by": frame["filled_by"], "file": frame["path"],
        "declared truth of": [_named(told, shown, ws) for told in frame["truth_of"]],
        "measured from it": [_named(told, shown, ws) for told in frame["measured"]],
    }  # fmt: skip
    return tables.rows(pd.DataFrame(words), "Sources of truth, by table")


def _named(ids: str, shown: list[str], ws: Workspace) -> str:
    """Metrics as text: those on the scorecard by their labels, and how many more there are."""
    metrics = [one for one in ids.split(", ") if one]
    of_card = [catalog.label(one, ws.config) for one in metrics if one in shown]
    more = len(metrics) - len(of_card)
    return ", ".join([*of_card, *([f"{more} more" if of_card else f"{more}"] if more else [])])


def freshness_of(ws: Workspace) -> Table:
    """Each table: its rows, how far it reaches, its last full month against those before, what was set aside."""
    frame = shown(ws.freshness())
    table = tables.rows(frame, f"How fresh and how full each table is at the end of {ws.period.label}")
    return tables.under(found_in(ws, "freshness", "volume"), table)


def shown(told: pd.DataFrame) -> pd.DataFrame:
    """What `freshness` says as it stands on a page: limits in one cell, what is not known empty."""
    limits = [
        "" if pd.isna(low) else f"{max(float(low), 0):,.0f} to {float(high):,.0f}"
        for low, high in zip(told["low"], told["high"], strict=True)
    ]
    words = {
        "table": told["table"], "rows": told["rows"], "newest": told["newest"], "through": told["through"],
        "days behind": told["behind"], "month": told["month"], "its rows": told["month_rows"],
        "usual limits": limits, "stands": told["verdict"],
        "set aside": ["" if pd.isna(share) else f"{float(share) * 100:.2f} %" for share in told["set_aside"]],
    }  # fmt: skip
    return pd.DataFrame(words)


def events(ws: Workspace) -> Table:
    """Each event: what it must carry, when it was seen, how often of late and before, and how it stands."""
    caption = "Events against the taxonomy; recent are the last 28 days, before the 28 before"
    found = ws.told(taxonomy.taxonomy)
    if found is None:
        return tables.nothing(caption, NO_EVENTS)
    return tables.under(found_in(ws, "taxonomy"), tables.rows(taxonomy.table(found), caption))


def parameters(ws: Workspace) -> Table:
    """The campaign parameters that are not as they should be, by the pipeline they touch; below, what mends them."""
    caption = "Campaign parameters to mend, by the pipeline they touch"
    found: hygiene.Review | None = ws.told(hygiene.parameters)
    if found is None or not len(found.frame):
        return tables.nothing(caption, "no table has a source, medium or channel")
    wrong = found.frame[found.frame["finding"].notna()]
    if not len(wrong):
        return tables.nothing(caption, _all_known(found.frame, ws))
    ordered = wrong.sort_values(["amount", "rows"], ascending=False, na_position="last", kind="stable")
    named = ordered.rename(columns={"near": "nearest", "n": "opportunities", "amount": "pipeline"})
    columns = ["table", "column", "value", "rows", "finding", "nearest", "opportunities", "pipeline"]
    table = tables.rows(named[columns].assign(pipeline=named["pipeline"].round()), caption)
    mending = "\n".join(dict.fromkeys(str(fix) for fix in ordered["fix"].dropna()))
    if not mending:
        return table
    html = f"<p>These lines of gtm.toml mend them:</p><pre>{formats.escape(mending)}</pre>"
    return Table(table.markup + table.file + html, f"{table.text}\n\n{mending}")


def _all_known(frame: pd.DataFrame, ws: Workspace) -> str:
    """Why no parameter is to mend: all are known, or nothing says which are."""
    is_typed = frame["column"].ne("channel").any()
    if is_typed and not any(entry.source or entry.medium for entry in ws.config.channels):
        return "[[channels]] gives no source or medium to hold them against"
    return "every source, medium and channel is known"


def matched(ws: Workspace, table: str, months: int = MONTHS) -> pd.DataFrame:
    """The share of a table's rows that is of a known account, by month, in the result shape: the newest so many."""
    found: stitching.Matching | None = ws.told(stitching.matched)
    own = found.frame[found.frame["table"] == table] if found is not None else None
    if own is None or not len(own):
        is_here = table in ws.tables
        reason = f"{table} has no dated rows" if is_here else f"the workspace has no table {table}"
        return results.undefined((), [ws.period.label], reason)
    rows = pd.DataFrame({"period": own["month"].astype(str), "value": own["share"].astype(float)})
    rows["numerator"], rows["denominator"] = (
        (own["rows"] - own["unmatched"]).astype(float),
        own["rows"].astype(float),
    )
    rows["n"], rows["low"], rows["high"] = (
        own["rows"].astype(float),
        own["low"].astype(float),
        own["high"].astype(float),
    )
    rows["status"], rows["reason"] = "final", None
    return rows[["period", *results.FIGURES, *results.WORDS]].tail(months).reset_index(drop=True)


def plan(ws: Workspace) -> pd.DataFrame:
    """The items of the 30-day rollout, done or not, read from the workspace: week, item, done, told, next."""
    return rollout.rollout(ws.config, ws.tables, ws.faults(), rollout.answered(ws.metric))


def rollout_of(items: pd.DataFrame) -> Table:
    """The items of the rollout: how many are done, what to do next, and each item with how it was read."""
    verdict = "no action" if items["done"].all() else "act"
    told = SoWhat((Sentence(verdict, rollout.sentence(items)),))
    words = items.assign(done=["done" if done else "open" for done in items["done"]])
    named = words.rename(columns={"told": "how it was read", "next": "what to do"})
    return tables.under(told, tables.rows(named, "The 30-day rollout, item by item"))


def processes(ws: Workspace) -> Table:
    """The processes behind the figures: which contradict what is declared, which doubt most, then all of them."""
    return tables.under(
        wording.trust(ws.standings(), {metric: ws.trust(metric) for metric in catalog.METRICS}),
        scorecard.processes(ws),
    )


def found_in(ws: Workspace, *areas: Area) -> SoWhat:
    """The faults of some areas as sentences, the gravest first; one quiet sentence where there are none.

    Of what the workspace has no table to look at, nothing is said to be right.
    """
    found = [fault for fault in ws.faults() if fault.area in areas]
    if found:
        return so_what(SoWhat(tuple(Sentence(VERDICT[fault.severity], _told(fault)) for fault in found)))
    subject = " and ".join(NAMES[area] for area in areas)
    needed = list(dict.fromkeys(table for area in areas for table in LOOKED_AT.get(area, ws.tables)))
    if set(needed) & set(ws.tables):
        return SoWhat((Sentence("no action", f"Nothing is wrong with {subject}."),))
    lacking = " or ".join(filter(None, [", ".join(needed[:-1]), *needed[-1:]]))
    text = f"Nothing can be said of {subject}: the workspace has no table {lacking}".rstrip()
    return SoWhat((Sentence("not yet", f"{text}."),))


def set_aside(ws: Workspace) -> Table:
    """The share of each table's rows that was set aside, a column a review: those published before, and this one.

    Only a run knows where the reviews of a workspace are; by hand there is this one alone.
    """
    told = set_aside_over_time(_home(), ws.loss_account(), ws.period.label)
    caption = "Rows set aside of those read, by review"
    if not len(told):
        return tables.nothing(caption, "no table was read from files")
    wide = told.pivot_table(index="table", columns="period", values="share", aggfunc="last")
    others = [period for period in wide.columns if period != ws.period.label]
    newest = {ws.period.label, *others[1 - MOST_REVIEWS :]}  # this one, however old it is
    wide = wide[[period for period in wide.columns if period in newest]]
    shown = wide.map(lambda share: "" if pd.isna(share) else f"{share * 100:.2f} %")
    return tables.rows(shown.reset_index().rename_axis(columns=None), caption)


def predicted(ws: Workspace) -> Table:
    """What earlier reviews stated of later periods against what came: in sentences, and by metric and owner.

    Only a run knows where the reviews of a workspace are; by hand `gtmkit predictions` tells the same.
    """
    kept = predictions.earlier(_home(), ws)
    return predictions.page(kept, predictions.scores(predictions.scored(kept.rows, ws)), ws)


def _home() -> Path:
    """The folder of the reviews of the workspace, as a run gives it; by hand one in which there are none."""
    return Path(os.environ.get(REPORTS) or os.devnull)


def _told(fault: Fault) -> str:
    return f"{fault.subject}: {fault.text}"


def _lacks(look: Callable[..., Comparison]) -> str:
    return next(words for one, words in COMPARED if one is look)


def _weight(verdict: str) -> int:
    return -["act", "watch", "too few to judge", "no action", "not yet"].index(verdict)
