import signal

import pytest

from gtmkit.report.faults import POINTS, fault


@pytest.fixture
def heard(monkeypatch):
    """The signals this process would have sent itself."""
    heard = []
    monkeypatch.setattr("os.kill", lambda pid, number: heard.append(number))
    return heard


def test_nothing_happens_unless_it_is_asked(heard, monkeypatch):
    monkeypatch.delenv("GTMKIT_FAULT", raising=False)
    for point in POINTS:
        fault(point)
    assert heard == []


def test_the_signal_is_sent_at_its_point_only(heard, monkeypatch):
    monkeypatch.setenv("GTMKIT_FAULT", "staged:kill")
    fault("locked")
    assert heard == []
    fault("staged")
    assert heard == [signal.SIGKILL]
