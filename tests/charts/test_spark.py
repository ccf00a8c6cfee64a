"""The small trend: what it draws, what it leaves out, and its figures in words."""

import re
from xml.etree import ElementTree as ET

import pandas as pd

from gtmkit.charts import spark
from gtmkit.charts.spark import EDGE, HEIGHT, WIDTH
from gtmkit.charts.style import TOKENS


def frame(*values, status=()):
    periods = [f"2026-{i + 1:02d}" for i in range(len(values))]
    kinds = [*status, *["final"] * (len(values) - len(status))]
    return pd.DataFrame({"period": periods, "value": values, "status": kinds})


def drawn(*values, **how):
    status = how.pop("status", ())
    return ET.fromstring(spark(frame(*values, status=status), title="Win rate", **how))


def points(node):
    return [tuple(map(float, p.split(","))) for p in node.attrib["points"].split()]


def test_the_least_lies_low_the_most_high_and_the_last_has_a_dot():
    node = drawn(0.1, 0.3, 0.2)
    (line,) = node.findall("polyline")
    middle = (EDGE + WIDTH - EDGE) / 2
    assert points(line) == [(EDGE, HEIGHT - EDGE), (middle, EDGE), (WIDTH - EDGE, HEIGHT / 2)]
    (dot,) = node.findall("circle")
    assert (float(dot.attrib["cx"]), float(dot.attrib["cy"])) == (WIDTH - EDGE, HEIGHT / 2)


def test_a_gap_parts_the_line_and_a_lone_value_is_a_dot():
    node = drawn(0.1, 0.2, None, 0.3, None, 0.2, 0.1)
    assert [len(points(line)) for line in node.findall("polyline")] == [2, 2]
    assert len(node.findall("circle")) == 2  # the lone .3, and the last


def test_provisional_is_hollow_and_what_is_not_yet_observed_is_no_point():
    last = drawn(0.1, 0.2, 0.3, status=["final", "final", "provisional"]).findall("circle")[-1]
    assert "f-paper" in last.attrib["class"]
    node = drawn(0.2, 0.3, 0.0, status=["final", "final", "immature"])
    assert [len(points(line)) for line in node.findall("polyline")] == [2]
    assert float(node.findall("circle")[-1].attrib["cx"]) == WIDTH / 2


def test_the_target_and_a_change_of_definition_are_lines():
    node = drawn(0.1, 0.2, 0.3, target=0.4, changes=["2026-02", "2020-01"])
    assert [path.attrib["class"] for path in node.findall("path")] == ["s-edge", "s-c2"]
    assert "definition changed in 2026-02." in node.findtext("title")


def test_the_title_says_the_figures():
    words = drawn(0.1, 0.3, None, 0.2, target=0.25).findtext("title")
    assert words.replace("\N{NO-BREAK SPACE}", " ") == (
        "Win rate: 10.0 % in 2026-01, 20.0 % in 2026-04; between 10.0 % and 30.0 % over 4 periods; target 25.0 %; "
        "1 without a figure."
    )


def test_less_than_two_figures_are_said_not_drawn():
    assert spark(frame(None, None), title="t") == "<small>no period with a figure</small>"
    assert spark(frame(None, 0.2), title="t") == "<small>one period with a figure</small>"


def test_a_level_trend_lies_in_the_middle_and_names_are_escaped():
    (line,) = drawn(5.0, 5.0, unit="count").findall("polyline")
    assert {y for _, y in points(line)} == {HEIGHT / 2}
    assert "<script>" not in spark(frame(1.0, 2.0), title="<script>", unit="count")


def test_every_colour_is_a_token_and_a_class():
    text = spark(frame(0.1, 0.2, 0.3), title="t", target=0.2, changes=["2026-02"])
    assert set(re.findall(r"#[0-9a-f]{6}", text)) <= {light for light, _ in TOKENS.values()}
    assert "style=" not in text
