"""A random company with every table, and the settings under which every metric of the catalogue has a figure."""

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .workspaces import company, mixed_company

FIRST, END = dt.date(2024, 11, 1), dt.date(2026, 11, 1)
DAYS = (END - FIRST).days
SOURCES = {"inbound": ("google", "organic"), "outbound": ("sdr", "email")}
STEPS = ("mql_at", "sal_at", "sql_at", "sqo_at")
Tables = dict[str, list[dict[str, object]]]


def whole_settings() -> dict[str, Mapping[str, object]]:
    """What must be agreed of such a company, beyond the base settings."""
    return {
        "north_star": {"events": ["used", "invited"], "per": "week", "icp_only": True},
        "guardrails.gross_margin": {"at_least": 0.5},
        "active": {"events": ["used"], "at_least": 1},
        "events.used": {"required": ["user_id", "account_id"]},
        "events.invited": {"required": ["user_id"], "is_conversion": True},
        "renewals": {"term_months": 6, "grace_days": 10},
        "sla": {"first_response_hours": 8},
    }


def whole_channels() -> list[dict[str, object]]:
    """[[channels]]: what each channel is for."""
    meant = {"inbound": "capture", "outbound": "creation"}
    return [
        {"channel": name, "source": source, "medium": medium, "intent": meant[name], "motion": name}
        for name, (source, medium) in SOURCES.items()
    ]


def whole_company(seed: int = 7, accounts: int = 60) -> Tables:
    """The mixed company with what people did for it, heard from it and planned: two years to October 2026."""
    tables = mixed_company(seed, accounts)
    rng = np.random.default_rng([seed, 3])
    for i, row in enumerate(tables["accounts"]):
        started = row["started_on"]
        row["is_icp"] = ["true", "false", None][i % 3]
        row["is_target"] = "true" if i % 4 == 0 else "false"
        row["target_from"] = "2025-06-01" if i % 8 == 0 else None
        row["kickoff_on"] = _later(started, i % 20) if started and i % 5 else None
        row["industry"], row["use_case"] = ["software", "health"][i % 2], ["sync", "report", None][i % 3]
    for i, row in enumerate(tables["subscriptions"]):
        row["term_ends_on"] = _later(row["started_on"], 180 + i % 40)
    for i, row in enumerate(tables["opportunities"]):
        row["channel"] = ["inbound", "outbound", None, "partner"][i % 4]
        row["segment"] = ["small", "mid", "large"][i % 3]
    for i, row in enumerate(tables["stage_changes"]):  # of one in nine nobody wrote down when it should close
        row["expected_close_on"] = _later(str(row["entered_at"])[:10], 40 + i % 70) if i % 9 else None
    for row in tables["spend"]:  # so little that customers pay it back within the months they are observed
        row["amount"] = f"{float(str(row['amount'])) / 200:.4f}"
    for i, row in enumerate(tables["finance"]):
        row |= {"rnd_amount": 12_000 + 111 * i, "ga_amount": 9_000 + 7 * i, "cash_amount": 4e6 - 5e4 * i}
    tables["targets"] += _plans()
    return {**tables, **_market(rng, accounts), **_voices(rng, accounts), **_doings(rng, accounts)}


def _later(day: object, days: int) -> str:
    return str(dt.date.fromisoformat(str(day)) + dt.timedelta(days=days))


def _instant(rng: np.random.Generator, last: int = DAYS) -> dt.datetime:
    """Some minute of the two years."""
    return dt.datetime.combine(FIRST, dt.time()) + dt.timedelta(minutes=int(rng.integers(0, last * 1440)))


def _plans() -> list[dict[str, object]]:
    """Quotas of each owner and segment, and targets of the year to come."""
    months = [f"{m // 12}-{m % 12 + 1:02d}" for m in range(2024 * 12 + 10, 2028 * 12)]
    quotas = [
        {"period": month, "metric": "bookings", "value": 40_000 + 100 * i, "owner": f"o{i}"}
        for month in months
        for i in range(4)
    ]
    quotas += [
        {"period": month, "metric": "bookings", "value": 30_000, "segment": segment}
        for month in months
        for segment in ("small", "mid", "large")
    ]
    ahead = [{"period": f"2027-{m:02d}", "metric": "bookings", "value": 900_000} for m in range(1, 13)]
    return [*quotas, *ahead]


def _market(rng: np.random.Generator, accounts: int) -> Tables:
    """Leads with the steps they took, touches and traffic."""
    leads: list[dict[str, object]] = []
    touches: list[dict[str, object]] = []
    for i in range(accounts * 3):
        at = _instant(rng)
        channel = ["inbound", "outbound"][i % 2]
        source, medium = SOURCES[channel]
        moments = at + np.cumsum(rng.integers(1, 20 * 24, 6)) * dt.timedelta(hours=1)
        reached = int(rng.integers(0, len(STEPS) + 1))
        steps = {
            name: moments[k].isoformat() if k < reached and moments[k].date() < END else None
            for k, name in enumerate(STEPS)
        }
        answered = at + dt.timedelta(hours=int(rng.integers(0, 30)))
        is_answered = rng.random() < 0.8 and answered.date() < END
        leads.append(
            {
                "lead_id": f"l{i:04d}",
                "created_at": at.isoformat(),
                "account_id": f"{int(rng.integers(0, accounts)):04d}" if i % 5 else None,
                "opportunity_id": f"d{int(rng.integers(0, accounts * 3)):04d}" if reached > 2 else None,
                "channel": channel if i % 7 else None,
                "source": source,
                "medium": medium,
                "segment": ["small", "mid", "large", None][i % 4],
                "owner": f"o{i % 4}",
                "score": int(rng.integers(0, 100)),
                **steps,
                "assigned_at": (at + dt.timedelta(minutes=20)).isoformat() if i % 6 else None,
                "first_response_at": answered.isoformat() if is_answered else None,
            }
        )
        touches.append(
            {
                "touched_at": at.isoformat(),
                "account_id": leads[-1]["account_id"],
                "lead_id": f"l{i:04d}",
                "source": source,
                "medium": medium,
                "campaign": ["spring", None][i % 2],
            }
        )
    traffic = [
        {
            "day_on": str(FIRST + dt.timedelta(days=day)),
            "source": source,
            "medium": medium,
            "impressions": int(rng.integers(0, 900)) if medium != "email" else None,
            "sessions": int(rng.integers(0, 90)),
            "visitors": int(rng.integers(0, 50)),
        }
        for day in range(DAYS)
        for source, medium in SOURCES.values()
    ]
    # Visitors of a month are other people than those of its days added up, so the last months are told as a whole.
    traffic = [row for row in traffic if str(row["day_on"]) < "2026-08-01"] + [
        {
            "month_on": f"2026-{month:02d}-01",
            "source": source,
            "medium": medium,
            "sessions": 300,
            "visitors": 170,
        }
        for month in (8, 9, 10)
        for source, medium in SOURCES.values()
    ]
    return {"leads": leads, "touches": touches, "traffic": traffic}


def _voices(rng: np.random.Generator, accounts: int) -> Tables:
    """What customers said: tickets, answers to surveys, and how healthy somebody found them."""
    tickets, surveys, scores = [], [], []
    for i in range(accounts * 4):
        opened = _instant(rng)
        account = f"{int(rng.integers(0, accounts)):04d}"
        tickets.append({"ticket_id": f"t{i:04d}", "account_id": account, "opened_at": opened.isoformat()})
        answered = str(_instant(rng).date())
        kind, most = [("nps", 11), ("csat", 6)][i % 2]
        score = int(rng.integers(0 if kind == "nps" else 1, most))
        surveys.append({"answered_on": answered, "kind": kind, "score": score, "account_id": account})
    for month in range(24):
        for i in range(0, accounts, 2):
            day = _later(FIRST, 30 * month + i % 28)
            score = int(rng.integers(0, 100))
            band = ["red", "amber", "green"][min(score // 34, 2)]
            scores.append({"account_id": f"{i:04d}", "scored_on": day, "score": score, "band": band})
    return {"tickets": tickets, "surveys": surveys, "health_scores": scores}


def _doings(rng: np.random.Generator, accounts: int) -> Tables:
    """What we did: activities of people and machines, and what was shipped."""
    activities = [
        {
            "occurred_at": _instant(rng).isoformat(),
            "kind": ["call", "email", "meeting"][i % 3],
            "account_id": f"{int(rng.integers(0, accounts)):04d}" if i % 4 else None,
            "opportunity_id": f"d{i % (accounts * 3):04d}" if i % 4 == 0 else None,
            "owner": f"o{i % 4}",
            "is_automated": ["true", "false", None][i % 3],
        }
        for i in range(accounts * 10)
    ]
    months = [f"{m // 12}-{m % 12 + 1:02d}" for m in range(2024 * 12 + 10, 2026 * 12 + 10)]
    inputs = [
        {"period": month, "name": name, "value": int(rng.integers(1, 12))}
        for month in [*months, "2026-W35", "2026-W36"]
        for name in ("messaging_tests_shipped", "content_shipped")
    ]
    return {"activities": activities, "inputs": inputs}


def whole(folder: Path, accounts: int = 60, **more: Any) -> Path:
    """Write it."""
    return company(
        folder, whole_company(accounts=accounts), channels=whole_channels(), **whole_settings(), **more
    )
