"""Every notebook in workspaces that lack a table, in one process: the cells are run without kernels or pages.

Run as a program it takes a period and workspaces, and prints one JSON line for each workspace and notebook.
"""

import contextlib
import io
import json
import re
import shutil
import subprocess
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

if __name__ == "__main__":  # as a program it finds the tests' modules by the folder it lies in
    sys.path.insert(0, str(Path(__file__).parents[1]))
    import matplotlib as mpl

    mpl.use("Agg")

ROOT = Path(__file__).resolve().parents[2]
SECTION = r"(?ms)^\[tables\.{}(?:\.\w+)?\].*?(?=^\[|\Z)"


def tables_of(workspace: Path) -> list[str]:
    """The tables that a gtm.toml maps, in its order."""
    return re.findall(r"(?m)^\[tables\.(\w+)\]", (workspace / "gtm.toml").read_text(encoding="utf-8"))


def without(workspace: Path, folder: Path, *tables: str) -> Path:
    """A copy of a workspace that has none of these tables."""
    shutil.copytree(workspace, folder, ignore=shutil.ignore_patterns(".gtmkit"))
    file = folder / "gtm.toml"
    settings = file.read_text(encoding="utf-8")
    for table in tables:
        settings, found = re.subn(SECTION.format(table), "", settings)
        assert found, f"{file} maps no table {table}"
    if "exchange_rates" in tables:
        company, mapped = settings.split("[tables.", 1)
        settings = company + "[tables." + re.sub(r'(?m)^currency = ".*"\n', "", mapped)
    file.write_text(settings, encoding="utf-8")
    return folder


def notebooks() -> list[Path]:
    """Those of the six questions; the scorecard asks them all again."""
    return sorted((ROOT / "notebooks").glob("0[1-6]*.ipynb"))


def started(period: str, workspaces: Sequence[Path]) -> "subprocess.Popen[str]":
    """A process that runs all notebooks in each of the workspaces."""
    command = [sys.executable, __file__, period, *map(str, workspaces)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def tried(notebook: Path, workspace: Path, period: str) -> dict[str, Any]:
    """What one notebook says and records in one workspace, or how it broke off."""
    from test_notebooks import run_in_this_process

    said = io.StringIO()
    record: dict[str, Any] = {"workspace": workspace.name, "notebook": notebook.stem, "error": ""}
    try:
        with contextlib.redirect_stdout(said):
            names, shown = run_in_this_process(notebook, workspace=str(workspace), period=period)
        told = said.getvalue() + "\n".join(text for _, text in shown)
        return {**record, "said": told, "facts": names["ws"].records()}
    except Exception:
        return {**record, "error": traceback.format_exc()}


if __name__ == "__main__":
    for place in sys.argv[2:]:
        for path in notebooks():
            print(json.dumps(tried(path, Path(place), sys.argv[1])), flush=True)
