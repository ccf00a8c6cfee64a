"""Notebooks executed side by side through papermill, each kept as it ended, well or not."""

import logging
import re
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gtmkit.report.engine import NotebookNode, papermill
from gtmkit.report.kernels import Kernels
from gtmkit.report.parameters import as_papermill_takes_it

CELL_SECONDS = 900  # a cell that takes longer is taken for one that hangs
START_SECONDS = 60
PARAMETERS_ID = "parameters-of-this-run"
MARKER = "papermill-error-cell-tag"

for name in ("papermill", "traitlets"):  # what they say of a failed kernel is said again, in our words
    logging.getLogger(name).addHandler(logging.NullHandler())


@dataclass(frozen=True)
class Executed:
    """One executed notebook: its cells with outputs, how long it took, and why it failed if it did."""

    name: str
    notebook: NotebookNode
    seconds: float
    error: str | None


def execute(
    values: Mapping[Path, Mapping[str, Any]],
    into: Path,
    kernels: Kernels,
    workers: int,
    progress: Callable[[str], None],
) -> list[Executed]:
    """Execute every notebook with its parameter values and write it into the folder `into`.

    One that fails does not stop the others. If this is interrupted the kernels are ended first.
    """
    into.mkdir(parents=True, exist_ok=True)
    manager = kernels.manager_class()
    pool = ThreadPoolExecutor(workers, thread_name_prefix="notebook")
    try:
        running = [
            pool.submit(_execute_one, notebook, own, into / notebook.name, manager)
            for notebook, own in values.items()
        ]
        for count, future in enumerate(as_completed(running), start=1):
            done = future.result()
            state = "failed" if done.error else "done"
            progress(f"{count} of {len(running)}: {done.name} {state} in {done.seconds:.1f} s")
    except BaseException:
        # Ctrl-C and SIGTERM arrive here; the threads end by themselves once their kernels are gone.
        kernels.kill()
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()
    return [future.result() for future in running]


def _execute_one(notebook: Path, values: Mapping[str, Any], target: Path, manager: type) -> Executed:
    began = time.monotonic()
    error: BaseException | None = None
    try:
        papermill.execute_notebook(
            as_papermill_takes_it(notebook),
            as_papermill_takes_it(target),
            dict(values),
            kernel_name="python3",
            kernel_manager_class=manager,
            shutdown_kernel="immediate",  # a kernel keeps nothing that would need an orderly end
            record_timing=False,
            execution_timeout=CELL_SECONDS,
            start_timeout=START_SECONDS,
            progress_bar=False,
            log_output=False,
        )
    except Exception as raised:  # of the notebook, its kernel or its format: told as this notebook's failure
        error = raised
    ran = papermill.iorw.load_notebook_node(str(target if target.exists() else notebook))
    failure = _failure(ran, error)
    _make_lasting(ran)
    papermill.iorw.write_ipynb(ran, str(target))
    return Executed(notebook.stem, ran, time.monotonic() - began, failure)


def _failure(notebook: NotebookNode, error: BaseException | None) -> str | None:
    """Why and where an executed notebook failed, in one line; None if it did not.

    papermill takes `sys.exit(0)` and an unknown magic for success; a cell that leaves has not answered.
    """
    heading, where = "", "before its first cell"
    cells = [cell for cell in notebook.cells if MARKER not in cell.metadata.get("tags", [])]
    for place, cell in enumerate(cells, start=1):
        if cell.cell_type == "markdown":
            found = re.findall(r"^#{1,3}\s+(.+?)\s*#*$", cell.source, re.M)
            heading = found[-1] if found else heading
            continue
        if cell.metadata.get("papermill", {}).get("status") == "pending":
            break  # so the cell before it was the last one that was begun
        where = f"under '{heading}' (cell {place})" if heading else f"in cell {place}"
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                return f"{where}: {output.ename}: {output.evalue}"
            if output.output_type == "stream" and output.text.startswith("UsageError:"):
                return f"{where}: {output.text.splitlines()[0]}"
    return None if error is None else f"{where}: {_said(error)}"


def _said(error: BaseException) -> str:
    known = {
        "DeadKernelError": "its kernel died",
        "CellTimeoutError": f"the cell ran longer than {CELL_SECONDS} seconds",
    }
    name = type(error).__name__
    first = next((line for line in str(error).splitlines() if line.strip()), "")
    return known.get(name, f"{name}: {first}" if first else name)


def _make_lasting(notebook: NotebookNode) -> None:
    """Take out what differs from run to run: clocks, paths of this machine, random ids."""
    notebook.cells = [c for c in notebook.cells if MARKER not in c.metadata.get("tags", [])]
    notebook.metadata.pop("papermill", None)
    for cell in notebook.cells:
        for key in ("papermill", "execution"):
            cell.metadata.pop(key, None)
        if "injected-parameters" in cell.metadata.get("tags", []):
            cell["id"] = PARAMETERS_ID


def failures(executed: Sequence[Executed]) -> list[str]:
    """One line for each notebook that failed."""
    return [f"{one.name} failed {one.error}" for one in executed if one.error]
