"""The article's rollout of a metric system in 30 days: what of its four weeks is done, and what to do next."""

from collections.abc import Callable, Collection, Mapping, Sequence

import pandas as pd

from gtmkit import catalog
from gtmkit.catalog import LAYERS
from gtmkit.config import FILE, Config
from gtmkit.config.sections import LINES
from gtmkit.health.fault import Fault

GLOSSARY = ("lead", "qualified lead", "SQL", "opportunity", "pipeline created", "activation")
LEAST_GUARDRAILS = 3
# The article's lines of the scorecard, by layer.
GROUPS: Mapping[str, tuple[str, ...]] = {
    name: tuple(line for line in LINES if catalog.METRICS[line].layer == layer)
    for layer, name in LAYERS.items()
}
TAGGED = ("touches", "leads", "traffic")  # tables in which campaign parameters stand
LOOKED_AT = 13  # periods in which a line is looked for: the newest are not always observed
Told = tuple[bool, str, str]  # done, how it was read, and what to do next


def rollout(
    config: Config, tables: Collection[str], faults: Sequence[Fault], answered: Collection[str]
) -> pd.DataFrame:
    """One row an item of the four weeks: week, item, done, told (how it was read), next (what to write where).

    `tables`: those the workspace has. `faults`: those of the campaign parameters stand in the way of the second week.
    `answered`: the ids of the metrics that have a figure. What gtm.toml does not write is not done, whatever the
    default; `next` is empty of what is done.
    """
    items: list[tuple[int, str, Told]] = [
        (1, f"Glossary: {', '.join(GLOSSARY)}", _glossary(config)),
        (1, "North Star", _north_star(config)),
        (1, "Three guardrails", _guardrails(config)),
        (1, "Cohort unit", _cohort_unit(config)),
        (2, "Events of activation and key value moments", _events(config)),
        (2, "UTMs standardised and enforced", _utms(config, tables, faults)),
        (2, "Source of truth for each metric of the scorecard", _agreed(config, "truth", '"crm"')),
        *((3, f"Scorecard: {name}", _group(config, lines, answered)) for name, lines in GROUPS.items()),
        (4, "Owner for each metric of the scorecard", _agreed(config, "owner", '"VP Sales"')),
        (4, "Review rhythms", _rhythms(config)),
        (4, "Metric change log", _change_log(config)),
    ]
    rows = [(week, item, done, told, "" if done else then) for week, item, (done, told, then) in items]
    return pd.DataFrame(rows, columns=["week", "item", "done", "told", "next"])


def answered(metric: Callable[..., pd.DataFrame]) -> set[str]:
    """The article's lines that have a figure in one of the last thirteen periods, asked of a workspace's `metric`.

    Ask a month: most lines are not counted by the week.
    """
    return {line for line in LINES if metric(line, periods=LOOKED_AT)["value"].notna().any()}


def sentence(plan: pd.DataFrame) -> str:
    """How many items are done, and the first that is not, with what to do."""
    open_items = plan[~plan["done"]]
    done = f"{len(plan) - len(open_items)} of the {len(plan)} items of the 30-day rollout are done"
    if open_items.empty:
        return f"{done}."
    first = open_items.iloc[0]
    return f"{done}. Next, of week {first['week']}: {first['item']}. {first['next']}"


# ---------------------------------------------------------------- week 1: definitions


def _glossary(config: Config) -> Told:
    written = {word.strip().casefold() for word, meaning in config.glossary.items() if meaning.strip()}
    missing = [word for word in GLOSSARY if word.casefold() not in written]
    words = ", ".join(f'"{word}" = "..."' for word in missing)
    return _told(GLOSSARY, missing, "terms in [glossary]", f"Write under [glossary] in {FILE}: {words}.")


def _north_star(config: Config) -> Told:
    agreed = config.north_star
    told = f"[north_star] is {agreed.label}" if agreed else "no [north_star]"
    then = f'Write [north_star] in {FILE}, with events = ["..."] that show value to a customer.'
    return agreed is not None, told, then


def _guardrails(config: Config) -> Told:
    named = list(config.guardrails)
    told = f"{len(named)} of {LEAST_GUARDRAILS} in [guardrails]" + (f": {', '.join(named)}" if named else "")
    then = f"Write [guardrails.ID] with at_least or at_most in {FILE}, such as [guardrails.gross_margin]."
    return len(named) >= LEAST_GUARDRAILS, told, then


def _cohort_unit(config: Config) -> Told:
    is_written = "cohort_unit" in config.company.model_fields_set
    unit = config.company.cohort_unit
    told = f"[company] cohort_unit is {unit}" if is_written else "[company] cohort_unit is not written"
    return is_written, told, f'Write cohort_unit = "{unit}" under [company] in {FILE}.'


# ---------------------------------------------------------------- week 2: instrumentation audit


def _events(config: Config) -> Told:
    second, star = config.activation.second, config.north_star
    rules = [*config.activation.conditions, *([second] if second else [])]
    named = list(dict.fromkeys([*(rule.event for rule in rules), *(star.events if star else ())]))
    if not config.activation.conditions:
        then = f'Write conditions = [{{ event = "..." }}] under [activation] in {FILE}, and [events.NAME] for each.'
        return False, "[activation] has no conditions", then
    missing = [event for event in named if event not in config.events]
    sections = ", ".join(f"[events.{event}]" for event in missing)
    what = "events of [activation] and [north_star] in [events]"
    return _told(named, missing, what, f"Write in {FILE}, with what each must carry (required): {sections}.")


def _utms(config: Config, tables: Collection[str], faults: Sequence[Fault]) -> Told:
    mapped = [entry for entry in config.channels if entry.source or entry.medium]
    tagged = [table for table in TAGGED if table in tables]
    wrong = [fault for fault in faults if fault.area == "hygiene" and fault.severity != "note"]
    if not mapped:
        then = f"Write [[channels]] in {FILE}: each channel with the source and medium it is known by."
        return False, "[[channels]] names no source or medium", then
    if not tagged:
        then = f"Map one of {', '.join(TAGGED)} under [tables] in {FILE}, so that it shows whether they are kept."
        return False, f"{len(mapped)} [[channels]] and no table that carries source and medium", then
    told = f"{len(mapped)} [[channels]] over {', '.join(tagged)}: {len(wrong)} faults of campaign parameters"
    return not wrong, told, "\n".join(dict.fromkeys(fault.fix for fault in wrong))


# ---------------------------------------------------------------- week 3: the scorecard


def _group(config: Config, lines: Sequence[str], known: Collection[str]) -> Told:
    shown = {line.partition(".")[0] for line in config.scorecard.lines or LINES}
    off = [line for line in lines if line not in shown]
    empty = [line for line in lines if line in shown and line not in known]
    what = "lines are on the card and have figures"
    steps = [f"Add to [scorecard] lines in {FILE}: {', '.join(off)}."] if off else []
    if empty:
        steps.append(f"Map what these are measured from under [tables] in {FILE}: {', '.join(empty)}.")
    return _told(lines, [*off, *empty], what, " ".join(steps))


# ---------------------------------------------------------------- week 4: cadence and ownership


def _agreed(config: Config, key: str, example: str) -> Told:
    """Whether something is agreed of every metric of the scorecard under [metric.ID]."""
    lines = _on_card(config)
    missing = [line for line in lines if line not in config.metric or not getattr(config.metric[line], key)]
    sections = ", ".join(f"[metric.{line}]" for line in missing)
    then = f"Write {key} = {example} (or whoever it is) in {FILE} under {sections}."
    return _told(lines, missing, f"metrics of the scorecard have {key} under [metric.ID]", then)


def _rhythms(config: Config) -> Told:
    lines = _on_card(config)
    planned = {line for line, agreed in config.metric.items() if agreed.next_review} | set(config.cadence)
    missing = [line for line in lines if line not in planned]
    sections = ", ".join(f"[metric.{line}]" for line in missing)
    then = f"Write next_review under {sections}, or how often each is run under [cadence], in {FILE}."
    return _told(lines, missing, "metrics of the scorecard have next_review, or stand in [cadence]", then)


def _change_log(config: Config) -> Told:
    logged = {change.metric for change in config.change}
    redefined = [metric for metric, agreed in config.metric.items() if agreed.version > 1]
    missing = [metric for metric in redefined if metric not in logged]
    told = f"entries in [[change]]: {len(config.change)}"
    if missing:
        told += f"; of another version, and not among them: {', '.join(missing)}"
    about = f", for {', '.join(missing)}" if missing else ""
    then = f"Write [[change]] with on, metric and note in {FILE}{about}."
    return bool(config.change) and not missing, told, then


# ---------------------------------------------------------------- shared


def _on_card(config: Config) -> list[str]:
    """The ids of the metrics on the scorecard."""
    return list(dict.fromkeys(catalog.find(line)[0].id for line in config.scorecard.lines or LINES))


def _told(wanted: Collection[str], missing: Sequence[str], what: str, then: str) -> Told:
    """An item of which everything wanted must be there."""
    told = f"{len(wanted) - len(missing)} of {len(wanted)} {what}"
    return not missing, told + (f"; missing: {', '.join(missing)}" if missing else ""), then
