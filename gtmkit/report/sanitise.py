"""HTML rebuilt from an allow-list: what a page may hold of what a notebook displays."""

import html
import re
from html.parser import HTMLParser

SVG = {
    "svg", "g", "path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "text", "tspan", "title",
    "desc", "defs", "clippath", "pattern", "use", "marker",
}  # fmt: skip
TAGS = SVG | {
    "a", "abbr", "b", "bdi", "blockquote", "br", "caption", "code", "col", "colgroup", "dd", "del", "details", "div",
    "dl", "dt", "em", "figcaption", "figure", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "li", "ol", "p",
    "pre", "q", "s", "section", "small", "span", "strong", "sub", "summary", "sup", "table", "tbody", "td",
    "tfoot", "th", "thead", "time", "tr", "ul",
}  # fmt: skip
EMPTY = {"br", "col", "hr", "img"}
DROPPED_WHOLE = {"script", "style", "iframe", "object", "template", "noscript", "foreignobject", "math"}
ATTRIBUTES = {
    "alt", "class", "colspan", "datetime", "dir", "headers", "height", "hidden", "href", "id", "lang", "open",
    "role", "rowspan", "scope", "span", "src", "tabindex", "title", "width", "download",
    # of pictures
    "clip-path", "clip-rule", "cx", "cy", "d", "dominant-baseline", "dx", "dy", "fill", "fill-opacity",
    "fill-rule", "focusable", "font-size", "font-weight", "marker-end", "marker-start", "offset", "opacity",
    "orient", "patterntransform", "patternunits", "points", "preserveaspectratio", "r", "refx", "refy", "rx",
    "ry", "stroke", "stroke-dasharray", "stroke-linecap", "stroke-linejoin", "stroke-opacity",
    "stroke-width", "text-anchor", "transform", "viewbox", "x", "x1", "x2", "xmlns", "y", "y1", "y2",
    "markerheight", "markerwidth", "clippathunits", "stroke-miterlimit", "stroke-dashoffset",
}  # fmt: skip
FREE_PREFIXES = ("aria-", "data-")
LINK = re.compile(r"(?:https?://|mailto:|#|(?!/)[\w./-]+(?:[#?]|$))", re.ASCII)
PICTURE = re.compile(r"data:image/(?:png|jpeg|gif|svg\+xml)[;,]", re.ASCII)
DOWNLOAD = re.compile(r"data:text/csv[;,]", re.ASCII)
OWN_REFERENCE = re.compile(r"url\(\s*['\"]?#[\w.-]+['\"]?\s*\)", re.ASCII)


def sanitise(text: str) -> str:
    """The same HTML with only allowed elements and attributes, everything else escaped or left out.

    No script, style, handler or outside address passes: links lead to pages and mail, pictures are data.
    """
    cleaner = _Cleaner()
    cleaner.feed(text)
    cleaner.close()
    return "".join([*cleaner.out, *(f"</{tag}>" for tag in reversed(cleaner.open))])


class _Cleaner(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.out: list[str] = []
        self.open: list[str] = []
        self.dropping: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in DROPPED_WHOLE:
            self.dropping.append(tag)
        if self.dropping or tag not in TAGS:
            return
        kept = "".join(f' {n}="{html.escape(v or "")}"' for n, v in attrs if _allowed(tag, n, v or ""))
        self.out.append(f"<{tag}{kept}>")
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in DROPPED_WHOLE:
            return
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.dropping:
            if tag == self.dropping[-1]:
                self.dropping.pop()
        elif tag in self.open:
            while (last := self.open.pop()) != tag:
                self.out.append(f"</{last}>")
            self.out.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        if not self.dropping:
            self.out.append(html.escape(data, quote=False))


def _allowed(tag: str, name: str, value: str) -> bool:
    if name not in ATTRIBUTES and not (name.startswith(FREE_PREFIXES) and re.fullmatch(r"[a-z-]+", name)):
        return False
    address = re.sub(r"[\x00-\x20\x7f]", "", value)
    if name == "href":
        if tag == "a":
            return bool(LINK.match(address) or DOWNLOAD.match(address))
        return address.startswith("#")
    if name == "src":
        return bool(tag == "img" and PICTURE.match(address))
    return "url(" not in address.lower() or bool(OWN_REFERENCE.fullmatch(value.strip()))
