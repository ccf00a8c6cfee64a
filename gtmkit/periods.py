"""Weeks, months, quarters and fiscal years: labels, bounds and the integer indices that ledgers use.

`month` is year * 12 + month - 1 and `day` is days since 1970-01-01: the only forms in which time
travels through a ledger, because date arithmetic differs from engine to engine and integers do not.
"""

import re
from dataclasses import dataclass
from datetime import date, timedelta

from gtmkit.errors import ConfigError

EPOCH = date(1970, 1, 1)
MONTHS_IN = {"month": 1, "quarter": 3, "year": 12}
YEARS = range(1900, 2200)  # further off, a label is a slip of the pen
ALLOWED = "A week '2026-W45', a month '2026-10', a quarter '2026-Q3' or a year '2026' is allowed"
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November", "December",
)  # fmt: skip
TRAILING_WEEKS = 4  # what a weekly line of a value signal looks back over: one week is noise


def month_index(day: date) -> int:
    """The month of a date as year * 12 + month - 1."""
    return day.year * 12 + day.month - 1


def day_index(day: date) -> int:
    """The date as days since 1970-01-01."""
    return (day - EPOCH).days


def month_start(month: int) -> date:
    """The first day of a month index."""
    return date(month // 12, month % 12 + 1, 1)


def month_label(month: int) -> str:
    """The label of a month index, such as '2026-10'."""
    return f"{month // 12:04d}-{month % 12 + 1:02d}"


@dataclass(frozen=True, order=True)
class Period:
    """A month, quarter or year of the company's calendar, half-open: [start, end).

    Quarters and years are fiscal and named after the year in which the fiscal year ends; the label
    says FY where that year does not start in January.
    """

    first_month: int
    months: int
    fiscal_year_start: int = 1

    @classmethod
    def parse(cls, label: str, fiscal_year_start: int = 1) -> "Period":
        """The period a label names.

        Raises ConfigError for anything that is not exactly a week, month, quarter or year label.
        """
        if week := re.fullmatch(r"([0-9]{4})-W([0-9]{2})", label):
            return Week.of(label, int(week[1]), int(week[2]), fiscal_year_start)
        month = re.fullmatch(r"([0-9]{4})-(0[1-9]|1[0-2])", label)
        longer = re.fullmatch(r"(?:FY)?([0-9]{4})(?:-Q([1-4]))?", label)
        found = month or longer
        if found and int(found[1]) in YEARS:
            year, part = int(found[1]), int(found[2] or 1)
            if month:
                return cls(year * 12 + part - 1, 1, fiscal_year_start)
            first = _fiscal_year_first_month(year, fiscal_year_start)
            return cls(first + 3 * (part - 1), 3 if found[2] else 12, fiscal_year_start)
        raise ConfigError(f"'{label}' is not a period. {ALLOWED}. Write the period in one of these forms.")

    @property
    def grain(self) -> str:
        """'week', 'month', 'quarter' or 'year'."""
        return {1: "month", 3: "quarter", 12: "year"}[self.months]

    @property
    def last_month(self) -> int:
        """The month index of the last month."""
        return self.first_month + self.months - 1

    @property
    def start(self) -> date:
        """The first day."""
        return month_start(self.first_month)

    @property
    def end(self) -> date:
        """The first day after: the `as_of` of a review of this period."""
        return month_start(self.first_month + self.months)

    @property
    def label(self) -> str:
        """The label, such as '2026-10', '2026-Q3', 'FY2026-Q3' or '2026'."""
        if self.months == 1:
            return month_label(self.first_month)
        shift = (self.fiscal_year_start - 1) % 12
        months_in = self.first_month - shift
        year = months_in // 12 + (1 if shift else 0)
        name = f"{'FY' if shift else ''}{year:04d}"
        return name if self.months == 12 else f"{name}-Q{months_in % 12 // 3 + 1}"

    def shift(self, periods: int) -> "Period":
        """The period so many periods later (earlier where negative)."""
        return Period(self.first_month + periods * self.months, self.months, self.fiscal_year_start)

    def trailing(self, count: int) -> list["Period"]:
        """So many periods of this grain, oldest first, the last of them this one."""
        return [self.shift(k) for k in range(1 - count, 1)]

    def quarter(self) -> "Period":
        """The fiscal quarter that contains the first instant after this period."""
        month = self.last_month + 1
        shift = (self.fiscal_year_start - 1) % 12
        return Period(month - (month - shift) % 3, 3, self.fiscal_year_start)

    def __str__(self) -> str:
        return self.label


@dataclass(frozen=True, order=True)
class Week(Period):
    """An ISO week, Monday to Sunday, or so many weeks ending with it under its label.

    It has no months of its own: what is counted by the month cannot be asked of it. `first_month` is the
    month of its last day.
    """

    first_day: int = 0
    weeks: int = 1

    @classmethod
    def of(cls, label: str, year: int, week: int, fiscal_year_start: int = 1) -> "Week":
        """The ISO week of that number; ConfigError where the year has no such week."""
        try:
            monday = date.fromisocalendar(year, week, 1)
        except ValueError:
            monday = None
        if monday is None or year not in YEARS:
            weeks = f"Weeks 01 to {date(year, 12, 28).isocalendar().week} of {year}" if year in YEARS else ""
            allowed = weeks or f"Weeks of the years {YEARS[0]} to {YEARS[-1]}"
            raise ConfigError(f"'{label}' is not a week. {allowed} are allowed. Write one of these.")
        return cls._from(day_index(monday), fiscal_year_start)

    @classmethod
    def _from(cls, monday: int, fiscal_year_start: int, weeks: int = 1) -> "Week":
        last = EPOCH + timedelta(days=monday + 7 * weeks - 1)
        return cls(month_index(last), 0, fiscal_year_start, monday, weeks)

    @property
    def grain(self) -> str:
        """'week'."""
        return "week"

    @property
    def start(self) -> date:
        """The first Monday."""
        return EPOCH + timedelta(days=self.first_day)

    @property
    def end(self) -> date:
        """The Monday after: the `as_of` of a review of this week."""
        return self.start + timedelta(weeks=self.weeks)

    @property
    def label(self) -> str:
        """The label of the last of the weeks, such as '2026-W45'."""
        year, week, _ = (self.end - timedelta(days=1)).isocalendar()
        return f"{year:04d}-W{week:02d}"

    def shift(self, periods: int) -> "Week":
        """The same so many weeks later (earlier where negative)."""
        return Week._from(self.first_day + 7 * periods, self.fiscal_year_start, self.weeks)

    def looking_back(self, weeks: int = TRAILING_WEEKS) -> "Week":
        """So many weeks ending with this one, under its label."""
        return Week._from(self.first_day - 7 * (weeks - self.weeks), self.fiscal_year_start, weeks)

    def quarter(self) -> Period:
        """The fiscal quarter that contains the first instant after this week."""
        return Period(month_index(self.end) - 1, 1, self.fiscal_year_start).quarter()


def _fiscal_year_first_month(year: int, fiscal_year_start: int) -> int:
    return year * 12 if fiscal_year_start == 1 else (year - 1) * 12 + fiscal_year_start - 1


def weeks_ending_in(period: Period) -> list[Week]:
    """The ISO weeks whose Sunday lies in the period, oldest first."""
    first = day_index(period.start)
    sundays = range(first + (3 - first) % 7, day_index(period.end), 7)  # day 3 (1970-01-04) was a Sunday
    return [Week._from(sunday - 6, period.fiscal_year_start) for sunday in sundays]


def last_month_ending_by(day: date, fiscal_year_start: int = 1) -> Period:
    """The last month whose last day is not after the given day."""
    return Period(month_index(day + timedelta(days=1)) - 1, 1, fiscal_year_start)


def in_words(period: Period) -> str:
    """A period as people say it: `October 2026`; of several months its first and last; of a week its days."""
    if isinstance(period, Week):
        monday, sunday = period.start, period.end - timedelta(days=1)
        return f"Week {period.label[-2:]}, {_day(monday)} to {_day(sunday)} {sunday.year}"
    first, last = (f"{MONTHS[month % 12]} {month // 12}" for month in (period.first_month, period.last_month))
    return first if first == last else f"{first} to {last}"


def _day(day: date) -> str:
    return f"{day.day} {MONTHS[day.month - 1]}"
