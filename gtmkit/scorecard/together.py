"""What the figures of a review say together, and which of the article's mistakes its scorecard makes."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from gtmkit import catalog, formats, tables, wording
from gtmkit.errors import ConfigError
from gtmkit.ledgers.dimensions import null_row
from gtmkit.periods import Week
from gtmkit.scorecard.readings import no_icp
from gtmkit.tables import Table
from gtmkit.wording import Sentence, SoWhat
from gtmkit.workspace import RULES, Workspace
from gtmkit.workspace.rules import by_each_rule

MONTHS = 12  # a month by channel, or of the ideal customer profile alone, has too few
CALM = (
    "None of the mistakes that can be checked: a proxy as North Star or alone among the lines, no segmentation, lines "
    "that lag only, an order of channels that hangs on the rule of attribution."
)


def article_readings(ws: Workspace) -> SoWhat:
    """The readings of the article, each against its limit in [readings], what asks for action first.

    A week has those alone that are not counted by the month. What the review is confined to is not compared.
    """
    if isinstance(ws.period, Week):
        rest = Sentence(
            "not yet", "Retention, win rate and pipeline are counted by the month: a week does not read them."
        )
        return wording.so_what(_ideal(ws), SoWhat((rest,)))
    return wording.so_what(_retention(ws), _channels(ws), _ideal(ws))


def mistakes(ws: Workspace) -> SoWhat:
    """The mistakes of the article that the scorecard makes, with what to change; one quiet line without any."""
    # What a review is confined to is no mistake of the scorecard.
    lacking = "" if ws.where else no_icp(ws)
    known = [column for column in ws.config.scorecard.focus if _is_known(ws, column)]
    found = [*wording.mistakes(ws.config, known, lacking), *_worship(ws)]
    return SoWhat(tuple(found) or (Sentence("no action", CALM),))


def by_rule(ws: Workspace, months: int = MONTHS) -> Table:
    """Pipeline created by channel as declared, by first and by last touch, and where first and last disagree most."""
    caption = f"Share of the pipeline created in {months} months, by channel under each rule"
    if isinstance(ws.period, Week):
        return tables.nothing(caption, "it is counted by the month")
    answers = by_each_rule(ws, months=months)
    table = wording.by_rule(answers)
    told = _without_touches(answers) or wording.rules_disagree(table, subject="pipeline created")
    rule = SoWhat((Sentence("no action", f"On all pages: {wording.attribution_rule(ws.config)}"),))
    said = wording.so_what(told, SoWhat(tuple(_worship(ws))), rule)
    if not len(table):
        return tables.under(said, tables.nothing(caption, "no opportunity has a channel by any rule"))
    shares = {rule: table[f"{rule}_share"].map(formats.number, na_action="ignore") for rule in RULES}
    named = {
        "channel": table["channel"],
        **{rule.replace("_", " "): column for rule, column in shares.items()},
    }
    apart = table["difference"].map(_points, na_action="ignore")
    return tables.under(said, tables.rows(pd.DataFrame({**named, "last less first": apart}), caption))


def _without_touches(answers: Mapping[str, pd.DataFrame]) -> SoWhat | None:
    """Why nothing is known by touches; None where something is."""
    rows = pd.concat([answers["first_touch"], answers["last_touch"]])
    if not len(rows) or rows["value"].notna().any():
        return None
    reason = formats.absence(rows.iloc[0])
    return SoWhat((Sentence("not yet", f"Pipeline created by first and by last touch: {reason}."),))


def _points(difference: float) -> str:
    return formats.signed(difference, "share").removesuffix("%").rstrip() + " points"


def _worship(ws: Workspace) -> list[Sentence]:
    """That the order of channels by pipeline created hangs on the rule of attribution."""
    if isinstance(ws.period, Week) or "channel" in ws.where:
        return []
    answers = by_each_rule(ws, months=MONTHS)
    sentence = wording.attribution_worship(
        answers["first_touch"], answers["last_touch"], subject="pipeline created"
    )
    return [sentence] if sentence else []


def _retention(ws: Workspace) -> SoWhat:
    limits = ws.config.readings
    gross, net = ws.metric("gross_revenue_retention"), ws.metric("net_revenue_retention")
    return wording.so_what(
        wording.leak_under_expansion(gross, net, limits=limits),
        wording.logo_above_gross(ws.metric("logo_retention"), gross, limits=limits),
    )


def _channels(ws: Workspace) -> SoWhat:
    if "channel" in ws.where:
        return _confined(ws, "channel")
    wins, wins_of_all = (ws.metric("win_rate", by=by, months=MONTHS) for by in (["channel"], []))
    activated, activated_of_all = (
        ws.metric("activation_rate", by=by, months=MONTHS) for by in (["channel"], [])
    )
    min_n, limit = ws.config.suppress.min_n, ws.config.readings.top_channel_share
    created = ws.metric("pipeline_created", by=["channel"])
    return wording.so_what(
        wording.buying_churn(wins, wins_of_all, activated, activated_of_all, min_n=min_n),
        wording.top_channel(ws.metric("pipeline_concentration"), created, limit),
    )


def _ideal(ws: Workspace) -> SoWhat:
    if "is_icp" in ws.where:
        return _confined(ws, "is_icp")
    by_segment = "segment" not in ws.where and _is_known(ws, "segment")
    return wording.so_what(
        _of_profile(ws), *([_of_profile(ws, "segment")] if by_segment and not no_icp(ws) else [])
    )


def _of_profile(ws: Workspace, by: str | None = None) -> SoWhat:
    """How fast and how deep; where no second milestone is agreed, deep is whether they activate."""
    columns = [*([by] if by else []), "is_icp"]
    deep = "activation_depth" if ws.config.activation.second else "activation_rate"
    options: dict[str, Any] = {} if isinstance(ws.period, Week) else {"months": MONTHS}
    subject = catalog.label(deep, ws.config).lower()
    days, depth = ws.metric("time_to_value", by=columns), ws.metric(deep, by=columns, **options)
    return wording.ideal_customers(days, depth, by, subject=subject, min_n=ws.config.suppress.min_n)


def _confined(ws: Workspace, column: str) -> SoWhat:
    words = f"Nothing is compared by {column}: all of it is {column} = {ws.where[column]}."
    return SoWhat((Sentence("not yet", words),))


def _is_known(ws: Workspace, column: str) -> bool:
    """Whether any table has a value of a column."""
    try:
        ws.check_where({column: null_row(column)})
    except ConfigError:
        return False
    return True
