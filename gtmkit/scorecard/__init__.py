"""The scorecard: five decisions, the North Star and its guardrails, the lines with what was agreed of each.

`ask` asks a workspace once for all that belongs to its period's review. Of these readings `decisions` are the five
questions, `north_star` and `verdicts` the North Star and whether it is won at a price, `card` the lines and `rest`
all others, `record` the figures of record, `meanings` what the words mean. `moved` judges every figure for noise, and
`beyond_noise` says which moved, and why. `quarter_to_date` and `focus` ask for
more; `article_readings` is what the figures say together, `mistakes` what is wrong with the scorecard itself,
`processes` what the figures' trust stands on, `by_rule` what of the channels hangs on the rule of attribution,
`by_definition` what of the figures that are argued about hangs on how they are defined, `why` in what parts one moved.
"""

from gtmkit.scorecard.answers import decisions
from gtmkit.scorecard.change import why
from gtmkit.scorecard.definition import by_definition
from gtmkit.scorecard.focus import focus
from gtmkit.scorecard.guardrails import verdicts, warnings
from gtmkit.scorecard.meaning import meanings
from gtmkit.scorecard.moved import beyond_noise, moved
from gtmkit.scorecard.processes import processes
from gtmkit.scorecard.quarter import quarter_to_date
from gtmkit.scorecard.readings import Readings, ask
from gtmkit.scorecard.sheet import card, record, rest
from gtmkit.scorecard.star import followed, north_star
from gtmkit.scorecard.together import article_readings, by_rule, mistakes

__all__ = [
    "Readings", "article_readings", "ask", "beyond_noise", "by_definition", "by_rule", "card", "decisions", "focus",
    "followed", "meanings", "mistakes", "moved", "north_star", "processes", "quarter_to_date", "record", "rest",
    "verdicts", "warnings", "why",
]  # fmt: skip
