"""How often do the 95 % intervals hold the truth? Run from the repository: python -m benchmarks.coverage

Prints four tables: the coverage of each kind of interval by sample size (with the share of samples that give
one, where not all do), the same of money retention by who churns, what a competing outcome does to a win curve,
and the coverage of figures made of others, whose intervals leave groups of accounts out.
"""

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import companies
import simulations

from gtmkit import stats

SIZES = (20, 50, 200)
ACCOUNTS = (300, 1000, 3000)  # met in four years; a quarter of them become customers
DERIVED = (
    "pipeline_velocity", "cac", "cac_payback", "ltv", "ltv_to_cac", "arpa", "new_cac_ratio",
    "expansion_cac_ratio", "blended_cac_ratio", "magic_number.arr",
)  # fmt: skip
DEALS = 5000
CHURN = {  # of small accounts, of large ones
    "all alike, 10 %": (0.10, 0.10),
    "small ones more, 14 % and 6 %": (0.14, 0.06),
    "large ones more, 6 % and 14 %": (0.06, 0.14),
    "rare, 5 % and 2 %": (0.05, 0.02),
    "small ones only, 30 %": (0.30, 0.0),
    "large ones only, 20 %": (0.0, 0.20),
}


def coverage_table() -> list[str]:
    """Rows of kind by sample size."""
    rows = ["| interval | " + " | ".join(f"n = {n}" for n in SIZES) + " |", "|---" * (len(SIZES) + 1) + "|"]
    for kind, draw in simulations.KINDS.items():
        name = (draw.__doc__ or kind).rstrip(".")
        rows.append(f"| `{kind}`: {name} | " + " | ".join(cell(kind, n) for n in SIZES) + " |")
    return rows


def cell(kind: str, n: int) -> str:
    """Coverage in percent, and how many samples answer where some do not."""
    covered, answered = simulations.coverage(kind, n), simulations.answered(kind, n)
    return f"{covered:.1%}" + ("" if answered == 1 else f" (of {answered:.1%})")


def churn_table() -> list[str]:
    """Gross and net retention by who churns and sample size."""
    rows = ["| who churns | " + " | ".join(f"GRR, n = {n} | NRR, n = {n}" for n in SIZES) + " |"]
    rows.append("|---" * (2 * len(SIZES) + 1) + "|")
    for name, churn in CHURN.items():
        cells = [
            f"{simulations.retention_coverage(n, churn, net):.1%}" for n in SIZES for net in (False, True)
        ]
        rows.append(f"| {name} | " + " | ".join(cells) + " |")
    return rows


def derived_table() -> list[str]:
    """Rows of derived figure by accounts met: coverage, how many companies have an interval, the median n."""
    rows = ["| figure | " + " | ".join(f"{n} accounts" for n in ACCOUNTS) + " |"]
    rows.append("|---" * (len(ACCOUNTS) + 1) + "|")
    for metric in DERIVED:
        cells = [companies.coverage(metric, n) for n in ACCOUNTS]
        shown = (f"{held:.1%} (of {answered:.0%}, n {size:.0f})" for held, answered, size in cells)
        rows.append(f"| `{metric}` | " + " | ".join(shown) + " |")
    return rows


def planted_table() -> list[str]:
    """Wins within the close window, read with losing as a competing outcome and as censoring."""
    age, outcome = next(simulations.deals(np.random.default_rng(1), DEALS, 1))
    right = stats.incidence_at(stats.incidence(age, outcome, np.ones(DEALS)), simulations.CLOSE_WINDOW)
    wrong = simulations.one_minus_survival(age, outcome)
    return [
        f"| won within {simulations.CLOSE_WINDOW} days, {DEALS:,} deals | value | 95 % interval |",
        "|---|---|---|",
        f"| truth | {simulations.TRUE_INCIDENCE:.1%} | |",
        f"| Aalen-Johansen | {right.value:.1%} | {right.low:.1%} to {right.high:.1%} |",
        f"| 1 - Kaplan-Meier, losses censored | {wrong.value:.1%} | {wrong.low:.1%} to {wrong.high:.1%} |",
    ]


if __name__ == "__main__":
    tables = (coverage_table(), churn_table(), planted_table(), derived_table())
    print("\n\n".join("\n".join(rows) for rows in tables))
