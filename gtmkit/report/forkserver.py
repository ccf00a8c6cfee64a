"""A process in which the imports are done once, and which forks a kernel for each request.

It speaks lines of JSON: `{"id", "connection_file", "cwd", "env", "log"}` comes in, `{"id", "pid"}` goes
out at once and `{"pid", "status"}` when that kernel has ended. It lives no longer than the runner: when
that ends, however it ends, the kernels are killed and the folder is removed.
"""

import contextlib
import ctypes
import gc
import importlib
import json
import os
import selectors
import shutil
import signal
import sys
from typing import Any

PRELOAD = (
    "ipykernel.kernelapp",
    "ipykernel.ipkernel",
    "pandas",
    "matplotlib.pyplot",
    "seaborn",
    "narwhals",
    "duckdb",  # imported only: a database opened here, or a frame collected, would be shared by every kernel
    "polars",
    "scipy.stats",
    "gtmkit.charts",
    "gtmkit.tables",
    "gtmkit.wording",
    "gtmkit.workspace",
)
PR_SET_PDEATHSIG = 1


def main(folder: str, runner: int) -> None:
    """Import, then answer requests until the runner is gone; `folder` is removed at the end."""
    signal.signal(signal.SIGTERM, _leave)
    try:
        _end_with_parent(runner, signal.SIGTERM)  # the closed pipe would be seen only after the imports
        requests, answers = _take_pipes()
        os.setsid()  # Ctrl-C belongs to the runner, which decides in which order things end
        for module in PRELOAD:
            importlib.import_module(module)
        gc.freeze()  # what is imported is never collected, so the kernels go on sharing its memory
        _serve(requests, answers)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _leave(number: int, frame: object) -> None:
    signal.signal(number, signal.SIG_IGN)  # once is enough: leaving is not to be cut short
    raise SystemExit(128 + number)


def _end_with_parent(parent: int, number: int) -> None:
    """Have the system send this process a signal when its parent dies; leave if it has died already."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, number)
    if os.getppid() != parent:
        raise SystemExit(1)


def _take_pipes() -> tuple[int, int]:
    """The two pipes under numbers of their own; 0 and 1 become harmless for whatever is imported."""
    requests, answers = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    os.close(nothing)
    return requests, answers


def _serve(requests: int, answers: int) -> None:
    ended, ends = os.pipe()
    for end in (ended, ends):
        os.set_blocking(end, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(ends, warn_on_full_buffer=False)
    kernels: set[int] = set()
    rest, server = b"", os.getpid()
    with selectors.DefaultSelector() as ready:
        ready.register(requests, selectors.EVENT_READ)
        ready.register(ended, selectors.EVENT_READ)
        try:
            while True:
                for key, _ in ready.select():
                    if key.fd == ended:
                        with contextlib.suppress(BlockingIOError):
                            os.read(ended, 4096)
                        _reap(kernels, answers)
                        continue
                    piece = os.read(requests, 65536)
                    if not piece:
                        return
                    *lines, rest = (rest + piece).split(b"\n")
                    for line in lines:
                        request = json.loads(line)
                        pid = os.fork()
                        if pid == 0:
                            for fd in (requests, answers, ended, ends):
                                os.close(fd)
                            _become_kernel(request, server)
                        kernels.add(pid)
                        _answer(answers, {"id": request["id"], "pid": pid})
        finally:
            for pid in kernels:
                for kill in (os.killpg, os.kill):  # the group does not exist in the instant after the fork
                    with contextlib.suppress(ProcessLookupError):
                        kill(pid, signal.SIGKILL)
            for pid in kernels:  # until then they still write into the folder that is to be removed
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(pid, 0)


def _reap(kernels: set[int], answers: int) -> None:
    """Tell of every kernel that has ended, and end what it left running in its group."""
    while kernels:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        kernels.discard(pid)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
        _answer(answers, {"pid": pid, "status": os.waitstatus_to_exitcode(status)})


def _answer(answers: int, words: dict[str, Any]) -> None:
    with contextlib.suppress(BrokenPipeError):  # the runner is gone; the closed request pipe ends the rest
        os.write(answers, json.dumps(words).encode() + b"\n")


def _become_kernel(request: dict[str, Any], server: int) -> None:
    """Turn this fork into a kernel of its own: group, folder, environment, outlets."""
    status = 1
    try:
        os.setsid()
        _end_with_parent(server, signal.SIGKILL)
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        log = os.open(request["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.close(log)
        os.chdir(request["cwd"])
        os.environ.clear()
        os.environ.update(request["env"])
        sys.path[:] = ["", *(p for p in sys.path if p not in ("", request["cwd"]))]
        from ipykernel.kernelapp import IPKernelApp

        IPKernelApp.launch_instance(
            [
                f"--IPKernelApp.connection_file={request['connection_file']}",
                f"--IPKernelApp.parent_handle={server}",  # it ends itself when its parent has changed
                "--HistoryManager.enabled=False",
            ]
        )
        status = 0
    except SystemExit as leave:
        status = leave.code if isinstance(leave.code, int) else int(leave.code is not None)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
