"""A folder is published whole or not at all: one exchange, right again after any crash."""

import ctypes
import errno
import hashlib
import json
import os
import shutil
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from gtmkit.errors import LockedError
from gtmkit.report.faults import fault

RENAME_EXCHANGE = 2
AT_FDCWD = -100


@contextmanager
def lock(home: Path, period: str) -> Iterator[None]:
    """Hold the lock of one workspace's period, which falls with the process that holds it.

    Raises LockedError at once, naming the holder, if another run has it.
    """
    locks = home / ".locks"
    locks.mkdir(parents=True, exist_ok=True)
    held = FileLock(locks / f"{period}.lock", timeout=0)
    holder = locks / f"{period}.json"
    try:
        held.acquire()
    except Timeout:
        raise LockedError(
            f"A run of {home.name} {period} is under way{_holder(holder)}. One run of a period at a time. "
            "Wait until it is done; nothing was changed."
        ) from None
    try:
        words = {"pid": os.getpid(), "host": socket.gethostname(), "since": utc(time.time())}
        replace_text(holder, json.dumps(words))
        yield
    finally:
        holder.unlink(missing_ok=True)
        held.release()


def _holder(path: Path) -> str:
    try:
        words = json.loads(path.read_text(encoding="utf-8"))
        return f", held by process {words['pid']} on {words['host']} since {words['since']}"
    except (OSError, ValueError, KeyError):  # the holder has only just begun, or is just leaving
        return ""


def put_right(target: Path) -> None:
    """Undo the first half of an exchange that was cut in two, or remove what a whole one left behind."""
    aside = _aside(target)
    if aside.exists() and not target.exists():
        aside.rename(target)
    elif aside.exists():
        shutil.rmtree(aside)


def publish(new: Path, target: Path) -> None:
    """Put the folder `new` in the place of `target`; the old one, if any, is then where `new` was."""
    target.parent.mkdir(parents=True, exist_ok=True)
    sync(new)
    fault("staged")
    if not target.exists():
        new.rename(target)
    elif not exchange(new, target):
        aside = _aside(target)
        target.rename(aside)
        fault("aside")
        new.rename(target)
        aside.rename(new)
    for parent in (target.parent, new.parent):
        _sync_path(parent)
    fault("exchanged")


def exchange(one: Path, other: Path) -> bool:
    """Swap two folders in one step; False where the system cannot (then nothing has changed)."""
    if sys.platform != "linux":
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "renameat2"):
        return False
    paths = os.fsencode(one), os.fsencode(other)
    if libc.renameat2(AT_FDCWD, paths[0], AT_FDCWD, paths[1], RENAME_EXCHANGE) == 0:
        return True
    number = ctypes.get_errno()
    if number in (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP):
        return False
    raise OSError(number, os.strerror(number), str(other))


def sync(folder: Path) -> None:
    """Have every file and folder below `folder` on the disk, not only in memory."""
    for path in sorted(folder.rglob("*"), reverse=True):
        _sync_path(path)
    _sync_path(folder)


def _sync_path(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def hashes(folder: Path, leave_out: tuple[str, ...]) -> dict[str, str]:
    """sha256 of every file below `folder` by its relative name, sorted."""
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    names = {p.relative_to(folder).as_posix(): p for p in files}
    return {n: hashlib.sha256(p.read_bytes()).hexdigest() for n, p in names.items() if n not in leave_out}


def replace_text(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)


def append_line(path: Path, record: Mapping[str, Any]) -> None:
    """Add one line of JSON in one write, so that lines of runs side by side do not mix."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        os.write(fd, json.dumps(record, ensure_ascii=False).encode() + b"\n")
        os.fsync(fd)
    finally:
        os.close(fd)


def utc(seconds: float) -> str:
    """A moment as it is written into run.json and messages: 2026-11-02T08:30:00Z."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def _aside(target: Path) -> Path:
    return target.parent / f".aside-{target.name}"
