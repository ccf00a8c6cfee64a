"""Whether the parts of an explained change add up, on every level of them, and every way a metric can be asked."""

from collections.abc import Iterator, Mapping

from gtmkit import catalog
from gtmkit.explain import Explanation
from gtmkit.explain.parts import DEEPER
from gtmkit.workspace import Workspace
from gtmkit.workspace.explained import ADDS_UP

CLOSES = 1e-9  # of the size of the figure


def residual(told: Explanation) -> float:
    """What the parts miss of the change, and those of a part of that part, at worst: over the size of the figure."""
    assert told.change is not None
    size = max(1.0, abs(told.before or 0.0), abs(told.after or 0.0))
    parts = told.parts.assign(of=told.parts["of"].fillna(""))
    assert len(parts), (told.metric, told.by)
    assert parts["change"].notna().all()
    sums = parts.groupby("of")["change"].sum()
    worst = abs(float(sums[""]) - told.change)
    for row in parts.to_dict("records"):
        title = (
            row["part"]
            if row["group"] is None or row["group"] != row["group"]
            else f"{row['part']} of {row['group']}"
        )
        name = f"{row['of']}{DEEPER}{title}" if row["of"] else title
        if name in sums:
            worst = max(worst, abs(float(sums[name]) - row["change"]))
    known = {"", *(f"{r['of']}{DEEPER}" if r["of"] else "" for r in parts.to_dict("records"))}
    assert all(any(of.startswith(start) for start in known) for of in sums.index)
    assert set(parts["level"]) == {1 + (of.count(DEEPER) + 1 if of else 0) for of in sums.index}
    of_kinds = told.totals[told.totals["of"].isna()]["change"].sum()
    return max(worst, abs(float(of_kinds) - told.change)) / size


def explained(
    ws: Workspace, name: str, versus: str, by: str | None, depth: int | None = None
) -> Iterator[tuple[Mapping[str, str], Explanation]]:
    """A metric's explanation, or where it has axes and no sum over them one at each of a few of their values."""
    row = catalog.METRICS[name]
    if not row.axes or name in ADDS_UP:
        yield {}, ws.explain(name, versus, by, depth=depth)
        return
    back = next(k for k in range(1, 60) if ws.period.shift(-k).label == versus)
    rows = ws.metric(name, periods=back + 1)
    both = set.intersection(
        *(
            set(map(tuple, rows.loc[rows["period"] == label, list(row.axes)].dropna().astype(str).to_numpy()))
            for label in (versus, ws.period.label)
        )
    )
    for values in sorted(both)[:: max(1, len(both) // 3)]:
        at = dict(zip(row.axes, values, strict=True))
        yield at, ws.explain(name, versus, by, at=at, depth=depth)
