import hashlib
import json
import os
import signal

import pytest

from gtmkit.errors import LockedError
from gtmkit.report import publish as publishing
from gtmkit.report.publish import append_line, hashes, lock, publish, put_right, replace_text, utc


def folder(path, text):
    (path / "tables").mkdir(parents=True)
    (path / "index.html").write_text(text)
    (path / "tables" / "a.csv").write_text(text * 3)
    return path


def content(path):
    return {p.relative_to(path).as_posix(): p.read_text() for p in path.rglob("*") if p.is_file()}


def in_a_process_of_its_own(work):
    """How a fork of this process ended that did `work`: its exit code, negative where a signal ended it."""
    pid = os.fork()
    if pid == 0:
        try:
            work()
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@pytest.fixture(params=["exchange", "rename"])
def way(request, monkeypatch):
    """Both ways of publishing: where the system exchanges folders, and where it does not."""
    if request.param == "rename":
        monkeypatch.setattr(publishing, "exchange", lambda one, other: False)
    return request.param


def test_the_first_report_is_put_in_its_place(tmp_path, way):
    new = folder(tmp_path / "staging", "new")
    publish(new, tmp_path / "home" / "2026-10")
    assert content(tmp_path / "home" / "2026-10") == {"index.html": "new", "tables/a.csv": "newnewnew"}
    assert not new.exists()


def test_two_folders_change_places(tmp_path, way):
    new, target = folder(tmp_path / "staging", "new"), folder(tmp_path / "2026-10", "old")
    publish(new, target)
    assert content(target)["index.html"] == "new"
    assert content(new)["index.html"] == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["2026-10", "staging"]


@pytest.mark.parametrize("point", ["staged", "aside", "exchanged"])
def test_a_kill_leaves_the_old_or_the_new_and_never_a_mix(point, tmp_path, way, monkeypatch):
    new, target = folder(tmp_path / "staging", "new"), folder(tmp_path / "2026-10", "old")
    old_and_new = content(target), content(new)
    monkeypatch.setenv("GTMKIT_FAULT", f"{point}:kill")
    code = in_a_process_of_its_own(lambda: publish(new, target))
    assert code == (0 if (point, way) == ("aside", "exchange") else -signal.SIGKILL)
    put_right(target)  # as the next run does
    after_the_swap = point == "exchanged" or code == 0
    assert content(target) == old_and_new[after_the_swap]
    assert not (tmp_path / ".aside-2026-10").exists()


def test_what_a_whole_exchange_left_aside_is_removed(tmp_path):
    target, aside = folder(tmp_path / "2026-10", "new"), folder(tmp_path / ".aside-2026-10", "old")
    put_right(target)
    assert content(target)["index.html"] == "new"
    assert not aside.exists()


def test_a_lock_names_its_holder_and_a_second_run_changes_nothing(tmp_path):
    home = tmp_path / "acme"
    with lock(home, "2026-10"):
        held = content(home)
        with pytest.raises(LockedError) as refusal, lock(home, "2026-10"):
            pytest.fail("locked twice")
        assert content(home) == held
        words = json.loads(held[".locks/2026-10.json"])
        assert words["pid"] == os.getpid()
        assert str(refusal.value) == (
            f"A run of acme 2026-10 is under way, held by process {os.getpid()} on {words['host']} since "
            f"{words['since']}. One run of a period at a time. Wait until it is done; nothing was changed."
        )
        assert refusal.value.exit_code == 4
        with lock(home, "2026-09"):
            pass
    with lock(home, "2026-10"):
        pass


def test_a_lock_falls_with_its_process(tmp_path):
    def die_holding_it():
        with lock(tmp_path, "2026-10"):
            os.kill(os.getpid(), signal.SIGKILL)

    assert in_a_process_of_its_own(die_holding_it) == -signal.SIGKILL
    with lock(tmp_path, "2026-10"):
        pass


def test_hashes_are_of_every_file_but_those_left_out(tmp_path):
    made = folder(tmp_path / "r", "x")
    (made / "notes.md").write_text("mine")
    assert hashes(made, leave_out=("notes.md",)) == {
        "index.html": hashlib.sha256(b"x").hexdigest(),
        "tables/a.csv": hashlib.sha256(b"xxx").hexdigest(),
    }


def test_lines_are_added_and_files_replaced_whole(tmp_path):
    append_line(tmp_path / "runs.jsonl", {"a": 1})
    append_line(tmp_path / "runs.jsonl", {"b": "é"})
    assert (tmp_path / "runs.jsonl").read_text(encoding="utf-8") == '{"a": 1}\n{"b": "é"}\n'
    replace_text(tmp_path / "index.html", "new")
    assert sorted(content(tmp_path)) == ["index.html", "runs.jsonl"]


def test_a_moment_is_written_in_utc():
    # 20,000 days after 1970-01-01 is 2024-10-04
    assert utc(20_000 * 86_400 + 3_661.9) == "2024-10-04T01:01:01Z"
