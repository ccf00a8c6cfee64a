"""Cases that a reader can check by hand: tables of a few rows, and what a metric must say of them.

A case stands in the module of its metric's place in the catalogue, with the sum written beside it. Each metric
has one of every kind that applies to it: `hand` figures, `empty` input, `zero` denominator, `immature`, and two
`segments`.
"""

from cases.case import ASK, Case, answer, check, workspace
from cases.demand import CASES as DEMAND
from cases.economics import CASES as ECONOMICS
from cases.inputs import CASES as INPUTS
from cases.outcomes import CASES as OUTCOMES
from cases.outputs import CASES as OUTPUTS
from cases.processes import CASES as PROCESSES
from cases.signals import CASES as SIGNALS

CASES = [*OUTCOMES, *DEMAND, *OUTPUTS, *ECONOMICS, *SIGNALS, *INPUTS, *PROCESSES]

__all__ = ["ASK", "CASES", "Case", "answer", "check", "workspace"]
