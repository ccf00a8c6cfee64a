"""What is wrong with how a company measures: one fault, how grave it is, and what would mend it."""

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "note"]
Area = Literal["contract", "taxonomy", "hygiene", "stitching", "freshness", "volume", "sources", "process"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")  # from the gravest


@dataclass(frozen=True)
class Fault:
    """Something that does not hold, as `gtmkit check` tells it.

    `subject`: what it is about, such as `events.workflow_completed`. `text`: what is wrong with the value, with its
    count. `fix`: what to do next; lines of gtm.toml where these mend it. `metrics`: the ids whose figures it puts in
    doubt; none where it doubts no figure. `n`: rows, events or opportunities concerned; `amount`: the money they
    carry, in the company's currency; None where nothing is counted.
    """

    severity: Severity
    area: Area
    subject: str
    text: str
    fix: str
    metrics: tuple[str, ...] = ()
    n: int | None = None
    amount: float | None = None
