"""The sample company: a simulated B2B SaaS business, written as exports, with known truths planted in it."""

import json
import re
from importlib.resources import files
from pathlib import Path

from gtmkit.errors import ConfigError
from gtmkit.sample import costs, demand, expected, exports, keeping, working
from gtmkit.sample.sheets import CsvFolder, ParquetFolder
from gtmkit.sample.story import Story, tell
from gtmkit.sample.truths import TOLERANCES, Truths

__all__ = ["ACCOUNTS", "LARGE", "SEED", "TOLERANCES", "Truths", "write_sample"]

ACCOUNTS = 1_500
FEWEST = 50
LARGE = 20_000  # accounts beyond which the tables are Parquet, written a chunk at a time
CHUNK = 5_000
SEED = 11
NEXT_SEED = 1_000_003  # between the seeds of two chunks
ZIPPED = (
    "activities", "events", "health_scores", "leads", "stage_changes", "tickets", "touches", "traffic"
)  # fmt: skip

Folder = CsvFolder | ParquetFolder


def write_sample(
    folder: Path, *, accounts: int = ACCOUNTS, seed: int = SEED, large: int = LARGE, chunk: int = CHUNK
) -> None:
    """Write the simulated company's exports, its gtm.toml and its truths into a folder, made where missing.

    The same accounts and seed give the same bytes. Every table has its own random stream, so that another
    table changes none of the others. Files of the same name are overwritten. Companies of more than `large`
    accounts are written as Parquet, `chunk` accounts at a time, so that memory does not grow with them.

    Raises ConfigError where the accounts are too few.
    """

    if accounts < FEWEST:
        raise ConfigError(
            f"{accounts} accounts are too few for a company with every table. Allowed: {FEWEST} or more. "
            f"Leave --accounts out for {ACCOUNTS:,}."
        )
    truths = Truths()
    folder.mkdir(parents=True, exist_ok=True)
    is_large = accounts > large
    out: Folder = ParquetFolder(folder) if is_large else CsvFolder(folder, ZIPPED)
    company = costs.Company()
    told = deals = 0
    while told < accounts:
        n = _next(accounts - told, chunk if is_large else accounts)
        story = tell(n, seed + NEXT_SEED * (told // chunk), truths, told, deals)
        write_story(out, story)
        company.add(story)
        told, deals = told + n, deals + len(story.deals)
    write_company(out, company, accounts / ACCOUNTS, seed, truths)
    out.close()
    settings = files("gtmkit.sample").joinpath("gtm.toml").read_text(encoding="utf-8")
    (folder / "gtm.toml").write_bytes((as_parquet(settings) if is_large else settings).encode())
    records = json.dumps(
        expected.records(truths, accounts / ACCOUNTS, is_large), indent=1, ensure_ascii=False
    )
    (folder / "truths.json").write_bytes(f"{records}\n".encode())


def _next(left: int, chunk: int) -> int:
    """The accounts of the next chunk: never so few that a table would be empty in the one after it."""
    return left if left < chunk + FEWEST else chunk


def write_story(out: Folder, story: Story) -> None:
    """Write, or add to, the tables that tell of single accounts."""
    out.add("accounts", exports.accounts(story))
    out.add("account_changes", exports.account_changes(story))
    out.add("opportunities", exports.opportunities(story))
    out.add("stage_changes", exports.stage_changes(story))
    out.add("subscriptions", exports.subscriptions(story))
    events = exports.events(story)
    out.add("events", events, exports.impossible(events, story.truths.impossible_dates))
    leads = demand.leads(story)
    touches = demand.touches(story, leads)
    out.add("leads", demand.leads_sheet(story, leads))
    out.add("touches", demand.touches_sheet(story, touches))
    out.add("identities", demand.identities(story, leads, touches))
    out.add("activities", working.activities(story, leads))
    months = keeping.customer_months(story)
    score = keeping.health(story, months)
    tickets = keeping.tickets(story, months)
    out.add("health_scores", keeping.health_scores(story, months, score))
    out.add("tickets", keeping.tickets_sheet(story, tickets, keeping.pushed_tickets(story, months)))
    out.add("surveys", keeping.surveys(story, months, score, tickets))
    out.add("churn_events", keeping.churn_events(story))


def write_company(out: Folder, company: costs.Company, scale: float, seed: int, truths: Truths) -> None:
    """Write the tables that tell of the company as a whole."""
    postings = costs.postings(company, scale, truths)
    out.add("owners", exports.owners())
    out.add("targets", exports.targets(scale))
    out.add("exchange_rates", exports.rates())
    out.add("traffic", demand.traffic(scale, seed, truths))
    out.add("spend", costs.spend(postings))
    out.add("finance", costs.finance(company, postings, scale, truths))
    out.add("inputs", costs.inputs(seed))


def as_parquet(settings: str) -> str:
    """The settings for tables that are Parquet files; a typed file cannot hold a day that does not exist."""
    settings = re.sub(r'(?m)^path = "(\w+)\.csv(\.gz)?"', r'path = "\1.parquet"', settings)
    return re.sub(r"(?m)^max_rejected = .*\n", "", settings)
