import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# As a file of its own, as it is run for real, but without its imports.
PROGRAM = (
    "import runpy, sys; server = runpy.run_path('gtmkit/report/forkserver.py'); "
    "server['main'].__globals__['PRELOAD'] = (); server['main'](sys.argv[1], int(sys.argv[2]))"
)


@pytest.fixture
def server(tmp_path):
    """A forking process that imports nothing, with a folder of its own."""
    folder = tmp_path / "own"
    folder.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(folder), str(os.getpid())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=ROOT,
    )
    yield process, folder
    process.kill()
    process.wait()


def ask(process, **request):
    words = {"connection_file": "none", "cwd": "/", "env": {}, "log": os.devnull} | request
    process.stdin.write(json.dumps(words).encode() + b"\n")
    process.stdin.flush()


def test_a_request_is_answered_with_a_process_and_its_end(server):
    process, _ = server
    ask(process, id=7, cwd="/no/such/folder")  # so the kernel ends by an error before it has begun
    begun = json.loads(process.stdout.readline())
    assert begun == {"id": 7, "pid": begun["pid"]}
    assert json.loads(process.stdout.readline()) == {"pid": begun["pid"], "status": 1}


@pytest.mark.parametrize("end", ["the pipe is closed", signal.SIGTERM])
def test_it_ends_with_the_runner_and_removes_its_folder(end, server):
    process, folder = server
    ask(process, id=1, cwd="/no/such/folder")
    process.stdout.readline()  # so it is at work
    process.stdout.readline()
    if isinstance(end, str):
        process.stdin.close()
    else:
        process.send_signal(end)
    assert process.wait(timeout=5) == (0 if isinstance(end, str) else 143)
    assert not folder.exists()


def test_it_does_not_begin_when_its_runner_is_gone(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path / "own"), "1"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        cwd=ROOT,
    )
    assert done.returncode == 1
