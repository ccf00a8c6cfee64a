"""The catalogue's rows of layer 4, what is put in."""

from gtmkit.catalog.metric import Metric

ROWS: list[Metric] = []  # fmt: skip
