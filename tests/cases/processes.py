"""Cases of the processes behind the figures."""

from cases.case import Case

CASES: list[Case] = []
