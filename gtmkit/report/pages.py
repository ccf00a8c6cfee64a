"""Executed notebooks and facts as pages: self-contained HTML, no code, no script, no request."""

import base64
import hashlib
import html
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import mistune
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from gtmkit import formats
from gtmkit.report.facts import FACTS_MIME
from gtmkit.report.sanitise import sanitise

TEMPLATES = Path(__file__).parent / "template"
HTML_MIME = "application/vnd.gtmkit.html"  # our own tables and pictures; text/html of others is never shown
IMAGES = ("image/svg+xml", "image/png", "image/jpeg")
LONGEST_TEXT = 100_000  # characters of one output on a page; the rest stays in the executed notebook
ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


@dataclass(frozen=True)
class Block:
    """One thing on a page: its kind (prose, figure, image, text, error), its tags and safe HTML."""

    kind: str
    html: Markup
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Section:
    """A heading of level two and what stands under it; the first section of a page has no heading."""

    heading: str
    anchor: str
    blocks: list[Block] = field(default_factory=list)

    @property
    def is_definitions(self) -> bool:
        """Whether it says what the words mean: on a page of several parts it comes after all that uses them."""
        return any("definitions" in block.tags for block in self.blocks)


def render(template: str, **words: Any) -> str:
    """A page from a template of `template/`; whatever is put in is escaped unless it is Markup."""
    return _templates().get_template(template).render(**words) + "\n"


def title_of(notebook: Mapping[str, Any], otherwise: str) -> str:
    """The question a notebook asks: its first heading of level one."""
    for cell in notebook["cells"]:
        found = re.search(r"^#\s+(.+?)\s*#*$", cell["source"], re.M)
        if found and cell["cell_type"] == "markdown":
            return re.sub(r"[*_`]", "", found[1])
    return otherwise


def sections_of(notebook: Mapping[str, Any]) -> list[Section]:
    """What a page shows of an executed notebook: its words and outputs, never its code."""
    sections = [Section("", "")]
    titled = False
    for cell in notebook["cells"]:
        tags = tuple(cell.get("metadata", {}).get("tags", []))
        if cell["cell_type"] == "markdown":
            source = cell["source"]
            if not titled:
                source, count = re.subn(r"^#\s+.+\n?", "", source, count=1, flags=re.M)
                titled = count > 0
            for heading, text in _by_heading(source):
                if heading:
                    sections.append(Section(heading, _anchor(heading, sections)))
                if text.strip():
                    sections[-1].blocks.append(Block("prose", markdown(text), tags))
        elif cell["cell_type"] == "code" and "hide-output" not in tags:
            shown = (_block(output, tags) for output in cell.get("outputs", []))
            sections[-1].blocks.extend(block for block in shown if block is not None)
    return [section for section in sections if section.heading or section.blocks]


def markdown(text: str) -> Markup:
    """Markdown as safe HTML: HTML in it is shown as text, pictures must be data."""
    return Markup(sanitise(str(_markdown()(text))))


def _anchor(heading: str, before: Iterable[Section]) -> str:
    """Where a section is linked to: its heading's words, and a number where an earlier one has the same."""
    words = "-".join(["s", *re.findall(r"[a-z0-9]+", heading.lower())])
    taken = sum(re.fullmatch(rf"{words}(-\d+)?", section.anchor) is not None for section in before)
    return f"{words}-{taken + 1}" if taken else words


def _by_heading(source: str) -> Iterable[tuple[str, str]]:
    """(heading of level two or "", the text under it) in order; fenced code is left whole."""
    heading, lines, fenced = "", list[str](), False
    for line in source.splitlines():
        fenced ^= line.lstrip().startswith("```")
        if not fenced and (found := re.match(r"##\s+(.+?)\s*#*$", line)):
            yield heading, "\n".join(lines)
            heading, lines = re.sub(r"[*_`]", "", found[1]), []
        else:
            lines.append(line)
    yield heading, "\n".join(lines)


def _block(output: Mapping[str, Any], tags: tuple[str, ...]) -> Block | None:
    kind = output["output_type"]
    if kind == "error":
        return Block("error", _preformatted(f"{output['ename']}: {output['evalue']}"), tags)
    if kind == "stream":
        # Warnings name paths and line numbers of this machine: they stay in the executed notebook.
        return Block("text", _preformatted(output["text"]), tags) if output["name"] == "stdout" else None
    data = output.get("data", {})
    if HTML_MIME in data:
        return Block("figure", Markup(sanitise(data[HTML_MIME])), tags)
    for mime in IMAGES:
        if mime in data:
            return Block("image", _image(mime, data[mime], _alt(output, mime)), tags)
    if FACTS_MIME in data:
        return None
    if "text/markdown" in data:
        return Block("prose", markdown(data["text/markdown"]), tags)
    text = data.get("text/plain", "")
    # The face of an object is an address in memory, different in every run.
    return Block("text", _preformatted(text), tags) if text and " at 0x" not in text else None


def _preformatted(text: str) -> Markup:
    text = ANSI.sub("", text)
    if len(text) > LONGEST_TEXT:
        text = f"{text[:LONGEST_TEXT]}\n... cut here; the executed notebook has all of it"
    return Markup("<pre>{}</pre>").format(text)


def _image(mime: str, data: str, alt: str) -> Markup:
    raw = data.encode() if mime == "image/svg+xml" else base64.b64decode(data)
    packed = base64.b64encode(raw).decode()
    return Markup('<img alt="{}" src="data:{};base64,{}">').format(alt, mime, packed)


def _alt(output: Mapping[str, Any], mime: str) -> str:
    metadata = output.get("metadata", {})
    told = metadata.get("alt") or metadata.get(mime, {}).get("alt")
    return str(told or output["data"].get("text/plain", "figure"))


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    css = (TEMPLATES / "gtm.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    environment.filters["figures"] = lambda text: Markup(formats.escape(text))
    environment.globals["css"] = Markup(css)
    environment.globals["policy"] = Markup(
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
    )
    return environment


@cache
def _markdown() -> mistune.Markdown:
    return mistune.create_markdown(renderer=_Renderer(escape=True), plugins=["table", "strikethrough"])


class _Renderer(mistune.HTMLRenderer):
    def image(self, text: str, url: str, title: str | None = None) -> str:
        if url.startswith("data:image/"):
            return super().image(text, url, title)
        return html.escape(text)  # a picture from elsewhere would be a request, or a file of this machine

    def heading(self, text: str, level: int, **attrs: Any) -> str:
        return super().heading(text, max(level, 2), **attrs)  # the page has one h1 of its own
