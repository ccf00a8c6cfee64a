"""The folder of a review from its executed notebooks: facts, tables, pages, snapshot, notes."""

import re
import shutil
from collections.abc import Mapping, Sequence
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pandas as pd
from markupsafe import Markup

from gtmkit import catalog, predictions, rows, spreadsheet, store, tables
from gtmkit.contracts import TABLES
from gtmkit.periods import in_words
from gtmkit.report import pages
from gtmkit.report.execute import Executed
from gtmkit.report.facts import Fact, facts_in, one_of_each, write_csv, write_facts, write_tables
from gtmkit.report.faults import fault
from gtmkit.report.gaps import Gap, gaps
from gtmkit.report.headlines import headlines, lead
from gtmkit.report.record import NOTES
from gtmkit.report.redefined import redefined, write_definitions
from gtmkit.report.review import Review
from gtmkit.report.snapshot import write_snapshot
from gtmkit.scorecard.lines import Line
from gtmkit.trust.shown import mark
from gtmkit.wording.sentences import MARK
from gtmkit.workspace import Workspace

LOSS = "loss_account.csv"
PREDICTIONS = "predictions.csv"
SCORECARD = "00_scorecard"  # the notebook whose page is the review's own
PAGE_LINK = re.compile(r'<a href="(?P<page>[0-9]\w+\.html)">(?P<text>.*?)</a>', re.S)
FILE = re.compile(r'<a download="([a-z0-9_]+\.csv)" href="data:text/csv;charset=utf-8,([^"]*)"')


def build(review: Review, ws: Workspace, executed: Sequence[Executed], folder: Path) -> list[Line]:
    """Fill `folder` with all of a review but its run.json; returns what was asked of `ws` as headlines.

    Raises NotebookError if two notebooks answer the same figure differently.
    """
    own = one_of_each(ws.records())
    held, told = _predictions(review, ws, folder)
    facts = one_of_each([*own, *(fact for one in executed for fact in facts_in(one.notebook)), *told])
    downloads = [*_tables(facts, ws.loss_account(), folder), *held]
    records = _records(ws, folder)
    fault("facts")
    lines = headlines(own, review.label, review.config, planned=ws.planned(), is_confined=bool(review.where))
    _pages(review, ws, executed, lines, gaps(facts, review.label, review.config), downloads, records, folder)
    fault("rendered")
    write_definitions(review, folder)
    write_snapshot(store_of(ws), review.config.file, folder / "snapshot")
    fault("snapshot")
    _carry_notes(review, folder)
    fault("noted")
    return lines


def store_of(ws: Workspace) -> Path:
    """Where the prepared tables and ledgers of a workspace that was opened from its folder are."""
    assert ws.store is not None
    return ws.store


def through_of(ws: Workspace) -> dict[str, str]:
    """Up to which day each table reaches, by table."""
    return {table: day.isoformat() for table, day in sorted(store.through(store_of(ws)).items())}


def _tables(facts: Sequence[Fact], loss: pd.DataFrame, folder: Path) -> list[str]:
    """Facts and loss account as files; returns what readers may download."""
    write_facts(facts, folder / "facts.parquet")
    names = write_tables(facts, folder / "tables")
    write_csv(folder / "tables" / LOSS, list(loss.columns), spreadsheet.rows(loss))
    return [*(f"tables/{name}" for name in [*names, LOSS]), "facts.parquet"]


def _predictions(review: Review, ws: Workspace, folder: Path) -> tuple[list[str], list[Fact]]:
    """What this review states of later periods, and what came of what earlier ones stated: files to download, facts."""
    predictions.write(predictions.stated(ws), folder / predictions.FILE)
    scored = predictions.scored(predictions.earlier(review.home, ws).rows, ws)
    if not len(scored):
        return [predictions.FILE], []
    # When the others were made is in their run.json: a review without a clock is the same whenever it is made again.
    each, place = predictions.each(scored).drop(columns="made_at"), f"tables/{PREDICTIONS}"
    (folder / place).parent.mkdir(exist_ok=True)
    write_csv(folder / place, list(each.columns), spreadsheet.rows(each))
    return [place, predictions.FILE], predictions.facts(predictions.scores(scored), review.label)


def _records(ws: Workspace, folder: Path) -> dict[str, str]:
    """The records to act on and those beside them, a file a metric; returns what each is called, by its place."""
    places = {}
    for metric, found in rows.lists(ws).items():
        place = f"rows/{metric}.csv"
        (folder / place).parent.mkdir(exist_ok=True)
        write_csv(folder / place, list(found.columns), spreadsheet.rows(found))
        to_act_on = int((found["to_do"] == "true").sum())
        places[place] = f"{catalog.label(metric, ws.config)}: {to_act_on:,} to act on, of {len(found):,}"
    return places


def _pages(
    review: Review,
    ws: Workspace,
    executed: Sequence[Executed],
    lines: Sequence[Line],
    missing: Sequence[Gap],
    downloads: Sequence[str],
    records: Mapping[str, str],
    folder: Path,
) -> None:
    shown: dict[str, Any] = {
        "company": review.config.company.name,
        "period": review.label,
        "period_in_words": in_words(ws.period),
        "where": [f"{column} = {value}" for column, value in review.where.items()],
        "through": through_of(ws),
        "reproduce": review.reproduce,
        "pages": [
            {
                "href": f"{one.name}.html",
                "title": pages.title_of(one.notebook, one.name),
                "lead": lead(one.notebook),
            }
            for one in executed
            if one.name != SCORECARD
        ],
    }
    own_pages = [one for one in executed if one.name != SCORECARD]
    for one, page in zip(own_pages, shown["pages"], strict=True):
        sections = pages.sections_of(one.notebook)
        text = pages.render("notebook.html.j2", title=page["title"], sections=sections, **shown)
        (folder / page["href"]).write_text(text, encoding="utf-8")
        page["files"] = _files_of(text, folder, one.name)
    notes = _notes(review)
    cards = [pages.sections_of(one.notebook) for one in executed if one.name == SCORECARD]
    scorecard = [section for sections in cards for section in sections if section.heading]
    led_by = [line for line in lines if not line.is_missing and not scorecard]
    text = pages.render(
        "index.html.j2",
        scorecard=scorecard,
        headlines=led_by,
        trust={line.metric: Markup(mark(ws.trust(line.metric))) for line in led_by},
        gaps=missing,
        redefined=redefined(review),
        absent=[table for table in TABLES if table not in ws.tables],
        loss=Markup(tables.loss(ws.loss_account(), ws.period).html()),
        notes=pages.markdown(notes) if _has_words(notes) else None,
        downloads=downloads,
        records=records,
        parameters=review.parameters,
        marks=MARK,
        **shown,
    )
    text = _with_live_links(text, folder)
    (folder / "index.html").write_text(text, encoding="utf-8")
    _files_of(text, folder, SCORECARD)


def _with_live_links(page: str, folder: Path) -> str:
    """The page, its links to pages that are not part of this review as plain text."""
    return PAGE_LINK.sub(lambda link: link[0] if (folder / link["page"]).exists() else link["text"], page)


def _files_of(page: str, folder: Path, name: str) -> list[str]:
    """The tables that a page offers as files too, in a folder of its name; returns where they are."""
    found: dict[str, str] = {}
    for file, address in FILE.findall(page):
        text = unquote(unescape(address))
        place, count = f"tables/{name}/{file}", 2
        while found.get(place, text) != text:  # two tables of one caption
            place, count = f"tables/{name}/{file.removesuffix('.csv')}_{count}.csv", count + 1
        found[place] = text
    for place, text in found.items():
        path = folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
    return list(found)


def _notes(review: Review) -> str:
    """The humans' words as published, else an empty page for them."""
    written = review.target / NOTES
    if written.exists():
        return written.read_text(encoding="utf-8", errors="replace")
    return f"# Notes on {review.label}\n"


def _has_words(notes: str) -> bool:
    """Whether anybody wrote anything below the heading."""
    return bool(re.sub(r"^#.*$", "", notes, flags=re.M).strip())


def _carry_notes(review: Review, folder: Path) -> None:
    """The humans' words byte for byte from the published folder into the new one, as late as can be."""
    written = review.target / NOTES
    if written.exists():
        shutil.copyfile(written, folder / NOTES)
    else:
        (folder / NOTES).write_text(_notes(review), encoding="utf-8")
