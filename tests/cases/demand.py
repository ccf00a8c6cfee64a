"""Cases of leads and demand."""

from cases.case import Case

CASES: list[Case] = []
