"""Campaign parameters by hand: what is misspelt or unmapped, the pipeline at stake, and the lines that mend it."""

import shutil
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from cases import Case, workspace
from paper import ENGINES

import gtmkit
from gtmkit.frames import collect
from gtmkit.health import hygiene
from gtmkit.health.fault import Fault
from gtmkit.sample.demand import SPELLINGS
from gtmkit.workspace import Workspace

SAMPLE = Path(__file__).parents[2] / "data" / "sample"
CHANNELS = """
[[channels]]
channel = "seo"
source = "google"
medium = "organic"
[[channels]]
channel = "ads"
source = "google"
medium = "cpc"
[[channels]]
channel = "talks"
"""
# October 2026 is under review: its pipeline was created from 1 November 2025 to 31 October 2026.
# o1 is of account a, o2 of b, o3 of c, o4 of a but a year too old, o5 of nobody, o6 a renewal.
OPPORTUNITIES = """opportunity_id created_at account_id amount kind channel
o1 2026-06-30T12:00 a 100 new ads
o2 2026-07-01T12:00 b 20 new -
o3 2026-07-01T12:00 c 3 new Seo
o4 2025-10-31T12:00 a 5000 new ads
o5 2026-08-01T12:00 - 7 new talks
o6 2026-06-30T12:00 a 9000 renewal ads"""
# Google is misspelt four times: on a 90 days before o1 (1 April), on b by its visitor the day it was created, on c 91
# days before o3 (1 April to 1 July), and by the lead l1 whose opportunity is o5. The webinar is of nobody.
TOUCHES = """touched_at account_id anonymous_id lead_id source medium
2026-04-01T09:00 a - - Google organic
2026-07-01T23:00 - v1 - Google organic
2026-04-01T09:00 c - - Google organic
2026-07-31T09:00 - - l1 Google organic
2026-06-01T09:00 a - - google organic
2026-05-01T09:00 - v9 - zoom webinar
2026-11-01T09:00 a - - GOOGLE organic"""
LEADS = """lead_id created_at account_id opportunity_id source medium channel
l1 2026-07-30T09:00 - o5 google cpc Ads
l2 2026-05-01T09:00 - - google - -"""
IDENTITIES = "anonymous_id account_id\nv1 b"
TABLES = {"opportunities": OPPORTUNITIES, "touches": TOUCHES, "leads": LEADS, "identities": IDENTITIES}


def company(
    tables: Mapping[str, str] = TABLES, settings: str = CHANNELS, engine: str = "polars"
) -> Workspace:
    return workspace(Case("arr", "hand", tables, [], settings), engine)


def frame(*args: Any, **kwargs: Any) -> pd.DataFrame:
    found: pd.DataFrame = company(*args, **kwargs).told(hygiene.parameters).frame
    return found


def faults_of(ws: Workspace) -> dict[str, Fault]:
    found = hygiene.faults(ws.told(hygiene.parameters), **ws._inputs.settings(hygiene.faults))
    assert len({fault.subject for fault in found}) == len(found)
    return {fault.subject: fault for fault in found}


def faults(*args: Any, **kwargs: Any) -> dict[str, Fault]:
    return faults_of(company(*args, **kwargs))


def row(found: pd.DataFrame, table: str, column: str, value: str) -> dict[str, Any]:
    same = (found["table"] == table) & (found["column"] == column) & (found["value"] == value)
    (only,) = found[same].astype(object).to_dict("records")
    return {name: None if pd.isna(cell) else cell for name, cell in only.items()}


@pytest.mark.parametrize("engine", ENGINES)
def test_a_misspelt_source_with_the_pipeline_it_touches(engine: str) -> None:
    found = row(frame(engine=engine), "touches", "source", "Google")
    # Four rows from 1 April to 31 July; o1 (100, on its 90th day), o2 (20, on the day itself) and o5 (7, by the lead);
    # not o3 (91 days), o4 (before the twelve months) and o6 (a renewal).
    assert (found["rows"], str(found["first_on"]), str(found["last_on"])) == (4, "2026-04-01", "2026-07-31")
    assert (found["finding"], found["near"], found["alike"]) == ("near-duplicate", "google", 100)
    assert (found["n"], found["amount"], found["is_mapped"]) == (3, 127, False)
    assert found["fix"] == '[tables.touches.values]\nsource = { "Google" = "google" }'


@pytest.mark.parametrize("engine", ENGINES)
def test_what_is_right_is_not_named_and_what_is_misspelt_is_not_unmapped(engine: str) -> None:
    found = frame(engine=engine)
    named = found[found["finding"].notna()]
    assert list(zip(named["table"], named["column"], named["value"], named["finding"], strict=True)) == [
        ("touches", "source", "Google", "near-duplicate"),
        ("touches", "source / medium", "zoom / webinar", "unmapped"),
        ("leads", "source / medium", "google / (none)", "unmapped"),
        ("leads", "channel", "Ads", "near-duplicate"),
        ("opportunities", "channel", "Seo", "near-duplicate"),
    ]
    right = row(found, "touches", "source / medium", "google / organic")
    assert (right["is_mapped"], right["n"], right["amount"]) == (True, 1, 100)
    assert row(found, "touches", "source / medium", "Google / organic")["is_mapped"] is False
    own = row(
        found, "opportunities", "channel", "ads"
    )  # o1 alone: o4 is old, o6 a renewal; all three are rows
    assert (own["rows"], own["n"], own["amount"]) == (3, 1, 100)
    of_lead = row(found, "leads", "channel", "Ads")
    assert (of_lead["near"], of_lead["n"], of_lead["amount"]) == ("ads", 1, 7)


def test_what_comes_after_the_period_is_not_there() -> None:
    assert "GOOGLE" not in set(frame()["value"])


def test_the_faults_and_whose_figures_they_put_in_doubt() -> None:
    found = faults()
    by_channel = ("pipeline_concentration", "demand_creation_share", "cac", "cost_per_qualified_opportunity")
    told = {name: (f.severity, f.area, f.n, f.amount, f.metrics) for name, f in found.items()}
    of_leads = ("qualified_lead_rate", "accepted_opportunity_rate")
    assert told == {
        "touches.source": (
            "warning",
            "hygiene",
            4,
            127.0,
            (),
        ),  # the rule is declared: touches decide no channel
        "leads.channel": ("warning", "hygiene", 1, 7.0, of_leads),
        "opportunities.channel": ("warning", "hygiene", 1, 3.0, by_channel),
        "channels: zoom / webinar": ("note", "hygiene", 1, 0.0, ()),  # touches no pipeline
        "channels: google / (none)": ("note", "hygiene", 1, 0.0, of_leads),
    }
    assert found["touches.source"].text == (
        "1 value is nearly the spelling of a known one: 'Google' for 'google' (4 rows)"
    )
    assert found["touches.source"].fix.endswith('[tables.touches.values]\nsource = { "Google" = "google" }')
    assert found["channels: google / (none)"].text.endswith("1 row of leads; the nearest channel is seo")


@pytest.mark.parametrize("rule", ["first_touch", "last_touch"])
def test_touches_decide_where_the_rule_takes_them(rule: str) -> None:
    found = faults(settings=f'[attribution]\nrule = "{rule}"\nwindow_days = 91\n{CHANNELS}')
    assert "cac" in found["touches.source"].metrics
    assert (
        found["touches.source"].amount == 130
    )  # the window is longer by the day that c's touch was too early


def test_what_touches_decide_was_typed_by_nobody() -> None:
    accounts = "account_id source medium channel\na Google organic seoo\nb google organic seo"
    given = {"opportunities": OPPORTUNITIES, "accounts": accounts}
    assert {"accounts.source", "opportunities.channel"} <= faults(given).keys()
    by_touch = faults(given, settings=f'[attribution]\nrule = "last_touch"\n{CHANNELS}')
    assert not [name for name in by_touch if name.startswith(("accounts.", "opportunities."))]


def test_an_unmapped_pair_that_touches_pipeline_is_a_warning_over_all_tables() -> None:
    touches = "touched_at account_id source medium\n2026-06-01T09:00 a zoom cpc\n2026-06-02T09:00 a Zoom cpc"
    accounts = "account_id source medium\na zoom cpc\nb zoom cpc\nz google cpc"
    found = faults({"opportunities": OPPORTUNITIES, "touches": touches, "accounts": accounts})
    pair = found["channels: zoom / cpc"]
    # Both spellings are one proposal: o1 of a (twice) and o2 of b, each once.
    assert (pair.severity, pair.n, pair.amount) == ("warning", 4, 120)
    assert pair.metrics == ("cac", "cost_per_qualified_opportunity")
    assert "2 rows of touches, 2 rows of accounts; the nearest channel is ads" in pair.text
    lines = pair.fix.partition("\n")[2]
    assert tomllib.loads(lines) == {"channels": [{"channel": "?", "source": "zoom", "medium": "cpc"}]}


def test_channels_that_nobody_named_and_entries_that_nothing_uses() -> None:
    spend = "month_on amount function channel\n2026-09 5 marketing fairs\n2026-10 5 marketing ads"
    found = faults({"opportunities": OPPORTUNITIES, "spend": spend})
    assert found["channels: fairs"].severity == "note"
    assert found["channels: fairs"].metrics == ("cac", "cost_per_qualified_opportunity")
    assert tomllib.loads(found["channels: fairs"].fix.partition("\n")[2]) == {
        "channels": [{"channel": "fairs"}]
    }
    # seo is misspelt in opportunities, ads and talks are named: all are in use.
    assert not [name for name in found if "seo" in name or "ads" in name or "talks" in name]
    unused = faults({"spend": spend})
    assert {name for name in unused if "(" in name or "talks" in name} == {
        "channels: seo (google / organic)", "channels: talks"
    }  # fmt: skip


def test_the_first_entry_that_fits_uses_a_pair_and_one_without_either_fits_none() -> None:
    entry = hygiene.Channel
    channels = [
        entry(channel="talks"),
        entry(channel="any", source="google"),
        entry(channel="ads", medium="cpc"),
    ]
    assert hygiene.fitting(("google", "cpc"), channels) == 1
    assert hygiene.fitting(("bing", "cpc"), channels) == 2
    assert hygiene.fitting(("google", None), channels) == 1
    assert hygiene.fitting(("bing", None), channels) is None
    assert hygiene.fitting((None, None), channels) is None


def test_a_company_without_a_map_of_channels_gets_one_note() -> None:
    for settings in ("", '[[channels]]\nchannel = "ads"'):
        found = faults({"touches": TOUCHES}, settings)
        assert found["channels"].severity == "note"
        assert found["channels"].text.endswith("3 pairs are mapped to no channel")
        # google has the fewer rows, and is nobody's agreed spelling.
        assert 'source = "Google"\nmedium = "organic"' in found["channels"].fix
        assert not [name for name in found if name.startswith("channels: google")]


def test_nothing_to_look_at() -> None:
    assert faults({}) == {}
    assert faults({}, "") == {}
    found = frame({"touches": "touched_at source medium"})
    assert found.columns.tolist() == list(hygiene.SCHEMA.names)
    # Its table is there, with no row: every entry is unused only where something was typed.
    assert len(found) == 0
    blank = faults({"touches": "touched_at account_id source medium\n2026-06-01T09:00 a - -"})
    assert {fault.severity for fault in blank.values()} == {"note"}
    assert not [name for name in blank if "(none)" in name]


def test_without_opportunities_no_pipeline_is_told() -> None:
    found = faults({"touches": TOUCHES})
    assert (found["touches.source"].n, found["touches.source"].amount) == (4, None)
    assert found["channels: zoom / webinar"].severity == "note"


# ---------------------------------------------------------------- lines that mend


def pasted(folder: Path, found: Mapping[str, Fault]) -> None:
    """Puts the lines of the faults into gtm.toml as a reader would: in place of an old line, else under its section."""
    file = folder / "gtm.toml"
    lines = file.read_text(encoding="utf-8").splitlines()
    for fault in found.values():
        header, *body = fault.fix.partition("\n")[2].splitlines()
        if header in lines and not header.startswith("[["):
            key = body[0].partition(" = ")[0]
            place = lines.index(header) + 1
            ends = next((i for i in range(place, len(lines)) if lines[i].startswith("[")), len(lines))
            lines[place:ends] = [
                *body,
                *(old for old in lines[place:ends] if not old.startswith(f"{key} = ")),
            ]
        else:
            lines += ["", header, *body]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def opened(folder: Path) -> tuple[Workspace, dict[str, Fault]]:
    ws = gtmkit.open(folder, "2026-10")
    return ws, faults_of(ws)


def test_the_lines_mend_a_real_workspace_and_keep_what_it_says(tmp_path: Path) -> None:
    settings = f"""{CHANNELS}
[[channels]]
channel = "quoted"
source = 'the "big" one\\'
[tables.touches]
path = "touches.csv"
[tables.touches.values]
source = {{ "GA" = "Google", "fb" = "facebook" }}
medium = {{ "CPC" = "cpc" }}
[tables.spend]
path = "spend.csv"
[tables.spend.constants]
source = "Goggle"
"""
    rows = [
        ("GA", "organic"), ("Google", "organic"), (" google ", "organic"), ("fb", "CPC"),
        ('"The ""Big"" one\\"', "x"), ("google", "organic"), ("googel", "organic"),
    ]  # fmt: skip
    (tmp_path / "gtm.toml").write_text(settings, encoding="utf-8")
    touches = [f"2026-10-{day:02d},a,{source},{medium}" for day, (source, medium) in enumerate(rows, start=1)]
    (tmp_path / "touches.csv").write_text("\n".join(["touched_at,account_id,source,medium", *touches]))
    (tmp_path / "spend.csv").write_text("month_on,amount,function\n2026-10,5,marketing\n")
    _, found = opened(tmp_path)
    assert sorted(name for name in found if "." in name) == ["spend.source", "touches.source"]
    pasted(tmp_path, {name: found[name] for name in ("touches.source", "spend.source")})
    ws, after = opened(tmp_path)
    assert [name for name in after if "." in name] == []
    typed = collect(ws.ledger("touches"))["source"].value_counts().to_dict()
    assert typed == {"google": 5, "facebook": 1, 'the "big" one\\': 1}  # GA came to Google, and so to google
    assert collect(ws.ledger("touches"))["medium"].value_counts()["cpc"] == 1
    assert collect(ws.ledger("spend"))["source"].tolist() == ["google"]


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hygiene") / "sample"
    shutil.copytree(SAMPLE, folder, ignore=shutil.ignore_patterns(".gtmkit"))
    return folder


def pipeline_of(ws: Workspace, touches: pd.DataFrame) -> float:
    """The pipeline of twelve months with one of these touches in its 90 days, by another way: touch by touch."""
    leads = collect(ws.ledger("leads")).astype(object).set_index("lead_id")
    links = collect(ws.ledger("identities")).astype(object).dropna(subset="anonymous_id")
    visitors = dict(zip(links["anonymous_id"], links["account_id"], strict=True))
    deals = collect(ws.ledger("journeys")).astype(object)
    first, end = pd.Timestamp("2025-11-01"), pd.Timestamp("2026-11-01")
    created = pd.to_datetime(deals["created_day"], unit="D", errors="coerce")
    deals = deals[(created >= first) & (created < end) & deals["kind"].isin(["new", "expansion"])]
    counted: dict[str, int] = {}
    for touch in touches.astype(object).to_dict("records"):
        lead = leads.loc[touch["lead_id"]] if isinstance(touch["lead_id"], str) else {}
        ids = [touch["account_id"], visitors.get(touch["anonymous_id"]), lead.get("account_id")]
        account = next((name for name in ids if isinstance(name, str)), None)
        days = deals["created_day"] - (touch["touched_at"].normalize() - pd.Timestamp(0)).days
        is_of = (deals["account_id"] == account) | (deals["opportunity_id"] == lead.get("opportunity_id"))
        for deal in deals[is_of & (days >= 0) & (days <= 90)].to_dict("records"):
            counted[deal["opportunity_id"]] = deal["first_amount"]
    return sum(counted.values()) / 10_000


def test_every_planted_spelling_is_found_and_no_right_one_and_the_lines_merge_them(sample: Path) -> None:
    ws, found = opened(sample)
    before = {table: collect(ws.ledger(table)) for table in ("touches", "leads", "traffic")}
    listed = ws.told(hygiene.parameters).frame
    named = listed[listed["finding"] == "near-duplicate"]
    planted = {
        wrong: right for right, spellings in SPELLINGS.items() for wrong in spellings if wrong != "tiktok"
    }
    for table, wrong in (("touches", planted), ("leads", planted)):
        of_table = named[named["table"] == table]
        assert dict(zip(of_table["value"], of_table["near"], strict=True)) == wrong
    of_traffic = named[named["table"] == "traffic"]  # the first spelling of each source that has traffic
    assert set(of_traffic["value"]) == {"Google", "Linkedin", "Customer", "partner-portal"}
    assert set(found) == {"touches.source", "leads.source", "traffic.source", "channels: tiktok / event"}
    touched, unmapped = found["touches.source"], found["channels: tiktok / event"]
    wrong_rows = before["touches"][before["touches"]["source"].isin(list(planted))]
    assert touched.n == len(wrong_rows)
    assert touched.amount == pytest.approx(pipeline_of(ws, wrong_rows))
    assert touched.amount > 1_000_000  # enough to move where pipeline comes from
    assert unmapped.severity == "warning"
    assert "the nearest channel is events" in unmapped.text
    pasted(sample, found)
    again, left = opened(sample)
    assert left == {}
    for table, rows in before.items():
        counts = rows["source"].replace(planted).value_counts().to_dict()
        assert collect(again.ledger(table))["source"].value_counts().to_dict() == counts
        assert set(counts) <= {*SPELLINGS, "tiktok"}
