"""The command line: results on stdout, progress and errors on stderr, exit codes that a schedule can read.

0 fine, 1 a notebook failed, 2 a setting or parameter cannot be used, 3 data breaks its contract or a check found
an error, 4 another run is under way, 5 the disk refused, 7 a strict check found warnings, 70 a fault of gtmkit
itself, 130 and 143 interrupted.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from gtmkit.errors import ConfigError, GtmkitError, did_you_mean

DEFAULT_WORKSPACE = Path("data/sample")
INTERNAL = 70
MOST_ROWS = 100  # of records that a terminal shows
WIDE = 400  # characters: a record stays on its line, whatever the terminal makes of it

app = typer.Typer(
    name="gtmkit",
    help="Go-to-market reviews that say how far each figure can be believed.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
AS_IT_IS: dict[str, Any] = {"markup": False, "emoji": False, "highlight": False}  # data is no markup of Rich
errors = Console(stderr=True, soft_wrap=True, **AS_IT_IS)


class Format(StrEnum):
    """How a result is printed."""

    table = "table"
    csv = "csv"
    json = "json"


class Told(StrEnum):
    """How what `check` found is printed."""

    table = "table"
    json = "json"
    html = "html"


Workspace = Annotated[Path, typer.Option(help="Folder that holds gtm.toml and the tables.")]
PeriodLabel = Annotated[
    str | None,
    typer.Option(help="2026-W45, 2026-10, 2026-Q3 or 2026; by default the last month complete in the data."),
]
Where = Annotated[
    list[str] | None,
    typer.Option(metavar="COLUMN=VALUE", help="Confine it to one value of a column; may be repeated."),
]
As = Annotated[Format, typer.Option("--format", help="How the result is printed.")]


@app.command()
def report(
    workspace: Workspace = DEFAULT_WORKSPACE,
    period: PeriodLabel = None,
    only: Annotated[
        list[str] | None, typer.Option(help="A notebook; publishes nothing, writes PERIOD.partial.")
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="KEY=VALUE for the notebooks' parameters.")
    ] = None,
    where: Where = None,
    out: Annotated[Path, typer.Option(help="Folder of the reports.")] = Path("reports"),
    notebooks: Annotated[Path | None, typer.Option(help="Folder of the notebooks.")] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Notebooks at once; by default two a core.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Run the review of a period and publish it whole; prints the path of its page last."""
    with _exits(as_json):
        from gtmkit.report import run_report
        from gtmkit.workspace import conditions

        page = run_report(
            workspace, period, only=only or (), parameters=_pairs(settings or ()),
            where=conditions(where or ()), out=out,
            notebooks=notebooks or _notebooks(), workers=workers,
            progress=lambda line: errors.print(line),
        )  # fmt: skip
        shown = os.path.relpath(page) if page.is_relative_to(Path.cwd()) else str(page)
        typer.echo(json.dumps({"page": shown}) if as_json else shown)


@app.command()
def metric(
    metric_id: Annotated[
        str, typer.Argument(metavar="ID", help="A metric, or a variant with a dot: win_rate.amount.")
    ],
    workspace: Workspace = DEFAULT_WORKSPACE,
    period: PeriodLabel = None,
    by: Annotated[
        list[str] | None, typer.Option(help="A column to break it down by; may be repeated.")
    ] = None,
    periods: Annotated[int, typer.Option(help="How many periods, ending with the one under review.")] = 1,
    where: Where = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="KEY=VALUE: an option of the metric.")
    ] = None,
    form: As = Format.table,
) -> None:
    """Answer one metric: value, interval, n, status and reason, a row each."""
    with _exits(form is Format.json):
        from gtmkit import catalog, display, wording
        from gtmkit.ledgers.dimensions import told_by_channel
        from gtmkit.workspace import conditions
        from gtmkit.workspace import open as open_workspace

        row, _ = catalog.find(metric_id)
        options = _typed(row, _pairs(settings or ()))
        ws = open_workspace(workspace, period, conditions(where or ()))
        frame = ws.metric(metric_id, by=by or (), periods=periods, **options)
        if form is Format.table:
            typer.echo(display.words(frame))
            if told_by_channel(by or ()):
                typer.echo(f"\n{wording.attribution_rule(ws.config)}")
            return
        rows = [
            {k: _plain(str(k), v) for k, v in record.items()}
            for record in frame.astype(object).where(frame.notna(), None).to_dict("records")
        ]
        _show(rows, list(frame.columns), form, metric_id)


@app.command()
def explain(
    metric_id: Annotated[
        str, typer.Argument(metavar="ID", help="A metric, or a variant with a dot: win_rate.amount.")
    ],
    versus: Annotated[
        str | None,
        typer.Option(
            metavar="PERIOD", help="The earlier period, of the same length; by default the one before."
        ),
    ] = None,
    workspace: Workspace = DEFAULT_WORKSPACE,
    period: PeriodLabel = None,
    by: Annotated[
        list[str] | None, typer.Option(help="A column to tell the change by; each of several by itself.")
    ] = None,
    at: Annotated[
        list[str] | None,
        typer.Option(metavar="AXIS=VALUE", help="Which figure of a metric with axes: stage=proposal."),
    ] = None,
    depth: Annotated[
        int | None,
        typer.Option(help="So many levels of what it is made of; below them the groups of --by."),
    ] = None,
    where: Where = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="KEY=VALUE: an option of the metric.")
    ] = None,
    form: As = Format.table,
) -> None:
    """Why a metric moved since an earlier period: mix and rate by a column, or what it is made of."""
    with _exits(form is Format.json):
        from gtmkit import catalog, explain, wording
        from gtmkit.trust import shown
        from gtmkit.workspace import conditions
        from gtmkit.workspace import open as open_workspace

        row, _ = catalog.find(metric_id)
        options = _typed(row, _pairs(settings or ()))
        ws = open_workspace(workspace, period, conditions(where or ()))
        found = [
            ws.explain(metric_id, versus, column, at=_pairs(at or ()), depth=depth, **options)
            for column in (*(by or ()),) or (None,)
        ]
        if form is Format.table:
            label = catalog.label(metric_id, ws.config)
            said = [
                str(wording.why(told, subject=label, currency=ws.config.company.currency)) for told in found
            ]
            trust = shown.words({label: ws.trust(row.id)})
            typer.echo("\n\n".join(filter(None, [*said, trust])))
            return
        rows = explain.records(found)
        told = [{k: _plain(str(k), v) for k, v in record.items()} for record in rows]
        _show(told, explain.COLUMNS, form, metric_id)


@app.command("rows")
def records(
    metric_id: Annotated[
        str, typer.Argument(metavar="ID", help="A metric, or a variant with a dot: win_rate.amount.")
    ],
    workspace: Workspace = DEFAULT_WORKSPACE,
    period: PeriodLabel = None,
    by: Annotated[
        list[str] | None, typer.Option(help="A column of the metric to show beside; may be repeated.")
    ] = None,
    periods: Annotated[int, typer.Option(help="How many periods, ending with the one under review.")] = 1,
    where: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN=VALUE", help="Only these; a column of the metric, or its axis."),
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="KEY=VALUE: an option of the metric.")
    ] = None,
    form: As = Format.table,
) -> None:
    """The records behind a number: each with what it adds to numerator and denominator, and what it is."""
    with _exits(form is Format.json):
        from gtmkit import catalog, rows
        from gtmkit.workspace import conditions
        from gtmkit.workspace import open as open_workspace

        row, _ = catalog.find(metric_id)
        options = _typed(row, _pairs(settings or ()))
        ws = open_workspace(workspace, period)
        frame = rows.rows(ws, metric_id, by or (), periods, conditions(where or ()), **options)
        told = frame.astype(object).where(frame.notna(), None)
        shown = told.head(MOST_ROWS) if form is Format.table else told
        found = [{k: _plain(str(k), v) for k, v in record.items()} for record in shown.to_dict("records")]
        title = f"{catalog.label(metric_id, ws.config)}: {len(frame):,} rows"
        _show(found, list(frame.columns), form, title, width=WIDE)
        if len(shown) < len(told):
            errors.print(f"The first {len(shown)} of them: --format csv prints all.")


@app.command()
def metrics(
    metric_id: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="A metric or variant: all there is to know of it.")
    ] = None,
    layer: Annotated[
        int | None, typer.Option(min=1, max=4, help="1 outcomes, 2 outputs, 3 value signals, 4 inputs.")
    ] = None,
    form: As = Format.table,
) -> None:
    """The catalogue: every metric with its unit and definition; or one, down to the tables it is made of."""
    with _exits(form is Format.json):
        from gtmkit import catalog, reference

        if metric_id is not None:
            page = reference.help(metric_id)
            if form is Format.table:
                typer.echo(str(page))
            else:
                rows = [{"term": name, "text": "\n".join(lines)} for name, lines in page.terms.items()]
                _show(rows, ["term", "text"], form, page.label)
            return
        frame = catalog.overview()
        asked = frame[frame["layer"] == layer] if layer else frame
        columns = ["id", "layer", "unit", "definition"]
        shown = list(asked.columns) if form is not Format.table else columns
        _show(asked[shown].to_dict("records"), shown, form, "Metrics")


@app.command()
def predictions(
    workspace: Workspace = DEFAULT_WORKSPACE,
    period: PeriodLabel = None,
    where: Where = None,
    out: Annotated[Path, typer.Option(help="Folder of the reports.")] = Path("reports"),
    each: Annotated[
        bool, typer.Option("--each", help="Every prediction with what came of it, not their scores.")
    ] = False,
    form: As = Format.table,
) -> None:
    """What earlier reviews stated of later periods, and how near it came: by metric, kind and owner."""
    with _exits(form is Format.json):
        from gtmkit import predictions as ledger
        from gtmkit.report.review import home_of
        from gtmkit.workspace import conditions
        from gtmkit.workspace import open as open_workspace

        ws = open_workspace(workspace, period, conditions(where or ()))
        kept = ledger.earlier(home_of(workspace, out), ws)
        scored = ledger.scored(kept.rows, ws)
        if form is Format.table and not each:
            typer.echo(str(ledger.page(kept, ledger.scores(scored), ws)))
            return
        frame = ledger.each(scored) if each else ledger.totals(ledger.scores(scored))
        told = frame.astype(object).where(frame.notna(), None).to_dict("records")
        rows = [{k: _plain(str(k), v) for k, v in record.items()} for record in told]
        _show(rows, list(frame.columns), form, "Predictions of earlier reviews", width=WIDE)
        for name, why in kept.unread.items():
            errors.print(f"{name} is left out: {why}.")


@app.command()
def check(
    workspace: Workspace = DEFAULT_WORKSPACE,
    period: PeriodLabel = None,
    strict: Annotated[bool, typer.Option("--strict", help="Leave with 7 where there are warnings.")] = False,
    form: Annotated[Told, typer.Option("--format", help="How it is printed; html is a page.")] = Told.table,
) -> None:
    """Whether the measurement can be believed: contracts, freshness, event names, campaign parameters.

    Leaves with 3 where there is an error, with 0 where there are only warnings and notes.
    """
    with _exits(form is Told.json):
        from gtmkit.check import check as run_check

        found = run_check(workspace, period)
        if form is Told.json:
            rows = {"company": found.company, "period": found.period, "faults": found.records()}
            typer.echo(json.dumps(rows, ensure_ascii=False, indent=1, allow_nan=False))
        else:
            typer.echo(found.html() if form is Told.html else found.text(), nl=form is not Told.html)
        if code := found.exit_code(strict):
            raise typer.Exit(code)


@app.command()
def sample(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where to write the simulated company.")],
    accounts: Annotated[int | None, typer.Option(min=1, help="How many accounts.")] = None,
    seed: Annotated[
        int | None, typer.Option(help="Another seed gives another company with the same truths.")
    ] = None,
) -> None:
    """Write the simulated company, its exports and gtm.toml, into a folder."""
    with _exits(False):
        from gtmkit.sample import write_sample

        chosen = {"accounts": accounts, "seed": seed}
        write_sample(folder, **{name: value for name, value in chosen.items() if value is not None})
        typer.echo(str(folder))


@app.command()
def tidy(
    notebooks: Annotated[Path, typer.Argument(help="Folder of the notebooks.")] = Path("notebooks"),
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; exit 1 where something would change.")
    ] = False,
) -> None:
    """Strip notebooks to what is reviewed, the golden cell kept, and say where their form is broken."""
    with _exits(False):
        from gtmkit import notebooks as form

        faults = []
        paths = sorted(notebooks.glob("*.ipynb"))
        if not paths:
            raise ConfigError(f"{notebooks} holds no notebooks. A folder with *.ipynb is allowed. Name one.")
        for path in paths:
            if check:
                faults += (
                    []
                    if form.canonical(form.read(path)) == path.read_text("utf-8")
                    else [f"{path} is not tidy. Run gtmkit tidy."]
                )
            elif form.tidy(path):
                typer.echo(str(path))
            faults += form.lint(path)
        for fault in faults:
            errors.print(fault)
        if faults:
            raise typer.Exit(1)


@app.command()
def lab(
    notebooks: Annotated[Path, typer.Argument(help="Folder of the notebooks.")] = Path("notebooks"),
) -> None:
    """Open JupyterLab on the notebooks."""
    raise typer.Exit(subprocess.call([sys.executable, "-m", "jupyterlab", str(notebooks)]))


def main() -> None:
    """Run the command line."""
    app()


@contextmanager
def _exits(as_json: bool) -> Iterator[None]:
    """Turns what gtmkit refuses into its message and exit code, and anything else into 70."""
    try:
        yield
    except GtmkitError as error:
        if as_json:
            kind = type(error).__name__
            typer.echo(json.dumps({"error": kind, "message": str(error), "exit_code": error.exit_code}))
        errors.print(f"{type(error).__name__}: {error}")
        raise typer.Exit(error.exit_code) from None
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    except (typer.Exit, typer.Abort, SystemExit):
        raise
    except Exception as error:
        with tempfile.NamedTemporaryFile("w", prefix="gtmkit-", suffix=".txt", delete=False) as told:
            told.write(traceback.format_exc())
        errors.print(
            f"{type(error).__name__}: {error}\nThis is a fault of gtmkit, not of your data. "
            f"Please report it with the file {told.name}."
        )
        raise typer.Exit(INTERNAL) from None


def _notebooks() -> Path:
    """The notebooks of the folder one is in, else those of the checkout that gtmkit runs from."""
    here, checkout = Path("notebooks"), Path(__file__).parents[1] / "notebooks"
    return here if here.is_dir() or not checkout.is_dir() else checkout


def _pairs(settings: Sequence[str]) -> dict[str, str]:
    pairs = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals or not name:
            raise ConfigError(f"'{setting}' is not a setting. KEY=VALUE is allowed. Write it so.")
        pairs[name] = value
    return pairs


def _typed(row: Any, pairs: dict[str, str]) -> dict[str, Any]:
    """Options as the metric's annotations have them: whole numbers, lists with commas, the rest as text."""
    typed: dict[str, Any] = {}
    for name, value in pairs.items():
        if name not in row.options:
            raise ConfigError(
                f"{row.id} has no option '{name}'.{did_you_mean(name, row.options)} "
                f"It has: {', '.join(row.options) or 'none'}. Use one of these."
            )
        wants = str(row.options[name].annotation)
        if "int" in wants and not re.fullmatch(r"-?[0-9]{1,9}", value):
            raise ConfigError(f"{name}={value} is not a whole number. {row.id} takes one. Write a number.")
        typed[name] = int(value) if "int" in wants else value.split(",") if "Sequence" in wants else value
    return typed


def _show(
    rows: Sequence[dict[Any, Any]], columns: Sequence[str], form: Format, title: str, width: int | None = None
) -> None:
    if form is Format.json:
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=1, allow_nan=False))
    elif form is Format.csv:
        from gtmkit import spreadsheet

        text = spreadsheet.text(columns, ([row[column] for column in columns] for row in rows))
        # As the tools of a shell take it: no mark before the first name, no CR at a line's end.
        typer.echo(text.removeprefix(spreadsheet.MARK).replace("\r\n", "\n"), nl=False)
    else:
        table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
        for column in columns:
            table.add_column(column, overflow="fold", no_wrap=column in ("id", "period", "status"))
        for row in rows:
            table.add_row(*[_cell(row[column]) for column in columns])
        Console(width=width, **AS_IT_IS).print(table)


def _plain(name: str, value: Any) -> Any:
    """A cell of a result as JSON and CSV write it: null for what is not there, n as a whole number."""
    from gtmkit.results import rounded

    if value is None or value != value:
        return None
    return int(value) if name == "n" else rounded(value) if isinstance(value, float) else value


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return (
        f"{value:,.4g}"
        if isinstance(value, float) and abs(value) < 1000
        else (f"{value:,.0f}" if isinstance(value, float) else str(value))
    )
