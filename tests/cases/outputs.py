"""Cases of the pipeline."""

from cases.case import Case

STAGES = '[pipeline]\nstages = ["qualified", "discovery"]\n[suppress]\nmin_n = 0\n'
CLOSED = """
    opportunity_id  created_at  stage        closed_on   segment
    won             2026-08-01  closed_won   2026-10-05  SMB
    lost            2026-08-01  closed_lost  2026-10-06  SMB
    also_lost       2026-09-01  closed_lost  2026-10-31  Enterprise
    before          2026-09-01  closed_won   2026-09-30  Enterprise
    open            2026-09-01  qualified    -           SMB
"""

CASES: list[Case] = [
    # closed in October: won, lost, also_lost, so 1 of 3
    Case("win_rate", "hand", {"opportunities": CLOSED}, [
        {"value": 1 / 3, "numerator": 1, "denominator": 3, "n": 3, "status": "final"}], STAGES),
    Case("win_rate", "empty", {"opportunities": "opportunity_id created_at stage closed_on"}, [
        {"value": None, "status": "undefined", "reason": "none closed in the period"}], STAGES),
    # in August nothing was closed yet
    Case("win_rate", "zero", {"opportunities": CLOSED}, [
        {"value": None, "numerator": 0, "denominator": 0, "status": "undefined"}], STAGES, period="2026-08"),
    # SMB: won, lost; Enterprise: also_lost
    Case("win_rate", "segments", {"opportunities": CLOSED}, [
        {"segment": "SMB", "value": 0.5, "n": 2}, {"segment": "Enterprise", "value": 0.0, "n": 1}],
        STAGES, by=["segment"]),
]  # fmt: skip
