"""What the scorecard's words mean: its metrics, the company's glossary, and every change of a definition."""

from gtmkit import catalog, formats, tables
from gtmkit.config import Config
from gtmkit.scorecard import markup
from gtmkit.scorecard.choice import NORTH_STAR, QUESTIONS, lines
from gtmkit.scorecard.readings import Readings
from gtmkit.tables import Table


def meanings(readings: Readings) -> Table:
    """Definitions of what stands above, the glossary of gtm.toml, and the metric change log."""
    config = readings.config
    shown = [NORTH_STAR, *config.guardrails, *lines(config), *(m for q in QUESTIONS for m in q.metrics)]
    names = [name for name in dict.fromkeys(shown) if readings.get(name)]
    levels = {name: reading.trust for name in names if (reading := readings.get(name))}
    defined = tables.definitions(catalog.define(*names, config=config, trust=levels.__getitem__))
    parts = [
        ("The figures of this page", defined),
        ("Glossary", _glossary(config)),
        ("Metric change log", _log(config)),
    ]
    html = "".join(markup.folded(title, part.html()) for title, part in parts)
    return Table(html, "\n".join(f"{title}\n{part}" for title, part in parts))


def _glossary(config: Config) -> Table:
    if not config.glossary:
        return tables.nothing("Glossary", "no words are agreed: [glossary] in gtm.toml")
    terms = "".join(
        f"<dt>{formats.escape(word)}</dt><dd>{formats.escape(text)}</dd>"
        for word, text in config.glossary.items()
    )
    text = "\n".join(f"{word}: {meaning}" for word, meaning in config.glossary.items())
    return Table(f'<dl class="defs">{terms}</dl>', text)


def _log(config: Config) -> Table:
    """Changes of definition, the latest first, those in gtm.toml with those in the code."""
    log = list(reversed(catalog.changes(config)))
    if not log:
        return tables.nothing("Metric change log", "no change so far")
    terms = "".join(
        f"<dt>{change.on.isoformat()} <small>{formats.escape(catalog.label(change.metric, config))}</small></dt>"
        f"<dd>{formats.escape(change.note)}</dd>"
        for change in log
    )
    text = "\n".join(f"{c.on.isoformat()} {c.metric}: {c.note}" for c in log)
    return Table(f'<dl class="defs">{terms}</dl>', text)
