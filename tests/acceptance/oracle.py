"""The same figures worked out another way: plain loops over month ends, in whole ten-thousandths."""

import calendar
import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal

Rows = Sequence[Mapping[str, object]]
Level = dict[str, int]


def month_end(label: str) -> dt.date:
    year, month = map(int, label.split("-"))
    return dt.date(year, month, calendar.monthrange(year, month)[1])


def months_to(label: str, count: int) -> list[str]:
    """The `count` months that end with the label."""
    year, month = map(int, label.split("-"))
    last = year * 12 + month - 1
    return [f"{i // 12}-{i % 12 + 1:02d}" for i in range(last - count + 1, last + 1)]


def units(amount: object) -> int:
    """Ten-thousandths, half up from the text."""
    return int((Decimal(str(amount)) * 10_000).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def level(lines: Rows, label: str) -> Level:
    """Account -> MRR at the month's last instant; only accounts above zero."""
    last = month_end(label).isoformat()
    held: Level = defaultdict(int)
    for row in lines:
        ended = row["ended_on"]
        if str(row["started_on"]) <= last and (ended is None or str(ended) > last):
            held[str(row["account_id"])] += units(row["mrr_amount"])
    return {account: mrr for account, mrr in held.items() if mrr}


def bridge(lines: Rows, labels: Sequence[str]) -> Counter[tuple[str, str]]:
    """(month, movement) -> signed change of MRR, for every month from the first line on."""
    first = min(str(row["started_on"]) for row in lines)[:7]
    year, month = map(int, labels[-1].split("-"))
    start = int(first[:4]) * 12 + int(first[5:]) - 1
    seen: set[str] = set()
    before: Level = {}
    moved: Counter[tuple[str, str]] = Counter()
    for label in months_to(labels[-1], year * 12 + month - start):
        now = level(lines, label)
        for account in before.keys() | now.keys():
            was, is_ = before.get(account, 0), now.get(account, 0)
            if was == is_:
                continue
            if was == 0:
                movement = "reactivated" if account in seen else "new"
            elif is_ == 0:
                movement = "churned"
            else:
                movement = "expansion" if is_ > was else "contraction"
            if label in labels:
                moved[label, movement] += is_ - was
        seen |= now.keys()
        before = now
    return Counter({key: value for key, value in moved.items() if value})


def pairs(lines: Rows, label: str, window: int = 12) -> list[tuple[int, int]]:
    """(MRR then, MRR now) of every account that paid `window` months before."""
    then, now = level(lines, months_to(label, window + 1)[0]), level(lines, label)
    return [(mrr, now.get(account, 0)) for account, mrr in sorted(then.items())]
