"""Why a figure moved, as a picture: then, each part of its change, now."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from gtmkit import formats
from gtmkit.charts.style import WIDE, C, beside, canvas, house, is_narrow, quiet, short, spell
from gtmkit.explain import Explanation
from gtmkit.explain.parts import NAN

Step = Mapping[Any, Any]  # a bar, by the names of its columns
MOST = 9  # parts drawn; the smallest of more are one bar
OTHERS = "all others"
NAMED = 26  # characters of a name beside its bar; the whole name stands in the table
ROOM = 0.35  # of the change, beyond the bars, where the axis does not start at zero


def waterfall(told: Explanation, *, currency: str = "", width: int = WIDE, ax: Axes | None = None) -> Axes:
    """The figure then, what each part added or took with its interval, the figure now.

    The axis starts where the parts can be told apart and says so; a reason instead of parts draws a quiet box.
    """
    if told.change is None:
        return quiet(told.reason, width, ax)
    narrow = width < WIDE if ax is None else is_narrow(ax)
    tall, left, right = (50, 4, 84) if narrow else (34, 230, 130)
    steps, unit = _steps(told), formats.spoken_unit(told.metric, told.unit)
    with house():
        if ax is None:
            ax = canvas(width, 34 + tall * len(steps), left, right, 6, 28)
        low, high = _bounds(steps)
        ax.set(xlim=(low, high), ylim=(len(steps), 0), xticks=[], yticks=[])
        ax.grid(False)
        ax.spines["bottom"].set_visible(False)
        for i, step in enumerate(steps.to_dict("records")):
            y = i + (0.72 if narrow else 0.5)
            _bar(ax, step, y, low, 0.3 if narrow else 0.5)
            if i and not narrow:
                ax.plot(
                    [step["from"] if step["is_part"] else step["to"]] * 2,
                    [y - 0.75, y - 0.25],
                    color=C["edge"],
                    lw=0.75,
                )
            _write(ax, step, i, y, unit, currency, narrow=narrow, left=left)
        starts = "The axis starts at zero." if low == 0 else "The axis does not start at zero."
        lines = "Thin lines: intervals. " if steps["low"].notna().any() else ""
        beside(ax, f"{lines}{starts}", len(steps), 0 if narrow else -left, "ink2", up=-14)
    ax.set_label(spell([_words(step, unit, currency) for step in steps.to_dict("records")], most=MOST + 2))
    return ax


def _steps(told: Explanation) -> pd.DataFrame:
    """The bars from top to bottom: `from` and `to`, the change with its interval, and whether it is a part."""
    from_, now = float(told.before or 0.0), float(told.after or 0.0)
    rows: list[dict[Any, Any]] = [
        {
            "name": told.versus,
            "from": 0.0,
            "to": from_,
            "is_part": False,
            "change": from_,
            "low": NAN,
            "high": NAN,
        }
    ]
    for part in _drawn(told.parts[told.parts["level"] == 1]).to_dict("records"):
        to = from_ + part["change"]
        rows.append({**part, "from": from_, "to": to, "is_part": True})
        from_ = to
    rows.append(
        {
            "name": told.period,
            "from": 0.0,
            "to": now,
            "is_part": False,
            "change": now,
            "low": NAN,
            "high": NAN,
        }
    )
    return pd.DataFrame(rows)


def _drawn(parts: pd.DataFrame) -> pd.DataFrame:
    """The parts that moved anything, the smallest of many together."""
    named = parts.assign(name=[_name(row) for row in parts.to_dict("records")])[
        ["name", "change", "low", "high"]
    ]
    named = named[(named["change"] != 0).to_numpy(dtype=bool)]
    if len(named) <= MOST:
        return named
    kept = named["change"].abs().sort_values(ascending=False, kind="stable").index[: MOST - 1]
    rest = float(named.drop(index=kept)["change"].sum())
    others = pd.DataFrame([{"name": OTHERS, "change": rest, "low": NAN, "high": NAN}])
    return pd.concat([named.loc[sorted(kept)], others], ignore_index=True)


def _name(row: Step) -> str:
    part = str(row["part"]).replace("_", " ")
    if row["group"] is None or pd.isna(row["group"]):
        return part
    return str(row["group"]) if part == "amount" else f"{part}, {row['group']}"


def _bounds(steps: pd.DataFrame) -> tuple[float, float]:
    """From zero, unless the change is small beside the figure: then around the change alone."""
    parts = steps[steps["is_part"].to_numpy(dtype=bool)]
    ends = [*parts["from"], *parts["to"], *steps.loc[~steps["is_part"].to_numpy(dtype=bool), "to"]]
    ends += [*(parts["from"] + parts["low"]).dropna(), *(parts["from"] + parts["high"]).dropna()]
    low, high = min(ends), max(ends)
    span = (high - low) or max(abs(high), 1.0)
    if low > 3 * span:
        return low - ROOM * span, high + 0.02 * span
    return min(0.0, low - (0.02 * span if low < 0 else 0)), max(0.0, high) + 0.02 * span


def _bar(ax: Axes, step: Step, y: float, least: float, thick: float) -> None:
    from_, to = step["from"], step["to"]
    if not step["is_part"] and least > 0:  # a bar that does not start at zero would tell a wrong length
        ax.plot([to, to], [y - thick / 2, y + thick / 2], color=C["ctx"], lw=4, solid_capstyle="butt")
        return
    falls = step["is_part"] and to < from_
    colour = C["c2" if falls else "c1"] if step["is_part"] else C["ctx"]
    a, b = sorted((from_, to))
    ax.barh(y, b - a, left=a, height=thick, color=colour)
    if falls:
        ax.barh(
            y, b - a, left=a, height=thick, facecolor="none", edgecolor=C["paper"], hatch="////", linewidth=0
        )
    low, high = formats.plain(step["low"]), formats.plain(step["high"])
    if low is not None and high is not None:
        ax.plot([from_ + low, from_ + high], [y, y], color=C["ink"], lw=1.25)


def _write(
    ax: Axes,
    step: Step,
    place: int,
    y: float,
    unit: str,
    currency: str,
    *,
    narrow: bool,
    left: int,
) -> None:
    """The name at the left and the figure at the right of a bar's row."""
    weight = "normal" if step["is_part"] else "bold"
    name = short(str(step["name"]), NAMED)
    falls = bool(step["is_part"]) and step["change"] < 0
    text = _figure(step, unit, "" if narrow else currency)
    beside(ax, text, y, 8, "c2" if falls else "ink", end=True, weight="bold")
    if narrow:
        beside(ax, name, place + 0.36, 6, weight=weight)
    else:
        beside(ax, name, y, -left, weight=weight)


def _figure(step: Step, unit: str, currency: str) -> str:
    if not step["is_part"]:
        return formats.number(step["change"], unit, currency)
    text = formats.signed(step["change"], unit, currency)
    return f"{text.removesuffix(' %')} pts" if unit == "share" else text


def _words(step: Step, unit: str, currency: str) -> str:
    low, high = formats.plain(step["low"]), formats.plain(step["high"])
    between = ""
    if low is not None and high is not None:
        between = f" ({formats.interval(low, high, unit, 1 if unit == 'share' else None)})"
    return f"{step['name']} {_figure(step, unit, currency)}{between}"
