"""Cases of cost, payback and efficiency."""

from cases.case import Case

CASES: list[Case] = []
