"""The article's mistakes as rules: what in gtm.toml makes a scorecard confident and wrong, and what to change.

Each rule answers a sentence for every place in which it holds, and none where it does not. A channel that is called a
strategy has no rule: no figure shows it.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType

from gtmkit import catalog
from gtmkit.config import Config, NorthStar
from gtmkit.config.sections import LINES
from gtmkit.wording.sentences import Sentence, plural

# Names of events that say somebody came or was counted, not that the product did something for them.
PRESENCE = re.compile(
    r"(^|_)(sessions?|log_?ins?|logged_in|sign_?ins?|signed_in|sign_?ups?|signed_up|visits?|visited|page_?views?"
    r"|page_viewed|viewed_page|app_opened|clicks?|clicked|impressions?|leads?|trials?)(_|$)"
)
_OPPORTUNITIES = (
    "accepted_opportunity_rate", "qualified_opportunities", "cost_per_qualified_opportunity", "sales_accepted_rate",
    "pipeline_created", "win_rate",
)  # fmt: skip
_LEADS = ("qualified_lead_rate", "mql_to_sal_rate", "sal_to_sql_rate", "sql_to_sqo_rate", *_OPPORTUNITIES)
# What is easily counted, and the lines of which one must stand beside it: what it is hoped to bring.
PROXIES: Mapping[str, Sequence[str]] = MappingProxyType(
    {
        "impressions": _LEADS,
        "sessions": _LEADS,
        "visitors": _LEADS,
        "activity_volume": _OPPORTUNITIES,
        "qualified_lead_rate": _OPPORTUNITIES,
        "mql_to_sal_rate": _OPPORTUNITIES,
    }
)
LAGGING = (1, 2)  # layers that tell of what has happened: outcomes and outputs


def mistakes(config: Config, columns: Collection[str], no_icp: str = "") -> list[Sentence]:
    """Every mistake that can be checked: proxies, no segmentation, lagging lines only; empty where there is none.

    `columns` are those of [scorecard] focus of which any value is known; `no_icp` says why nothing is known of the
    ideal customer profile, "" where it is.
    """
    return [
        *proxy_as_north_star(config),
        *proxies_among_lines(config),
        *no_segmentation(config, columns, no_icp),
        *lagging_only(config),
    ]


def proxy_as_north_star(config: Config) -> list[Sentence]:
    """The North Star counts presence: an event named like a session or a sign-up, or none that is known to be value.

    Known to be value are the events of the activation rule and its second milestone, and those that [events] calls
    a conversion. Without a North Star, or with none of these to hold it against, nothing is said.
    """
    star = config.north_star
    if star is None:
        return []
    value = _value_events(config)
    instead = (
        f" Count one of {', '.join(value)}." if value else " Count what the product does for a customer."
    )
    present = [event for event in star.events if is_presence(event)]
    if present:
        words = f"{_named(star)} counts {', '.join(present)}: presence, which rises without customer success."
        return [Sentence("act", words + instead)]
    if value and not set(star.events) & set(value):
        words = f"{_named(star)} counts {', '.join(star.events)}: no part of activation and no conversion of [events]."
        return [Sentence("act", words + instead)]
    return []


def proxies_among_lines(config: Config) -> list[Sentence]:
    """Lines that are easily counted stand without any of those that say what came of them."""
    lines = _lines(config)
    alone = [name for name in lines if name in PROXIES and not set(PROXIES[name]) & set(lines)]
    return [
        Sentence(
            "act",
            f"{catalog.label(name, config)} is a line of the scorecard without what it is to bring. Add one of "
            f"{', '.join(PROXIES[name])} to [scorecard] lines.",
        )
        for name in alone
    ]


def no_segmentation(config: Config, columns: Collection[str], no_icp: str = "") -> list[Sentence]:
    """Averages only: no column to focus by, none of them known of accounts, or no ideal customer profile."""
    said = []
    focus = config.scorecard.focus
    if not focus:
        said.append("No figure is shown by segment: name columns in [scorecard] focus.")
    elif not set(focus) & set(columns):
        said.append(
            f"No figure can be shown by segment: nothing is known by {', '.join(focus)}. Map one of them in "
            "[tables.accounts] columns, or name another in [scorecard] focus."
        )
    if no_icp:
        said.append(
            f"Nothing is shown of the ideal customer profile: {no_icp}. Map is_icp in [tables.accounts] columns."
        )
    return [Sentence("act", f"Averages hide who does well. {text}") for text in said]


def lagging_only(config: Config) -> list[Sentence]:
    """Every line of the scorecard is of layers 1 and 2, which tell of what has happened already."""
    lines = _lines(config)
    if any(catalog.find(name)[0].layer not in LAGGING for name in lines):
        return []
    words = (
        f"All {len(lines)} {plural(len(lines), 'line')} of the scorecard are outcomes and outputs, which lag."
    )
    return [Sentence("act", f"{words} Add a value signal such as activation_rate to [scorecard] lines.")]


def is_presence(event: str) -> bool:
    """Whether an event's name says that somebody came or was counted: `session_started`, `PageViewed`."""
    return PRESENCE.search(re.sub(r"(?<=[a-z])(?=[A-Z])|[^A-Za-z]+", "_", event).lower()) is not None


def _value_events(config: Config) -> list[str]:
    rule = config.activation
    milestones = [condition.event for condition in rule.conditions]
    milestones += [rule.second.event] if rule.second else []
    conversions = [name for name, event in config.events.items() if event.is_conversion]
    return [event for event in dict.fromkeys([*milestones, *conversions]) if not is_presence(event)]


def _named(star: NorthStar) -> str:
    return f"The North Star '{star.label}'"


def _lines(config: Config) -> Sequence[str]:
    """The lines of the scorecard; none named are those of the article."""
    return config.scorecard.lines or LINES
