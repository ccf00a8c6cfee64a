"""Cases of business outcomes."""

from cases.case import Case

CASES: list[Case] = []
