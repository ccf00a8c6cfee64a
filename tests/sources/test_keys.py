"""One row for each key: copies dropped, later versions kept, contradictions refused."""

OPPORTUNITIES = '[pipeline]\nstages = ["open"]\n[tables.opportunities]\npath = "o.csv"\n'
HEADER = "opportunity_id,created_at,amount,stage"


def test_exact_copies_are_dropped_and_counted(acme):
    # The comment is not mapped, so it tells no rows apart.
    text = f"{HEADER},comment\nO1,2026-01-01,5,open,a\nO2,2026-01-01,5,open,b\nO1,2026-01-01,5.00,open,c\n"
    store = acme.read(OPPORTUNITIES, o=text)
    assert store.rows("SELECT opportunity_id, line FROM {opportunities} ORDER BY line") == [
        ("O1", 2),
        ("O2", 3),
    ]
    assert store.loss["opportunities", "duplicate"] == (1, "exact copies by opportunity_id")


def test_of_versions_the_latest_holds(acme):
    text = (
        f"{HEADER},updated_at\nO1,2026-01-01,5,open,2026-03-01\nO1,2026-01-01,9,open,2026-04-01\n"
        "O1,2026-01-01,7,open,\nO1,2026-01-01,9,open,2026-04-01\n"
    )
    store = acme.read(OPPORTUNITIES, o=text)
    assert store.rows("SELECT amount, line FROM {opportunities}") == [(90_000, 3)]
    assert store.loss["opportunities", "duplicate"][0] == 1
    assert store.loss["opportunities", "superseded"] == (2, "an earlier updated_at under the same key")


def test_a_key_with_different_values_is_refused(acme):
    text = (
        f"{HEADER}\nO1,2026-01-01,5,open\nO2,2026-01-01,5,open\nO1,2026-01-02,5,closed_won\n"
        "O1,2026-01-01,,open\n"
    )
    assert acme.refused(OPPORTUNITIES, o=text) == (
        "opportunities: 1 key (opportunity_id) stands for rows that differ; "
        "all are in HOME/rejects/opportunities.csv.\n"
        "  opportunity_id 'O1' on lines 2 and 4 and 5 of o.csv: different created_at, stage, amount.\n"
        "Keep one row for each in the export, map updated_at so that the latest holds, "
        "or set key in [tables.opportunities] to the columns that tell rows apart."
    )
    rejected = (acme.rejects / "opportunities.csv").read_text(encoding="utf-8").splitlines()
    assert rejected[1] == "o.csv,2,opportunity_id,opportunity_id 'O1',must stand for one row"
    assert len(rejected) == 4


def test_versions_of_one_instant_that_differ_are_refused(acme):
    text = f"{HEADER},updated_at\nO1,2026-01-01,5,open,2026-03-01\nO1,2026-01-01,6,open,2026-03-01\n"
    assert "  opportunity_id 'O1' on lines 2 and 3 of o.csv: different amount.\n" in acme.refused(
        OPPORTUNITIES, o=text
    )


def test_equal_rows_without_a_key_are_different_facts(acme):
    text = "occurred_at,event,account_id\n2026-01-01,bought,A\n2026-01-01,bought,A\n"
    settings = '[tables.events]\npath = "events.csv"\n'
    assert acme.read(settings, events=text).rows("SELECT count(*) FROM {events}") == [(2,)]
    keyed = acme.read(settings + 'key = ["account_id", "occurred_at", "event"]\n', events=text)
    assert keyed.rows("SELECT count(*) FROM {events}") == [(1,)]


def test_an_empty_key_tells_all_rows_apart(acme):
    text = f"{HEADER}\nO1,2026-01-01,5,open\nO1,2026-01-01,5,open\n"
    assert acme.read(OPPORTUNITIES + "key = []\n", o=text).rows("SELECT count(*) FROM {opportunities}") == [
        (2,)
    ]


def test_lines_of_one_subscription_are_told_apart_by_their_start(acme):
    settings = '[tables.subscriptions]\npath = "s.csv"\n'
    text = (
        "account_id,subscription_id,started_on,ended_on,mrr_amount\nA,S1,2026-01-01,2026-02-01,5\n"
        "A,S1,2026-02-01,,6\n"
    )
    assert acme.read(settings, s=text).rows("SELECT count(*) FROM {subscriptions}") == [(2,)]
    twice = acme.read(settings, s=text + "A,S1,2026-02-01,,6\nB,,2026-01-01,,1\nB,,2026-01-01,,1\n")
    assert twice.rows("SELECT count(*) FROM {subscriptions}") == [(4,)]  # without an id both lines of B stay


def test_a_segment_target_and_the_companys_are_two(acme):
    text = "period,metric,value,segment\n2026-01,bookings,5,\n2026-01,bookings,3,smb\n2026-01,bookings,5,\n"
    store = acme.read('[tables.targets]\npath = "t.csv"\n', t=text)
    assert store.rows("SELECT segment, value FROM {targets} ORDER BY line") == [(None, 5.0), ("smb", 3.0)]
