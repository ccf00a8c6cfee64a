"""Cases of what is put in."""

from cases.case import Case

CASES: list[Case] = []
