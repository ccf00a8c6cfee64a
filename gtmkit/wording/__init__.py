"""Sentences and figures in words: what a result says, how sure, against what, and whether to act.

Every sentence is computed. It gives size, interval, n and comparison and carries one verdict: *act*
(adverse beyond the interval), *watch* (adverse at 80 %, not at 95 %), *too few to judge*, *no action*
(not told apart, or good news), *not yet* (immature or undefined). It never says why: that is a human's, in
notes.md.
"""

from gtmkit.wording.activation import activation_rule, against_own_mix, known_events
from gtmkit.wording.attribution import attribution_rule, attribution_worship, by_rule, rules_disagree
from gtmkit.wording.churn import involuntary, reasons_by, reasons_ranked
from gtmkit.wording.cohorts import cohorts_at_equal_age
from gtmkit.wording.comparing import against_before, against_reference, against_target, where
from gtmkit.wording.demand import concentration_range, created_or_harvested, settled
from gtmkit.wording.economics import cost_through_mix, earns_its_cost
from gtmkit.wording.mistakes import mistakes
from gtmkit.wording.pipeline import bottleneck, coverage, mix_against_rate
from gtmkit.wording.readings import (
    buying_churn,
    ideal_customers,
    leak_under_expansion,
    logo_above_gross,
    top_channel,
)
from gtmkit.wording.record import FACTS, figures, fixed_width
from gtmkit.wording.sentences import VERDICTS, Sentence, SoWhat, judge, so_what
from gtmkit.wording.trust import trust

__all__ = [
    "FACTS",
    "VERDICTS",
    "Sentence",
    "SoWhat",
    "activation_rule",
    "against_before",
    "against_own_mix",
    "against_reference",
    "against_target",
    "attribution_rule",
    "attribution_worship",
    "bottleneck",
    "buying_churn",
    "by_rule",
    "cohorts_at_equal_age",
    "concentration_range",
    "cost_through_mix",
    "coverage",
    "created_or_harvested",
    "earns_its_cost",
    "figures",
    "fixed_width",
    "ideal_customers",
    "involuntary",
    "judge",
    "known_events",
    "leak_under_expansion",
    "logo_above_gross",
    "mistakes",
    "mix_against_rate",
    "reasons_by",
    "reasons_ranked",
    "rules_disagree",
    "settled",
    "so_what",
    "top_channel",
    "trust",
    "where",
]
