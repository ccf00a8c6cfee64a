"""One review: a period's notebooks executed, gathered, rendered and published as one dated folder."""

import errno
import os
import shutil
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from gtmkit import workspace
from gtmkit.errors import NotebookError, StorageError
from gtmkit.report.build import build, store_of, through_of
from gtmkit.report.execute import Executed, execute, failures
from gtmkit.report.faults import fault
from gtmkit.report.headlines import ask
from gtmkit.report.kernels import Kernels
from gtmkit.report.library import write_library
from gtmkit.report.publish import lock, publish
from gtmkit.report.record import recorded, write_run
from gtmkit.report.review import Review, clear, refuse_another_company, review_of
from gtmkit.workspace import Workspace
from gtmkit.workspace.opening import written

Progress = Callable[[str], None]

OF_THE_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO)


def run_report(
    workspace: Path,
    period: str | None,
    *,
    only: Sequence[str] = (),
    parameters: Mapping[str, str] = {},
    where: Mapping[str, str] = {},
    out: Path = Path("reports"),
    notebooks: Path = Path("notebooks"),
    workers: int | None = None,
    progress: Progress = lambda line: None,
) -> Path:
    """The published page of a period's review: the path of its `index.html`.

    `period` is a week, month, quarter or year such as 2026-10; None is the last month complete in the data.
    `only` names notebooks: what they give goes to `<period>.partial/`. `parameters` are values as text for the
    notebooks that have them. `where` confines every figure to one value of a column; such a review goes to a
    folder of its own. `workers` notebooks run at once, by default two a core. `progress` is called with a
    line at a time.

    Either the whole review is published, or what was published before stays as it was, byte for byte.
    Raises ConfigError (a setting, parameter, period or name that cannot be used) and ContractError (data)
    before anything is executed, NotebookError if a notebook failed (what ran is then in `failed/<period>/`),
    LockedError if the same review is being made, StorageError if the disk refused.
    """
    with _signals_as_exits(), _disk_in_words(Path(out)):
        review = review_of(Path(workspace), period, only, parameters, Path(out), Path(notebooks), where)
        return _made(review, workers or 2 * (os.cpu_count() or 1), progress)


def _made(review: Review, workers: int, progress: Progress) -> Path:
    """The review, made under its lock and recorded however it ends."""
    cwd = next(iter(review.values)).parent
    with Kernels(cwd, {}) as kernels:  # its imports go on while the tables are read
        opened = None
        if review.period is None:  # which month is the last complete one is known only from the data
            try:
                opened = _opened(review)
            except BaseException:
                with recorded(review):
                    raise
            review.period = opened.period.label
        with lock(review.home, review.name):
            fault("locked")
            clear(review)
            with recorded(review):
                refuse_another_company(review)
                fault("checked")
                review.staging.mkdir(mode=0o700, parents=True)
                try:
                    _steps(review, opened, kernels, workers, progress)
                finally:
                    shutil.rmtree(review.staging, ignore_errors=True)
                fault("swept")
            write_library(review.out)
            fault("indexed")
    return review.target / "index.html"


def _steps(
    review: Review, opened: Workspace | None, kernels: Kernels, workers: int, progress: Progress
) -> None:
    folder = review.staging / "report"
    folder.mkdir()
    with review.timed("prepare"):
        ws = opened or _opened(review)
        ask(ws)  # which also makes the ledgers, once, for all notebooks to open
        ws.standings(), ws.faults()  # which every page stands its trust on
    kernels.env |= {"GTMKIT_PREPARED": str(store_of(ws)), "GTMKIT_REPORTS": str(review.home.resolve())}
    fault("prepared")
    progress(f"{review.home.name} {review.label}: tables read, {len(review.values)} notebooks to run")
    # The workspace as seen from the notebooks' folder, as by hand: no path of this machine gets into one.
    own = {"period": review.label, "workspace": os.path.relpath(review.workspace, kernels.cwd)}
    own |= {"where": written(review.where)} if review.where else {}
    values = {notebook: asked | own for notebook, asked in review.values.items()}
    with review.timed("execute"):
        executed = execute(values, folder / "executed", kernels, workers, progress)
    log = kernels.log.read_text(encoding="utf-8", errors="replace")
    kernels.kill()
    fault("executed")
    try:
        if failed := failures(executed):
            raise NotebookError("\n".join(failed))
        with review.timed("build"):
            lines = build(review, ws, executed, folder)
    except NotebookError as error:
        _keep_failed(review, executed, str(error), log, folder)
        raise NotebookError(
            f"{error}\nNothing was published; the report of {review.label} is as it was. "
            f"What ran is in {_shown(review.failed)}. Open the notebook there, or run it in JupyterLab."
        ) from None
    write_run(folder, review, executed, lines, through=through_of(ws))
    publish(folder, review.target)


def _opened(review: Review) -> Workspace:
    """The workspace, its tables and ledgers built once; every notebook opens what is built here."""
    return workspace.open(
        review.workspace, review.period, where=review.where, rejects=review.home / "rejects"
    )


def _keep_failed(review: Review, executed: Sequence[Executed], error: str, log: str, folder: Path) -> None:
    """File what ran under failed/<period>/, in the place of what an earlier failure left there."""
    kept = review.staging / "failed"
    kept.mkdir()
    (folder / "executed").rename(kept / "executed")
    if log:
        (kept / "kernels.log").write_text(log, encoding="utf-8")
    write_run(kept, review, executed, [], status="failed", error=error)
    publish(kept, review.failed)
    write_library(review.out)


@contextmanager
def _signals_as_exits() -> Iterator[None]:
    """SIGTERM ends the run as Ctrl-C does, by an exception, so that kernels are ended and locks freed."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def leave(number: int, frame: object) -> None:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _disk_in_words(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in OF_THE_DISK:
            raise
        place = next(path for path in (out.resolve(), *out.resolve().parents) if path.exists())
        raise StorageError(
            f"{error.strerror} at {error.filename or out}; {shutil.disk_usage(place).free / 1e6:,.0f} MB are "
            "free there. The report published before is intact. Make room or give write access, run again."
        ) from error


def _shown(path: Path) -> str:
    """A path as the user would write it: from here where it lies below here."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
