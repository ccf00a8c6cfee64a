"""Whose rows count, what is kept though doubtful, and accounts where no export lists them."""

import datetime as dt

COMPANY = (
    '[pipeline]\nstages = ["qualified", "proposal"]\n[tables.accounts]\npath = "a.csv"\n'
    '[tables.opportunities]\npath = "o.csv"\n[tables.stage_changes]\npath = "c.csv"\n'
    '[tables.subscriptions]\npath = "s.csv"\n[tables.events]\npath = "e.csv"\n'
)
FILES = {
    "a": "account_id,started_on,is_internal\nA,2026-01-01,no\nB,,\nT,2026-01-01,yes\n",
    "o": "opportunity_id,account_id,created_at,stage\nO1,A,2026-01-01,proposal\nO2,T,2026-01-01,proposal\n"
    "O3,X,,qualified\nO4,,2026-01-02,closed_lost\n",
    "c": "opportunity_id,stage,entered_at\nO1,proposal,2026-01-01\nO1,qualified,2026-01-02\n"
    "O2,qualified,2026-01-02\nO9,qualified,2026-01-02\nO4,closed_lost,2026-01-03\nO4,qualified,2026-01-04\nO1,,2026-01-04\n",
    "s": "account_id,started_on,mrr_amount\nA,2026-01-01,5\nT,2026-01-01,5\nY,2026-01-02,5\nX,2026-01-03,5\n",
    "e": "account_id,event,occurred_at\nA,x,2026-01-01\nT,x,2026-01-01\nB,x,\n",
}


def test_internal_accounts_go_with_all_their_rows(acme):
    files = FILES | {"c": FILES["c"].replace("O1,,2026-01-04\n", "")}
    store = acme.read(COMPANY, **files)
    internal = {table: rows for (table, step), (rows, _) in store.loss.items() if step == "internal"}
    assert internal == {
        "accounts": 1,
        "opportunities": 1,
        "stage_changes": 1,
        "subscriptions": 1,
        "events": 1,
    }
    assert store.rows("SELECT account_id FROM {accounts} ORDER BY 1") == [("A",), ("B",)]


def test_orphans_undated_rows_and_backward_stages_are_named_and_kept(acme):
    files = FILES | {"c": FILES["c"].replace("O1,,2026-01-04\n", "")}
    loss = acme.read(COMPANY, **files).loss
    assert loss["opportunities", "orphan"] == (1, "account_id not in accounts: X")
    assert loss["subscriptions", "orphan"] == (2, "account_id not in accounts: X, Y")
    assert loss["stage_changes", "orphan"] == (1, "opportunity_id not in opportunities: O9")
    assert loss["opportunities", "undated"] == (1, "no created_at: O3")
    assert loss["events", "undated"] == (1, "no occurred_at: e.csv, line 4")
    assert loss["stage_changes", "backward"] == (2, "to an earlier stage: O1, O4")
    assert loss["opportunities", "used"][0] == 3
    assert loss["subscriptions", "used"][0] == 3


def test_a_stage_change_needs_its_stage(acme):
    said = acme.refused(COMPANY, **FILES)
    assert "  stage_changes.stage must not be empty: 1 row.\n    c.csv, line 8: an empty cell\n" in said


def test_equal_instants_are_not_backward(acme):
    settings = '[pipeline]\nstages = ["qualified", "proposal"]\n[tables.stage_changes]\npath = "c.csv"\n'
    text = "opportunity_id,stage,entered_at\nO1,proposal,2026-01-01\nO1,qualified,2026-01-01\n"
    assert ("stage_changes", "backward") not in acme.read(settings, c=text).loss


def test_a_stage_outside_the_order_is_refused(acme):
    settings = '[pipeline]\nstages = ["qualified", "proposal"]\n[tables.opportunities]\npath = "o.csv"\n'
    text = (
        "opportunity_id,created_at,stage\nO1,2026-01-01,Proposal\nO2,2026-01-01,Closed Won\n"
        "O3,2026-01-01,Demo\n"
    )
    assert acme.refused(settings, o=text).splitlines()[1] == (
        "  opportunities.stage has 3 unknown values: 'Closed Won' (1 row, from o.csv, line 3), "
        "'Demo' (1 row, from o.csv, line 4), 'Proposal' (1 row, from o.csv, line 2). "
        "Allowed: qualified, proposal, closed_won, closed_lost. "
        "Did you mean 'closed_won', 'proposal'? "
        'Add values.stage = { "Closed Won" = "closed_won", "Proposal" = "proposal" } '
        "to [tables.opportunities], or put the stage into its place in [pipeline] stages of gtm.toml."
    )


def test_the_map_for_a_stage_named_by_its_last_word(acme):
    settings = '[pipeline]\nstages = ["open"]\n[tables.opportunities]\npath = "o.csv"\n'
    said = acme.refused(
        settings, o="opportunity_id,created_at,stage\nO1,2026-01-01,Won\nO2,2026-01-01,Lost\n"
    )
    assert (
        'Add values.stage = { "Lost" = "closed_lost", "Won" = "closed_won" } to [tables.opportunities]'
        in said
    )


def test_accounts_come_from_the_other_tables_where_no_export_lists_them(acme):
    # A by its MRR above zero (not the free start in January), B by the won opportunity, C by its first
    # event (in New York still the 4th), D only lost: a prospect.
    settings = (
        '[company]\ntimezone = "America/New_York"\n[pipeline]\nstages = ["open"]\n'
        '[tables.opportunities]\npath = "o.csv"\n[tables.subscriptions]\npath = "s.csv"\n'
        '[tables.events]\npath = "e.csv"\n'
    )
    store = acme.read(
        settings,
        s="account_id,started_on,mrr_amount\nA,2026-01-01,0\nA,2026-02-01,5\n",
        o="opportunity_id,account_id,created_at,closed_on,stage\nO1,A,2026-01-01,2026-01-15,closed_won\n"
        "O2,B,2026-01-01,2026-01-20,closed_won\nO3,D,2026-01-01,2026-01-20,closed_lost\n",
        e="account_id,event,occurred_at\nB,x,2026-01-01\nC,x,2026-01-05 02:00:00\nC,x,2026-02-01\n",
    )
    assert store.rows("SELECT account_id, started_on FROM {accounts} ORDER BY 1") == [
        ("A", dt.date(2026, 2, 1)),
        ("B", dt.date(2026, 1, 20)),
        ("C", dt.date(2026, 1, 4)),
        ("D", None),
    ]
    assert store.loss["accounts", "derived"] == (
        4,
        "accounts from the other tables: 1 by their first MRR, 1 by their first won opportunity, "
        "1 by their first event, 1 without a start",
    )


def test_accounts_without_a_start_take_it_from_the_other_tables(acme):
    settings = '[tables.accounts]\npath = "a.csv"\n[tables.subscriptions]\npath = "s.csv"\n'
    store = acme.read(
        settings,
        a="account_id,name\nA,Ann\nB,Bob\n",
        s="account_id,started_on,mrr_amount\nA,2026-02-01,5\nX,2026-01-01,5\n",
    )
    assert store.rows("SELECT account_id, started_on, name FROM {accounts} ORDER BY 1") == [
        ("A", dt.date(2026, 2, 1), "Ann"),
        ("B", None, "Bob"),
    ]


def test_a_mapped_start_that_is_empty_is_a_prospect(acme):
    settings = '[tables.accounts]\npath = "a.csv"\n[tables.subscriptions]\npath = "s.csv"\n'
    store = acme.read(
        settings, a="account_id,started_on\nA,\n", s="account_id,started_on,mrr_amount\nA,2026-02-01,5\n"
    )
    assert store.rows("SELECT started_on FROM {accounts}") == [(None,)]
    assert ("accounts", "derived") not in store.loss
