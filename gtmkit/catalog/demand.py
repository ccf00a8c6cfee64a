"""The catalogue's rows of layer 2 about leads and demand: who qualifies, what it costs, where it comes from."""

from gtmkit.catalog.metric import Metric

ROWS: list[Metric] = []
