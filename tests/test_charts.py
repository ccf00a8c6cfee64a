"""What the charts draw: counts of bars, dots and hatches, labels, n; and what a page gets of them."""

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import matplotlib
import pandas as pd
import pytest
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.patches import Rectangle

from gtmkit import charts, display, formats
from gtmkit.charts import heatmap, style
from gtmkit.charts.style import HATCH, NARROW, TOKENS, WIDE, C, house
from gtmkit.config import Process
from gtmkit.trust import Trust, standing

matplotlib.use("Agg")
COLUMNS = ["value", "numerator", "denominator", "n", "low", "high", "status", "reason"]
CSS = Path(__file__).parents[1] / "gtmkit" / "report" / "template" / "gtm.css"


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


def frame(rows, *axes):
    return pd.DataFrame([[*row] for row in rows], columns=[*axes, *COLUMNS])


def share(k, n, status="final", reason=None):
    if status in ("undefined", "immature"):
        return [None, k, n, n, None, None, status, reason]
    value = None if status == "suppressed" else k / n
    return [value, k, n, n, max(k / n - 0.1, 0), min(k / n + 0.1, 1), status, reason]


def texts(ax):
    return [t.get_text() for t in ax.texts]


def hatched(ax):
    return [p for p in ax.patches if isinstance(p, Rectangle) and p.get_hatch()]


# Three cohorts read at the end of month 3: the youngest has reached age 1, the eldest age 3.
CELLS = frame(
    [
        ["2026-01", 1, "2026-04", *share(36, 40)],
        ["2026-01", 2, "2026-04", *share(34, 40)],
        ["2026-01", 3, "2026-04", *share(30, 40)],
        ["2026-02", 1, "2026-04", *share(12, 15, "suppressed")],
        ["2026-02", 2, "2026-04", *share(11, 15, "suppressed")],
        ["2026-03", 1, "2026-04", *share(50, 50)],
        ["all", 1, "2026-04", *share(98, 105)],
        ["all", 2, "2026-04", *share(45, 55)],
        ["all", 3, "2026-04", *share(30, 40)],
    ],
    "cohort",
    "age",
    "period",
)


def test_heatmap_prints_observed_cells_hatches_the_others_and_never_a_zero():
    ax = charts.cohort_heatmap(CELLS)
    said = texts(ax)
    shares = [t for t in said if t in {"90", "85", "75", "100", "93", "82"}]
    assert shares[:7] == ["90", "85", "75", "100", "93", "82", "75"]  # what follows is the key
    assert "12/15" in said  # too small for a share: its counts
    assert "0" not in said
    # 02 lacks age 3, 03 lacks ages 2 and 3; one more hatch is the key.
    assert len(hatched(ax)) == 3 + 1
    assert {p.get_hatch() for p in hatched(ax)} == {HATCH}
    for name, size in (("2026-01", "40"), ("2026-02", "15"), ("2026-03", "50"), ("all cohorts", "")):
        assert said[said.index(name) + 1] == size
    first = said.index("n of that age") + 1  # of the pooled row n is another one at each age
    assert said[first : first + 3] == ["105", "55", "40"]


def framed(ax):
    return [p for p in ax.patches if isinstance(p, Rectangle) and p.get_linestyle() not in ("-", "solid")]


def test_heatmap_frames_what_may_still_change_and_gives_few_of_it_no_colour():
    rows = [
        ["2026-01", 1, "2026-04", *share(36, 40)],
        ["2026-01", 2, "2026-04", *share(30, 40, "provisional", "subscriptions through 2026-04-20")],
        [
            "2026-02",
            1,
            "2026-04",
            *share(9, 12, "suppressed", "fewer than 20; provisional: events through x"),
        ],
        ["2026-03", 1, "2026-04", *share(36, 40)[:-2], "final", None],
    ]
    thin = ["2026-03", 2, "2026-04", 0.5, 1, 2, 2, 0.1, 0.9, "immature", "the days of some have not passed"]
    ax = charts.cohort_heatmap(frame([*rows, thin], "cohort", "age", "period"))
    said = texts(ax)
    assert {"75", "9/12", "1/2", "may still change"} <= set(said)
    assert "50" not in said
    assert len(framed(ax)) == 3 + 1  # and the key
    assert len(hatched(ax)) == 1 + 1
    assert "may still change" not in texts(charts.cohort_heatmap(CELLS))


def test_heatmap_classes_follow_the_printed_figure_and_dark_is_lost():
    # Losses up to 25 points: the smallest step with six of them above the 95 % quantile is 5 points.
    edges = heatmap.class_edges([0.9, 0.85, 0.75, 1.0])
    assert edges == [0.7, 0.75, 0.8, 0.85, 0.9, 0.95]
    assert [heatmap.class_of(v, edges) for v in (0.6, 0.75, 0.97, 1.2)] == [0, 2, 6, 6]
    assert heatmap.class_of(0.8496, edges) == heatmap.class_of(0.85, edges)  # both are printed 85
    assert heatmap.COLOURS[0] == C["q7"]


def test_heatmap_for_a_phone_has_fewer_ages():
    rows = [["2025-01", a, "2026-04", *share(40, 50)] for a in range(1, 13)]
    ax = charts.cohort_heatmap(frame(rows, "cohort", "age", "period"), width=NARROW)
    assert [t for t in texts(ax) if t in {"1", "2", "3", "4", "6", "9", "12"}] == [
        "1",
        "2",
        "3",
        "6",
        "9",
        "12",
    ]


def segment_curve(name, values, n=100):
    return [[name, age, "2026-10", *share(v, n - age)] for age, v in enumerate(values)]


def test_curves_draw_a_line_and_a_band_each_and_n_at_risk():
    rows = segment_curve("a", [100, 90, 80, 70]) + segment_curve("$b$", [100, 60, 50, 40])
    ax = charts.curves(frame(rows, "segment", "age", "period"), "segment")
    assert [line.get_label() for line in ax.lines] == ["a", "$b$"]
    assert list(ax.lines[1].get_ydata()) == [1.0, 60 / 99, 50 / 98, 40 / 97, 40 / 97]
    assert len(ax.collections) == 2
    said = texts(ax)
    assert said.count("100") == 2
    assert said.count("97") == 2  # under the axis at 0 and at 3, for both
    assert "$b$" in said
    assert not any(t.get_parse_math() for t in ax.texts)


def test_what_is_projected_is_dashed_beyond_what_was_observed_and_what_is_withheld_is_not_drawn():
    seen = frame(
        segment_curve("a", [100, 90, 80]) + segment_curve("b", [100, 60, 50]), "segment", "age", "period"
    )
    ahead = frame(
        [
            *(["a", age, "2026-10", value, None, 100, 100, value - 0.1, value + 0.1, "final", "tried"]
              for age, value in ((3, 0.72), (4, 0.66))),
            ["b", 3, "2026-10", None, None, 100, 100, None, None, "undefined", "withheld: tried"],
        ],
        "segment", "age", "period",
    )  # fmt: skip
    ax = charts.curves(seen, "segment", ahead=ahead)
    dashed = [line for line in ax.lines if line.get_linestyle() == "--" and len(line.get_xdata()) > 1]
    inside = [line for line in dashed if line.get_transform() == ax.transData]
    assert [list(line.get_xdata()) for line in inside] == [[2, 3, 4]]
    assert list(inside[0].get_ydata()) == [seen["value"].iloc[2], 0.72, 0.66]
    assert {line.get_linestyle() for line in ax.lines if line.get_drawstyle() == "steps-post"} == {"-"}
    said = texts(ax)
    assert {"observed", "projected"} <= set(said)
    assert any(text.endswith("at 4") for text in said)
    assert "a projected at 4" in ax.get_label()
    assert "b projected" not in ax.get_label()
    none = charts.curves(seen, "segment", ahead=ahead[ahead["segment"] == "b"])
    assert "projected" not in texts(none)


def test_a_curve_ends_where_it_is_not_observed():
    rows = [*segment_curve("a", [100, 90]), ["a", 2, "2026-10", *share(0, 0, "immature")]]
    ax = charts.curves(frame(rows, "segment", "age", "period"), "segment")
    # the last height runs on for three hundredths of the axis, so that a last step is a step
    assert list(ax.lines[0].get_xdata()) == pytest.approx([0, 1, 1.03])


def test_at_most_four_curves_those_with_most_accounts():
    rows = [r for i, name in enumerate("abcdef") for r in segment_curve(name, [50, 40], n=100 + i)]
    ax = charts.curves(frame(rows, "segment", "age", "period"), "segment")
    assert sorted(line.get_label() for line in ax.lines) == ["c", "d", "e", "f"]


CHANNELS = frame(
    [
        ["outbound", "2026-10", *share(20, 100)],
        ["partner", "2026-10", *share(55, 100)],
        ["events", "2026-10", *share(5, 9)],
        ["organic", "2026-10", *share(0, 0, "undefined", "nobody started")],
    ],
    "channel",
    "period",
)


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_rates_order_colour_and_hollow(width):
    ax = charts.rates(CHANNELS, "channel", reference=0.5, width=width)
    dots = [line for line in ax.lines if line.get_marker() == "o"]
    assert [round(float(d.get_xdata()[0]), 3) for d in dots] == [0.556, 0.55, 0.2]  # the largest first
    assert [d.get_color() for d in dots] == [C["ctx"], C["ctx"], C["c1"]]  # told apart: only outbound
    assert [d.get_markerfacecolor() for d in dots] == [C["paper"], C["ctx"], C["c1"]]  # few is hollow
    said = " ".join(texts(ax))
    assert "all 50 %" in said
    assert "20 % (10 to 30)" in said
    assert "too few to judge" in said
    assert "undefined: nobody started" in said
    assert "n 100" in said
    assert "56 %" not in said


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_rates_against_a_reference_of_each_group_s_own(width):
    mixes = {"outbound": 0.25, "partner": 0.8}
    own = frame(
        [[name, "2026-10", v, v, 1, 1, None, None, "final", None] for name, v in mixes.items()],
        "channel",
        "period",
    )
    ax = charts.rates(CHANNELS, "channel", against=own, named="at its own mix", width=width)
    marks = [float(line.get_xdata()[0]) for line in ax.lines if line.get_color() == C["c2"]]
    assert marks == [0.8, 0.25]  # partner stands above outbound
    dots = [line for line in ax.lines if line.get_marker() == "o"]
    # 20 % (10 to 30) holds its 25 %; 55 % (45 to 65) misses its 80 %; who has no reference is grey.
    assert [d.get_color() for d in dots] == [C["ctx"], C["c1"], C["ctx"]]
    assert "at its own mix" in texts(ax)
    one = charts.rates(
        CHANNELS, "channel", against=own.tail(1).drop(columns="channel"), named="all", width=width
    )
    assert "all 80 %" in texts(one)


def by_stage(values, n=30):
    return frame(
        [[s, "2026-10", v, v, None, n, None, None, "final", None] for s, v in values.items()],
        "stage",
        "period",
    )


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_stages_keep_the_order_given_and_name_leak_and_wait_once(width):
    conversion = frame(
        [
            ["b", "2026-07", *share(40, 80)],
            ["a", "2026-07", *share(80, 120)],
            ["c", "2026-07", *share(0, 30, "immature")],
        ],
        "stage",
        "period",
    )
    leak, wait = by_stage({"a": 1e5, "b": 2e6, "c": 3e5}), by_stage({"a": 900.0, "b": 300.0})
    ax = charts.stages(conversion, leak, wait, order=["a", "b", "c"], currency="USD", width=width)
    assert [p.get_width() for p in ax.patches] == [120, 80, 30]
    assert [p.get_facecolor() for p in ax.patches].count(matplotlib.colors.to_rgba(C["bad"])) == 1
    said = texts(ax)
    assert [t for t in said if t in ("a", "b", "c")] == ["a", "b", "c"]
    assert "67 % go on (57 to 77)" in said
    assert "not yet observed" in said
    assert [t for t in said if t.endswith(": the leak")] == ["USD 2.00 m lost: the leak"]
    assert [t for t in said if t.endswith(": the wait")] == ["900 opportunity-days: the wait"]


def one(value, numerator, low, high):
    return frame([["2026-10", value, numerator, 1000.0, 50, low, high, "final", None]], "period")


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_bridge_walks_from_then_to_now(width):
    steps = charts.retention_steps(one(0.8, 800.0, 0.75, 0.85), one(1.05, 1050.0, 0.97, 1.13))
    assert [(s.value, s.is_total) for s in steps] == [
        (1000, True),
        (-200, False),
        (800, True),
        (250, False),
        (1050, True),
    ]
    ax = charts.bridge(steps, currency="USD", width=width)
    bars = [p for p in ax.patches if not p.get_hatch()]
    # then 0-1000, lost 800-1000, kept 0-800, gained 800-1050, now 0-1050
    assert [(b.get_x(), b.get_width()) for b in bars] == [
        (0, 1000),
        (800, 200),
        (0, 800),
        (800, 250),
        (0, 1050),
    ]
    assert len(hatched(ax)) == 1  # only the loss
    assert any("GRR 80.0 %" in t for t in texts(ax))
    assert any(t.startswith("−") for t in texts(ax))


def test_movement_steps_open_with_what_the_movements_leave():
    movements = frame(
        [["new", "2026-10", 30.0, 30.0, None, 3, None, None, "final", None],
         ["churned", "2026-10", -10.0, -10.0, None, 1, None, None, "final", None]], "movement", "period",
    )  # fmt: skip
    steps = charts.movement_steps(movements, by_stage({"x": 120.0}))
    assert [s.value for s in steps] == [100, 30, -10, 120]


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_pipeline_steps_walk_from_start_to_end_by_what_moved(width):
    """100 + 60 - 45 = 115; nobody was pushed out, so that step is not drawn; a start of 0 is."""
    moved = [
        ("open at the start", 100.0, 4),
        ("created", 60.0, 2),
        ("pushed out", 0.0, 0),
        ("won", -45.0, 1),
        ("open at the end", 115.0, 5),
    ]
    rows = [[m, "2026-10", v, v, None, n, None, None, "final", None] for m, v, n in moved]
    steps = charts.pipeline_steps(frame(rows, "movement", "period"))
    assert [(s.label, s.note, s.value, s.is_total) for s in steps] == [
        ("open at the start", "n 4", 100, True),
        ("created", "n 2", 60, False),
        ("won", "n 1", -45, False),
        ("open at the end", "n 5", 115, True),
    ]
    ax = charts.bridge(steps, currency="USD", width=width)
    bars = [p for p in ax.patches if not p.get_hatch()]
    assert [(b.get_x(), b.get_width()) for b in bars] == [(0, 100), (100, 60), (115, 45), (0, 115)]
    assert len(hatched(ax)) == 1  # only what was won left
    empty = frame([[*row[:2], 0.0, 0.0, None, 0, *row[6:]] for row in rows], "movement", "period")
    assert [s.label for s in charts.pipeline_steps(empty)] == ["open at the start", "open at the end"]


def test_trend_shows_target_gap_hollow_and_change():
    rows = [[f"2026-{m:02d}", *share(20 + m, 100)] for m in range(1, 10)]
    rows[3] = ["2026-04", *share(0, 0, "undefined", "nothing closed")]
    wins = frame(rows, "period")
    wins.loc[8, "status"] = "provisional"
    ax = charts.trend(wins, target=0.25, changes=["2026-03"])
    dots = [line for line in ax.lines if line.get_marker() == "o"]
    assert len(dots) == 8  # nine periods, one without a value
    assert dots[-1].get_markerfacecolor() == C["paper"]
    assert dots[0].get_markerfacecolor() == C["ink2"]
    assert len(hatched(ax)) == 1
    said = texts(ax)
    assert {"target 25 %", "29.0 %", "19 to 39", "definition changed"} <= set(said)
    assert "definition changed in 2026-03" in ax.get_label()


def test_an_axis_that_does_not_start_at_zero_says_so():
    wins = frame(
        [[f"2026-{m:02d}", 0.95, 95, 100, 100, 0.94, 0.96, "final", None] for m in range(1, 5)], "period"
    )
    assert any(t.startswith("axis starts at") for t in texts(charts.trend(wins)))


UNDEFINED = frame(
    [["x", 1, "2026-10", *share(0, 0, "undefined", "needs table opportunities")]], "stage", "age", "period"
).assign(segment="x", cohort="2026-01", denominator=None)
DRAWN = {
    "heatmap": lambda f: charts.cohort_heatmap(f),
    "curves": lambda f: charts.curves(f, "segment"),
    "rates": lambda f: charts.rates(f, "segment", reference=0.5),
    "stages": lambda f: charts.stages(f, f, f, order=["x"]),
    "bridge": lambda f: charts.bridge(charts.retention_steps(f, f)),
    "pipeline bridge": lambda f: charts.bridge(charts.pipeline_steps(f.assign(movement="created"))),
    "trend": lambda f: charts.trend(f, target=0.3),
}


@pytest.mark.parametrize("name", DRAWN)
def test_without_figures_a_quiet_box_says_why(name):
    assert texts(DRAWN[name](UNDEFINED)) == ["undefined: needs table opportunities"]
    assert texts(DRAWN[name](UNDEFINED.head(0))) == ["no rows to show"]


def test_a_result_without_its_axes_says_what_it_needs():
    bare = UNDEFINED[["period", "segment", *COLUMNS]]
    for draw in DRAWN.values():
        assert texts(draw(bare)) == ["undefined: needs table opportunities"]


def test_a_curve_may_end_early():
    rows = segment_curve("a", [100, 90, 80, 70])
    ax = charts.curves(frame(rows, "segment", "age", "period"), "segment", until=2)
    assert list(ax.lines[0].get_xdata()) == pytest.approx([0, 1, 2, 2.06])


def test_counts_that_never_fall_stand_once_under_a_curve():
    rows = [["a", age, "2026-10", *share(k, 40)] for age, k in enumerate([4, 8, 12, 16])]
    said = texts(charts.curves(frame(rows, "segment", "age", "period"), "segment"))
    assert said.count("40") == 1


def test_the_house_style_stands_on_seaborns_theme_and_leaves_the_readers_settings_alone():
    before = dict(plt.rcParams)
    with house():
        assert plt.rcParams["xtick.bottom"] is sns.axes_style("ticks")["xtick.bottom"] is True
        assert plt.rcParams["text.color"] == C["ink"]
    assert dict(plt.rcParams) == before


@pytest.mark.parametrize("name", DRAWN)
def test_one_row_is_drawn(name):
    row = UNDEFINED.assign(
        value=0.5, numerator=30.0, denominator=60.0, n=60, low=0.4, high=0.6, status="final", reason=None
    )
    assert "no rows to show" not in texts(DRAWN[name](row))


@pytest.mark.parametrize("name", ["curves", "rates", "trend"])
def test_axes_that_are_given_are_drawn_on(name):
    _, ax = plt.subplots()
    draw = {
        "curves": lambda: charts.curves(
            frame(segment_curve("a", [9, 8]), "segment", "age", "period"), "segment", ax=ax
        ),
        "rates": lambda: charts.rates(CHANNELS, "channel", ax=ax),
        "trend": lambda: charts.trend(frame([["2026-01", *share(3, 9)]], "period"), ax=ax),
    }
    assert draw[name]() is ax


def show(data=CHANNELS):
    return charts.show(
        lambda width: charts.rates(data, "channel", reference=0.5, width=width),
        data,
        title="Activation by channel",
    )


def test_a_picture_says_metric_and_figures_and_has_its_table():
    picture = show()
    assert picture.words.startswith("Activation by channel. events 55.6 % (46 to 66, n 9); partner 55.0 %")
    html = picture.html()
    assert html.count("<svg") == 2
    assert "<title" in picture.wide
    assert picture.words in ET.fromstring(picture.wide).findtext("title")
    assert "<figcaption><b>Activation by channel</b>" in html
    assert "<details" in html
    assert '<th scope="row">outbound</th>' in html
    assert set(picture._repr_mimebundle_()) == {"text/plain", "text/html", formats.PAGE_MIME}
    assert plt.get_fignums() == []  # nothing is left for the notebook to draw again


def test_a_picture_shows_the_trust_of_what_it_draws_under_its_caption():
    coached = Trust("check", (standing("sales_coaching", Process(status="partial")),))
    known = display.answer(
        CHANNELS, metric="win_rate", title="", unit="share", currency="", trust=lambda rows: {"": coached}
    )
    drawn = show(known)
    assert '<figcaption><b>Activation by channel</b><details class="trust">' in drawn.html()
    assert str(drawn).splitlines()[-1] == "Trust: check: Sales coaching"
    assert "trust" not in show(CHANNELS).html()
    made = charts.show(
        lambda width: charts.rates(CHANNELS, "channel", width=width),
        CHANNELS,
        title="Both",
        of={"GRR": known},
    )
    assert str(made).splitlines()[-1] == "Trust: check: Sales coaching"


def test_a_picture_is_the_same_bytes_every_time():
    assert show().html() == show().html()


def test_a_picture_needs_no_inline_style_and_draws_in_tokens_only():
    picture = show()
    for svg in (picture.wide, picture.narrow):
        assert "style=" not in svg
        root = ET.fromstring(svg)
        assert int(root.attrib["width"]) in (WIDE, NARROW)
        coloured = [
            n for n in root.iter() for p in ("fill", "stroke") if n.attrib.get(p, "none") not in ("none", "")
        ]
        assert coloured
        for node in coloured:
            for prop in ("fill", "stroke"):
                colour = node.attrib.get(prop, "none")
                if colour != "none" and not colour.startswith("url("):
                    token = charts.picture.TOKEN_OF[colour]
                    assert f"{prop[0]}-{token}" in node.attrib["class"].split()
        ids = re.findall(r'id="([^"]+)"', svg)
        assert len(ids) == len(set(ids))
        assert set(re.findall(r"#(g[\w-]+)", svg)) <= set(ids)


def test_a_colour_outside_the_palette_is_an_error():
    ax = style.canvas(100, 100, 5, 5, 5, 5)
    ax.plot([0, 1], [0, 1], color="#ff0000")
    with pytest.raises(ValueError, match="'#ff0000', which is not in the palette"):
        charts.picture.inline(ax, "k", "words")


@pytest.mark.parametrize("name", ["$a$ $\\frac{1}{$", '<b>x</b> & "y"', "名前"])
def test_any_name_is_a_name(name):
    picture = show(CHANNELS.assign(channel=[name, "b", "c", "d"]))
    assert "<b>x</b>" not in picture.html().replace("<b>Activation", "")
    assert any(name == (node.text or "") for node in ET.fromstring(picture.wide).iter())


def css_tokens(block):
    return dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", block))


def test_the_style_sheet_has_the_palette():
    light, dark = CSS.read_text(encoding="utf-8").split("@media", 1)
    assert css_tokens(light) == {token: values[0] for token, values in TOKENS.items()}
    assert css_tokens(dark.split("} }", 1)[0]) == {token: values[1] for token, values in TOKENS.items()}


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(a, b):
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("mode", [0, 1])
def test_contrast_reaches_wcag_aa(mode):
    of = {token: values[mode] for token, values in TOKENS.items()}
    for text in ("ink", "ink2", "link", "c1", "c2", "c3", "c4", "bad"):
        assert contrast(of[text], of["paper"]) >= 4.5, text
    for text in ("ink", "ink2", "link"):
        assert contrast(of[text], of["panel"]) >= 4.5, text
    for line in ("edge", "ctx", "c1", "c2", "c3", "c4", "bad"):
        assert contrast(of[line], of["paper"]) >= 3, line
    for k in range(1, 8):
        assert contrast(of["ink" if k <= 4 else "inv"], of[f"q{k}"]) >= 4.5, k


def test_the_table_below_a_retention_bridge_has_its_two_totals() -> None:
    gross = frame([["2026-10", *share(81, 100)]], "period")
    net = frame([["2026-10", *share(97, 100)]], "period")
    table = charts.retention_rows(gross, net)
    assert list(table)[:3] == ["kept", "period", "value"]
    assert table[["kept", "value"]].to_numpy().tolist() == [["GRR", 0.81], ["NRR", 0.97]]
