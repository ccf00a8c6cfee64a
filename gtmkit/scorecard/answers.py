"""The five decisions as five questions: each with its figures, a verdict, one sentence, and the page that says more."""

from collections.abc import Sequence

from gtmkit import formats
from gtmkit.scorecard import markup
from gtmkit.scorecard.choice import QUESTIONS, Question
from gtmkit.scorecard.lines import NOT_SCORED
from gtmkit.scorecard.readings import Reading, Readings
from gtmkit.tables import Table
from gtmkit.wording import Sentence, against_target
from gtmkit.wording.scorecard import OF_TARGET, Standing, decision
from gtmkit.wording.sentences import MARK


def decisions(readings: Readings) -> Table:
    """Each question with the figures that answer it; the sentence says the weightiest first."""
    parts, words = [], []
    for question in QUESTIONS:
        shown = [reading for name in question.metrics if (reading := readings.get(name))]
        said = decision([standing_of(reading, readings) for reading in shown])
        parts.append(_item(question, said, shown))
        words.append(f"{question.text} {said}")
    return Table(f'<ul class="plain questions decisions">{"".join(parts)}</ul>', "\n".join(words))


def standing_of(reading: Reading, readings: Readings) -> Standing:
    """How a figure stands to its target; an outcome is judged once it is scored."""
    line, fact, row = reading.line, reading.fact, reading.row
    if line.is_missing:
        return Standing(line.label, "", line.target, formats.absence(fact), "not yet")
    unit, currency = formats.spoken_unit(row.id, fact["unit"]), readings.config.company.currency
    figure = formats.figure(fact, unit, currency)
    if line.entrants:
        figure = f"{figure.removesuffix(')')}, {line.entrants})"
    verdict = "not yet" if line.score == NOT_SCORED else "no action"
    if line.score in OF_TARGET and line.goal is not None:  # an outcome between two quarters' ends is not
        verdict, _ = against_target(fact, line.goal, row.better == "up")
    return Standing(line.label, figure, line.target, line.score, verdict)


def _item(question: Question, said: Sentence, shown: Sequence[Reading]) -> str:
    figures = "".join(_figure(reading) for reading in shown)
    listed = f'<dl class="figures">{figures}</dl>' if figures else ""
    return (
        f'<li><h3><a href="{question.page}.html">{formats.escape(question.text)}</a></h3>'
        f'<span><span class="verdict {MARK[said.verdict]}">{said.verdict}</span></span>'
        f"<div><p>{formats.escape(said.text)}</p>{listed}</div></li>"
    )


def _figure(reading: Reading) -> str:
    line = reading.line
    target = markup.small(f"target {line.target}: {line.score}" if line.score else f"target {line.target}")
    return (
        f"<div><dt>{formats.escape(line.label)}</dt><dd>{markup.figure(line)}{target if line.target else ''}"
        f"{markup.mark(line.entrants, is_dashed=True)}{markup.trust(reading)}</dd></div>"
    )
