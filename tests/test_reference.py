"""A metric's page: everything the catalogue, the docstring and the signatures say, down to the tables."""

import re

import pytest

import gtmkit
from gtmkit import catalog, reference
from gtmkit.config import Config
from gtmkit.contracts import TABLES
from gtmkit.errors import ConfigError
from gtmkit.results import Setting


def terms(metric: str) -> dict[str, str]:
    return {name: "\n".join(lines) for name, lines in gtmkit.help(metric).terms.items()}


def test_the_page_of_a_metric_says_what_it_means_and_how_it_departs() -> None:
    said = terms("win_rate")
    assert said["Definition"] == "Share won of the opportunities closed in the period, won or lost."
    assert said["Answers"] == "How often do we win what comes to a decision?"
    assert said["The usual way"] == "Won over won and lost, by close date."
    assert said["Differs"] == "Not won over all opportunities: open ones are not losses."
    assert said["Unit"] == "share, 0 to 1, shown in percent; up is good news"
    assert (said["Layer"], said["Decision served"]) == ("2, GTM outputs", "sales motion")
    assert said["Source of truth"] == "crm"
    assert said["by"].startswith("segment, use_case, persona")
    assert said["Variants"] == "win_rate.amount (ratio): Each opportunity weighs its amount."


def test_options_say_their_default_and_where_it_stands() -> None:
    assert terms("win_rate")["Options"].splitlines() == [
        "weight: count, one of count, amount",
        "months: not set",
        "kinds: new, expansion, unless gtm.toml sets pipeline.kinds",
    ]


def test_a_variant_says_what_makes_it_and_its_own_unit() -> None:
    said = terms("win_rate.amount")
    assert (
        said["This variant"]
        == "Each opportunity weighs its amount. It is the metric asked with weight='amount'."
    )
    assert said["Unit"].startswith("ratio of two sums")
    assert str(gtmkit.help("win_rate.amount")).startswith("Win rate (amount) (win_rate.amount)\n")


def test_what_a_derived_metric_is_made_of_goes_down_to_the_tables() -> None:
    text = str(gtmkit.help("pipeline_velocity"))
    made_of = text[text.index("Made of\n") :].splitlines()[1:]
    assert made_of[:4] == [
        "    open_pipeline (metric)",
        "        positions (ledger)",
        "            journeys (ledger)",
        "                opportunities (table)",
    ]
    assert "    win_rate (metric, months=12)" in made_of
    assert sum("opportunities (table)" in line for line in made_of) == 1  # a ledger is opened once
    assert sum(line.strip() == "journeys (ledger), as above" for line in made_of) == 3


def test_a_table_that_some_part_cannot_do_without_is_needed() -> None:
    # visits takes stage_changes, journeys takes it where there is one
    assert terms("stage_conversion")["Tables in the end"] == (
        "opportunities, stage_changes; where there is one: accounts, account_changes, owners"
    )
    assert terms("mrr")["Tables in the end"].startswith("subscriptions; where there is one: accounts")


def test_the_code_is_there_without_its_docstring() -> None:
    page = gtmkit.help("win_rate")
    assert page.code.startswith("rows = closed(journeys, kinds)\n")
    assert "<details><summary>The code</summary><pre>rows = closed" in page.html()
    assert page.terms["Formula"] == ["the function win_rate of gtmkit.metrics.pipeline"]


def test_an_unknown_id_is_refused_with_a_suggestion() -> None:
    with pytest.raises(ConfigError, match=r"^There is no metric 'win_rat'. Did you mean 'win_rate'\?"):
        gtmkit.help("win_rat")
    with pytest.raises(ConfigError, match=r"^win_rate has no variant 'amnt'. Did you mean 'amount'\?"):
        gtmkit.help("win_rate.amnt")


def everything() -> list[str]:
    return [name for m in catalog.METRICS.values() for name in (m.id, *(f"{m.id}.{v}" for v in m.variants))]


@pytest.mark.parametrize("metric", everything())
def test_every_metric_and_variant_has_its_page(metric: str) -> None:
    page = gtmkit.help(metric)
    text, html = str(page), page.html()
    assert {"Definition", "Answers", "Returns", "The usual way", "Unit", "Layer", "by", "Options"} <= set(
        page.terms
    )
    assert all(len(line) <= reference.WIDTH for line in text.splitlines())
    assert all(lines and all(line.strip() for line in lines) for lines in page.terms.values())
    named = re.findall(r"[a-z_]+", page.terms["Tables in the end"][0].replace("where there is one", ""))
    assert named
    assert set(named) <= set(TABLES)
    assert html.count("<dt>") == len(page.terms) + 1
    assert html.count("<ul>") == html.count("</ul>")
    row, variant = catalog.find(metric)
    if variant:
        assert row.variants[variant].note[1:].removesuffix(".") in page.terms["This variant"][0]


def test_every_setting_that_an_option_names_is_one_of_gtm_toml() -> None:
    for row in catalog.METRICS.values():
        for option in row.options.values():
            if isinstance(option.default, Setting):
                section, _, key = option.default.key.partition(".")
                agreed = getattr(Config(), section)  # the whole of it where no key is named
                assert not key or key in type(agreed).model_fields
