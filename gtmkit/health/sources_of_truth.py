"""Which system is right about what: where each table comes from, and whose truth is told from it."""

from collections.abc import Callable, Mapping, Sequence

import pandas as pd

from gtmkit import catalog
from gtmkit.config import FILE, Config
from gtmkit.health.fault import Fault

TablesOf = Callable[[str], Sequence[str]]  # the tables that a metric is measured from

# The system that fills each table.
FILLED_BY: Mapping[str, str] = {
    "accounts": "CRM", "account_changes": "CRM", "owners": "CRM", "opportunities": "CRM", "stage_changes": "CRM",
    "leads": "CRM", "activities": "CRM", "churn_events": "CRM", "identities": "product analytics",
    "events": "product analytics", "touches": "web analytics", "traffic": "web analytics",
    "subscriptions": "billing", "spend": "finance", "finance": "finance", "targets": "finance",
    "exchange_rates": "finance", "health_scores": "customer success", "tickets": "help desk",
    "surveys": "surveys", "inputs": "the table inputs",
}  # fmt: skip

# Words by which a truth is declared, and the tables that such a system fills; other words are not checked.
SYSTEMS: Mapping[str, frozenset[str]] = {
    "crm": frozenset(("opportunities", "stage_changes", "leads", "activities", "churn_events")),
    "billing": frozenset(("subscriptions",)),
    "product": frozenset(("events",)),
    "product analytics": frozenset(("events",)),
    "web analytics": frozenset(("traffic", "touches")),
    "finance": frozenset(("finance", "spend", "targets")),
    "customer success": frozenset(("health_scores", "churn_events")),
    "support": frozenset(("tickets",)),
    "help desk": frozenset(("tickets",)),
    "surveys": frozenset(("surveys",)),
    "marketing": frozenset(("inputs", "leads", "traffic", "touches", "spend")),
    "the table inputs": frozenset(("inputs",)),
}


def sources_of_truth(config: Config, tables: Sequence[str], tables_of: TablesOf) -> pd.DataFrame:
    """One row a table: what fills it, where it comes from, whose truth it tells, what is measured from it.

    Returns: table, filled_by, path (null where it comes from no file), truth_of (ids of the metrics measured from it
    whose declared truth is a system that fills it) and measured (ids of all that are measured from it; empty where the
    table only describes), as text with commas.
    """
    of, truths = measured_from(tables_of), declared(config)
    rows = []
    for table in tables:
        measured = of.get(table, ())
        entry = config.tables.get(table)
        told = [metric for metric in measured if table in SYSTEMS.get(_word(truths[metric]), ())]
        path = entry.path if entry else None
        rows.append((table, FILLED_BY[table], path, ", ".join(told), ", ".join(measured)))
    columns = ["table", "filled_by", "path", "truth_of", "measured"]
    return pd.DataFrame(rows, columns=columns)


def declared(config: Config) -> dict[str, str]:
    """The system that is right about each metric: as [metric.ID] truth says, else as the catalogue does."""
    agreed = {name: entry.truth for name, entry in config.metric.items() if entry.truth}
    return {name: agreed.get(name) or row.truth for name, row in catalog.METRICS.items()}


def measured_from(tables_of: TablesOf) -> dict[str, tuple[str, ...]]:
    """The ids of the metrics that are measured from each table."""
    found: dict[str, list[str]] = {}
    for metric in catalog.METRICS:
        for table in tables_of(metric):
            found.setdefault(table, []).append(metric)
    return {table: tuple(metrics) for table, metrics in found.items()}


def contradictions(config: Config, tables_of: TablesOf) -> list[Fault]:
    """A warning for each metric whose truth gtm.toml declares to be a system from which nothing of it is measured.

    What the catalogue says where nobody declared anything is no contradiction. A truth in other words than those of
    `SYSTEMS`, and a metric of which there is no table, are not checked.
    """
    faults = []
    for metric, agreed in config.metric.items():
        truth = agreed.truth or ""
        tables = list(tables_of(metric))
        told = SYSTEMS.get(_word(truth))
        if told is None or not tables or told & set(tables):
            continue
        systems = list(dict.fromkeys(FILLED_BY[table] for table in tables))
        faults.append(
            Fault(
                "warning", "sources", f"metric.{metric}",
                f"the truth of {catalog.label(metric, config)} is declared to be '{truth}', and it is measured from "
                f"{', '.join(tables)} ({', '.join(systems)})",
                f'Write truth = "{_word(systems[0])}" under [metric.{metric}] in {FILE}, or map the table of '
                f"'{truth}' that tells it.",
                (metric,),
            )
        )  # fmt: skip
    return faults


def _word(truth: str) -> str:
    return truth.strip().casefold()
