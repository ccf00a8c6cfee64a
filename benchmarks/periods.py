"""What do thirteen periods of a metric cost beside one? Run from the repository: python -m benchmarks.periods

Prints a table of the whole catalogue, or of the metrics named, and writes it beside this file as periods.csv where
the whole was asked. Each figure is asked of a workspace of its own, so that nothing is answered twice, over ledgers
that are built before the clock starts, in seconds of the processor over all threads. The least of several is taken:
whatever else the machine does only adds.
"""

import sys
import time
from collections.abc import Sequence
from pathlib import Path

import gtmkit
from benchmarks.written import write
from gtmkit import catalog

SAMPLE = Path(__file__).parents[1] / "data" / "sample"
RESULTS = Path(__file__).with_suffix(".csv")
COLUMNS = ("metric", "one period, ms", "13 periods, ms", "ratio")
PERIODS = 13
ROUNDS = 5


def seconds(metric: str, periods: int) -> float:
    """What it costs a fresh workspace to answer."""
    ws = gtmkit.open(SAMPLE)
    before = time.process_time()
    ws.metric(metric, periods=periods)
    return time.process_time() - before


def compared(metric: str, rounds: int = ROUNDS) -> tuple[float, float]:
    """Seconds for one period and for thirteen, in turn, the least of each."""
    seconds(metric, PERIODS)  # builds the ledgers
    pairs = [(seconds(metric, 1), seconds(metric, PERIODS)) for _ in range(rounds)]
    return min(one for one, _ in pairs), min(many for _, many in pairs)


def table(metrics: Sequence[str], rounds: int = ROUNDS) -> list[dict[str, str]]:
    """A row a metric."""
    found = []
    for metric in metrics:
        one, many = compared(metric, rounds)
        cells = (metric, f"{one * 1000:.0f}", f"{many * 1000:.0f}", f"{many / one:.2f}")
        found.append(dict(zip(COLUMNS, cells, strict=True)))
        print(" | ".join(cells), flush=True)
    return found


if __name__ == "__main__":
    named = sys.argv[1:]
    measured = table(named or list(catalog.METRICS))
    if not named:
        write(measured, RESULTS)
