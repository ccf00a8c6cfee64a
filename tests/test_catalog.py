"""The catalogue holds every metric function, and every signature says only what the workspace can resolve."""

import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable
from datetime import date
from graphlib import TopologicalSorter
from pathlib import Path
from types import ModuleType
from typing import Any, get_args, get_type_hints

import pandas as pd
import pytest

from gtmkit import catalog, metrics
from gtmkit.catalog import METRICS, Metric, noise
from gtmkit.catalog.metric import ALWAYS
from gtmkit.config import Config
from gtmkit.contracts import TABLES
from gtmkit.errors import ConfigError
from gtmkit.ledgers import LEDGERS
from gtmkit.periods import Period
from gtmkit.results import Need, Setting

TESTS = Path(__file__).parent
COUNTS = {
    "allocation",
    "entrants",
    "observed",
    "opportunities",
    "recurring",
    "targets",
}  # what several metrics count alike; no metric stands there
MODULES: list[ModuleType] = [
    importlib.import_module(f"gtmkit.metrics.{found.name}")
    for found in pkgutil.iter_modules(metrics.__path__)
    if found.name not in COUNTS
]
# What finance knows of the company alone, what stands on it, and events that belong to no account.
WHOLE_COMPANY = {
    "revenue", "gross_margin", "magic_number", "new_cac_ratio", "expansion_cac_ratio",
    "blended_cac_ratio", "identity_match_rate", "event_contract_violations",
    "cost_categories", "rule_of_40", "opex_profile", "gtm_efficiency_ratio", "gtm_efficiency_margin",
    "messaging_tests_shipped", "content_shipped",
}  # fmt: skip
each_metric = pytest.mark.parametrize("row", list(METRICS.values()), ids=list(METRICS))


def functions(module: ModuleType) -> dict[str, Callable[..., Any]]:
    """The public functions written in a module."""
    return {
        name: function
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__ and not name.startswith("_")
    }


def parameters(function: Callable[..., Any], kind: Any) -> list[inspect.Parameter]:
    return [p for p in inspect.signature(function).parameters.values() if p.kind is kind]


def taken(function: Callable[..., Any], metrics: bool | None = None) -> list[str]:
    """What a function takes by position, by name: all of it, or the metrics, or the tables and ledgers."""
    found = parameters(function, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [
        p.default.metric if isinstance(p.default, Need) else p.name
        for p in found
        if metrics is None or metrics == (isinstance(p.default, Need) or p.annotation is pd.DataFrame)
    ]


def setting_of(key: str) -> Any:
    value: Any = Config()
    for part in key.split("."):
        value = getattr(value, part)
    return value


# ---------------------------------------------------------------- functions and rows


def test_every_metric_function_has_a_row_and_every_row_a_function() -> None:
    written = {name: function for module in MODULES for name, function in functions(module).items()}
    assert {name: row.function for name, row in METRICS.items()} == written


def test_the_metrics_of_retention_and_pipeline_are_all_there() -> None:
    retention = (
        "mrr arr arr_bridge net_new_arr net_revenue_retention gross_revenue_retention logo_retention "
        "expansion_rate cohort_retention usage_retention"
    )
    pipeline = (
        "pipeline_created sales_accepted_rate stage_conversion time_in_stage win_rate close_rate sales_cycle "
        "average_selling_price open_pipeline pipeline_bridge pipeline_coverage pipeline_velocity stage_leak stage_wait "
        "stage_skip_rate stage_regress_rate"
    )
    assert {*retention.split(), *pipeline.split()} <= set(METRICS)


@each_metric
def test_a_mirrored_test_file_mentions_each_metric(row: Metric) -> None:
    module = row.function.__module__.rpartition(".")[2]
    mirrors = sorted((TESTS / "metrics").glob(f"test_{module}*.py"))
    assert mirrors, f"tests/metrics/test_{module}.py is missing"
    words = {word for mirror in mirrors for word in re.findall(r"\w+", mirror.read_text(encoding="utf-8"))}
    assert row.id in words


# ---------------------------------------------------------------- the signature is the graph


@each_metric
def test_every_positional_parameter_names_a_table_ledger_or_metric(row: Metric) -> None:
    assert [name for name in taken(row.function, metrics=True) if name not in METRICS] == []
    assert [name for name in taken(row.function, metrics=False) if name not in {*TABLES, *LEDGERS}] == []
    assert taken(row.function), "a metric takes something"
    assert [part.name for part in row.parts] == taken(row.function)


@pytest.mark.parametrize("name", list(LEDGERS))
def test_a_ledger_takes_tables_and_other_ledgers(name: str) -> None:
    assert [t for t in taken(LEDGERS[name]) if t not in {*TABLES, *LEDGERS}] == []


def test_tables_and_ledgers_share_no_name() -> None:
    assert set(TABLES) & set(LEDGERS) == set()
    # The trade has one word for the postings and their sum, and for the changes and what finance recognised:
    # a parameter annotated as a pandas frame names the metric, any other the table or ledger.
    assert (set(TABLES) | set(LEDGERS)) & set(METRICS) == {"spend", "revenue"}


def test_nothing_takes_itself_even_by_way_of_others() -> None:
    graph = {name: [t for t in taken(LEDGERS[name]) if t in LEDGERS] for name in LEDGERS}
    graph |= {
        f"metric {name}": [f"metric {t}" for t in taken(row.function, True)] for name, row in METRICS.items()
    }
    assert set(TopologicalSorter(graph).static_order()) >= set(graph)  # raises CycleError on a cycle


@each_metric
def test_measures_take_no_metrics_and_derived_take_nothing_else(row: Metric) -> None:
    assert not (taken(row.function, metrics=True) and taken(row.function, metrics=False))


@each_metric
def test_what_a_derived_metric_asks_of_another_that_one_can_be_asked(row: Metric) -> None:
    for parameter in parameters(row.function, inspect.Parameter.POSITIONAL_OR_KEYWORD):
        if isinstance(parameter.default, Need):
            asked = METRICS[parameter.default.metric]
            assert set(parameter.default.options) <= set(asked.options)
        else:
            assert parameter.default in (inspect.Parameter.empty, None)


@each_metric
def test_only_optional_tables_default_to_none(row: Metric) -> None:
    hints = get_type_hints(row.function)
    for parameter in parameters(row.function, inspect.Parameter.POSITIONAL_OR_KEYWORD):
        if parameter.default is None:
            assert parameter.name in {*TABLES, *LEDGERS}
            assert type(None) in get_args(hints[parameter.name])


@each_metric
def test_keywords_say_how_it_is_asked(row: Metric) -> None:
    kinds = {p.kind for p in inspect.signature(row.function).parameters.values()}
    assert kinds == {inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY}
    keywords = {p.name: p for p in parameters(row.function, inspect.Parameter.KEYWORD_ONLY)}
    assert {"by", "periods"} <= set(keywords)
    for name in ("by", "periods"):
        assert keywords[name].default is inspect.Parameter.empty
    options = set(keywords) - {"by", "periods"}
    assert set(row.options) <= options
    assert [name for name in options if keywords[name].default is inspect.Parameter.empty] == []


@pytest.mark.parametrize(
    ("metric", "options"),
    [
        ("renewal_rate", {"of"}), ("late_renewal_share", set()), ("renewals_due", set()), ("north_star", set()),
        ("milestone_rate", {"window_days"}), ("churn_reasons.bounds", {"of", "basis", "axis", "months"}),
        ("stage_leak", {"kinds"}), ("activation_rate", {"basis", "months", "window_days"}),
    ],
)  # fmt: skip
def test_a_setting_that_makes_its_ledger_is_no_option(metric: str, options: set[str]) -> None:
    """The ledger is made as gtm.toml says; a metric that counted otherwise would count what is not in it."""
    row, _ = catalog.find(metric)
    assert set(row.options) == options


@pytest.mark.parametrize(
    "function", [*(row.function for row in METRICS.values()), *LEDGERS.values()], ids=[*METRICS, *LEDGERS]
)
def test_every_setting_stands_in_the_settings(function: Callable[..., Any]) -> None:
    for parameter in parameters(function, inspect.Parameter.KEYWORD_ONLY):
        if isinstance(parameter.default, Setting):
            setting_of(parameter.default.key)  # raises AttributeError where there is none


@each_metric
def test_every_parameter_says_its_type(row: Metric) -> None:
    hints = get_type_hints(row.function)
    assert set(hints) == {*inspect.signature(row.function).parameters, "return"}


@each_metric
def test_a_variant_sets_options_to_values_they_allow(row: Metric) -> None:
    hints = get_type_hints(row.function)
    for variant in row.variants.values():
        assert variant.options, "a variant is another way to ask"
        assert set(variant.options) <= set(row.options)
        for name, value in variant.options.items():
            assert value in get_args(hints[name]) or (hints[name] is int and type(value) is int)
            assert value != row.options[name].default


# ---------------------------------------------------------------- what the trade says


@each_metric
def test_the_definition_is_one_sentence_that_fits_a_line(row: Metric) -> None:
    assert row.definition == (inspect.getdoc(row.function) or "").split("\n")[0]
    assert row.definition.endswith(".")
    assert row.definition[0].isupper()
    assert len(row.definition) <= 110


@each_metric
def test_the_docstring_poses_the_question_and_says_what_is_returned(row: Metric) -> None:
    doc = inspect.getdoc(row.function) or ""
    assert "Answers: " in doc
    assert "Returns: " in doc
    assert doc.split("Answers: ")[1].split("\n")[0].endswith("?")


@each_metric
def test_a_row_is_filled_in(row: Metric) -> None:
    assert row.label
    assert row.layer in catalog.LAYERS
    assert row.unit in get_args(catalog.Unit)
    assert row.better in ("up", "down", "neither")
    assert row.decision in get_args(catalog.Decision)
    assert row.truth
    assert row.standard
    assert all(variant.note for variant in row.variants.values())
    assert all("." not in name for name in [row.id, *row.variants])


def test_labels_tell_metrics_apart() -> None:
    assert len({row.label for row in METRICS.values()}) == len(METRICS)


# What conventions let a metric be broken down by: its own table's columns, then the account's, then the owner's.
DIMENSIONS = {
    name
    for table in ("accounts", "opportunities", "owners", "targets", "spend")
    for name in TABLES[table].names
} | {"intent", "motion"}  # what [[channels]] says of a channel


@each_metric
def test_what_it_is_broken_down_by_are_canonical_columns_that_are_not_figures(row: Metric) -> None:
    assert row.by or row.id in WHOLE_COMPANY
    assert len(set(row.by)) == len(row.by)
    assert [name for name in row.by if name not in DIMENSIONS] == []
    endings = ("_on", "_at", "_amount", "amount", "value", "updated_at")
    assert [name for name in row.by if name.endswith(endings)] == []


def test_layers_one_and_three_are_asked_by_what_accounts_and_owners_have() -> None:
    allowed = {*TABLES["accounts"].names, *TABLES["owners"].names, "intent", "motion"}
    for row in METRICS.values():
        is_of_opportunities = "journeys" in {part.name for part in row.parts}
        if row.layer in (1, 3) and not is_of_opportunities:
            assert set(row.by) <= allowed, row.id


# ---------------------------------------------------------------- asking for one


def test_an_id_names_a_row_and_a_variant() -> None:
    assert catalog.find("win_rate") == (METRICS["win_rate"], "")
    assert catalog.find("win_rate.amount") == (METRICS["win_rate"], "amount")


def test_an_unknown_metric_is_refused_with_a_suggestion() -> None:
    with pytest.raises(ConfigError) as error:
        catalog.find("win_rat")
    assert str(error.value) == (
        "There is no metric 'win_rat'. Did you mean 'win_rate'? `gtmkit metrics` lists all there are. "
        "Ask for one of them."
    )


@pytest.mark.parametrize("metric", ["", ".amount", "WIN_RATE", "journeys"])
def test_what_is_no_metric_is_refused(metric: str) -> None:
    with pytest.raises(ConfigError, match="There is no metric"):
        catalog.find(metric)


def test_an_unknown_variant_is_refused_with_those_there_are() -> None:
    with pytest.raises(ConfigError) as error:
        catalog.find("stage_conversion.cohrt")
    assert str(error.value) == (
        "stage_conversion has no variant 'cohrt'. Did you mean 'cohort'? "
        "It has: stage_conversion.amount, stage_conversion.cohort. "
        "Ask for one of these, or for stage_conversion."
    )
    with pytest.raises(ConfigError, match=r"mrr has no variant 'amount'\. It has: none\."):
        catalog.find("mrr.amount")


@pytest.mark.parametrize("metric", ["win_rate.", "win_rate.amount.x"])
def test_a_variant_without_a_name_or_with_two_is_refused(metric: str) -> None:
    with pytest.raises(ConfigError, match="win_rate has no variant"):
        catalog.find(metric)


def test_a_column_it_may_not_be_broken_down_by_is_refused_with_those_it_may() -> None:
    catalog.check_by("pipeline_coverage.quota", ["segment", "owner"])
    with pytest.raises(ConfigError) as error:
        catalog.check_by("pipeline_coverage", ["segmnt"])
    assert str(error.value) == (
        "pipeline_coverage cannot be asked by 'segmnt'. Did you mean 'segment'? "
        "Allowed: segment, channel, intent, motion, owner. Choose one of these."
    )


# ---------------------------------------------------------------- what it prints


def workspace_with(folder: Path, text: str) -> Config:
    (folder / "gtm.toml").write_text(text, encoding="utf-8")
    return Config.load(folder)


def test_the_overview_has_a_row_a_metric_with_variants_and_by() -> None:
    frame = catalog.overview().set_index("id")
    assert set(frame.index) == set(METRICS)
    assert frame.loc["stage_conversion", "variants"] == "amount cohort"
    assert frame.loc["pipeline_coverage", "by"] == "segment channel intent motion owner"
    assert frame.loc["mrr", "variants"] == ""
    assert not frame.isna().any(axis=None)


def test_definitions_say_what_the_workspace_agreed(tmp_path: Path) -> None:
    config = workspace_with(
        tmp_path,
        """
[metric.win_rate]
version = 2
owner = "VP Sales"
target = 0.25
truth = "warehouse"
[[change]]
on = 2026-07-01
metric = "win_rate"
note = "derailed deals now count as lost"
[[change]]
on = 2026-08-01
metric = "mrr"
note = "of another metric"
""",
    )
    frame = catalog.define("win_rate.amount", "sales_cycle", config=config).set_index("id")
    won = frame.loc["win_rate.amount"]
    assert won["definition"] == (
        f"{METRICS['win_rate'].definition} Variant: each opportunity weighs its amount."
    )
    assert (won["version"], won["owner"], won["target"], won["truth"]) == (2, "VP Sales", 0.25, "warehouse")
    assert won["changes"] == "2026-07-01: derailed deals now count as lost"
    assert won["metric"] == "Win rate (amount)"
    cycle = frame.loc["sales_cycle"]
    assert (cycle["version"], cycle["truth"], cycle["serves"]) == (1, "crm", "sales motion")
    assert cycle["definition"] == METRICS["sales_cycle"].definition
    assert cycle[["owner", "target", "changes"]].isna().all()
    assert "trust" not in frame
    trusted = catalog.define("win_rate.amount", config=config, trust=lambda name: f"check: {name}")
    assert trusted.loc[0, "trust"] == "check: win_rate.amount"


def test_a_shorter_retention_window_is_part_of_the_name(tmp_path: Path) -> None:
    short = workspace_with(tmp_path, "[retention]\nwindow_months = 3\n")
    assert catalog.label("net_revenue_retention", short) == "Net revenue retention, 3 months"
    assert catalog.label("gross_revenue_retention.flow", short) == "Gross revenue retention, 3 months (flow)"
    assert catalog.label("mrr", short) == "MRR"
    assert catalog.label("net_revenue_retention", Config()) == "Net revenue retention"


def test_what_gtm_toml_agrees_is_of_a_metric_that_there_is() -> None:
    agreed = Config.model_validate({"metric": {"win_rate": {"target": 0.3}}})
    catalog.check_agreed(agreed)
    with pytest.raises(
        ConfigError, match=r"metric.win_rat: there is no metric 'win_rat'. Did you mean 'win_rate'"
    ):
        catalog.check_agreed(Config.model_validate({"metric": {"win_rat": {"target": 0.3}}}))
    change = {"on": date(2026, 7, 1), "metric": "nrr", "note": "counted anew"}
    with pytest.raises(ConfigError, match=r"change\[0\].metric: there is no metric 'nrr'"):
        catalog.check_agreed(Config.model_validate({"change": [change]}))


# ---------------------------------------------------------------- which review a metric belongs to


@pytest.mark.parametrize(
    ("metric", "settings", "runs", "in_week", "in_month"),
    [
        ("win_rate", {}, "month", False, True),
        ("arr", {}, "quarter", False, True),  # shown in a month, scored in a quarter
        ("gross_revenue_retention", {}, "quarter", False, False),
        ("gross_revenue_retention", {"gross_revenue_retention": "month"}, "month", False, True),
        ("cohort_retention", {}, "month", False, True),  # a value signal that has no weeks
        ("cohort_retention", {"cohort_retention": "week"}, "week", False, True),
    ],
)
def test_a_review_has_what_is_run_so_often(
    metric: str, settings: dict[str, str], runs: str, in_week: bool, in_month: bool
) -> None:
    row, config = METRICS[metric], Config.model_validate({"cadence": settings})
    assert catalog.cadence(row, config) == runs
    belongs = [catalog.belongs(row, Period.parse(p), config) for p in ("2026-W45", "2026-10", "2026-Q3")]
    assert belongs == [in_week, in_month, True]


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({"cadence": {"win_rat": "week"}}, "cadence.win_rat"),
        ({"guardrails": {"gros_margin": {"at_least": 0.7}}}, "guardrails.gros_margin"),
        ({"scorecard": {"lines": ["arr", "nrr"]}}, r"scorecard.lines\[1\]"),
    ],
)
def test_what_is_agreed_of_a_metric_there_is_not_is_refused(settings: dict[str, Any], key: str) -> None:
    with pytest.raises(ConfigError, match=f"{key}: [tT]here is no metric"):
        catalog.check_agreed(Config.model_validate(settings))


@pytest.mark.parametrize(
    ("scorecard", "said"),
    [
        (
            {"lines": ["win_rate.amount", "win_rate.amunt"]},
            "gtm.toml: scorecard.lines[1]: win_rate has no variant 'amunt'. Did you mean 'amount'? "
            "It has: win_rate.amount. Ask for one of these, or for win_rate.",
        ),
        (
            {"focus": ["segment", "chanel"]},
            "gtm.toml: scorecard.focus[1]: nothing is known by 'chanel'. Did you mean 'channel'? "
            f"Allowed: {', '.join(catalog.DIMENSIONS)}. Choose one of these.",
        ),
    ],
)
def test_what_the_scorecard_names_must_be_there(scorecard: dict[str, list[str]], said: str) -> None:
    with pytest.raises(ConfigError) as error:
        catalog.check_agreed(Config.model_validate({"scorecard": scorecard}))
    assert str(error.value) == said
    catalog.check_agreed(
        Config.model_validate({"scorecard": {"lines": ["win_rate.amount"], "focus": ["owner"]}})
    )


# ---------------------------------------------------------------- how noise shows


@pytest.mark.parametrize(
    ("metric", "options", "months"),
    [
        ("bookings", {}, 0),
        ("bookings", {"months": 3}, 3),
        ("mrr", {}, ALWAYS),
        ("arr", {}, ALWAYS),  # of its part
        ("arpa", {}, ALWAYS),
        ("net_revenue_retention", {}, 12),  # [retention] window_months
        ("net_revenue_retention", {"window_months": 3}, 3),
        ("cac", {}, 3),  # [cac] window_months, of its parts
        ("magic_number", {}, 3),
        ("pipeline_velocity", {}, ALWAYS),
        ("cost_categories", {}, 3),
        ("sales_cycle", {}, 12),
        ("sales_cycle", {"basis": "won"}, 0),
        ("close_rate", {}, 0),
        ("close_rate", {"basis": "curve"}, 12),
        ("time_to_value", {}, 12),
        ("win_rate", {}, 0),
    ],
)
def test_the_months_that_a_metric_looks_back_over(metric: str, options: Any, months: float) -> None:
    assert noise.months(METRICS[metric], Config(), options) == months


def test_the_window_that_gtm_toml_sets_is_the_one_looked_back_over() -> None:
    config = Config.model_validate({"retention": {"window_months": 1}, "cac": {"window_months": 6}})
    assert noise.months(METRICS["net_revenue_retention"], config, {}) == 1
    assert noise.months(METRICS["cac"], config, {}) == 6


@each_metric
def test_a_definition_that_says_its_window_or_state_has_it_in_the_catalogue(row: Metric) -> None:
    said = row.definition
    looks_back = noise.months(row, Config(), {})
    if re.search(r"\b12 months|\ba year\b", said):
        assert looks_back >= 3
    elif "three months" in said:
        assert looks_back == 3 or looks_back >= 12
    is_bridge = "movement" in row.axes  # two of its rows are a stock, all others happened in the period
    if re.search(r"open at the end|holds at|at the end of the period(?! less)", said) and not is_bridge:
        assert looks_back >= 12
    if row.is_flow:
        assert looks_back == 0


def test_a_window_no_longer_than_its_period_does_not_carry_over() -> None:
    month, quarter, week = (Period.parse(label) for label in ("2026-10", "2026-Q3", "2026-W45"))
    carried = [
        noise.figure(name, period, Config()).carries_over
        for name in ("cac", "new_logos", "arr", "activation_rate")
        for period in (month, quarter, week)
    ]
    assert carried == [True, False, True, False, False, False, True, True, True, False, False, True]


def test_the_kind_of_noise_goes_by_the_unit_asked_for() -> None:
    month, config = Period.parse("2026-10"), Config()
    names = ("win_rate", "win_rate.amount", "new_logos", "sales_cycle.won", "bookings")
    kinds = [noise.figure(name, month, config).kind for name in names]
    assert kinds == ["share", "interval", "count", "interval", "interval"]
    assert noise.figure("win_rate", month, config, weight="amount").kind == "interval"
    dims = noise.figure("win_rate", month, config, {"segment": "smb", "channel": "paid"}).dims
    assert dims == (("channel", "paid"), ("segment", "smb"))
