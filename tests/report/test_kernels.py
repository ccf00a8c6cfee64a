import os
import signal
import stat
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import papermill
import pytest
from nbformat import v4
from report.paper_review import notebook, paper_company

from gtmkit.report import kernels as warm
from gtmkit.report.kernels import Kernels, kernel_environment

DRIVER = Path(__file__).with_name("paper_review.py")
ROOT = Path(__file__).parents[2]
linux = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="reads /proc")


def test_a_kernel_sees_no_secret():
    own = {"PATH": "/bin", "HOME": "/root", "AWS_SECRET_ACCESS_KEY": "x", "DATABASE_URL": "y", "LC_ALL": "C"}
    seen = kernel_environment(own, {"GTMKIT_PREPARED": "/store"})
    assert seen["PATH"] == "/bin"
    assert seen["LC_ALL"] == "C"
    assert seen["GTMKIT_PREPARED"] == "/store"
    assert not {"AWS_SECRET_ACCESS_KEY", "DATABASE_URL"} & seen.keys()


def run(kernels, *cells):
    """The outputs of a notebook's code cells, run in a warm kernel."""
    node = v4.new_notebook(cells=[v4.new_code_cell(cell) for cell in cells])
    node.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    done = papermill.execute_notebook(
        node,
        None,
        kernel_name="python3",
        kernel_manager_class=kernels.manager_class(),
        shutdown_kernel="immediate",
        progress_bar=False,
    )
    return [cell.outputs for cell in done.cells]


@linux
@pytest.mark.quick_off
def test_kernels_side_by_side_are_each_their_own(tmp_path, monkeypatch):
    monkeypatch.setenv("DATABASE_PASSWORD", "secret")
    with Kernels(tmp_path, {"GTMKIT_PREPARED": "/store"}) as kernels:
        kernels.env["GTMKIT_PREPARED"] = "/later"  # as the runner does when the tables are read
        told = "import os\nprint(os.getpid(), os.getcwd(), os.environ['GTMKIT_PREPARED'], len(os.environ))"
        figure = "import matplotlib.pyplot as plt\nplt.plot([1, 2]);"
        pool = (
            "from multiprocessing import get_context\nprint(get_context('fork').Pool(2).map(abs, [-1, -2]))"
        )
        with ThreadPoolExecutor(4) as threads:
            outputs = list(
                threads.map(lambda name: run(kernels, f"print({name})", told, figure, pool), range(6))
            )
        pids = set()
        for name, (printed, words, drawn, mapped) in enumerate(outputs):
            assert printed[0].text == f"{name}\n"
            pid, cwd, store, _ = words[0].text.split()
            assert (cwd, store) == (str(tmp_path), "/later")
            pids.add(int(pid))
            assert "image/png" in drawn[-1].data
            assert mapped[0].text == "[1, 2]\n"
        assert len(pids) == 6
        assert stat.S_IMODE(kernels.folder.stat().st_mode) == 0o700
        server = Path(f"/proc/{kernels._server.pid}/environ").read_bytes()
        assert b"DATABASE_PASSWORD" not in server
    assert not kernels.folder.exists()
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)
    kernels.kill()  # once more does no harm
    with pytest.raises(RuntimeError, match="has ended"):
        kernels.fork("connection.json")


def test_a_long_folder_for_temporary_files_is_not_used_for_sockets(monkeypatch):
    monkeypatch.setattr(warm.tempfile, "gettempdir", lambda: "/t" * 50)
    assert warm._short_folder() == "/tmp"
    monkeypatch.setattr(warm.tempfile, "gettempdir", lambda: "/t")
    assert warm._short_folder() is None


WAITS = """
import os, pathlib, subprocess, time
child = subprocess.Popen(['sleep', '600'])
pathlib.Path({at_work!r}).write_text(f'{{os.getpid()}} {{os.getppid()}} {{child.pid}}')
time.sleep(600)
"""


def begin(tmp_path):
    """A real review in a process of its own, at work in a cell; with the processes that belong to it."""
    made = paper_company(tmp_path)
    os.mkfifo(tmp_path / "at-work")
    (tmp_path / "temporary").mkdir()
    waits = WAITS.format(at_work=str(tmp_path / "at-work"))
    notebook(made["notebooks"] / "05_waiting.ipynb", waits)
    process = subprocess.Popen(
        [sys.executable, str(DRIVER), str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path / "temporary")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    pids = [int(pid) for pid in (tmp_path / "at-work").read_text().split()]  # waits for the cell
    return process, pids


def gone(pids):
    """Whether all these processes end within five seconds."""
    deadline = threading.Event()
    for _ in range(100):
        alive = [pid for pid in pids if is_alive(pid)]
        if not alive:
            return True
        deadline.wait(0.05)
    return False


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@linux
@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGKILL, -9), (signal.SIGTERM, 143), (signal.SIGINT, 130)]
)
def test_a_run_that_is_stopped_leaves_no_process(number, code, tmp_path):
    process, pids = begin(tmp_path)
    assert len(pids) == 3  # the kernel, the process that forks, and what the kernel started
    process.send_signal(number)
    assert process.wait(timeout=5) == code, process.stderr.read()
    assert gone(pids)
    assert not (tmp_path / "reports" / "paper" / "2026-10").exists()
    assert list((tmp_path / "temporary").iterdir()) == []


@linux
@pytest.mark.slow
def test_the_end_of_the_forking_process_ends_its_kernels(tmp_path):
    process, (kernel, server, _) = begin(tmp_path)
    os.kill(server, signal.SIGKILL)
    assert gone([kernel, server])
    _, said = process.communicate(timeout=20)
    assert process.returncode == 1
    assert "05_waiting failed" in said
    assert "its kernel died" in said
