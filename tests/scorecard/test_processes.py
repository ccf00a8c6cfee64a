"""The processes as a table: contradictions first, what is declared, what the data say, what they put in doubt."""

from datetime import date
from typing import Any

from scorecard.paper_card import config

from gtmkit import catalog, scorecard, trust
from gtmkit.trust import Evidence
from gtmkit.trust.finding import Finding

ON = date(2026, 11, 1)
LATE = Finding("<leads> late", 0.3, 10, 0.1)
FINE = Finding("scored", 0.0, 5, 0.2)
APART = Finding("between owners", 4.0, 3, 3.0, is_ratio=True)
NONE = Finding("renewals", None, 0, 0.2)
DECLARED: dict[str, Any] = {
    **{name: {"status": "in_place", "reviewed_on": ON} for name in trust.PROCESSES},
    "lead_management": {"status": "in_place", "reviewed_on": ON},
    "renewals": {"status": "missing", "reviewed_on": date(2026, 10, 5)},
}


class Company:
    """A company of which only the standings are known."""

    def __init__(self, declared: dict[str, Any] = DECLARED) -> None:
        self.config = config(processes=declared, scorecard={"lines": ["net_revenue_retention", "win_rate"]})

    def standings(self) -> dict[str, trust.Standing]:
        told = {
            "lead_management": [LATE],
            "lead_scoring": [FINE],
            "renewals": [NONE],
            "territory_planning": [APART],
        }
        found = {
            name: Evidence(tuple(of), any(f.is_beyond for f in of), "; ".join(map(str, of)))
            for name, of in told.items()
        }
        return trust.standings(self.config, found, ON)


def rows_of(company: Company) -> dict[str, str]:
    """The rows of the table by the name of their process, in order."""
    rows = scorecard.processes(company).html().split('<tr role="row"><th scope="row" role="rowheader">')[1:]  # type: ignore[arg-type]  # paper
    return {row.split("<")[0].strip(): row for row in rows}


def test_contradictions_stand_first_then_the_worst() -> None:
    rows = rows_of(Company())
    assert len(rows) == 17
    assert list(rows)[:3] == ["Lead management", "Capacity and territory planning", "Renewals"]
    first = rows["Lead management"]
    assert 'class="st">contradicted<' in first
    assert "in place<small>reviewed 2026-11-01</small>" in first
    assert "30.0\N{NO-BREAK SPACE}% of 10 &lt;leads&gt; late<small>" in first
    assert '<span class="bad">beyond:</span> at most 10\N{NO-BREAK SPACE}% is allowed' in first
    assert 'partial: <span class="st">check</span>' in first
    assert "4.0 times: between owners" in rows["Capacity and territory planning"]
    assert "contradicted" not in rows["Renewals"]


def test_what_it_puts_in_doubt_begins_with_the_scorecard_s_lines() -> None:
    rows = rows_of(Company())
    # Renewals carry GRR, NRR, CSAT, NPS, both of GTM efficiency and ARR growth: one of them is a line.
    assert "<small>Net revenue retention, " in rows["Renewals"]
    assert 'missing: <span class="st dbt">doubtful</span>' in rows["Renewals"]
    assert "<small>Win rate, " in rows["Lead management"]
    assert f"<b>none</b> of {len(catalog.METRICS)} metrics" in rows["ICP and buyer personas"]


def test_what_follows_from_parts_or_holds_at_one_motion_is_marked() -> None:
    rows = rows_of(Company())
    assert "Pipeline velocity (derived)" in rows["Expansion and upsell"]
    assert "Win rate (inbound)" in rows["Lead scoring and routing"]
    assert "Pipeline created (outbound)" in rows["Outbound prospecting"]


def test_what_is_not_known_is_said() -> None:
    rows = rows_of(Company({}))
    assert "nothing: [processes.renewals] status in gtm.toml" in rows["Renewals"]
    assert "nothing to count: renewals" in rows["Renewals"]
    assert "leaves no trace in the data" in rows["Sales coaching"]
    assert "no table tells of it" in rows["Pipeline review"]
    assert ">contradicted<" not in "".join(rows.values())  # nobody declared what the data speak against


def test_as_text_and_as_a_file() -> None:
    table = scorecard.processes(Company())  # type: ignore[arg-type]  # paper
    first, *others = str(table).splitlines()
    count = len(trust.carried("lead_management"))
    assert first == (
        "Lead management: contradicted, declared in place, but 30.0 % of 10 <leads> late; at most 10 % is allowed; "
        f"partial: check; {count} metrics"
    )
    assert len(others) == 16
    assert "processes_behind_the_figures" in table.file
