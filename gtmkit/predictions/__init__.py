"""What a review expects of the periods after it, kept with it, and how near that came once they are over.

`stated` is what a review says of later periods: targets, projections of retention, and where its figures usually lie.
`kept` writes that beside the review and reads it back from those published before. `scored` holds it against what
came: a prediction is scored once its period is over and its figure final, and is open until then.
"""

from gtmkit.predictions.kept import FILE, Kept, earlier, write
from gtmkit.predictions.scored import facts, scored, scores
from gtmkit.predictions.shown import each, page, totals
from gtmkit.predictions.stated import AHEAD, COLUMNS, stated

__all__ = [
    "AHEAD",
    "COLUMNS",
    "FILE",
    "Kept",
    "each",
    "earlier",
    "facts",
    "page",
    "scored",
    "scores",
    "stated",
    "totals",
    "write",
]
