"""Paper companies: small workspaces written as CSV files and a gtm.toml, and the two doors to them."""

import csv
import datetime as dt
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared"
STAGES = ("qualified", "discovery", "proposal", "negotiation")
WON, LOST = "closed_won", "closed_lost"

Rows = Sequence[Mapping[str, object]]


# ---------------------------------------------------------------- gtm.toml


def toml(value: object) -> str:
    """One TOML value, inline."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{json.dumps(k)} = {toml(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(toml(v) for v in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def settings_text(sections: Mapping[str, Mapping[str, object] | Sequence[Mapping[str, object]]]) -> str:
    """The sections as gtm.toml has them; a list of them is one section several times over."""
    lines = []
    for name, section in sections.items():
        is_one = isinstance(section, Mapping)
        for keys in [section] if isinstance(section, Mapping) else section:
            lines.append(f"[{name}]" if is_one else f"[[{name}]]")
            lines += [*(f"{key} = {toml(value)}" for key, value in keys.items()), ""]
    return "\n".join(lines)


# ---------------------------------------------------------------- writing a workspace


def base_settings() -> dict[str, dict[str, object]]:
    """What every paper company says of itself; nothing is suppressed."""
    return {
        "company": {
            "name": "Paper",
            "currency": "USD",
            "timezone": "UTC",
            "fiscal_year_start": 1,
            "week_start": "monday",
            "cohort_unit": "account",
        },
        "suppress": {"min_n": 1},
        "retention": {"window_months": 12},
        "pipeline": {
            "stages": STAGES,
            "won": WON,
            "lost": LOST,
            "kinds": ["new", "expansion"],
            "stage_window_days": 90,
            "accept_window_days": 30,
            "close_window_days": 180,
        },
        "activation": {
            "window_days": 30,
            "conditions": [
                {"event": "used", "at_least": 2, "within_days": 14},
                {"event": "invited", "distinct": "user_id"},
            ],
            "second": {"event": "used", "at_least": 4, "window_days": 60},
        },
        "ltv": {"horizon_months": 12},
        "churn": {
            "reasons": {
                "price": {"category": "price"},
                "no_adoption": {"category": "adoption"},
                "payment_failed": {"category": "payment", "is_involuntary": True},
            }
        },
    }


def company(
    folder: Path,
    tables: Mapping[str, Rows],
    *,
    options: Mapping[str, Mapping[str, object]] | None = None,
    through: str | None = "2026-10-31",
    files: Mapping[str, int] | None = None,
    **sections: Mapping[str, object] | Sequence[Mapping[str, object]],
) -> Path:
    """Write one workspace: a CSV file a table (or several: files={"events": 3}) and its gtm.toml.

    Keyword sections are merged over the base settings (company=, pipeline=, suppress=, retention=...), and lists
    of sections stand beside them (change=, channels=); `options` adds keys to [tables.<name>].
    """
    folder.mkdir(parents=True, exist_ok=True)
    settings = base_settings()
    lists = {name: section for name, section in sections.items() if not isinstance(section, Mapping)}
    for name, keys in sections.items():
        if isinstance(keys, Mapping):
            settings.setdefault(name, {}).update(keys)
    for name, rows in tables.items():
        columns = list(dict.fromkeys(key for row in rows for key in row))
        parts = (files or {}).get(name, 1)
        for part in range(parts):
            suffix = f"_{part + 1}" if parts > 1 else ""
            write_csv(folder / f"{name}{suffix}.csv", columns, rows[part::parts])
        table: dict[str, object] = {
            "path": f"{name}_*.csv" if parts > 1 else f"{name}.csv",
            "format": "csv",
            "columns": {column: column for column in columns},
        }
        if through:
            table["through"] = dt.date.fromisoformat(through)
        if name == "subscriptions":
            table["shape"] = "periods"
        settings[f"tables.{name}"] = table | dict((options or {}).get(name, {}))
    (folder / "gtm.toml").write_text(settings_text({**settings, **lists}), encoding="utf-8")
    return folder


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([["" if row.get(c) is None else row[c] for c in columns] for row in rows])


def crm(folder: Path, *, us_dates: bool = False, product_map: bool = True) -> Path:
    """The CRM sales opportunities as delivered, as a workspace; its seven products are the allowed ones."""
    source = SHARED / "data" / "crm_sales_opportunities"
    folder.mkdir(parents=True)
    pipeline = source / ("variants/sales_pipeline_us_dates.csv" if us_dates else "sales_pipeline.csv")
    for path in (pipeline, source / "accounts.csv", source / "products.csv", source / "sales_teams.csv"):
        (folder / path.name).write_bytes(path.read_bytes())
    settings = base_settings()
    settings["company"]["name"] = "CRM"
    settings["pipeline"]["stages"] = ["prospecting", "engaging"]
    values: dict[str, object] = {
        "stage": {"Prospecting": "prospecting", "Engaging": "engaging", "Won": WON, "Lost": LOST}
    }
    if product_map:
        values["product"] = {"GTXPro": "GTX Pro"}
    settings["tables.opportunities"] = {
        "path": pipeline.name,
        "format": "csv",
        "date_format": "%m/%d/%Y" if us_dates else "%Y-%m-%d",
        "through": dt.date(2017, 12, 31),
        "columns": {
            "opportunity_id": "opportunity_id",
            "created_at": "engage_date",
            "account_id": "account",
            "stage": "deal_stage",
            "closed_on": "close_date",
            "amount": "close_value",
            "product": "product",
            "owner": "sales_agent",
        },
        "values": values,
        "allowed": {"product": {"path": "products.csv", "column": "product"}},
    }
    settings["tables.accounts"] = {
        "path": "accounts.csv",
        "format": "csv",
        "columns": {"account_id": "account", "industry": "sector"},
    }
    settings["tables.owners"] = {
        "path": "sales_teams.csv",
        "format": "csv",
        "columns": {"owner": "sales_agent", "team": "manager", "territory": "regional_office"},
    }
    (folder / "gtm.toml").write_text(settings_text(settings), encoding="utf-8")
    return folder


# ---------------------------------------------------------------- rows


def line(account: str, start: str, end: str | None, mrr: object) -> dict[str, object]:
    """A subscription line that holds on [start, end)."""
    return {"account_id": account, "started_on": start, "ended_on": end, "mrr_amount": mrr}


def steps(account: str, levels: Sequence[tuple[str, object]]) -> list[dict[str, object]]:
    """Subscription lines of one account from the months its MRR changed: ("2026-03", 150), 0 = gone."""
    dates = [f"{month}-01" for month, _ in levels] + [None]
    return [
        line(account, start, end, mrr)
        for (_, mrr), start, end in zip(levels, dates, dates[1:], strict=False)
        if start is not None and mrr
    ]


def deal(key: str, created: str, **columns: object) -> dict[str, object]:
    """An opportunity; created is a day or an instant."""
    return {"opportunity_id": key, "created_at": created, **columns}


def closed(
    key: str, created: str, day: str, won: bool, amount: object = 100, **more: object
) -> dict[str, object]:
    return deal(key, created, stage=WON if won else LOST, closed_on=day, amount=amount, **more)


def moves(key: str, *path: tuple[str, str], amount: object = None) -> list[dict[str, object]]:
    return [{"opportunity_id": key, "stage": stage, "entered_at": at, "amount": amount} for stage, at in path]


def event(account: str, at: str, name: str = "used") -> dict[str, object]:
    return {"account_id": account, "occurred_at": at, "event": name}


# ---------------------------------------------------------------- a company with a bit of everything


def mixed_company(seed: int = 7, accounts: int = 60) -> dict[str, list[dict[str, object]]]:
    """Tables of a random company, the same for the same seed: two years to October 2026, three segments.

    It has price changes, returns, overlapping lines, skipped and backward stages, equal timestamps, two
    currencies, a moved segment, open deals, accounts nobody wrote down and money with four decimals; events
    that only `identities` tell the account of, reasons that are missing, not listed or of nobody who left, and
    cost of no channel, with credits.
    """
    rng = np.random.default_rng(seed)
    first = dt.date(2024, 11, 1)

    def day(low: int, high: int) -> dt.date:
        return first + dt.timedelta(days=int(rng.integers(low, high)))

    def instant(date: dt.date) -> str:
        return f"{date.isoformat()}T{int(rng.integers(0, 24)):02d}:{int(rng.integers(0, 60)):02d}:00"

    owners = [
        {"owner": f"o{i}", "team": f"team{i % 2}", "territory": ["East", "West"][i % 2], "function": "sales"}
        for i in range(4)
    ]
    people, lines, deals, changes, uses = [], [], [], [], []
    for i in range(accounts):
        key = f"{i:04d}"
        start = day(0, 600)
        people.append(
            {
                "account_id": key,
                "started_on": start.isoformat() if i % 9 else None,
                "name": ["NA", f"Account {i}, Ltd", f'"{i}"'][i % 3],
                "segment": ["small", "mid", "large", None][int(rng.choice(4, p=[0.45, 0.3, 0.2, 0.05]))],
                "channel": ["inbound", "outbound", None][int(rng.integers(0, 3))],
                "region": ["EU", "US"][i % 2],
                "onboarding_path": ["guided", "self_serve", None][i % 3],
                "owner": f"o{i % 4}",
            }
        )
        at = start
        for _ in range(int(rng.integers(1, 4)) if i % 9 else 0):
            months = int(rng.integers(1, 14))
            end = at + dt.timedelta(days=30 * months + int(rng.integers(0, 9)))
            amount = f"{rng.integers(100, 90_000) / 12:.4f}"
            lines.append(line(key, at.isoformat(), end.isoformat() if rng.random() < 0.6 else None, amount))
            at = end + dt.timedelta(days=int(rng.choice([0, 0, 40, 100])) - (20 if rng.random() < 0.2 else 0))
        for visit in range(int(rng.integers(0, 12))):
            uses.append(
                event(key, instant(start + dt.timedelta(days=7 * visit + int(rng.integers(0, 20)))), "used")
            )
    uses = [row for row in uses if str(row["occurred_at"]) < "2026-11-01"]
    lines = [row for row in lines if str(row["started_on"]) < "2026-11-01"]
    for i in range(accounts * 3):
        key = f"d{i:04d}"
        created = day(0, 720)
        amount = int(rng.integers(1, 500)) * 100
        path = [STAGES[j] for j in range(4) if j == 0 or rng.random() < 0.8][: int(rng.integers(1, 5))]
        if rng.random() < 0.1 and len(path) > 1:
            path.append(path[-2])
        outcome = [WON, LOST, None][int(rng.choice(3, p=[0.3, 0.4, 0.3]))]
        at, seen = created, []
        for stage in [*path, *([outcome] if outcome else [])]:
            if at >= dt.date(2026, 11, 1):
                break
            seen.append(stage)
            changes.append(
                {
                    "opportunity_id": key,
                    "stage": stage,
                    "entered_at": f"{at.isoformat()}T12:00:00",
                    "amount": amount,
                }
            )
            at += dt.timedelta(days=int(rng.integers(0, 45)))
        over = seen[-1] in (WON, LOST)
        deals.append(
            {
                "opportunity_id": key,
                "created_at": f"{created.isoformat()}T12:00:00",
                "account_id": f"{int(rng.integers(0, accounts + 2)):04d}",
                "kind": ["new", "expansion", "renewal", None][int(rng.choice(4, p=[0.6, 0.2, 0.1, 0.1]))],
                "stage": seen[-1],
                "amount": amount,
                "accepted_at": f"{(created + dt.timedelta(days=3)).isoformat()}T09:00:00" if i % 3 else None,
                "closed_on": str(changes[-1]["entered_at"])[:10] if over else None,
                "expected_close_on": (created + dt.timedelta(days=90 + i % 60)).isoformat(),
                "currency": "USD" if i % 7 else "EUR",
                "owner": f"o{i % 4}",
            }
        )
    targets = [
        {"period": f"{year}-{month:02d}", "metric": "bookings", "value": 1_000_000}
        for year in (2025, 2026)
        for month in range(1, 13)
    ]
    moved = [
        {"account_id": f"{i:04d}", "changed_on": "2026-03-15", "column": "segment", "value": "large"}
        for i in range(3, accounts, 10)
    ]
    rates = [
        {"month_on": f"{year}-{month:02d}-01", "currency": "EUR", "rate": f"1.0{month:02d}7"}
        for year in (2024, 2025, 2026)
        for month in range(1, 13)
    ]
    return {
        "accounts": people,
        "owners": owners,
        "subscriptions": lines,
        "opportunities": deals,
        "stage_changes": changes,
        "events": uses,
        "targets": targets,
        "account_changes": moved,
        "exchange_rates": rates,
        **mixed_doings(np.random.default_rng([seed, 1]), people, uses, lines),
        **mixed_money(np.random.default_rng([seed, 2])),
    }


def mixed_doings(rng: np.random.Generator, people: Rows, uses: Rows, lines: Rows) -> dict[str, Any]:
    """Who did what: events with users, of whom some are known by identities alone; and why accounts left."""
    doings, known = [], []
    for i, row in enumerate(uses):
        user = f"{row['account_id']}-{int(rng.integers(0, 3))}"
        kind = "invited" if rng.random() < 0.3 else row["event"]
        hidden = rng.random() < 0.2
        doings.append(
            {**row, "event": kind, "user_id": user, "account_id": None if hidden else row["account_id"]}
        )
        if hidden and i % 4:  # of a quarter nobody knows the account
            known.append({"user_id": user, "account_id": row["account_id"], "linked_at": row["occurred_at"]})
    said = [
        {
            "account_id": row["account_id"],
            "churned_on": str(dt.date.fromisoformat(str(row["ended_on"])) + dt.timedelta(days=day)),
            "reason": ["price", "no_adoption", "payment_failed", None, "bankrupt"][day % 5],
        }
        for row in lines
        if row["ended_on"] and (day := int(rng.integers(0, 90))) < 60 and str(row["ended_on"]) < "2026-08-15"
    ]
    said.append({"account_id": str(people[0]["account_id"]), "churned_on": "2025-12-24", "reason": "price"})
    return {"events": doings, "identities": known, "churn_events": said}


def mixed_money(rng: np.random.Generator) -> dict[str, Any]:
    """Two years of postings and closed months."""
    spend, finance = [], []
    for m in range(24):
        month = f"{2024 + (10 + m) // 12}-{(10 + m) % 12 + 1:02d}-01"
        for function, category, channel, purpose in (
            ("marketing", "media", "inbound", "new"),
            ("marketing", "media", "outbound", "new"),
            ("marketing", "agency", None, None),
            ("marketing", "tools", None, "expansion"),
            ("sales", "payroll", None, "new"),
            ("sales", "payroll", "outbound", "expansion"),
            ("sales", "sales_engineering", None, "new"),
            ("customer_success", "payroll", None, "retention"),
        ):
            row = {"month_on": month, "function": function, "category": category, "channel": channel}
            amount = f"{int(rng.integers(10_000, 9_000_000)) / 7:.4f}"
            segment = ["small", "large", None][int(rng.integers(0, 3))]
            spend.append({**row, "purpose": purpose, "segment": segment, "amount": amount, "currency": None})
        spend.append({**spend[-8], "amount": "-123.4567", "currency": "EUR"})
        revenue = 100_000 + 1234.5678 * m
        finance.append(
            {
                "month_on": month,
                "revenue_amount": f"{revenue:.4f}",
                "cogs_amount": f"{revenue * 0.21:.4f}",
                "subscription_revenue_amount": f"{revenue * 0.9:.4f}",
                "subscription_cogs_amount": f"{revenue * 0.16:.4f}",
                "sales_amount": f"{revenue * 0.3:.4f}",
                "marketing_amount": f"{revenue * 0.2:.4f}",
                "customer_success_amount": f"{revenue * 0.05:.4f}",
            }
        )
    return {"spend": spend, "finance": finance}


def shuffled(tables: Mapping[str, Rows], seed: int) -> dict[str, list[Mapping[str, object]]]:
    """The same tables with their rows in another order."""
    rng = np.random.default_rng(seed)
    return {name: [table[i] for i in rng.permutation(len(table))] for name, table in tables.items()}


# ---------------------------------------------------------------- reading a result


def rows(frame: pd.DataFrame, **where: object) -> pd.DataFrame:
    """The rows in which each named column has the value."""
    for column, value in where.items():
        frame = frame[frame[column].astype("object") == value]
    return frame


def one(frame: pd.DataFrame, **where: object) -> Any:
    """The only row that fits; its cells by name."""
    found = rows(frame, **where)
    assert len(found) == 1, f"{len(found)} rows fit {where}:\n{found.to_string()}"
    return found.iloc[0]


def counts(row: Any) -> tuple[int, int]:
    return round(float(row["numerator"])), round(float(row["denominator"]))


def triangle(frame: pd.DataFrame) -> dict[tuple[str, int], tuple[int, int]]:
    """(cohort, age) -> (numerator, denominator), without the pooled rows."""
    return {
        (str(row["cohort"]), int(row["age"])): counts(row)
        for _, row in frame.iterrows()
        if row["cohort"] != "all"
    }


def movements(frame: pd.DataFrame) -> dict[tuple[str, str], float]:
    """(period, movement) -> value of a bridge, without the zeros."""
    return {
        (str(row["period"]), str(row["movement"])): float(row["value"])
        for _, row in frame.iterrows()
        if pd.notna(row["value"]) and float(row["value"]) != 0
    }


# ---------------------------------------------------------------- the command line


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "gtmkit", *map(str, arguments)]


def surroundings(**more: str) -> dict[str, str]:
    """The environment of this process, with the package importable from any folder."""
    return {**os.environ, "PYTHONPATH": str(ROOT), **more}


def gtm(
    *arguments: object, cwd: Path | None = None, timeout: float = 600, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run one gtmkit command to its end."""
    return subprocess.run(
        command(*arguments),
        cwd=cwd or ROOT,
        env=surroundings(**environment),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def published(out: Path, period: str) -> Path:
    """The folder of the one published report of the period under --out."""
    found = [path.parent for path in out.rglob("run.json") if path.parent.name == period]
    found = [path for path in found if not {"failed", "staging"} & {part.strip(".") for part in path.parts}]
    assert len(found) == 1, f"{len(found)} published reports of {period} under {out}: {found}"
    return found[0]
