"""Sentences on trust: contradictions and what is missing ask for action, then what lowers most figures."""

from datetime import date

from gtmkit import trust, wording
from gtmkit.config import Process
from gtmkit.trust import Evidence, Standing, Trust, standing

ON = date(2026, 11, 1)
GOOD = Process(status="in_place", reviewed_on=ON)


def all_in_place(**other: Standing) -> dict[str, Standing]:
    return {name: other.get(name) or standing(name, GOOD, None, ON) for name in trust.PROCESSES}


def test_where_all_is_in_place_it_only_counts() -> None:
    said = wording.trust(all_in_place(), {"arr": Trust("sound"), "nps": Trust("sound")})
    assert str(said) == "[no action] Trust of 2 metrics: 2 sound."
    assert str(wording.trust(all_in_place(), {})) == ""


def test_what_is_contradicted_missing_old_and_undeclared() -> None:
    standings = all_in_place(
        lead_management=standing(
            "lead_management", GOOD, Evidence((), True, "30 % of 10 leads are late"), ON
        ),
        renewals=standing("renewals", Process(status="missing"), None, ON),
        # 1 May to 1 November are 30 + 30 + 31 + 31 + 30 + 31 + 1 = 184 days
        sales_process=standing(
            "sales_process", Process(status="in_place", reviewed_on=date(2026, 5, 1)), None, ON
        ),
        sales_coaching=standing("sales_coaching", None, None, ON),
    )
    doubtful, check = (
        Trust("doubtful", (standings["renewals"],)),
        Trust("check", (standings["lead_management"],)),
    )
    said = str(
        wording.trust(
            standings, {"nps": doubtful, "csat": doubtful, "win_rate": check, "arr": Trust("sound")}
        )
    )
    # renewals: GRR, NRR, CSAT, NPS, GTM efficiency ratio and margin, ARR growth
    assert said.splitlines() == [
        "[act] Lead management is declared in place, against the data: 30 % of 10 leads are late.",
        "[act] Renewals is missing (declared missing) and puts 7 metrics in doubt.",
        "[watch] Sales process and methodology is declared in place, but last reviewed 184 days before, more than 180.",
        "[no action] Trust of 4 metrics: 1 sound, 1 check, 2 doubtful. Most are lowered by Renewals (2), "
        "Lead management (1).",
        "[not yet] Nothing is declared of Sales coaching: [processes.ID] in gtm.toml.",
    ]


def test_of_many_without_a_word_three_are_named() -> None:
    standings = {name: standing(name, None, None, ON) for name in trust.PROCESSES}
    said = str(wording.trust(standings, {}))
    assert said == (
        "[not yet] Nothing is declared of ICP and buyer personas, Qualification definitions, Lead scoring and routing "
        "and 14 more: [processes.ID] in gtm.toml."
    )
