"""Names from data that could break a picture or a page: money signs, markup, emoji, right to left, controls."""

import re
import warnings
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import matplotlib
import pandas as pd
import pytest
from matplotlib import pyplot as plt

from gtmkit import charts, formats, tables, wording
from gtmkit.charts.style import NARROW, WIDE
from gtmkit.report.pages import TEMPLATES
from gtmkit.report.sanitise import sanitise

matplotlib.use("Agg")
NAMES = {
    "money": "$5 to $\\frac{a}{b$",
    "script": "<script>alert(1)</script>",
    "attribute": "\"' onload=alert(1) x='",
    "emoji": "🚀 paid 👩‍💻",
    "right to left": "שותפים 12",
    "override": "abc\u202efdp.exe",
    "control": "a\x00b\x0bc\x1bd",
    "lines": "two\r\nlines\tand a tab",
    "long": "an_endless_name_without_a_space_" * 8,
    "entity": "&lt;b&gt; &amp; ]]> <!--",
}
OVERRIDE = re.compile("[\u202a-\u202e]")
FIGURES = ["value", "numerator", "denominator", "n", "low", "high", "status", "reason"]


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


def of(name, **axes):
    """Three rows a period: one of the hostile name, one plain, one without a value for a hostile reason."""
    rows = []
    for group, k in ((name, 40), ("plain", 30), ("none", None)):
        figures = (
            [k / 50, k, 50, 50, k / 50 - 0.1, min(k / 50 + 0.1, 1.0), "final", None]
            if k
            else [None, None, 0, 0, None, None, "undefined", f"nobody in {name}"]
        )
        rows.append([group, *figures])
    frame = pd.DataFrame(rows, columns=["segment", *FIGURES]).assign(period="2026-10", **axes)
    return frame[["segment", "period", *axes, *FIGURES]]


def heatmap(name, width):
    frame = of(name).rename(columns={"segment": "cohort"})
    return charts.cohort_heatmap(pd.concat([frame.assign(age=age) for age in (1, 2)]), width=width)


def curves(name, width):
    return charts.curves(pd.concat([of(name, age=age) for age in (0, 1)]), "segment", width=width)


def stages(name, width):
    frame = of(name).rename(columns={"segment": "stage"})
    return charts.stages(frame, frame, frame, order=[name, "plain", "none"], currency=name[:4], width=width)


def trend(name, width):
    frame = of(name).drop(columns="segment").assign(period=["2026-08", "2026-09", "2026-10"])
    return charts.trend(frame, target=0.5, width=width)


DRAWN = {
    "heatmap": heatmap,
    "curves": curves,
    "rates": lambda name, width: charts.rates(
        of(name), "segment", reference=0.5, named=name[:9], width=width
    ),
    "stages": stages,
    "trend": trend,
    "quiet": lambda name, width: charts.rates(of(name).iloc[2:].assign(low=None), "segment", width=width),
}


@pytest.mark.parametrize("width", [WIDE, NARROW])
@pytest.mark.parametrize("chart", DRAWN)
@pytest.mark.parametrize("name", NAMES)
def test_a_chart_draws_a_name_as_text(name, chart, width):
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # also of glyphs that this machine's font lacks
        ax = DRAWN[chart](NAMES[name], width)
        assert not any(text.get_parse_math() for text in ax.texts)
        svg = charts.picture.inline(ax, "key", ax.get_label())
    root = ET.fromstring(svg)
    assert {node.tag.lower() for node in root.iter()} <= SHAPES
    assert not any(key.startswith("on") or key == "style" for node in root.iter() for key in node.attrib)
    said = "".join(root.itertext())
    assert not set(said) & set("\u202a\u202b\u202d\u202e\x00\x0b\x1b")
    first = formats.label(NAMES[name])[:8].rstrip()
    if chart in ("heatmap", "curves", "rates"):
        assert any((node.text or "").startswith(first) for node in root.iter("text"))


SHAPES = {"svg", "g", "path", "rect", "text", "title", "defs", "use", "clippath", "pattern", "tspan"}


class Seen(HTMLParser):
    """The tags, attributes and text of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.text = [], [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data):
        self.text += data


def parts(name):
    """Everything a notebook shows of a result with this name in it."""
    frame = of(name)
    yield tables.result(frame, f"Rates of {name}").html()
    yield tables.beside({"GRR": frame, name: frame}, "segment", name, total={"GRR": frame.iloc[:1]}).html()
    yield tables.rows(frame, name).html()
    yield charts.show(
        lambda width: charts.rates(frame, "segment", width=width), frame, title=name, note=name
    ).html()
    yield wording.against_reference(frame, frame.iloc[1:2], "segment", subject=name).html()


@pytest.mark.parametrize("name", NAMES)
def test_a_page_shows_a_name_and_stays_whole(name):
    evil = NAMES[name]
    for html in parts(evil):
        seen = Seen(sanitise(html))
        assert seen.text == Seen(html).text
        assert "script" not in seen.tags
        assert not OVERRIDE.search(seen.text)
        assert not any(key.startswith("on") or key == "style" for key, _ in seen.attributes)
        assert all(
            value.startswith(("#", "data:text/csv;")) for key, value in seen.attributes if key == "href"
        )


def test_a_name_from_right_to_left_is_isolated_wherever_it_stands_beside_a_figure():
    isolated = "\u2068שותפים 12\u2069"
    assert all(isolated in html for html in parts(NAMES["right to left"]))
    ax = charts.rates(of(NAMES["right to left"]), "segment")
    assert isolated in [text.get_text() for text in ax.texts]
    assert isolated in ax.get_label()


def test_a_name_that_is_cut_stays_isolated():
    name = formats.label("שותפים " * 9)
    cut = charts.style.short(name, 18)
    assert (cut[0], cut[-2:]) == ("\u2068", "…\u2069")
    assert charts.style.short("a" * 30, 18) == "a" * 17 + "…"


def test_owners_and_reasons_stand_isolated_on_the_first_page():
    template = (Path(TEMPLATES) / "index.html.j2").read_text(encoding="utf-8")
    for what in ("line.owner", "line.reason", "gap.reason"):
        assert f"<bdi>{{{{ {what} }}}}</bdi>" in template
    assert "<bdi>" in sanitise("<bdi>x</bdi>")
