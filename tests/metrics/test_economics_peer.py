"""A published table of ten orders and five months of spend, read as a workspace: the same CAC of every month."""

import csv
import datetime as dt
from pathlib import Path

import paper
import pytest
from acceptance.workspaces import SHARED, settings_text, write_csv

import gtmkit
from gtmkit.workspace import Workspace

PEER = SHARED / "data" / "cac_ltv_small"
pytestmark = pytest.mark.skipif(not PEER.exists(), reason="the shared data is not here")

PUBLISHED = {"2023-01": 800, "2023-02": 1840, "2023-03": 985, "2023-04": 1045, "2023-05": 2220}


@pytest.fixture(scope="module")
def peer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The peer's files as they are: spend by month and channel, accounts from each customer's first order."""
    folder = tmp_path_factory.mktemp("peer") / "peer"
    folder.mkdir()
    (folder / "spend.csv").write_bytes((PEER / "data" / "marketing_spend.csv").read_bytes())
    first: dict[str, dict[str, object]] = {}
    with (PEER / "data" / "orders_sample.csv").open(encoding="utf-8") as file:
        for order in sorted(csv.DictReader(file), key=lambda row: row["order_date"]):
            account = {
                "account_id": order["customer_id"],
                "started_on": order["order_date"],
                "channel": order["channel"],
            }
            first.setdefault(order["customer_id"], account)
    write_csv(folder / "accounts.csv", ["account_id", "started_on", "channel"], first.values())
    names = {name: name for name in ("account_id", "started_on", "channel")}
    sections: dict[str, dict[str, object]] = {
        "company": {"name": "Peer", "currency": "USD"},
        "cac": {
            "lag_months": 0, "window_months": 1, "allocation": "none",
            "not_applicable": ["tools", "payroll", "agency", "sales_engineering"],
        },
        "tables.accounts": {"path": "accounts.csv", "columns": names, "through": dt.date(2023, 5, 31)},
        "tables.spend": {
            "path": "spend.csv", "date_format": "%Y-%m", "through": dt.date(2023, 5, 31),
            "columns": {"month_on": "month", "channel": "channel", "amount": "spend"},
            "constants": {"function": "marketing"},
        },
    }  # fmt: skip
    (folder / "gtm.toml").write_text(settings_text(sections), encoding="utf-8")
    return folder


def opened(folder: Path, period: str) -> Workspace:
    return gtmkit.open(folder, period)


def test_cac_is_what_the_peer_published(peer: Path) -> None:
    frame = opened(peer, "2023-05").metric("cac", periods=5)
    assert dict(paper.cells(frame, "period", "value")) == PUBLISHED
    assert set(frame["status"]) == {"final"}


def test_channels_that_cannot_be_divided_are_rows_with_reasons(peer: Path) -> None:
    ws = opened(peer, "2023-01")
    got = paper.cells(ws.metric("cac", by="channel"), "channel", "value", "numerator", "n", "status")
    # C001 came by paid_search on 800; C002 by organic, on which nothing is spent. The rest won nobody.
    assert got == [
        ("affiliate", None, 200, 0, "undefined"),
        ("email", None, 100, 0, "undefined"),
        ("organic", None, 0, 1, "undefined"),
        ("paid_search", 800, 800, 1, "final"),
        ("paid_social", None, 500, 0, "undefined"),
    ]
    reasons = dict(paper.cells(ws.metric("cac", by="channel"), "channel", "reason"))
    assert "no new logos" in reasons["affiliate"]
    assert "no spend on it" in reasons["organic"]
    assert not any(value in ("0", "inf") for value in map(str, reasons.values()))


@pytest.mark.parametrize("metric", ["cac", "cac.paid"])
def test_the_channels_of_each_month_add_up_to_the_month(peer: Path, metric: str) -> None:
    ws = opened(peer, "2023-05")
    whole = ws.metric(metric, periods=5).set_index("period")
    parts = ws.metric(metric, by="channel", periods=5).groupby("period")[["numerator", "n"]].sum()
    for period in PUBLISHED:
        assert parts.loc[period, "numerator"] == whole.loc[period, "numerator"]
        assert parts.loc[period, "n"] == whole.loc[period, "n"]
