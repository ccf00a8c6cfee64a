"""`reports/index.html`: every review of every workspace, from their run.json alone."""

import json
from pathlib import Path
from typing import Any

from filelock import FileLock

from gtmkit import catalog
from gtmkit.report import pages
from gtmkit.report.publish import replace_text

SHOWN = ("arr", "net_revenue_retention", "win_rate", "cac")
NEEDED = ("workspace", "company", "period", "status", "headlines")


def write_library(out: Path) -> Path:
    """Rebuild the page over all reviews below `out`; a run.json that cannot be read is listed as such."""
    out.mkdir(parents=True, exist_ok=True)
    with FileLock(out / ".index.lock", timeout=60):
        reviews, unreadable = _collect(out)
        text = pages.render("all.html.j2", workspaces=_by_workspace(reviews), unreadable=unreadable)
        replace_text(out / "index.html", text)
    return out / "index.html"


def _collect(out: Path) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    reviews, unreadable = [], []
    for path in sorted([*out.glob("*/*/run.json"), *out.glob("*/failed/*/run.json")]):
        inside = path.relative_to(out)
        if any(part.startswith(".") for part in inside.parts):
            continue
        try:
            run = json.loads(path.read_text(encoding="utf-8"))
            missing = [key for key in NEEDED if key not in run]
            if missing:
                raise ValueError(f"it has no {', '.join(missing)}")
            _texts(run)
        except (OSError, ValueError, TypeError, AttributeError, KeyError) as error:
            reason = "it is not whole JSON" if isinstance(error, json.JSONDecodeError) else str(error)
            unreadable.append({"path": inside.as_posix(), "reason": reason})
            continue
        reviews.append(run | {"folder": inside.parent.as_posix()})
    return reviews, unreadable


def _texts(run: dict[str, Any]) -> list[str]:
    by_metric = {line["metric"]: line["value"] or line["status"] for line in run["headlines"]}
    return [str(by_metric.get(metric, "")) for metric in SHOWN]


def _by_workspace(reviews: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The reviews by workspace, the newest period first."""
    labels = [catalog.METRICS[metric].label for metric in SHOWN]
    grouped: dict[str, list[dict[str, Any]]] = {}
    for run in reviews:
        grouped.setdefault(str(run["workspace"]), []).append(run)
    return [
        {
            "name": name,
            "company": runs[0]["company"],
            "labels": labels,
            "reviews": [
                {
                    "period": _named(run),
                    "href": None if run["status"] == "failed" else f"{run['folder']}/index.html",
                    "figures": _texts(run),
                    "state": _state(run),
                }
                for run in sorted(runs, key=_when, reverse=True)
            ],
        }
        for name, runs in sorted(grouped.items())
    ]


def _when(run: dict[str, Any]) -> tuple[str, str]:
    """Weeks, months and quarters stand in the order in which they ended."""
    return (str(run.get("ends", run["period"])), run["folder"])


def _named(run: dict[str, Any]) -> str:
    """The period of a review, and what it is confined to."""
    return ", ".join(
        [run["period"], *(f"{column} = {value}" for column, value in run.get("where", {}).items())]
    )


def _state(run: dict[str, Any]) -> str:
    if run["status"] == "failed":
        return f"failed: {run.get('error', '')}"
    return "only some notebooks" if run["status"] == "partial" else ""
