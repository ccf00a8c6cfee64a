"""Warm kernels: forked from one process in which the imports are done, and gone when the runner is."""

import contextlib
import itertools
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

# What a kernel may see of the environment: it reads the prepared tables, so it needs no address or secret.
KEPT = {"HOME", "LANG", "LANGUAGE", "LOGNAME", "PATH", "SHELL", "TMPDIR", "TZ", "USER", "VIRTUAL_ENV"}
KEPT_PREFIXES = (
    "GTMKIT_",
    "LC_",
    "PYTHON",
    "CONDA_",
    "LD_LIBRARY_PATH",
    "DYLD_",
    "FONTCONFIG",
    "SOURCE_DATE_EPOCH",
)
LEAVING_SECONDS = 2
ENDPOINT_BYTES = 107  # the longest path a Unix socket can have


def kernel_environment(own: Mapping[str, str], extra: Mapping[str, str]) -> dict[str, str]:
    """The environment of the kernels: what is on the allow-list, `extra`, and a quiet, steady set-up."""
    kept = {k: v for k, v in own.items() if k in KEPT or k.startswith(KEPT_PREFIXES)}
    steady = {
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "OMP_NUM_THREADS": "1",  # kernels run side by side; more threads each only get in the way
        "OPENBLAS_NUM_THREADS": "1",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        "MPLCONFIGDIR": own.get("MPLCONFIGDIR", ""),
    }
    return kept | {k: v for k, v in steady.items() if v} | dict(extra)


class Kernels:
    """One forking process and the kernels it made; leaving the context, or `kill`, ends all of them."""

    def __init__(self, cwd: Path, env: Mapping[str, str]) -> None:
        """Kernels start in `cwd`; `env` is laid over the allow-list (see `kernel_environment`)."""
        self.cwd = cwd
        self.folder = Path(tempfile.mkdtemp(prefix="gtmkit-", dir=_short_folder()))
        self.log = self.folder / "kernels.log"
        self.env = kernel_environment(os.environ, {**env, "IPYTHONDIR": str(self.folder / "ipython")})
        self._lock = threading.Condition()
        self._ids = itertools.count()
        self._started: dict[int, int] = {}
        self._ended: dict[int, int] = {}
        self._closed = False
        with self.log.open("ab") as log:
            self._server = subprocess.Popen(
                [
                    sys.executable,
                    "-c",
                    _program(),
                    str(self.folder),
                    str(os.getpid()),
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=self.env,
                cwd=self.folder,
            )
        threading.Thread(target=self._listen, name="kernels", daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def manager_class(self) -> type[AsyncKernelManager]:
        """The class to hand to papermill as `kernel_manager_class`; its kernels come from here."""
        return type("WarmKernelManager", (WarmKernelManager,), {"kernels": self})

    def kill(self) -> None:
        """End every kernel and the forking process now; may be called twice, and from any thread."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            alive = [pid for pid in self._started.values() if pid not in self._ended]
        for pid in alive:
            _signal_group(pid, signal.SIGKILL)
        self._server.terminate()  # it ends what it forked just now, and removes the folder
        try:
            self._server.wait(timeout=LEAVING_SECONDS)
        except subprocess.TimeoutExpired:
            self._server.kill()
            self._server.wait()
        assert self._server.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._server.stdin.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        with self._lock:
            self._lock.notify_all()

    def fork(self, connection_file: str) -> "ForkedProcess":
        """A new kernel that serves what `connection_file` says.

        Raises RuntimeError when the forking process is gone.
        """
        request = {
            "id": next(self._ids),
            "connection_file": connection_file,
            "cwd": str(self.cwd),
            "env": self.env,
            "log": str(self.log),
        }
        with self._lock:
            self._send(request)
            while request["id"] not in self._started:
                if self._closed or self._server.poll() is not None:
                    raise RuntimeError("the process that forks the kernels has ended")
                self._lock.wait(timeout=0.5)
            return ForkedProcess(self, self._started[request["id"]])

    def status(self, pid: int) -> int | None:
        """The exit status of a kernel, None while it lives; -9 when the forking process is gone."""
        with self._lock:
            if pid not in self._ended and (self._closed or self._server.poll() is not None):
                return -signal.SIGKILL
            return self._ended.get(pid)

    def _send(self, request: dict[str, Any]) -> None:
        assert self._server.stdin is not None
        try:
            self._server.stdin.write(json.dumps(request).encode() + b"\n")
            self._server.stdin.flush()
        except (OSError, ValueError) as error:  # ValueError: the pipe is closed, the runner is leaving
            raise RuntimeError("the process that forks the kernels has ended") from error

    def _listen(self) -> None:
        assert self._server.stdout is not None
        with self._server.stdout as answers:
            for line in answers:
                words = json.loads(line)
                with self._lock:
                    if "id" in words:
                        self._started[words["id"]] = words["pid"]
                    else:
                        self._ended[words["pid"]] = words["status"]
                    self._lock.notify_all()
        self._server.wait()
        with self._lock:
            self._lock.notify_all()


class ForkedProcess:
    """A forked kernel with the face of a `subprocess.Popen`, which is what jupyter_client asks of it."""

    stdin = stdout = stderr = None

    def __init__(self, kernels: Kernels, pid: int) -> None:
        self.kernels = kernels
        self.pid = pid

    def poll(self) -> int | None:
        return self.kernels.status(self.pid)

    def wait(self) -> int:
        return self.poll() or 0  # asked only once `poll` has said that it ended

    def send_signal(self, number: int) -> None:
        _signal_group(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)


class ForkedProvisioner(LocalProvisioner):
    """jupyter_client's own provisioner, except that the process is forked instead of launched."""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        assert isinstance(self.parent, WarmKernelManager)
        forked: Any = self.parent.kernels.fork(self.parent.connection_file)
        self.process = forked
        self.pid = self.pgid = forked.pid
        self.cwd = self.parent.kernels.cwd
        return self.connection_info


class WarmKernelManager(AsyncKernelManager):
    """The manager of one forked kernel; `Kernels.manager_class` binds it to the process that forks."""

    kernels: Kernels

    async def _async_pre_start_kernel(self, **kw: Any) -> Any:
        if self.provisioner is None:
            # Its own 0700 folder: jupyter_client numbers ipc endpoints by what it finds in the working
            # folder, so two kernels started side by side would answer each other's notebook.
            own = self.kernels.folder / secrets.token_hex(4)
            own.mkdir(mode=0o700)
            self.transport = "ipc"
            self.ip = str(own / "k")
            self.connection_file = str(own / "connection.json")
            self.provisioner = ForkedProvisioner(
                kernel_id=self.kernel_id, kernel_spec=self.kernel_spec, parent=self
            )
        return await super()._async_pre_start_kernel(**kw)


def _program() -> str:
    """The forking process, with this one's own import path, however that came about.

    It is run as a file of its own: as a part of the package it would import all of that before it began.
    """
    path = [str(Path(entry or ".").resolve()) for entry in sys.path]
    file = str(Path(__file__).with_name("forkserver.py"))
    return f"import runpy, sys; sys.path[:] = {path!r}; runpy.run_path({file!r}, run_name='__main__')"


def _short_folder() -> str | None:
    """Where sockets can live: the usual folder for temporary files unless its path is too long."""
    usual = tempfile.gettempdir()
    longest = len(os.fsencode(usual)) + len("/gtmkit-12345678/12345678/k-12345")
    return "/tmp" if longest > ENDPOINT_BYTES else None


def _signal_group(pid: int, number: int) -> None:
    """Signal a kernel and all it started; no matter if it is gone."""
    for send in (os.killpg, os.kill):  # the group does not exist in the instant after the fork
        try:
            send(pid, number)
        except ProcessLookupError:
            continue
        return
