"""Cases of value signals."""

from cases.case import Case

CASES: list[Case] = []
