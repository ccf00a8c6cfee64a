"""A paper company for the batch: two small notebooks, and a workspace that answers without any data.

Run as a program it makes one review in a process of its own, so that tests can kill it.
"""

import json
import sys
from pathlib import Path

import duckdb
import nbformat
import pandas as pd
from nbformat import v4

from gtmkit import results
from gtmkit.config import Config
from gtmkit.errors import ConfigError, GtmkitError
from gtmkit.health.fault import Fault
from gtmkit.periods import Period
from gtmkit.report import run as batch
from gtmkit.trust import Standing, Trust

SETTINGS = """
[company]
name = "Paper & Sons"
currency = "EUR"

[tables.opportunities]
path = "deals.csv"
settles_days = 2
columns = { opportunity_id = "Id", created_at = "Created", amount = "Amount", currency = "Cur" }
"""
PARAMETERS = """\
period: str = "2026-09"  # the month under review
workspace: str = "../data/sample"  # folder holding gtm.toml
where: str = ""  # confines all to one value of a column
window_days: int = 90  # days to reach the next stage (7 to 365)
grain: str = "month"  # how cohorts are cut (one of month, quarter, year)"""


def fact(metric: str, value: float | None, **more: object) -> dict[str, object]:
    return {
        "metric": metric, "variant": "", "version": 1, "unit": "share", "dims": "{}", "period": "2026-10",
        "value": value, "numerator": None, "denominator": None, "n": 40, "low": None, "high": None,
        "status": "final" if value is not None else "undefined", "reason": None,
    } | more  # fmt: skip


class PaperWorkspace:
    """What the batch asks of a workspace, with fixed answers."""

    def __init__(self, folder: Path, period: str | None, store: Path) -> None:
        store.mkdir(parents=True, exist_ok=True)
        self.config = Config.load(folder)
        self.folder = folder
        self.store = store
        self.period = Period.parse(period or "2026-10")
        self.asked: list[str] = []
        self.tables = ["opportunities"]
        self.where: dict[str, str] = {}
        with duckdb.connect() as connection:
            # 1,234.5678 and -0.0001 in ten-thousandths of the unit
            connection.execute(
                "COPY (SELECT 'a' AS opportunity_id, TIMESTAMP '2026-10-01 22:30:00' AS created_at, "
                "12345678::BIGINT AS amount, 'USD' AS currency, 2::BIGINT AS line, 'deals.csv' AS file "
                "UNION ALL SELECT 'b', NULL, -1::BIGINT, NULL, 3, 'deals.csv') "
                f"TO '{store / 'opportunities.parquet'}' (FORMAT parquet)"
            )
        (store / "through.json").write_text(json.dumps({"opportunities": "2026-10-31"}))

    def metric(self, metric: str, periods: int = 1) -> pd.DataFrame:
        self.asked.append(metric)
        return pd.DataFrame({"period": ["2026-10"], "status": ["undefined"]})

    def figures(self, metric: str, periods: int = 1, **options: object) -> pd.DataFrame:
        return results.undefined((), [self.period.label], "on paper", ("cohort", "age") if options else ())

    def records(self) -> list[dict[str, object]]:
        known = {"win_rate": 0.25, "arr": 1_200_000.0}
        return [
            fact(m, known.get(m), reason=None if m in known else "needs table subscriptions")
            | ({"unit": "money"} if m == "arr" else {})
            for m in self.asked
        ]

    def by_record(self, *_: object, **__: object) -> pd.DataFrame:
        raise ConfigError("There are no records on paper.")

    def planned(self) -> dict[str, dict[str, float]]:
        return {}

    def standings(self) -> dict[str, Standing]:
        return {}

    def faults(self) -> list[Fault]:
        return []

    def trust(self, metric: str) -> Trust:
        return Trust("sound")

    def loss_account(self) -> pd.DataFrame:
        return pd.DataFrame({"table": ["opportunities"], "step": ["read"], "rows": [2], "detail": ["=1+1"]})


def notebook(path: Path, *cells: str, parameters: str = PARAMETERS) -> Path:
    """A notebook whose cells are code, or markdown where they begin with #."""
    made = [v4.new_code_cell(parameters, metadata={"tags": ["parameters"]})]
    made += [v4.new_markdown_cell(cell) if cell.startswith("#") else v4.new_code_cell(cell) for cell in cells]
    for place, cell in enumerate(made):
        cell["id"] = f"c{place}"
    node = v4.new_notebook(cells=made)
    node.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(node, path)
    return path


def showing(*facts: dict[str, object]) -> str:
    """A cell that displays facts."""
    return (
        "from IPython.display import display\n"
        "display({'text/plain': 'facts', 'application/vnd.gtmkit.facts+json': "
        f"{list(facts)!r}}}, raw=True)"
    )


def paper_company(folder: Path) -> dict[str, Path]:
    """A workspace and two notebooks below `folder`."""
    workspace, notebooks = folder / "Paper", folder / "notebooks"
    workspace.mkdir(parents=True)
    notebooks.mkdir()
    (workspace / "gtm.toml").write_text(SETTINGS)
    (workspace / "deals.csv").write_text("Id,Created,Amount,Cur\n")
    notebook(
        notebooks / "03_pipeline.ipynb",
        "# Where do deals stall?\nDecision: none.",
        "print(period, workspace, window_days, grain)",
        "## Which stage leaks?\nRead it so.",
        "import os\nprint(os.environ['GTMKIT_PREPARED'].rsplit('/', 1)[-1], os.path.basename(os.getcwd()))",
        showing(fact("win_rate", 0.25), fact("win_rate", 1 / 3, dims='{"segment":"smb"}')),
    )
    notebook(
        notebooks / "04_retention.ipynb",
        "# Do they stay?",
        "import matplotlib.pyplot as plt\nfigure, ax = plt.subplots()\nax.plot([1, 2]);",
        showing(fact("logo_retention", 0.9, n=10, unit="share", variant="month_3")),
    )
    return {"workspace": workspace, "notebooks": notebooks, "out": folder / "reports"}


def use_paper_workspace() -> None:
    """Have the batch open a PaperWorkspace."""
    batch._opened = lambda review: PaperWorkspace(  # type: ignore[assignment]
        review.workspace, review.period, review.staging / "store"
    )


if __name__ == "__main__":
    use_paper_workspace()
    root = Path(sys.argv[1])
    try:
        page = batch.run_report(root / "Paper", "2026-10", out=root / "reports", notebooks=root / "notebooks")
    except KeyboardInterrupt:
        sys.exit(130)
    except GtmkitError as error:
        sys.exit(f"{error}")
