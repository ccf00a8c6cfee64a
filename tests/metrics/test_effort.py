"""Activities and the target list: days at the edges, whose activity it is, and lists that change."""

import paper
import pyarrow as pa
import pytest
from paper import DATE, ENGINES, INSTANT, TEXT, cells, one, table

Act = tuple[str, str, str | None, str | None, bool | None]


def acts(*rows: Act) -> pa.Table:
    return table(rows, occurred_at=INSTANT, kind=TEXT, account_id=TEXT, owner=TEXT, is_automated=pa.bool_())


@pytest.mark.parametrize("engine", ENGINES)
def test_activity_volume_is_by_the_day_and_its_kinds_add_up(engine: str) -> None:
    ws = paper.company("2026-10", engine, activities=acts(
        ("2026-09-30 23:59:59", "call", "a", "Ana", False), ("2026-10-01", "call", "a", "Ana", None),
        ("2026-10-31 23:59:59", "email", None, "Ben", False), ("2026-10-12", "email", "a", "Ben", True),
        ("2026-11-01", "call", "a", "Ana", False),
    ), owners=table([("Ana", "East"), ("Ben", "West")], owner=TEXT, team=TEXT),
       accounts=table([("a", "Ben")], account_id=TEXT, owner=TEXT))  # fmt: skip
    assert cells(ws.metric("activity_volume", periods=2), "period", "value") == [
        ("2026-09", 1),
        ("2026-10", 2),
    ]
    # The owner of the activity, not of the account, and the owner's team.
    assert cells(ws.metric("activity_volume", by=["kind", "team"]), "kind", "team", "value") == [
        ("call", "East", 1), ("email", "West", 1),
    ]  # fmt: skip
    assert one(ws.metric("activity_volume.automated"))["value"] == 1


def test_without_a_mark_everything_was_done_by_people() -> None:
    bare = table([("2026-10-01", "call"), ("2026-10-02", "call")], occurred_at=INSTANT, kind=TEXT)
    assert one(paper.company("2026-10", activities=bare).metric("activity_volume"))["value"] == 2
    assert one(paper.company("2026-10", activities=bare).metric("activity_volume.automated"))["value"] == 0


@pytest.mark.parametrize("engine", ENGINES)
def test_outbound_coverage_is_of_the_list_as_it_was_when_each_period_began(engine: str) -> None:
    accounts = table(
        [
            ("a", True, None, None), ("b", True, "2026-10-01", None), ("c", True, None, "2026-10-01"),
            ("d", False, None, None),
        ],
        account_id=TEXT, is_target=pa.bool_(), target_from=DATE, target_to=DATE,
    )  # fmt: skip
    ws = paper.company("2026-10", engine, accounts=accounts, activities=acts(
        ("2026-09-01", "call", "c", None, None), ("2026-09-02", "call", "b", None, None),
        ("2026-10-31 23:00", "call", "b", None, None), ("2026-10-05", "email", "a", None, True),
    ))  # fmt: skip
    # September: a and c, c called. October: a and b, b called; a's email was sent by a machine.
    assert cells(ws.metric("outbound_coverage", periods=2), "period", "numerator", "denominator") == [
        ("2026-09", 1, 2), ("2026-10", 1, 2),
    ]  # fmt: skip


def test_what_is_missing_is_named() -> None:
    ws = paper.company("2026-10", activities=acts(), accounts=table([("a",)], account_id=TEXT))
    assert one(ws.metric("outbound_coverage"))["reason"] == "accounts has no column is_target"
    assert (
        one(paper.company("2026-10", activities=acts()).metric("outbound_coverage"))["reason"]
        == "needs table accounts"
    )
    assert one(ws.metric("activity_volume", by="region"))["status"] == "undefined"
