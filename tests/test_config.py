"""gtm.toml: what a minimal one means, and what each mistake in it is answered with, word for word."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from gtmkit.config import Config
from gtmkit.errors import ConfigError


def load(folder: Path, settings: str) -> Config:
    folder.mkdir(exist_ok=True)
    (folder / "gtm.toml").write_text(settings, encoding="utf-8")
    return Config.load(folder)


def refused(folder: Path, settings: str | bytes) -> str:
    folder.mkdir(exist_ok=True)
    data = settings if isinstance(settings, bytes) else settings.encode()
    (folder / "gtm.toml").write_bytes(data)
    with pytest.raises(ConfigError) as error:
        Config.load(folder)
    return str(error.value).replace(str(folder), "acme")


def test_an_empty_file_takes_the_defaults(tmp_path: Path):
    config = load(tmp_path / "acme", "")
    assert config.company.name == "acme"
    assert (config.company.currency, config.company.timezone) == ("USD", "UTC")
    assert (config.company.fiscal_year_start, config.company.week_start) == (1, "monday")
    assert config.suppress.min_n == 20
    assert (config.retention.window_months, config.retention.cohort) == (12, "month")
    assert config.pipeline.stages == ()
    assert (config.pipeline.won, config.pipeline.lost) == ("closed_won", "closed_lost")
    assert config.pipeline.kinds == ("new", "expansion")
    windows = config.pipeline.stage_window_days, config.pipeline.accept_window_days
    assert (*windows, config.pipeline.close_window_days) == (90, 30, 180)
    assert config.subscriptions.counts == ("active", "past_due", "canceled")
    assert config.subscriptions.ended_on == "first_day_without"
    assert config.engine.memory_limit == "1GB"
    assert config.tables == {}
    assert config.file == tmp_path / "acme" / "gtm.toml"


def test_every_key_of_a_table_is_typed(tmp_path: Path):
    config = load(
        tmp_path,
        """
        [metric."win_rate.amount"]
        target = 1
        [[change]]
        on = 2026-07-01
        metric = "win_rate"
        note = "derailed deals now count as lost"
        [tables.opportunities]
        path = "crm/opportunities_*.csv"
        delimiter = ";"
        date_format = "%d/%m/%Y"
        date_formats.closed_on = "%Y%m%d"
        decimal = ","
        key = ["opportunity_id"]
        through = 2026-10-31
        settles_days = 2
        max_rejected = 0.01
        columns = { opportunity_id = "Id" }
        constants = { kind = "new" }
        values.stage = { "Closed Won" = "closed_won" }
        allowed.product = { path = "products.csv", column = "product" }
        allowed.segment = ["smb"]
        """,
    )
    entry = config.tables["opportunities"]
    assert entry.date_formats == {"closed_on": "%Y%m%d"}
    assert entry.values["stage"] == {"Closed Won": "closed_won"}
    assert entry.allowed["segment"] == ("smb",)
    assert entry.allowed["product"].column == "product"  # type: ignore[union-attr]
    assert entry.key == ("opportunity_id",)
    assert str(entry.through) == "2026-10-31"
    assert config.metric["win_rate.amount"].target == 1.0
    assert config.change[0].metric == "win_rate"


@pytest.mark.parametrize(("path", "is_parquet"), [("a.parquet", True), ("a.csv.gz", False), ("a.txt", False)])
def test_the_format_follows_the_suffix(tmp_path: Path, path: str, is_parquet: bool):
    assert load(tmp_path, f'[tables.events]\npath = "{path}"').tables["events"].is_parquet is is_parquet


def test_subscriptions_may_say_their_end_and_statuses_in_either_place(tmp_path: Path):
    both = '[tables.subscriptions]\npath = "s.csv"\nended_on = "last_day_with"\ncounts = ["Live"]\n'
    config = load(tmp_path, both)
    assert (config.subscriptions.ended_on, config.subscriptions.counts) == ("last_day_with", ("Live",))
    assert refused(tmp_path / "b", both + '[subscriptions]\nended_on = "first_day_without"') == (
        "acme/gtm.toml: subscriptions.ended_on and tables.subscriptions.ended_on differ. Keep one of the two."
    )


def test_settings_are_frozen(tmp_path: Path):
    config = load(tmp_path, "")
    with pytest.raises(ValidationError):
        config.company.name = "other"  # type: ignore[misc]


def test_no_such_folder(tmp_path: Path):
    with pytest.raises(ConfigError) as error:
        Config.load(tmp_path / "acmee")
    assert str(error.value).replace(str(tmp_path), "") == (
        "There is no workspace '/acmee'. A workspace is a folder with a gtm.toml. "
        "Check the path, or name another folder with --workspace."
    )


def test_no_settings_in_the_folder(tmp_path: Path):
    with pytest.raises(ConfigError) as error:
        Config.load(tmp_path)
    assert str(error.value).replace(str(tmp_path), "acme") == (
        "The folder 'acme' has no gtm.toml. A workspace says there where its tables come from. "
        "Copy the gtm.toml of data/sample and change it, or name another folder with --workspace."
    )


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (
            "[compny]\n",
            "acme/gtm.toml: unknown key 'compny'. Did you mean 'company'? Allowed in the file: "
            "activation, active, attribution, cac, cadence, change, channels, churn, company, engine, events, "
            "finance, glossary, guardrails, leads, ltv, metric, north_star, pipeline, processes, readings, renewals, "
            "retention, scorecard, sla, subscriptions, suppress, tables.",
        ),
        (
            "[suppress]\nmin_m = 1",
            "acme/gtm.toml: unknown key 'suppress.min_m'. Did you mean 'min_n'? "
            "Allowed in 'suppress': min_n.",
        ),
        (
            '[company]\ntimezone = "America/NewYork"',
            "acme/gtm.toml: company.timezone = 'America/NewYork': no such time zone. "
            "Did you mean 'America/New_York'?",
        ),
        (
            '[company]\ncurrency = "usd"',
            "acme/gtm.toml: company.currency = 'usd': it must be a currency code of three capitals, "
            "such as 'USD'.",
        ),
        (
            '[company]\nweek_start = "mnday"',
            "acme/gtm.toml: company.week_start = 'mnday': must be 'monday', 'tuesday', "
            "'wednesday', 'thursday', 'friday', 'saturday' or 'sunday'. Did you mean 'monday'?",
        ),
        ('[suppress]\nmin_n = "20"', "acme/gtm.toml: suppress.min_n = '20': must be a whole number."),
        ("[suppress]\nmin_n = true", "acme/gtm.toml: suppress.min_n = True: must be a whole number."),
        (
            '[pipeline]\nstages = ["a", "b", "a"]',
            "acme/gtm.toml: pipeline: stages, won and lost must all differ; twice: a.",
        ),
        ("pipeline = 1", "acme/gtm.toml: pipeline = 1: must be a section of keys."),
        ("[tables.events]\n", "acme/gtm.toml: the key 'tables.events.path' is missing. Add it."),
        (
            '[tables.events]\npath = "a.csv"\nkey = "x"',
            "acme/gtm.toml: tables.events.key = 'x': must be a list.",
        ),
        (
            '[tables.events]\npath = "https://example.com/a.csv"',
            "acme/gtm.toml: tables.events.path = 'https://example.com/a.csv': it must be a path on this "
            "machine, not an address.",
        ),
        (
            '[tables.events]\npath = "a.csv"\nencoding = "utf8x"',
            "acme/gtm.toml: tables.events.encoding = 'utf8x': no such encoding; utf-8, utf-16, cp1252 and "
            "latin-1 are usual.",
        ),
        (
            '[tables.events]\npath = "a.csv"\nallowed.event = { path = "b.csv", colum = "c" }',
            "acme/gtm.toml: the key 'tables.events.allowed.event.column' is missing. Add it.\n"
            "acme/gtm.toml: unknown key 'tables.events.allowed.event.colum'. Did you mean 'column'? "
            "Allowed in 'tables.events.allowed.event': column, path.",
        ),
        (
            '[[change]]\non = "2026"\nmetric = "a"\nnote = "b"',
            "acme/gtm.toml: change[0].on = '2026': must be a date such as 2026-10-31, without quotes.",
        ),
        (
            "[company]\nname = \n",
            "acme/gtm.toml is not TOML: Invalid value (at line 2, column 8). Correct that line.",
        ),
        (
            b"[company]\nname = '\xff'\n",
            "acme/gtm.toml, line 2: not UTF-8. Save the file as UTF-8.",
        ),
    ],
)
def test_mistakes_are_named_with_the_remedy(tmp_path: Path, settings: str | bytes, said: str):
    assert refused(tmp_path / "acme", settings) == said


def test_all_mistakes_are_said_at_once(tmp_path: Path):
    said = refused(tmp_path, "[suppress]\nmin_n = -1\n[retention]\nwindow_months = 100\n")
    assert len(said.splitlines()) == 2


ACTIVATION = """
[activation]
window_days = 14
conditions = [
  { event = "workflow_completed", at_least = 2, within_days = 7 },
  { event = "teammate_invited", at_least = 3, distinct = "user_id" },
]
second = { event = "report_shared", window_days = 60 }
"""


def test_an_activation_rule_is_read_whole(tmp_path: Path):
    rule = load(tmp_path / "acme", ACTIVATION).activation
    first, other = rule.conditions
    assert (rule.window_days, first.event, first.at_least, first.within_days) == (
        14,
        "workflow_completed",
        2,
        7,
    )
    assert (other.distinct, other.at_least, other.within_days) == ("user_id", 3, None)
    assert rule.second is not None
    assert (rule.second.event, rule.second.window_days) == ("report_shared", 60)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            '[north_star]\nevents = ["paid"]\n[events.paid]\nkind = "billing"\n',
            "north_star is what an account does, and 'paid' is a billing event. Name a product event in [north_star]",
        ),
        (
            '[north_star]\nunit = "user"\n',
            "north_star.events: it must list one or more product events, such as ['workflow_completed'].",
        ),
        ("[north_star]\nevents = []\n", "north_star.events: it must list one or more product events"),
        (
            '[active]\nevents = ["signed"]\n[events.signed]\nkind = "contract"\n',
            "active is what an account does, and 'signed' is a contract event. Name a product event in [active]",
        ),
        (
            ACTIVATION + '[events.report_shared]\nkind = "billing"\n',
            "activation is what an account does, and 'report_shared' is a billing event. Name a product event in",
        ),
        (
            ACTIVATION.replace("at_least = 2", "at_leest = 2"),
            "'activation.conditions[0].at_leest'. Did you mean",
        ),
        (ACTIVATION.replace("window_days = 60", "window = 60"), "unknown key 'activation.second.window'"),
        (ACTIVATION.replace("at_least = 2", "at_least = 0"), "activation.conditions[0].at_least = 0"),
        ('[cac]\nnot_applicable = ["agncy"]', "it may list tools, payroll, agency, sales_engineering"),
        ("[cac]\nlag_months = 1.5", "cac.lag_months = 1.5: must be a whole number"),
        ("[ltv]\nhorizon_months = 61", "ltv.horizon_months = 61"),
        ('[churn.reasons.price]\ncategry = "money"', "Did you mean 'category'?"),
    ],
)
def test_faults_of_activation_cost_and_churn_are_said(tmp_path: Path, text: str, said: str):
    assert said in refused(tmp_path / "acme", text)
