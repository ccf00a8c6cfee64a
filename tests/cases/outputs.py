"""Cases of the pipeline."""

from cases.case import Case

STAGES = '[pipeline]\nstages = ["qualified", "discovery"]\n[suppress]\nmin_n = 0\n'
CLOSED = """
    opportunity_id  created_at  stage        closed_on   segment
    won             2026-08-01  closed_won   2026-10-05  SMB
    lost            2026-08-01  closed_lost  2026-10-06  SMB
    also_lost       2026-09-01  closed_lost  2026-10-31  Enterprise
    before          2026-09-01  closed_won   2026-09-30  Enterprise
    open            2026-09-01  qualified    -           SMB
"""
WEIGHED = """
    opportunity_id  created_at  stage        closed_on   amount
    small           2026-09-01  closed_won   2026-10-01  100
    large           2026-09-01  closed_won   2026-10-31  300
    bare            2026-09-01  closed_won   2026-10-31  -
    lost            2026-09-01  closed_lost  2026-10-31  999
    september       2026-09-01  closed_won   2026-09-30  999
"""
RACED = """
    opportunity_id  created_at  stage        closed_on
    lost            2026-01-01  closed_lost  2026-01-06
    won             2026-01-01  closed_won   2026-01-11
    open            2026-01-01  qualified    -
    young           2026-10-30  qualified    -
"""
TOOK = {"opportunities": """
    opportunity_id  created_at  stage        closed_on
    quick           2026-09-01  closed_won   2026-10-01
    middle          2026-08-02  closed_won   2026-10-01
    slow            2026-06-03  closed_won   2026-10-01
    lost            2026-09-01  closed_lost  2026-10-02
""", "stage_changes": """
    opportunity_id  stage      entered_at
    quick           qualified  2026-09-11
    middle          qualified  2026-08-22
    slow            qualified  2026-06-23
    lost            qualified  2026-09-02
"""}  # fmt: skip

WINNING: list[Case] = [
    # closed in October: won, lost, also_lost, so 1 of 3
    Case("win_rate", "hand", {"opportunities": CLOSED}, [
        {"value": 1 / 3, "numerator": 1, "denominator": 3, "n": 3, "status": "final"}], STAGES),
    Case("win_rate", "empty", {"opportunities": "opportunity_id created_at stage closed_on"}, [
        {"value": None, "status": "undefined", "reason": "none closed in the period"}], STAGES),
    # in August nothing was closed yet
    Case("win_rate", "zero", {"opportunities": CLOSED}, [
        {"value": None, "numerator": 0, "denominator": 0, "status": "undefined"}], STAGES, period="2026-08"),
    # SMB: won, lost; Enterprise: also_lost
    Case("win_rate", "segments", {"opportunities": CLOSED}, [
        {"segment": "SMB", "value": 0.5, "n": 2}, {"segment": "Enterprise", "value": 0.0, "n": 1}],
        STAGES, by=["segment"]),
    # of the amounts closed in October, 100 + 300 won and 999 lost; what has no amount weighs nothing
    Case("win_rate.amount", "hand", {"opportunities": WEIGHED}, [
        {"value": 400 / 1399, "numerator": 400, "denominator": 1399, "status": "final"}], STAGES),
    # created in a year: lost after 5 days, won after 10, open for months, and one of two days. Of three at risk one is
    # lost: 2/3 go on; of the two left one is won: 2/3 x 1/2. Over all created it would be 1/4
    Case("close_rate.curve", "hand", {"opportunities": RACED}, [
        {"age": 20, "value": 1 / 3, "numerator": 1, "denominator": 4}],
        STAGES.replace("[pipeline]", "[pipeline]\nclose_window_days = 20"), among=True),
    # from the first stage 20, 40 and 100 days, from creation 30, 60 and 120; the loss is none of it
    Case("sales_cycle.won", "hand", TOOK, [{"value": 40, "numerator": 3, "n": 3, "status": "final"}], STAGES),
    Case("sales_cycle.won_mean", "hand", TOOK, [
        {"value": 160 / 3, "numerator": 160, "denominator": 3, "n": 3, "status": "final"}], STAGES),
    Case("sales_cycle.won_created", "hand", TOOK, [{"value": 60, "numerator": 3, "n": 3, "status": "final"}], STAGES),
]  # fmt: skip

CREATED = """
    opportunity_id  created_at  stage      amount  kind     segment
    grown           2026-10-01  qualified  150     new      SMB
    plain           2026-10-31  qualified  50      -        Enterprise
    renewal         2026-10-05  qualified  999     renewal  SMB
    september       2026-09-30  qualified  80      new      SMB
"""
GROWN = """
    opportunity_id  stage      entered_at  amount
    grown           qualified  2026-10-01  100
    grown           qualified  2026-10-20  150
"""
OPEN = """
    opportunity_id  created_at  stage        closed_on   amount  segment
    grown           2026-10-01  qualified    -           170     SMB
    lost            2026-10-02  closed_lost  2026-10-31  50      SMB
    won_later       2026-10-03  closed_won   2026-11-05  40      Enterprise
    later           2026-11-01  qualified    -           999     Enterprise
"""
GROWN_AGAIN = GROWN + "    grown           qualified  2026-11-02  170\n"
WON = """
    opportunity_id  created_at  stage        closed_on   amount  segment
    small           2026-09-01  closed_won   2026-10-01  100     SMB
    large           2026-09-01  closed_won   2026-10-31  300     Enterprise
    bare            2026-09-01  closed_won   2026-10-31  -       SMB
    lost            2026-09-01  closed_lost  2026-10-31  999     SMB
    september       2026-09-01  closed_won   2026-09-30  999     SMB
"""
ONLY_BARE = """
    opportunity_id  created_at  stage       closed_on   amount
    bare            2026-09-01  closed_won  2026-10-31  -
"""
NO_DEALS = "opportunity_id created_at stage closed_on amount"
NO_CHANGES = "opportunity_id stage entered_at amount"

# grown 100 on 1 August, 150 on 15 October; pushed out of the quarter on the 20th; won at 60 on the 9th, lost at 40
# on the 10th, the day after it was created; later is expected in January
BRIDGED = """
    opportunity_id  created_at  stage        closed_on   segment     amount
    grown           2026-08-01  qualified    -           SMB         150
    pushed          2026-09-01  qualified    -           Enterprise  80
    won             2026-09-05  closed_won   2026-10-09  SMB         65
    lost            2026-10-09  closed_lost  2026-10-10  Enterprise  40
    later           2026-10-12  qualified    -           Enterprise  7
"""
BRIDGES = """
    opportunity_id  stage        entered_at  amount  expected_close_on
    grown           qualified    2026-08-01  100     2026-12-01
    grown           qualified    2026-10-15  150     2026-12-01
    pushed          qualified    2026-09-01  80      2026-11-01
    pushed          qualified    2026-10-20  80      2027-02-01
    won             qualified    2026-09-05  60      2026-11-01
    won             closed_won   2026-10-09  65      2026-10-09
    lost            qualified    2026-10-09  40      2026-12-01
    lost            closed_lost  2026-10-10  40      2026-10-10
    later           qualified    2026-10-12  7       2027-01-15
"""


def _bridge(**values: float) -> list[dict[str, object]]:
    """Every row of the pipeline bridge, zero where it is not named; blanks are written as _."""
    names = (
        "open at the start", "created", "reopened", "pulled in", "amount raised", "amount lowered", "pushed out",
        "won", "lost", "open at the end",
    )  # fmt: skip
    return [{"movement": name, "value": values.get(name.replace(" ", "_"), 0)} for name in names]


AMOUNTS: list[Case] = [
    # open on 30 September: 100 + 80 + 60; created 40 + 7, raised by 50, won at 60, lost at 40, so 150 + 80 + 7 are left
    Case("pipeline_bridge", "hand", {"opportunities": BRIDGED, "stage_changes": BRIDGES}, _bridge(
        open_at_the_start=240, created=47, amount_raised=50, won=-60, lost=-40, open_at_the_end=237), STAGES),
    # by the end of December: the same 240; of what was created 40, and the 80 put off to February go out, 150 are left
    Case("pipeline_bridge.expected", "hand", {"opportunities": BRIDGED, "stage_changes": BRIDGES}, _bridge(
        open_at_the_start=240, created=40, amount_raised=50, pushed_out=-80, won=-60, lost=-40,
        open_at_the_end=150), STAGES),
    Case("pipeline_bridge", "empty", {"opportunities": NO_DEALS, "stage_changes": NO_CHANGES}, _bridge(), STAGES),
    Case("pipeline_bridge", "segments", {"opportunities": BRIDGED, "stage_changes": BRIDGES}, [
        *({"segment": "SMB", **row} for row in _bridge(
            open_at_the_start=160, amount_raised=50, won=-60, open_at_the_end=150)),
        *({"segment": "Enterprise", **row} for row in _bridge(
            open_at_the_start=80, created=47, lost=-40, open_at_the_end=87))],
        STAGES, by=["segment"]),
    # grown began with 100, as the history tells; of plain only today's 50 is known. Renewals are not of it
    Case("pipeline_created", "hand", {"opportunities": CREATED, "stage_changes": GROWN}, [
        {"value": 150, "n": 2, "status": "final", "reason": "current amount"}], STAGES),
    Case("pipeline_created", "empty", {"opportunities": NO_DEALS, "stage_changes": NO_CHANGES}, [
        {"value": 0, "n": 0, "status": "final"}], STAGES),
    Case("pipeline_created", "segments", {"opportunities": CREATED, "stage_changes": GROWN}, [
        {"segment": "SMB", "value": 100, "n": 1}, {"segment": "Enterprise", "value": 50, "n": 1}],
        STAGES, by=["segment"]),
    # on the evening of 31 October: grown at 150, its 170 came in November; won_later at 40. lost is over, later is
    # not there yet
    Case("open_pipeline", "hand", {"opportunities": OPEN, "stage_changes": GROWN_AGAIN}, [
        {"value": 190, "n": 2, "status": "final", "reason": "current amount"}], STAGES),
    Case("open_pipeline", "empty", {"opportunities": NO_DEALS, "stage_changes": NO_CHANGES}, [
        {"value": 0, "n": 0, "status": "final"}], STAGES),
    Case("open_pipeline", "segments", {"opportunities": OPEN, "stage_changes": GROWN_AGAIN}, [
        {"segment": "SMB", "value": 150, "n": 1}, {"segment": "Enterprise", "value": 40, "n": 1}],
        STAGES, by=["segment"]),
    # (100 + 300) / 2; bare has no amount
    Case("average_selling_price", "hand", {"opportunities": WON}, [
        {"value": 200, "numerator": 400, "denominator": 2, "n": 2, "status": "final",
         "reason": "1 without an amount"}], STAGES),
    Case("average_selling_price", "empty", {"opportunities": NO_DEALS}, [
        {"value": None, "status": "undefined", "reason": "none won with an amount in the period"}], STAGES),
    Case("average_selling_price", "zero", {"opportunities": ONLY_BARE}, [
        {"value": None, "numerator": 0, "denominator": 0, "status": "undefined"}], STAGES),
    Case("average_selling_price", "segments", {"opportunities": WON}, [
        {"segment": "SMB", "value": 100, "n": 1}, {"segment": "Enterprise", "value": 300, "n": 1}],
        STAGES, by=["segment"]),
]  # fmt: skip

# Ten days to be accepted or to go on, so that what entered by 21 October is decided by the end of the 31st;
# twenty to be won, so by 11 October.
DAYS = STAGES.replace(
    "[suppress]", "stage_window_days = 10\naccept_window_days = 10\nclose_window_days = 20\n[suppress]"
)
GIVEN = """
    opportunity_id  created_at  accepted_at  stage      segment
    tenth           2026-10-01  2026-10-11   qualified  SMB
    too_late        2026-10-02  2026-10-13   qualified  SMB
    never           2026-10-03  -            qualified  SMB
    at_once         2026-10-04  2026-10-04   qualified  Enterprise
"""
YOUNG_GIVEN = """
    opportunity_id  created_at  accepted_at  stage
    last            2026-10-21  2026-10-31   qualified
    young           2026-10-22  2026-10-22   qualified
"""
NONE_ENTERED = {"value": None, "numerator": 0, "denominator": 0, "status": "undefined"}
ENDED = """
    opportunity_id  created_at  stage        closed_on   segment
    twentieth       2026-10-01  closed_won   2026-10-21  SMB
    too_late        2026-10-02  closed_won   2026-10-23  SMB
    at_once         2026-10-04  closed_won   2026-10-04  SMB
    lost            2026-10-03  closed_lost  2026-10-05  Enterprise
"""
YOUNG_ENDED = """
    opportunity_id  created_at  stage       closed_on
    last            2026-10-11  closed_won  2026-10-31
    young           2026-10-12  closed_won  2026-10-13
"""

WINDOWS: list[Case] = [
    # tenth and at_once of four; too_late took 11 days
    Case("sales_accepted_rate", "hand", {"opportunities": GIVEN}, [
        {"value": 0.5, "numerator": 2, "denominator": 4, "n": 4, "status": "final"}], DAYS),
    Case("sales_accepted_rate", "empty", {"opportunities": "opportunity_id created_at accepted_at stage"}, [
        {"value": None, "status": "undefined", "reason": "none entered in the period"}], DAYS),
    # none was created in November
    Case("sales_accepted_rate", "zero", {"opportunities": GIVEN}, [NONE_ENTERED], DAYS, period="2026-11"),
    # the tenth day after the 21st is the 31st; that after the 22nd is 1 November
    Case("sales_accepted_rate", "immature", {"opportunities": YOUNG_GIVEN}, [
        {"value": 1, "numerator": 1, "denominator": 1, "n": 1, "status": "immature"}], DAYS),
    Case("sales_accepted_rate", "segments", {"opportunities": GIVEN}, [
        {"segment": "SMB", "value": 1 / 3, "n": 3}, {"segment": "Enterprise", "value": 1, "n": 1}],
        DAYS, by=["segment"]),
    # twentieth and at_once of four; too_late was won after 21 days
    Case("close_rate", "hand", {"opportunities": ENDED}, [
        {"value": 0.5, "numerator": 2, "denominator": 4, "n": 4, "status": "final"}], DAYS),
    Case("close_rate", "empty", {"opportunities": NO_DEALS}, [
        {"value": None, "status": "undefined", "reason": "none entered in the period"}], DAYS),
    Case("close_rate", "zero", {"opportunities": ENDED}, [NONE_ENTERED], DAYS, period="2026-11"),
    # the twentieth day after the 11th is the 31st; that after the 12th is 1 November
    Case("close_rate", "immature", {"opportunities": YOUNG_ENDED}, [
        {"value": 1, "numerator": 1, "denominator": 1, "n": 1, "status": "immature"}], DAYS),
    Case("close_rate", "segments", {"opportunities": ENDED}, [
        {"segment": "SMB", "value": 2 / 3, "n": 3}, {"segment": "Enterprise", "value": 0, "n": 1}],
        DAYS, by=["segment"]),
]  # fmt: skip

MOVED = """
    opportunity_id  created_at  stage       closed_on   segment
    on              2026-10-01  discovery   -           SMB
    slow            2026-10-02  discovery   -           SMB
    jumps           2026-10-03  closed_won  2026-10-09  Enterprise
    stays           2026-10-04  qualified   -           Enterprise
"""
MOVES = """
    opportunity_id  stage      entered_at
    on              qualified  2026-10-01
    on              discovery  2026-10-11
    slow            qualified  2026-10-02
    slow            discovery  2026-10-13
    jumps           qualified  2026-10-03
    stays           qualified  2026-10-04
"""
YOUNG_MOVED = """
    opportunity_id  created_at  stage      closed_on
    last            2026-10-21  discovery  -
    young           2026-10-22  qualified  -
"""
YOUNG_MOVES = """
    opportunity_id  stage      entered_at
    last            qualified  2026-10-21
    last            discovery  2026-10-31
    young           qualified  2026-10-22
"""
STAYED = """
    opportunity_id  created_at  stage        closed_on   segment
    on              2026-10-01  discovery    -           SMB
    lost            2026-10-01  closed_lost  2026-10-09  Enterprise
    there           2026-10-25  qualified    -           Enterprise
"""
STAYS = """
    opportunity_id  stage      entered_at
    on              qualified  2026-10-01
    on              discovery  2026-10-05
    lost            qualified  2026-10-01
    there           qualified  2026-10-25
"""
NOTHING = {"opportunities": NO_DEALS, "stage_changes": NO_CHANGES}
HALF = "the curve has not come down to one half"

BY_STAGE: list[Case] = [
    # qualified: on went further on its tenth day, jumps was won on its sixth; slow took 11 days. 2 of 4.
    # discovery: on, slow, and jumps, which passed it when it was won and went on at once. 1 of 3
    Case("stage_conversion", "hand", {"opportunities": MOVED, "stage_changes": MOVES}, [
        {"stage": "qualified", "value": 0.5, "numerator": 2, "denominator": 4, "n": 4, "status": "final"},
        {"stage": "discovery", "value": 1 / 3, "numerator": 1, "denominator": 3, "n": 3, "status": "final"}], DAYS),
    Case("stage_conversion", "empty", NOTHING, [
        {"stage": stage, "value": None, "status": "undefined"} for stage in ("qualified", "discovery")], DAYS),
    # nobody entered a stage in November
    Case("stage_conversion", "zero", {"opportunities": MOVED, "stage_changes": MOVES}, [
        NONE_ENTERED | {"stage": stage} for stage in ("qualified", "discovery")], DAYS, period="2026-11"),
    # last went on on its tenth day, the 31st; young's tenth is 1 November. Last has been in discovery for a day
    Case("stage_conversion", "immature", {"opportunities": YOUNG_MOVED, "stage_changes": YOUNG_MOVES}, [
        {"stage": "qualified", "value": 1, "numerator": 1, "denominator": 1, "n": 1, "status": "immature"},
        {"stage": "discovery", "value": None, "denominator": 0, "status": "immature"}], DAYS),
    # SMB: on of on and slow, then none of both. Enterprise: jumps of jumps and stays, then jumps
    Case("stage_conversion", "segments", {"opportunities": MOVED, "stage_changes": MOVES}, [
        {"segment": "SMB", "stage": "qualified", "value": 0.5, "n": 2},
        {"segment": "SMB", "stage": "discovery", "value": 0, "n": 2},
        {"segment": "Enterprise", "stage": "qualified", "value": 0.5, "n": 2},
        {"segment": "Enterprise", "stage": "discovery", "value": 1, "n": 1}], DAYS, by=["segment"]),
    # qualified: on left after 4 days, lost after 8, there has been 7 so far. Kaplan-Meier: 2/3 stay beyond day 4;
    # on day 8 the one still watched leaves, so 0: the median is 8. discovery: on is still there
    Case("time_in_stage", "hand", {"opportunities": STAYED, "stage_changes": STAYS}, [
        {"stage": "qualified", "value": 8, "numerator": 2, "n": 3, "status": "final"},
        {"stage": "discovery", "value": None, "numerator": 0, "n": 1, "status": "undefined", "reason": HALF}], STAGES),
    Case("time_in_stage", "empty", NOTHING, [
        {"stage": stage, "value": None, "n": 0, "status": "undefined", "reason": "none in these months"}
        for stage in ("qualified", "discovery")], STAGES),
    # in the twelve months to January 2028 nobody entered a stage
    Case("time_in_stage", "zero", {"opportunities": STAYED, "stage_changes": STAYS}, [
        {"stage": stage, "value": None, "denominator": 0, "status": "undefined"}
        for stage in ("qualified", "discovery")],
        STAGES, period="2028-01"),
    # SMB: on, 4 days. Enterprise: there is watched for 7 days, then lost leaves after 8
    Case("time_in_stage", "segments", {"opportunities": STAYED, "stage_changes": STAYS}, [
        {"segment": "SMB", "stage": "qualified", "value": 4, "n": 1},
        {"segment": "Enterprise", "stage": "qualified", "value": 8, "n": 2}], STAGES, by=["segment"], among=True),
]  # fmt: skip

DECIDED = """
    opportunity_id  created_at  stage        closed_on   amount  segment
    won             2026-01-01  closed_won   2026-01-21  100     SMB
    lost            2026-01-01  closed_lost  2026-02-10  70      Enterprise
    open            2026-10-01  qualified    -           10      Enterprise
    also_open       2026-10-01  qualified    -           10      Enterprise
"""
AT_ONCE = """
    opportunity_id  created_at  stage       closed_on   amount
    at_once         2026-10-01  closed_won  2026-10-01  100
"""
TWO_MOTIONS = """
    opportunity_id  created_at  stage        closed_on   amount  segment
    won             2026-01-01  closed_won   2026-01-21  100     SMB
    lost            2026-01-01  closed_lost  2026-01-21  70      SMB
    open            2026-10-25  qualified    -           10      SMB
    large           2026-01-01  closed_won   2026-01-11  400     Enterprise
    large_open      2026-10-30  qualified    -           10      Enterprise
"""

SPEED: list[Case] = [
    # decided after 20 days and after 40, two open for 31: 3/4 are beyond day 20; on day 40 the one still watched is
    # decided, so 0. The median is 40
    Case("sales_cycle", "hand", {"opportunities": DECIDED}, [
        {"value": 40, "numerator": 2, "denominator": 4, "n": 4, "status": "final"}], STAGES),
    Case("sales_cycle", "empty", {"opportunities": NO_DEALS}, [
        {"value": None, "n": 0, "status": "undefined", "reason": "none in these months"}], STAGES),
    Case("sales_cycle", "zero", {"opportunities": DECIDED}, [
        {"value": None, "denominator": 0, "status": "undefined"}], STAGES, period="2028-01"),
    # SMB: won, 20 days. Enterprise: two open for 31 days, then lost after 40
    Case("sales_cycle", "segments", {"opportunities": DECIDED}, [
        {"segment": "SMB", "value": 20, "n": 1}, {"segment": "Enterprise", "value": 40, "n": 3}],
        STAGES, by=["segment"]),
    # 2 open x 1/2 won x 100 each / 40 days
    Case("pipeline_velocity", "hand", {"opportunities": DECIDED}, [
        {"value": 2.5, "numerator": 100, "denominator": 40, "n": 2, "status": "final"}], STAGES),
    Case("pipeline_velocity", "empty", {"opportunities": NO_DEALS}, [{"value": None, "status": "undefined"}], STAGES),
    # won on the day it was created: a cycle of no days
    Case("pipeline_velocity", "zero", {"opportunities": AT_ONCE}, [
        {"value": None, "denominator": 0, "status": "undefined", "reason": "the sales cycle is 0 days"}], STAGES),
    # SMB: 1 open x 1/2 x 100 / 20 days. Enterprise: 1 open x 1 x 400 / 10 days
    Case("pipeline_velocity", "segments", {"opportunities": TWO_MOTIONS}, [
        {"segment": "SMB", "value": 2.5, "n": 1}, {"segment": "Enterprise", "value": 40, "n": 1}],
        STAGES, by=["segment"]),
]  # fmt: skip

EXPECTED = """
    opportunity_id  created_at  stage       closed_on   expected_close_on  amount  segment
    in_quarter      2026-09-01  qualified   -           2026-12-15         900     SMB
    past_due        2026-09-01  qualified   -           2026-10-01         50      SMB
    next_year       2026-09-01  qualified   -           2027-01-10         500     SMB
    booked          2026-09-01  closed_won  2026-10-10  2026-10-10         400     Enterprise
"""
TARGET = """
    period   metric    value  segment
    2026-Q4  bookings  1000   -
    2026-Q4  bookings  500    SMB
    2026-Q4  bookings  500    Enterprise
    2026-Q4  mrr       7      -
"""
MET = """
    period   metric    value
    2026-Q4  bookings  400
"""

ENOUGH: list[Case] = [
    # November and December: in_quarter's 900 over the 1,000 - 400 still to be booked
    Case("pipeline_coverage", "hand", {"opportunities": EXPECTED, "targets": TARGET}, [
        {"value": 1.5, "numerator": 900, "denominator": 600, "n": 1, "status": "final",
         "reason": "1 open past their expected close"}], STAGES),
    # over the whole 1,000
    Case("pipeline_coverage.quota", "hand", {"opportunities": EXPECTED, "targets": TARGET}, [
        {"value": 0.9, "numerator": 900, "denominator": 1000, "n": 1}], STAGES),
    Case("pipeline_coverage", "empty", {
        "opportunities": "opportunity_id created_at stage", "targets": "period metric value"}, [
        {"value": None, "status": "undefined", "reason": "no bookings target for 2026-Q4"}], STAGES),
    # 400 are booked of 400
    Case("pipeline_coverage", "zero", {"opportunities": EXPECTED, "targets": MET}, [
        {"value": None, "denominator": 0, "status": "undefined", "reason": "target met: 2026-Q4"}], STAGES),
    # SMB: 900 / 500. Enterprise: nothing open over 500 - 400
    Case("pipeline_coverage", "segments", {"opportunities": EXPECTED, "targets": TARGET}, [
        {"segment": "SMB", "value": 1.8, "n": 1}, {"segment": "Enterprise", "value": 0, "denominator": 100}],
        STAGES, by=["segment"]),
]  # fmt: skip

LOST = """
    opportunity_id  created_at  stage        closed_on   amount  segment
    early           2026-09-01  closed_lost  2026-10-05  150     SMB
    late            2026-09-01  closed_lost  2026-10-06  350     Enterprise
    won             2026-09-01  closed_won   2026-10-07  999     Enterprise
    long_ago        2025-09-01  closed_lost  2025-10-31  999     Enterprise
"""
LOSSES = """
    opportunity_id  stage      entered_at  amount
    early           qualified  2026-09-01  100
    late            qualified  2026-09-01  200
    late            discovery  2026-09-20  300
    long_ago        qualified  2025-09-01  999
"""
WAITED = """
    opportunity_id  created_at  stage        closed_on   segment
    ended           2026-10-01  closed_lost  2026-10-16  SMB
    there           2026-10-22  qualified    -           Enterprise
    from_before     2025-10-22  closed_lost  2025-11-06  Enterprise
"""
WAITS = """
    opportunity_id  stage      entered_at
    ended           qualified  2026-10-01
    ended           discovery  2026-10-11
    there           qualified  2026-10-22
    from_before     qualified  2025-10-22
"""

BOTTLENECKS: list[Case] = [
    # from November 2025: early was lost as qualified, entered with 100; late in discovery, entered with 300
    Case("stage_leak", "hand", {"opportunities": LOST, "stage_changes": LOSSES}, [
        {"stage": "qualified", "value": 100, "denominator": 400, "n": 1, "status": "final"},
        {"stage": "discovery", "value": 300, "denominator": 400, "n": 1, "status": "final"}], STAGES),
    Case("stage_leak", "empty", NOTHING, [
        {"stage": stage, "value": 0, "n": 0} for stage in ("qualified", "discovery")], STAGES),
    # in the twelve months to January 2028 none was lost: nothing leaked
    Case("stage_leak", "zero", {"opportunities": LOST, "stage_changes": LOSSES}, [
        {"stage": stage, "value": 0, "denominator": 0} for stage in ("qualified", "discovery")],
        STAGES, period="2028-01"),
    Case("stage_leak", "segments", {"opportunities": LOST, "stage_changes": LOSSES}, [
        {"segment": "SMB", "stage": "qualified", "value": 100, "denominator": 100},
        {"segment": "SMB", "stage": "discovery", "value": 0, "denominator": 100},
        {"segment": "Enterprise", "stage": "qualified", "value": 0, "denominator": 300},
        {"segment": "Enterprise", "stage": "discovery", "value": 300, "denominator": 300}], STAGES, by=["segment"]),
    # qualified: ended 10 days, there 10 of its days until the end of October, from_before 5 from 1 November 2025.
    # discovery: ended 5
    Case("stage_wait", "hand", {"opportunities": WAITED, "stage_changes": WAITS}, [
        {"stage": "qualified", "value": 25, "denominator": 30, "n": 3, "status": "final"},
        {"stage": "discovery", "value": 5, "denominator": 30, "n": 1, "status": "final"}], STAGES),
    Case("stage_wait", "empty", NOTHING, [
        {"stage": stage, "value": 0, "n": 0} for stage in ("qualified", "discovery")], STAGES),
    # reviewed for September 2025, before anything was there
    Case("stage_wait", "zero", {"opportunities": WAITED, "stage_changes": WAITS}, [
        {"stage": stage, "value": 0, "denominator": 0} for stage in ("qualified", "discovery")],
        STAGES, period="2025-09"),
    Case("stage_wait", "segments", {"opportunities": WAITED, "stage_changes": WAITS}, [
        {"segment": "SMB", "stage": "qualified", "value": 10, "denominator": 15},
        {"segment": "SMB", "stage": "discovery", "value": 5, "denominator": 15},
        {"segment": "Enterprise", "stage": "qualified", "value": 15, "denominator": 15},
        {"segment": "Enterprise", "stage": "discovery", "value": 0, "denominator": 15}], STAGES, by=["segment"]),
]  # fmt: skip

CASES: list[Case] = [*WINNING, *AMOUNTS, *WINDOWS, *BY_STAGE, *SPEED, *ENOUGH, *BOTTLENECKS]
