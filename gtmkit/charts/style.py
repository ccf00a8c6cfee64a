"""The house style of a chart: one palette, one set of matplotlib settings, a canvas measured in px.

A chart draws in the light values below and in nothing else; the page swaps each for the reader's mode.
"""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Any

import matplotlib
import pandas as pd
import seaborn as sns
from cycler import cycler
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from gtmkit import formats

WIDE, NARROW = 720, 344  # px; the two readers a page is drawn for

# token: (light, dark). Contrast of every pair that meets on a page is tested in tests/charts/test_style.py.
TOKENS = {
    "paper": ("#fcfbf8", "#14161a"),  # the page
    "panel": ("#f3f1eb", "#1d2026"),  # a quiet block
    "rule": ("#dad6cc", "#343840"),  # hairlines and grid, decoration only
    "edge": ("#85827a", "#7d828c"),  # axes and outlines that carry meaning
    "ink": ("#1b1d22", "#ecebe7"),
    "ink2": ("#54575f", "#b1b4bb"),
    "link": ("#0f4c81", "#8fc1f5"),
    "c1": ("#17528f", "#7fb5f0"),  # the subject
    "c2": ("#b3560f", "#eda25c"),  # target and reference; second series
    "c3": ("#086357", "#4fcab2"),
    "c4": ("#b8489a", "#f3a3d6"),
    "ctx": ("#7f828a", "#8b9099"),  # context: not the subject, not told apart
    "bad": ("#a5311c", "#f2907c"),  # adverse beyond noise, always with a sign or a word
    "soft": ("#e7ecf2", "#222c38"),  # bands under a line
    "inv": ("#ffffff", "#14161a"),  # text on q5 to q7
    "q1": ("#eef1f3", "#20262d"),
    "q2": ("#d8e3ec", "#25384a"),
    "q3": ("#b9d0e2", "#2b4c69"),
    "q4": ("#8fb5d3", "#386690"),
    "q5": ("#3f78ab", "#6c9ecb"),
    "q6": ("#22598f", "#98c0e4"),
    "q7": ("#123c66", "#cbe0f4"),
}
C = {token: light for token, (light, _) in TOKENS.items()}

SOLID, DASHED, DOTTED, DASHDOT = "-", (0, (5, 2)), (0, (1.5, 1.5)), (0, (7, 2, 1.5, 2))
SERIES: tuple[tuple[str, Any], ...] = (("c1", SOLID), ("c2", DASHED), ("c3", DOTTED), ("c4", DASHDOT))
TARGET = (0, (5, 3))
HATCH = "///"

# On top of seaborn's theme `ticks`. 1 inch = 72 units = 72 px, so a size of 12 is 12 px on the page.
RC: Any = {
    "figure.facecolor": "none",
    "figure.dpi": 72,
    "savefig.dpi": 72,
    "savefig.facecolor": "none",
    "savefig.bbox": "standard",
    "svg.fonttype": "none",  # text stays text: searchable, spoken, in the reader's font
    "svg.hashsalt": "gtmkit",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 12,
    "text.color": C["ink"],
    "text.parse_math": False,  # a name with two $ is a name, not a formula
    "text.usetex": False,
    "axes.facecolor": "none",
    "axes.edgecolor": C["edge"],
    "axes.linewidth": 1,
    "axes.labelcolor": C["ink2"],
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.prop_cycle": cycler(color=[C[token] for token, _ in SERIES]),
    "grid.color": C["rule"],
    "grid.linewidth": 0.75,
    "xtick.color": C["edge"],
    "xtick.labelcolor": C["ink2"],
    "xtick.labelsize": 12,
    "xtick.major.size": 4,
    "ytick.color": C["edge"],
    "ytick.labelcolor": C["ink2"],
    "ytick.labelsize": 12,
    "ytick.major.size": 0,
    "lines.linewidth": 2,
    "patch.linewidth": 0,
    "hatch.color": C["edge"],
    "hatch.linewidth": 0.6,
}


def house() -> AbstractContextManager[None]:
    """The house style for as long as a chart is drawn or saved; the reader's own settings come back after."""
    return matplotlib.rc_context(sns.axes_style("ticks") | RC)


def canvas(width: int, height: float, left: int, right: int, top: int, bottom: int) -> Axes:
    """Axes on a figure of so many px with fixed margins: the layout never depends on a machine's fonts."""
    with house():
        figure = plt.figure(figsize=(width / 72, height / 72))
        return figure.add_axes(
            (left / width, bottom / height, 1 - (left + right) / width, 1 - (top + bottom) / height)
        )


def is_narrow(ax: Axes) -> bool:
    """Whether the axes stand on a figure for a phone."""
    return bool(ax.figure.get_figure(root=True).get_figwidth() * 72 < 500)


def beside(
    ax: Axes,
    text: str,
    y: float,
    px: float,
    token: str = "ink",
    *,
    end: bool = False,
    up: float = 0,
    **how: Any,
) -> None:
    """Text at height `y` of the data, `px` right of the axes' left edge (`end`: of its right edge)."""
    ax.annotate(
        text,
        (1 if end else 0, y),
        (px, up),
        xycoords=("axes fraction", "data"),
        textcoords="offset points",
        color=C[token],
        **{"va": "center_baseline", **how},
    )


def quiet(reason: str, width: int = WIDE, ax: Axes | None = None) -> Axes:
    """A calm box that says why there is no picture, such as `needs table opportunities`."""
    with house():
        ax = canvas(width, 72, 2, 2, 2, 2) if ax is None else ax
        ax.set(xlim=(0, 1), ylim=(0, 1), xticks=[], yticks=[])
        ax.grid(False)
        for spine in ax.spines.values():
            spine.set(visible=True, color=C["edge"], linestyle=(0, (4, 3)))
        ax.text(0.5, 0.5, reason, ha="center", va="center_baseline", color=C["ink2"])
    ax.set_label(f"No picture: {reason}.")
    return ax


def why_empty(frame: pd.DataFrame, value: str = "value") -> str | None:
    """Why nothing can be drawn; None if at least one row has a figure."""
    if len(frame) == 0:
        return "no rows to show"
    if any(formats.plain(v) is not None for v in frame[value]):
        return None
    rows = [formats.absence(row) for _, row in frame.iterrows()]
    distinct = list(dict.fromkeys(rows))
    return distinct[0] if len(distinct) == 1 else f"{distinct[0]}, and {len(distinct) - 1} more reasons"


def spell(parts: Iterable[str], most: int = 12) -> str:
    """The words of a picture: its figures one after another, and how many more the table holds."""
    listed = list(parts)
    more = f"; {len(listed) - most} more in the table" if len(listed) > most else ""
    return "; ".join(listed[:most]) + more + "."


def short(name: str, most: int) -> str:
    """A name cut to `most` characters; the whole name stands in the table."""
    if len(name) <= most:
        return name
    closed = formats.END_ISOLATE if name.endswith(formats.END_ISOLATE) else ""
    return name[: most - 1].rstrip() + "\N{HORIZONTAL ELLIPSIS}" + closed


def share_axis(ax: Axes, low: float, high: float, axis: str = "y") -> None:
    """Ticks in percent over [low, high], with the sign on the last."""
    step = next(s for s in (0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5, 1.0, 5.0) if (high - low) / s <= 6)
    first = int(low / step + 1e-9)
    ticks = [i * step for i in range(first, int(high / step + 1e-9) + 1) if i * step >= low - 1e-9]
    names = [f"{t * 100:.0f}" for t in ticks]
    if names:
        names[-1] += " %"
    (ax.set_yticks if axis == "y" else ax.set_xticks)(ticks, names)
