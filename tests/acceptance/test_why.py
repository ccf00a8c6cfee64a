"""What must hold of why a figure moved, whether it is noise, and what comes next, line by line.

Expected figures are worked out by hand in the comments, or by another method.
"""

import itertools
from collections.abc import Callable

import duckdb
import pandas as pd
import pytest
from cases import CASES, check
from cases.case import Case, workspace

import gtmkit
from gtmkit import wording
from gtmkit.catalog.published import PUBLISHED
from gtmkit.strip import QUESTIONS, Strip

from .workspaces import ROOT

Figure = Callable[[str, object], None]

# ================================================================ line 1: parts add up

# ================================================================ line 2: mix is not performance

# ================================================================ line 3: signals and noise

# ================================================================ line 4: retention projected

# ================================================================ line 5: the pipeline bridge closes

# ================================================================ line 6: payback with churn

# ================================================================ line 7: one figure, several definitions

ASKED = (
    ("net_revenue_retention", "segment", {}),
    ("cac", "channel", {}),
    ("cac_payback", "channel", {}),
    ("ltv", "channel", {}),
    ("win_rate", "segment", {"months": 12}),
    ("sales_cycle", "segment", {"months": 12}),
    ("activation_rate", "channel", {"months": 12}),
)


@pytest.fixture(scope="module")
def strips() -> dict[str, Strip]:
    ws = gtmkit.open(ROOT / "data" / "sample", "2026-10")
    return {metric: ws.definition_strip(metric, by, **options) for metric, by, options in ASKED}


def test_line_07_every_definition_has_a_case_by_hand(figure: Figure) -> None:
    listed = [one.asked for definitions in PUBLISHED.values() for one in definitions]
    told = ("win", "cac", "payback", "ltv", "retention", "cycle", "activation")
    assert all(any(word in metric for metric in PUBLISHED) for word in told)
    assert all(len(definitions) >= 3 for definitions in PUBLISHED.values())
    assert len(set(listed)) == len(listed)
    by_hand = [case for case in CASES if case.metric in listed and case.kind == "hand"]
    assert {case.metric for case in by_hand} == set(listed)
    for case in by_hand:
        check(case)
    figure("definitions, cases by hand", f"{len(listed)}, {len(by_hand)}")


def test_line_07_three_definitions_of_retention_on_paper(figure: Figure) -> None:
    # A year ago A, B, C and D paid 100 each; a month ago A 140, B 80, D 100, E 30, today A 150, B 80, D 100, E 60.
    # E came since then, C left. Cohort (150 + 80 + 100) / 400; bridge (400 + 50 - 20 - 100 + 30) / 400; the month
    # (150 + 80 + 100 + 60) / (140 + 80 + 100 + 30).
    lines = """
        account_id  started_on  ended_on    mrr_amount
        A           2025-01-01  2026-02-10  100
        A           2026-02-10  2026-10-10  140
        A           2026-10-10  -           150
        B           2025-01-01  2026-03-10  100
        B           2026-03-10  -           80
        C           2025-01-01  2026-04-10  100
        D           2025-01-01  -           100
        E           2026-05-10  2026-10-10  30
        E           2026-10-10  -           60
    """
    settings = "[metric.net_revenue_retention]\ntarget = 0.9\n"
    ws = workspace(Case("net_revenue_retention", "hand", {"subscriptions": lines}, [], settings))
    found = ws.definition_strip("net_revenue_retention")
    values = found.company.set_index("definition")["value"]
    assert dict(values) == pytest.approx({"closed cohort": 0.825, "bridge": 0.9, "one month": 390 / 350})
    # 90 % is met by the bridge and missed by the cohort; of a month the target says nothing
    assert found.verdict("target") != "holds"
    assert [turn.definition for turn in found.turned("target")] == ["bridge"]
    assert pd.isna(found.company.set_index("definition")["against_target"]["one month"])
    figure("NRR of a cohort, bridge, month", "82.5 %, 90.0 %, 111.4 %")


def test_line_07_what_flips_on_the_sample_is_pointed_out(strips: dict[str, Strip], figure: Figure) -> None:
    flips = [(metric, q) for metric, one in strips.items() for q in QUESTIONS if "flips" in one.verdict(q)]
    holds = [(metric, q) for metric, one in strips.items() for q in QUESTIONS if one.verdict(q) == "holds"]
    assert flips
    assert holds
    for metric, one in strips.items():
        said = str(wording.definition_strip(one, currency="USD"))
        for question, words in (
            ("order", "the order of"),
            ("company", "the side of the company"),
            ("target", "it is met"),
        ):
            assert (f"{words}" in said and "changes with the definition" in said) or (
                metric,
                question,
            ) not in flips
        for turn in one.turns:
            sides = [a - b for a, b in (turn.ours, turn.theirs)]
            met = turn.question == "target" and 0 in sides
            assert sides[0] * sides[1] < 0 or met, turn
        assert said.count("changes with the definition") == sum(m == metric for m, _ in flips)
    figure("decisions of the sample that flip, that hold", f"{len(flips)}, {len(holds)}")


def test_line_07_the_order_of_channels_by_paid_cost_reckoned_by_sql(
    strips: dict[str, Strip], connection: duckdb.DuckDBPyConnection, figure: Figure
) -> None:
    # Cost booked on a channel in May to July, over the customers that it won in August to October.
    ws = gtmkit.open(ROOT / "data" / "sample", "2026-10")
    for ledger in ("costs", "revenue"):
        connection.register(ledger, ws.ledger(ledger).collect().to_arrow())
    october = 12 * 2026 + 9
    rows = connection.execute(
        """
        with paid as (
            select channel, sum(amount) / 10000.0 as amount from costs
            where month between ? - 5 and ? - 3 and function in ('sales', 'marketing')
              and (purpose is null or purpose = 'new')
            group by channel
        ), won as (
            select channel, count(*) as n from revenue where movement = 'new' and month between ? - 2 and ?
            group by channel
        )
        select channel, amount / n from paid join won using (channel) where amount > 0
        """,
        [october] * 4,
    ).fetchall()
    by_sql = dict(rows)
    told = strips["cac"].groups
    paid = told[told["definition"] == "paid alone"].dropna(subset=["value"]).set_index("group")["value"]
    assert dict(paid) == pytest.approx({name: by_sql[name] for name in paid.index})
    loaded = told[told["definition"] == "loaded"].set_index("group")["value"]
    both = [name for name in paid.index if not pd.isna(loaded[name])]
    turned = {
        frozenset((a, b))
        for a, b in itertools.combinations(both, 2)
        if (loaded[a] - loaded[b]) * (by_sql[a] - by_sql[b]) < 0
    }
    said = {
        frozenset((t.group, t.other)) for t in strips["cac"].turned("order") if t.definition == "paid alone"
    }
    assert said == turned
    figure(
        "pairs of channels that change places by paid cost",
        f"{len(turned)} of {len(both) * (len(both) - 1) // 2}",
    )


# ================================================================ line 8: predictions scored
