"""The one shape of a fault: frozen, and ordered by its severities."""

from dataclasses import FrozenInstanceError, asdict

import pytest

from gtmkit.health.fault import SEVERITIES, Fault


def test_a_fault_stays_as_it_was_found_and_doubts_nothing_by_itself():
    fault = Fault("note", "contract", "events", "1 row was set aside.", "Correct the export.")
    with pytest.raises(FrozenInstanceError):
        fault.text = "none"  # type: ignore[misc]  # that it cannot be set is what is tried
    assert asdict(fault) == {
        "severity": "note", "area": "contract", "subject": "events", "text": "1 row was set aside.",
        "fix": "Correct the export.", "metrics": (), "n": None, "amount": None,
    }  # fmt: skip


def test_the_gravest_severity_is_the_first():
    assert SEVERITIES == ("error", "warning", "note")
