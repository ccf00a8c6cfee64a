"""Pictures of results: each function takes a frame in the result shape and answers with matplotlib axes.

`cohort_heatmap` cohorts by age, `curves` shares by age, `rates` one dot a group, `stages` the pipeline, `reasons`
why customers leave (`reasons_by` group), `bridge` from total to total (its steps from `retention_steps`,
`movement_steps` or `pipeline_steps`), `trend` over periods, `spark` the same small enough for a table,
`definition_strip` a figure under each of its definitions, `intents` pipeline of demand created and captured (its table
from `intent_rows`). `show` puts a picture on the page, with its caption, its words and its table. `waterfall` draws
why a figure moved. A frame without a figure draws a quiet box with the reason.
"""

from gtmkit.charts.bridge import Step, bridge, movement_steps, pipeline_steps, retention_rows, retention_steps
from gtmkit.charts.curves import curves
from gtmkit.charts.heatmap import cohort_heatmap
from gtmkit.charts.intents import intent_rows, intents
from gtmkit.charts.picture import Picture, show
from gtmkit.charts.rates import rates
from gtmkit.charts.reasons import reasons, reasons_by
from gtmkit.charts.spark import spark
from gtmkit.charts.stages import stages
from gtmkit.charts.strip import definition_strip
from gtmkit.charts.trend import trend
from gtmkit.charts.waterfall import waterfall

__all__ = [
    "Picture",
    "Step",
    "bridge",
    "cohort_heatmap",
    "curves",
    "definition_strip",
    "intent_rows",
    "intents",
    "movement_steps",
    "pipeline_steps",
    "rates",
    "reasons",
    "reasons_by",
    "retention_rows",
    "retention_steps",
    "show",
    "spark",
    "stages",
    "trend",
    "waterfall",
]
