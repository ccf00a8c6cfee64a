"""Sentences and figures in words: what a result says, how sure, against what, and whether to act.

Every sentence is computed. It gives size, interval, n and comparison and carries one verdict: *act*
(adverse beyond the interval), *watch* (adverse at 80 %, not at 95 %), *too few to judge*, *no action*
(not told apart, or good news), *not yet* (immature or undefined). It never says why: that is a human's, in
notes.md.
"""

from gtmkit.wording.activation import activation_rule, against_own_mix, known_events
from gtmkit.wording.attribution import attribution_rule, attribution_worship, by_rule, rules_disagree
from gtmkit.wording.churn import involuntary, reasons_by, reasons_ranked
from gtmkit.wording.cohorts import cohorts_at_equal_age, newest_starts, projected
from gtmkit.wording.comparing import against_before, against_reference, against_target, where
from gtmkit.wording.demand import concentration_range, created_or_harvested, settled
from gtmkit.wording.economics import earns_its_cost
from gtmkit.wording.explaining import why
from gtmkit.wording.mistakes import mistakes
from gtmkit.wording.movement import go_on_at_equal_age, pipeline_moved, slipped_most
from gtmkit.wording.payback import paid_back
from gtmkit.wording.pipeline import bottleneck, coverage, leaking
from gtmkit.wording.predictions import predictions
from gtmkit.wording.readings import (
    buying_churn,
    ideal_customers,
    leak_under_expansion,
    logo_above_gross,
    top_channel,
)
from gtmkit.wording.record import FACTS, figures, fixed_width
from gtmkit.wording.sentences import VERDICTS, Sentence, SoWhat, judge, so_what
from gtmkit.wording.signalling import beyond_noise, not_explained
from gtmkit.wording.strip import definition_strip
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
    "beyond_noise",
    "bottleneck",
    "buying_churn",
    "by_rule",
    "cohorts_at_equal_age",
    "concentration_range",
    "coverage",
    "created_or_harvested",
    "definition_strip",
    "earns_its_cost",
    "figures",
    "fixed_width",
    "go_on_at_equal_age",
    "ideal_customers",
    "involuntary",
    "judge",
    "known_events",
    "leak_under_expansion",
    "leaking",
    "logo_above_gross",
    "mistakes",
    "newest_starts",
    "not_explained",
    "paid_back",
    "pipeline_moved",
    "predictions",
    "projected",
    "reasons_by",
    "reasons_ranked",
    "rules_disagree",
    "settled",
    "slipped_most",
    "so_what",
    "top_channel",
    "trust",
    "where",
    "why",
]
