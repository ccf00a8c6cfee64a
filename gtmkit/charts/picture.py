"""A chart on the page: the drawing for a wide and a narrow reader, its caption, its words and its table."""

import hashlib
import io
import re
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from xml.etree import ElementTree as ET

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from gtmkit import display, formats, spreadsheet
from gtmkit.charts.style import NARROW, TOKENS, WIDE, house
from gtmkit.trust import Trust, shown

SVG, XLINK = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}"
TOKEN_OF = {light: token for token, (light, _) in TOKENS.items()}
KEPT = {
    "stroke-width",
    "stroke-dasharray",
    "stroke-dashoffset",
    "stroke-linecap",
    "stroke-linejoin",
    "opacity",
    "fill-opacity",
    "stroke-opacity",
    "text-anchor",
}
TEXT_SIZE = "12"  # px, of nearly every text: said once
# What data may hold and XML may not, and what would turn the words after it around.
UNFIT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\u202a-\u202e]")
ALONE = re.compile(r"<g>(<(text|path|use)\b[^>]*(?:/>|>[^<]*</\2>))</g>")
MEASURES = ("d", "transform", "x", "y", "width", "height", "points", "stroke-width", "stroke-dasharray")


@dataclass(frozen=True, repr=False)
class Picture(formats.Shown):
    """A captioned chart: `title`, `note` and trust above, `words` and `table` one click below.

    `trust` is that of the figures shown, by their names.
    """

    title: str
    note: str
    wide: str
    narrow: str
    words: str
    table: str
    trust: Mapping[str, Trust] = field(default_factory=dict)

    def html(self) -> str:
        """The figure element; without our style sheet the wide drawing alone shows."""
        note = f'<span class="s">{formats.escape(self.note)}</span>' if self.note else ""
        return (
            f'<figure class="picture"><figcaption><b>{formats.escape(self.title)}</b>{note}'
            f"{shown.line(self.trust)}</figcaption>"
            f'<div class="w">{self.wide}</div><div class="n" hidden="hidden">{self.narrow}</div>'
            f'<details class="data"><summary>In words and as a table</summary>'
            f"<div><p>{formats.escape(self.words)}</p>{self.table}</div></details></figure>"
        )

    def __str__(self) -> str:
        return "\n".join(filter(None, (self.title, self.words, shown.words(self.trust))))


def show(
    draw: Callable[[int], Axes],
    frame: pd.DataFrame,
    *,
    title: str,
    note: str = "",
    unit: str = "share",
    currency: str = "",
    of: Mapping[str, pd.DataFrame] | None = None,
) -> Picture:
    """The chart as it stands on a page: drawn at both widths, with its caption, words and data table.

    `draw` takes a width in px and answers with the axes, `lambda width: charts.rates(frame, "segment",
    width=width)`. `frame` is what the table below the chart shows, in the result shape. `of` names the answers that
    it is made of where it is not the answer of one metric: their trust stands under the caption, as that of `frame`
    does, unless it is sound.
    """
    svgs, words = [], ""
    for suffix, width in (("w", WIDE), ("n", NARROW)):
        ax = draw(width)
        words = f"{title}. {ax.get_label()}"
        key = "g" + hashlib.sha256(f"{title}{words}".encode()).hexdigest()[:8] + suffix
        svgs.append(inline(ax, key, words))
    columns = [str(column) for column in frame.columns]
    file = spreadsheet.link(title, columns, spreadsheet.rows(frame))
    table = formats.result_table(frame, title, unit, currency)
    trust = display.trusted(of or {title: frame})
    return Picture(title, note, svgs[0], svgs[1], words, table + file, trust)


def inline(ax: Axes, key: str, words: str) -> str:
    """The figure of the axes as <svg>, the same bytes every time; a colour that is no token is an error.

    Each colour is an attribute (so that it shows without a style sheet) and a class (so that a page can
    swap it for the reader's mode); nothing needs an inline style.
    """
    figure = ax.figure.get_figure(root=True)
    out = io.StringIO()
    with house(), warnings.catch_warnings():
        # Text stays text: a glyph that this machine's font lacks is drawn in the reader's.
        warnings.filterwarnings("ignore", r"Glyph .* missing from font")
        nothing = {"Date": None, "Creator": None, "Format": None, "Type": None}
        figure.savefig(out, format="svg", metadata=nothing)
    plt.close(figure)
    drawn = UNFIT.sub("", out.getvalue())
    root = ET.fromstring(drawn)  # matplotlib wrote it a moment ago
    _drop(root)
    # Numbered in their order: what points and what is pointed at stay together, and are short.
    names = {name: f"{key}-{i}" for i, name in enumerate(dict.fromkeys(re.findall(r"#([\w-]+)[)\"]", drawn)))}
    for node in root.iter():
        _style(node, names)
        _reference(node, names)
    _drop_unseen(root)
    box = [float(v) for v in root.attrib["viewBox"].split()]
    root.attrib.pop("version", None)
    root.set("width", f"{box[2]:.0f}")
    root.set("height", f"{box[3]:.0f}")
    root.set("stroke-linejoin", "round")
    root.set("font-size", TEXT_SIZE)
    root.set("role", "img")
    root.set("aria-labelledby", f"{key}-t")
    paper = ET.Element(
        SVG + "rect", {"width": "100%", "height": "100%", "fill": TOKENS["paper"][0], "class": "f-paper"}
    )
    root.insert(0, paper)
    name = ET.Element(SVG + "title", {"id": f"{key}-t"})
    name.text = UNFIT.sub("", words)
    root.insert(0, name)
    ET.register_namespace("", SVG[1:-1])
    text = ET.tostring(root, encoding="unicode").replace(f' xmlns="{SVG[1:-1]}"', "", 1)
    text = re.sub(r' transform="rotate\(-?0 [^"]*\)"', "", text)
    text = re.sub(r"<g>\s*</g>|<defs>\s*</defs>|<defs ?/>|<g ?/>", "", text)
    return ALONE.sub(r"\1", re.sub(r">\s+<", "><", text))


def _drop(root: ET.Element) -> None:
    """Takes out what a page does not need: metadata and the style element."""
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag == SVG + "style" or child.tag == SVG + "metadata":
                parent.remove(child)


def _drop_unseen(root: ET.Element) -> None:
    """Takes out paths with neither fill nor line that nothing is cut by: the ground of figure and axes."""
    for parent in list(root.iter()):
        if parent.tag in (SVG + "clipPath", SVG + "defs", SVG + "pattern"):
            continue
        for child in list(parent):
            if (
                child.tag == SVG + "path"
                and child.attrib.get("fill") == "none"
                and "stroke" not in child.attrib
            ):
                parent.remove(child)


def _style(node: ET.Element, names: Mapping[str, str]) -> None:
    """Moves the style of a node into attributes and colour classes."""
    rules: dict[str, str] = {}
    for rule in node.attrib.pop("style", "").split(";"):
        name, _, value = rule.partition(":")
        if value:
            rules[name.strip()] = value.strip()
    for name in ("fill", "stroke"):
        if name in node.attrib:
            rules.setdefault(name, node.attrib.pop(name))
    classes = []
    for name, value in rules.items():
        if name in ("fill", "stroke"):
            if value.startswith("url("):
                value = f"url(#{names[value[5:-1]]})"
            elif value != "none":
                classes.append(f"{name[0]}-{_token(value)}")
            node.set(name, value)
        elif name in ("font", "font-size", "font-weight"):  # the shorthand before matplotlib 3.11
            size, weight = re.search(r"([\d.]+)px", value), re.search(r"bold|\b[6-9]00\b", value)
            if size and _rounded(size[1]) != TEXT_SIZE:
                node.set("font-size", _rounded(size[1]))
            if weight:
                node.set("font-weight", "600")
        elif name in KEPT and (name, value) != ("text-anchor", "start"):
            node.set(name, value)
    if node.tag == SVG + "text" and "fill" not in rules:
        node.set("fill", TOKENS["ink"][0])
        classes.append("f-ink")
    if classes:
        node.set("class", " ".join(classes))


def _reference(node: ET.Element, names: Mapping[str, str]) -> None:
    """Keeps ids that something points to, by their new names, and rounds what is measured in px."""
    name = node.attrib.pop("id", "")
    if name in names:
        node.set("id", names[name])
    target = node.attrib.pop(XLINK + "href", None)
    if target:
        node.set("href", f"#{names[target[1:]]}")
    if "clip-path" in node.attrib:
        node.set("clip-path", f"url(#{names[node.attrib['clip-path'][5:-1]]})")
    for measure in MEASURES:
        if measure in node.attrib:
            node.set(measure, _rounded(node.attrib[measure]))
    if "d" in node.attrib:
        node.set("d", re.sub(r"\s*([A-Za-z])\s*", r"\1", node.attrib["d"]).strip())


def _token(colour: str) -> str:
    if colour.lower() not in TOKEN_OF:
        raise ValueError(
            f"A chart drew in {colour!r}, which is not in the palette. Allowed: the light values of TOKENS. "
            "Draw with C[token]."
        )
    return TOKEN_OF[colour.lower()]


def _rounded(text: str) -> str:
    def tenth(found: re.Match[str]) -> str:
        rounded = f"{float(found[0]):.1f}".removesuffix(".0")
        return "0" if rounded == "-0" else rounded

    return re.sub(r"-?\d+\.\d+", tenth, text)
