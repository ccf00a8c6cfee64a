"""Why figures moved, asked of whole companies: for every metric the parts add up to the change."""

import datetime as dt
import math
from pathlib import Path

import pytest
from acceptance.adding import CLOSES, residual
from acceptance.adding import explained as every_way
from acceptance.whole import whole_channels, whole_company, whole_settings
from acceptance.workspaces import closed, company, line

import gtmkit
from gtmkit import catalog, scorecard
from gtmkit.errors import ConfigError
from gtmkit.workspace import Workspace


@pytest.mark.slow
def test_every_metric_is_explained_to_a_billionth_on_every_level(tmp_path: Path) -> None:
    tables = whole_company(3)
    ws = gtmkit.open(
        company(tmp_path / "c", tables, **whole_settings(), channels=whole_channels()), "2026-10"
    )
    told, found = 0, set()
    for name, row in catalog.METRICS.items():
        for by in (None, *(c for c in ("segment", "channel", "owner") if c in row.by)):
            for depth in (None, 2):
                for at, one in every_way(ws, name, "2026-04", by, depth):
                    assert (one.change is None) == bool(one.reason) == one.parts.empty
                    if not one.reason:
                        assert residual(one) <= CLOSES, (name, by, depth, at)
                        told += 1
                        found.add(name)
    assert told > 300
    assert len(found) > 60


# ---------------------------------------------------------------- by hand

PEOPLE = [
    {"account_id": f"a{i}", "started_on": "2024-01-01", "segment": "small" if i % 2 else "large"}
    for i in range(40)
]


def deals(month: str, small: tuple[int, int], large: tuple[int, int]) -> list[dict[str, object]]:
    """Deals closed in a month: (won, closed) of each segment, spread over the accounts."""
    found = []
    for segment, (won, n) in (("small", small), ("large", large)):
        mine = [p["account_id"] for p in PEOPLE if p["segment"] == segment]
        for i in range(n):
            id_ = f"{month}-{segment}-{i}"
            day = f"{month}-15"
            found.append(closed(id_, "2026-06-01", day, i < won, 100, account_id=mine[i % len(mine)]))
    return found


@pytest.fixture(scope="module")
def ws(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    # September: small 18 of 60, large 8 of 40 = 26 %. October: small 12 of 40, large 15 of 60 = 27 %.
    tables = {
        "accounts": PEOPLE,
        "opportunities": [*deals("2026-09", (18, 60), (8, 40)), *deals("2026-10", (12, 40), (15, 60))],
        "subscriptions": [
            line("a0", "2025-01-01", None, 100),
            line("a1", "2025-01-01", "2026-10-10", 50),
            line("a2", "2026-10-05", None, 30),
        ],
    }
    return gtmkit.open(company(tmp_path_factory.mktemp("c") / "c", tables), "2026-10")


def test_a_share_by_segment_in_mix_and_rate(ws: Workspace) -> None:
    told = ws.explain("win_rate", "2026-09", "segment")
    assert (told.before, told.after) == (pytest.approx(0.26), pytest.approx(0.27))
    parts = told.parts.set_index(["part", "group"])["change"]
    # small: .30 and .30; large: .20 and .25. Centre .265; small lost .2 of the weight.
    assert parts["rate", "small"] == pytest.approx(0)
    assert parts["rate", "large"] == pytest.approx((0.4 + 0.6) / 2 * 0.05)
    assert parts["mix", "small"] == pytest.approx(-0.2 * (0.30 - 0.265))
    assert parts["mix", "large"] == pytest.approx(0.2 * (0.225 - 0.265))
    totals = told.totals.set_index("part")
    assert totals.loc["mix", "change"] == pytest.approx(-0.015)
    assert totals.loc["rate", "change"] == pytest.approx(0.025)
    assert totals.loc["rate", "low"] < 0.025 < totals.loc["rate", "high"]
    assert told.parts.set_index(["part", "group"]).loc[
        ("rate", "large"), ["n_before", "n_after"]
    ].tolist() == [40, 60]


def test_an_amount_by_segment_has_neither_mix_nor_interval(ws: Workspace) -> None:
    told = ws.explain("mrr", "2026-09", "segment")
    # 150 was, 130 is: small lost a1's 50, large won a2's 30.
    assert told.parts[["part", "group", "change"]].to_numpy().tolist() == [
        ["amount", "large", 30.0], ["amount", "small", -50.0]
    ]  # fmt: skip
    assert told.parts["low"].isna().all()


def test_recurring_revenue_by_what_moved_it_since(ws: Workspace) -> None:
    told = ws.explain("arr", "2026-09")
    assert (told.before, told.after, told.by) == (1800, 1560, "movement")
    # a1 left with 50 a month, a2 came with 30.
    moved = told.parts.set_index("part")["change"]
    assert moved.to_dict() == {
        "new": 360, "expansion": 0, "contraction": 0, "churned": -600, "reactivated": 0
    }  # fmt: skip
    assert ws.explain("mrr", "2026-09").parts.set_index("part")["change"].to_dict() == pytest.approx(
        (moved / 12).to_dict()
    )
    by_segment = ws.explain("arr", "2026-09", "segment", depth=1).parts
    deeper = by_segment[by_segment["level"] == 2][["of", "part", "group", "change"]]
    assert deeper.to_numpy().tolist() == [
        ["new", "amount", "large", 360.0], ["churned", "amount", "small", -600.0]
    ]  # fmt: skip


def test_the_period_before_is_what_it_is_compared_with(ws: Workspace) -> None:
    assert ws.explain("mrr").versus == "2026-09"


def test_a_measure_by_itself_is_one_part(ws: Workspace) -> None:
    told = ws.explain("win_rate", "2026-09")
    assert told.parts["part"].tolist() == ["change"]
    assert told.parts["change"].iloc[0] == pytest.approx(0.01)


def test_what_cannot_be_explained_says_why(ws: Workspace, tmp_path: Path) -> None:
    told = ws.explain("win_rate", "2026-07", "segment")
    assert told.reason.startswith("win_rate has no figure in 2026-07: ")
    assert told.change is None
    with pytest.raises(ConfigError, match="is no period to compare"):
        ws.explain("win_rate", "2026-10")
    with pytest.raises(ConfigError, match="is no period to compare"):
        ws.explain("win_rate", "2026-Q3")
    with pytest.raises(ConfigError, match=r"depth=0 cannot be told\. Whole numbers from 1 to 5"):
        ws.explain("mrr", "2026-09", depth=0)
    with pytest.raises(ConfigError, match=r"depth=6 cannot be told\. Whole numbers from 0 to 5"):
        ws.explain("mrr", "2026-09", "segment", depth=6)
    with pytest.raises(ConfigError):
        ws.explain("win_rate", "2026-09", "colour")


def test_across_a_change_of_definition_it_refuses(tmp_path: Path) -> None:
    tables = {
        "accounts": PEOPLE,
        "opportunities": [*deals("2026-09", (18, 60), (8, 40)), *deals("2026-10", (12, 40), (15, 60))],
    }
    changes = [{"metric": "win_rate", "on": dt.date(2026, 10, 1), "note": "counted otherwise"}]
    ws = gtmkit.open(company(tmp_path / "c", tables, change=changes), "2026-10")
    told = ws.explain("win_rate", "2026-09", "segment")
    assert (
        told.reason == "the definition of win_rate changed in 2026-10: the two figures do not mean the same"
    )
    assert told.parts.empty
    assert told.change is None


# ---------------------------------------------------------------- axes


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    # Lost in the year to the end of September: s1 with 100, furthest discovery. In October s2 with 300 at proposal.
    deals = [
        closed("s1", "2026-07-01", "2026-09-15", False, 100, account_id="a0"),
        closed("s2", "2026-07-02", "2026-10-15", False, 300, account_id="a1"),
    ]
    steps = [
        {"opportunity_id": key, "stage": stage, "entered_at": at, "amount": amount}
        for key, amount, path in (
            ("s1", 100, (("qualified", "2026-07-01"), ("discovery", "2026-07-11"))),
            (
                "s2",
                300,
                (("qualified", "2026-07-02"), ("discovery", "2026-07-12"), ("proposal", "2026-07-22")),
            ),
        )
        for stage, at in path
    ]
    tables = {"accounts": PEOPLE, "opportunities": deals, "stage_changes": steps}
    return gtmkit.open(company(tmp_path_factory.mktemp("s") / "c", tables), "2026-10")


def test_what_adds_up_over_an_axis_is_told_by_it(staged: Workspace) -> None:
    told = staged.explain("stage_leak", "2026-09")
    assert (told.before, told.after, told.by) == (100, 400, "stage")
    assert told.parts.set_index("part")["change"].to_dict() == {
        "qualified": 0, "discovery": 0, "proposal": 300, "negotiation": 0
    }  # fmt: skip
    one = staged.explain("stage_leak", "2026-09", "segment", at={"stage": "proposal"})
    assert (one.before, one.after, one.at) == (0, 300, "stage = proposal")
    assert one.parts[["group", "change"]].to_numpy().tolist() == [["large", 0.0], ["small", 300.0]]


def test_of_several_figures_one_is_to_be_chosen(staged: Workspace) -> None:
    with pytest.raises(ConfigError) as several:
        staged.explain("time_in_stage", "2026-09")
    assert str(several.value) == (
        "time_in_stage has several figures in a period, so that no one figure moved. Allowed: stage = qualified, "
        "discovery, proposal, negotiation. Choose one with at, such as --at stage=qualified."
    )
    assert staged.explain("time_in_stage", "2026-09", at={"stage": "qualified"}).before == 10
    with pytest.raises(ConfigError, match=r"has no stage 'proposals'\. Did you mean 'proposal'"):
        staged.explain("time_in_stage", "2026-09", at={"stage": "proposals"})
    with pytest.raises(ConfigError, match=r"win_rate has no axis 'stage'\. It has: none\. Leave it out\."):
        staged.explain("win_rate", "2026-09", at={"stage": "proposal"})


# ---------------------------------------------------------------- retention and cost


def test_net_retention_by_how_the_customers_of_then_stand_now(tmp_path: Path) -> None:
    # A year before September: a0 200, a1 100, a3 100. At its end a0 pays 260, a1 40, a3 100: 400 / 400.
    # October, of the same: a3 has left, 300 / 400.
    tables = {
        "accounts": PEOPLE,
        "subscriptions": [
            line("a0", "2025-01-01", "2026-06-01", 200), line("a0", "2026-06-01", None, 260),
            line("a1", "2025-01-01", "2026-06-01", 100), line("a1", "2026-06-01", None, 40),
            line("a3", "2025-01-01", "2026-10-10", 100),
        ],
    }  # fmt: skip
    ws = gtmkit.open(company(tmp_path / "c", tables), "2026-10")
    told = ws.explain("net_revenue_retention", "2026-09")
    assert (told.before, told.after) == (1, 0.75)
    rows = told.parts.set_index("part")
    assert rows["before"].to_dict() == pytest.approx({"expansion": 0.15, "contraction": -0.15, "churned": 0})
    assert rows["change"].to_dict() == pytest.approx({"expansion": 0, "contraction": 0, "churned": -0.25})
    gross = ws.explain("gross_revenue_retention", "2026-09").parts.set_index("part")["change"]
    assert gross.to_dict() == pytest.approx({"contraction": 0, "churned": -0.25})
    # By the ledger's movements of the twelve months, the variant: the same, since nobody is newer.
    flow = ws.explain("net_revenue_retention.bridge", "2026-09").parts.set_index("part")["change"]
    assert flow.to_dict() == pytest.approx(
        {"expansion": 0, "contraction": 0, "churned": -0.25, "reactivated": 0}
    )


@pytest.fixture(scope="module")
def costly(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    # September: search 2 customers for 200, events 1 for 400: 600 / 3 = 200.
    # October: search 2 for 400, events 4 for 1,600: 2,000 / 6 = 333.33.
    people, lines, n = [], [], 0
    for month, won in (("2026-09", {"search": 2, "events": 1}), ("2026-10", {"search": 2, "events": 4})):
        for channel, count in won.items():
            for _ in range(count):
                key, n = f"c{n}", n + 1
                people.append({"account_id": key, "started_on": f"{month}-02", "channel": channel})
                lines.append(line(key, f"{month}-02", None, 100))
    spent = {"2026-09": {"search": 200, "events": 400}, "2026-10": {"search": 400, "events": 1600}}
    costs = [
        {"month_on": f"{month}-01", "amount": amount, "function": "marketing", "channel": channel}
        for month, of in spent.items()
        for channel, amount in of.items()
    ]
    # Revenue is kept since 2025, so that September's customers are seen to be new.
    people.append({"account_id": "old", "started_on": "2025-01-01", "channel": "search"})
    lines.append(line("old", "2025-01-01", None, 100))
    tables = {"accounts": people, "subscriptions": lines, "spend": costs}
    settings = {"window_months": 1, "lag_months": 0, "allocation": "none"}
    return gtmkit.open(company(tmp_path_factory.mktemp("k") / "c", tables, cac=settings), "2026-10")


def test_cost_of_a_customer_by_mix_spend_and_logos(costly: Workspace) -> None:
    told = costly.explain("cac", "2026-09", "channel")
    assert (told.before, told.after) == (200, pytest.approx(1000 / 3))
    parts = told.parts[told.parts["level"] == 1].set_index(["part", "group"])["change"]
    # search: 2/3 of the customers at 100, then 1/3 at 200; events: 1/3 at 400, then 2/3 at 400. Centre 266.67.
    centre = (200 + 1000 / 3) / 2
    assert parts["rate", "search"] == pytest.approx(1 / 2 * 100)
    assert parts["rate", "events"] == pytest.approx(0)
    assert parts["mix", "search"] == pytest.approx(-1 / 3 * (150 - centre))
    assert parts["mix", "events"] == pytest.approx(1 / 3 * (400 - centre))
    deeper = told.parts[told.parts["level"] == 2].set_index(["part", "group"])["change"]
    # search spent twice as much on as many customers: all of its rate is spend.
    assert deeper["spend", "search"] == pytest.approx(50)
    assert deeper["new_logos", "search"] == pytest.approx(0)
    # events spent four times as much on four times as many: half the weight x 400 x ln 4, up and down.
    assert deeper["spend", "events"] == pytest.approx(1 / 2 * 400 * math.log(4))
    assert deeper["new_logos", "events"] == pytest.approx(-1 / 2 * 400 * math.log(4))
    whole = costly.explain("cac", "2026-09")
    assert (whole.by, whole.parts["part"].tolist()) == ("channel", ["mix", "spend", "new_logos"])
    assert whole.parts.set_index("part")["change"]["mix"] == pytest.approx(
        -1 / 3 * (150 - centre) + 1 / 3 * (400 - centre)
    )


def test_a_factor_is_told_by_what_it_is_made_of_in_its_proportions(ws: Workspace) -> None:
    # ARPA: 150 over 2 customers = 75, then 130 over 2 = 65; large 100 and then 65, small 50 and then nobody.
    told = ws.explain("arpa", "2026-09", "segment")
    assert (told.before, told.after) == (75, 65)
    parts = told.parts[told.parts["level"] == 1].set_index(["part", "group"])["change"]
    assert parts["rate", "large"] == pytest.approx((0.5 + 1) / 2 * -35)
    assert residual(told) <= CLOSES


# ---------------------------------------------------------------- confined and by the week


def test_a_confined_workspace_explains_what_it_is_confined_to(ws: Workspace) -> None:
    assert ws.config.file
    small = gtmkit.open(ws.config.file.parent, "2026-10", {"segment": "small"})
    told = small.explain("mrr", "2026-09")
    assert (told.before, told.after) == (50, 0)
    assert told.parts.set_index("part")["change"]["churned"] == -50
    rate = small.explain("win_rate", "2026-09", "channel")
    assert (rate.before, rate.after) == (pytest.approx(0.3), pytest.approx(0.3))


def test_a_week_is_explained_against_the_week_before(ws: Workspace) -> None:
    assert ws.config.file
    week = gtmkit.open(ws.config.file.parent, "2026-W42")
    assert week.explain("mrr").reason == "mrr has no figure in 2026-W41: mrr is counted by the month"


def test_the_parts_stand_among_the_facts(ws: Workspace) -> None:
    ws.explain("win_rate", "2026-09", "segment")
    facts = [fact for fact in ws.records() if fact["variant"] == "explained" and fact["metric"] == "win_rate"]
    told = {
        fact["dims"]: fact["value"]
        for fact in facts
        if '"segment"' in fact["dims"] and fact["value"] is not None
    }
    # As above: small won as often as before, large .05 more often at half of its mean weight of .5.
    assert told['{"of": null, "part": "rate", "segment": "large", "versus": "2026-09"}'] == pytest.approx(
        0.025
    )
    assert sum(told.values()) == pytest.approx(0.01)
    assert {fact["period"] for fact in facts} == {"2026-10"}


def test_on_a_page_stand_the_sentences_the_picture_and_the_parts(ws: Workspace) -> None:
    shown = scorecard.why(ws, "win_rate", "segment", back=1, subject="win rate", title="Share won")
    assert "Of that by segment: mix \u22121.5 points" in str(shown)
    assert "Share won, 2026-09 against 2026-10. 2026-09 26.0 %; mix, large" in str(shown)
    assert shown.html().count("<figure") == 1
    assert "Share won: each segment then and now" in shown.html()


def test_on_a_page_what_cannot_be_told_is_the_reason_alone(ws: Workspace) -> None:
    shown = scorecard.why(ws, "cac", "channel", back=1, subject="CAC", title="Cost of a customer")
    assert (
        str(shown)
        == "[not yet] Why CAC moved cannot be told: cac has no figure in 2026-09: needs table spend."
    )
    assert "<figure" not in shown.html()


def test_what_cannot_be_told_stands_undefined_among_the_facts(ws: Workspace) -> None:
    ws.explain("cac", "2026-09", "channel")
    fact = next(f for f in ws.records() if (f["metric"], f["variant"]) == ("cac", "explained"))
    assert (fact["value"], fact["status"]) == (None, "undefined")
    assert fact["reason"] == "cac has no figure in 2026-09: needs table spend"


def test_customers_told_by_accounts_alone_are_explained_without_intervals(tmp_path: Path) -> None:
    # Without subscriptions a customer is an account that started: two for 200 in September, three for 600 in October.
    started = ["2026-09-02", "2026-09-09", "2026-10-02", "2026-10-05", "2026-10-09"]
    tables = {
        "accounts": [
            {"account_id": f"a{i}", "started_on": day, "segment": "small", "channel": "search"}
            for i, day in enumerate(started)
        ],
        "spend": [
            {"month_on": f"{month}-01", "amount": amount, "function": "marketing", "channel": "search"}
            for month, amount in (("2026-09", 200), ("2026-10", 600))
        ],
        "opportunities": deals("2026-10", (2, 4), (1, 2)),
    }
    settings = {"window_months": 1, "lag_months": 0}
    own = gtmkit.open(company(tmp_path / "c", tables, cac=settings), "2026-10")
    told = own.explain("cac.paid", "2026-09", "channel")
    assert (told.before, told.after) == (100, 200)
    assert told.parts.loc[told.parts["level"] == 1, "change"].sum() == pytest.approx(100)
    assert told.parts["low"].isna().all()
