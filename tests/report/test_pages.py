import base64
import hashlib
import re

import pytest
from nbformat import v4
from report.payloads import PAYLOADS, Seen

from gtmkit.report.pages import Section, markdown, render, sections_of, title_of

HTML = "application/vnd.gtmkit.html"
FACTS = "application/vnd.gtmkit.facts+json"
PNG = base64.b64encode(b"\x89PNG").decode()


def display(**more):
    return v4.new_output("display_data", **more)


def notebook(*cells):
    return v4.new_notebook(cells=list(cells))


def code(*outputs, tags=()):
    return v4.new_code_cell("secret = 'source'", outputs=list(outputs), metadata={"tags": list(tags)})


def shown(*outputs, tags=()):
    """The blocks of a page with one code cell of these outputs."""
    return [block for section in sections_of(notebook(code(*outputs, tags=tags))) for block in section.blocks]


def page(sections):
    return render(
        "notebook.html.j2",
        title="A <question>?",
        company="Paper & Sons",
        period="2026-10",
        period_in_words="October 2026",
        sections=sections,
        through={"events": "2026-10-31"},
        reproduce="gtmkit report",
        where=[],
        pages=[{"href": "a.html", "title": "A"}],
    )


def test_a_page_is_cut_at_its_questions():
    sections = sections_of(
        notebook(
            v4.new_markdown_cell("# Do they stay?\nDecision: *none*"),
            code(display(data={"text/plain": "before"})),
            v4.new_markdown_cell("## Which cohorts?\nRead it so.\n```\n## no heading\n```\n## How fast?"),
            code(display(data={"text/plain": "after"}), tags=["so-what"]),
        )
    )
    assert [(s.heading, s.anchor, [b.kind for b in s.blocks]) for s in sections] == [
        ("", "", ["prose", "text"]),
        ("Which cohorts?", "s-which-cohorts", ["prose"]),
        ("How fast?", "s-how-fast", ["text"]),
    ]
    assert "Do they stay" not in sections[0].blocks[0].html
    assert "## no heading" in sections[1].blocks[0].html
    assert sections[2].blocks[0].tags == ("so-what",)


def test_two_headings_of_the_same_words_are_linked_to_apart():
    sections = sections_of(notebook(v4.new_markdown_cell("# Q\n## Who?\n## Who, 2?\n## WHO\n## ?!\n## Who?")))
    anchors = [section.anchor for section in sections if section.heading]
    assert anchors[:3] == ["s-who", "s-who-2", "s-who-3"]
    assert len(set(anchors)) == 5


def test_the_title_is_the_question():
    cells = [v4.new_markdown_cell("## Not this\n# *Do* they stay?")]
    assert title_of(notebook(*cells), "04") == "Do they stay?"
    assert title_of(notebook(code()), "04") == "04"


def test_no_code_is_shown():
    text = page(sections_of(notebook(code(display(data={"text/plain": "figure"})))))
    assert "figure" in text
    assert "secret" not in text


@pytest.mark.parametrize(
    ("data", "kind", "html"),
    [
        ({"text/plain": "1 < 2"}, "text", "<pre>1 &lt; 2</pre>"),
        ({"text/plain": "x", "text/html": "<b>foreign</b>"}, "text", "<pre>x</pre>"),
        ({"text/plain": "x", HTML: "<b onclick='x'>ours</b>"}, "figure", "<b>ours</b>"),
        ({"text/plain": "x", "text/markdown": "**so**"}, "prose", "<p><strong>so</strong></p>\n"),
        (
            {"text/plain": "a curve", "image/png": PNG},
            "image",
            f'<img alt="a curve" src="data:image/png;base64,{PNG}">',
        ),
    ],
)
def test_an_output_is_shown_in_its_safest_rich_form(data, kind, html):
    (block,) = shown(display(data=data))
    assert (block.kind, str(block.html)) == (kind, html)


def test_an_image_has_the_words_it_comes_with():
    (block,) = shown(display(data={"image/png": PNG}, metadata={"alt": 'a "curve" <x>'}))
    assert 'alt="a &#34;curve&#34; &lt;x&gt;"' in block.html
    svg = "<svg onload='alert(1)'/>"
    (block,) = shown(display(data={"image/svg+xml": svg}, metadata={"image/svg+xml": {"alt": "a"}}))
    assert base64.b64encode(svg.encode()).decode() in block.html  # as a picture, where no script runs


@pytest.mark.parametrize(
    "output",
    [
        display(data={"text/plain": "facts", FACTS: []}),
        display(data={"text/plain": "<Axes object at 0x7f00>"}),
        v4.new_output("stream", name="stderr", text="/home/me/x.py:3: Warning"),
    ],
)
def test_what_is_not_for_readers_is_left_out(output):
    assert shown(output) == []


def test_a_long_text_is_cut_and_says_so():
    (block,) = shown(v4.new_output("stream", name="stdout", text="\x1b[31mx\x1b[0m" * 200_000))
    assert len(block.html) < 100_100
    assert block.html.endswith("cut here; the executed notebook has all of it</pre>")


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_payload_is_inert_wherever_it_stands(payload):
    cells = [
        v4.new_markdown_cell(f"# {payload}\n{payload}\n## {payload}\n![{payload}](https://evil.test/x.png)"),
        code(
            display(data={"text/plain": payload}),
            display(data={"text/markdown": payload, "text/plain": ""}),
            display(data={HTML: payload, "text/plain": ""}),
            display(data={"image/png": PNG}, metadata={"alt": payload}),
            v4.new_output("stream", name="stdout", text=payload),
            v4.new_output("error", ename=payload, evalue=payload, traceback=[]),
            tags=[payload.replace(",", "")],
        ),
    ]
    text = page(sections_of(notebook(*cells)))
    seen = Seen(text)
    assert "script" not in seen.tags
    assert not any(name.startswith("on") or name == "style" for name, _ in seen.attributes)
    addresses = [value for name, value in seen.attributes if name in ("href", "src")]
    assert not any("evil.test" in address or "script:" in address for address in addresses)


def test_the_policy_allows_the_style_sheet_and_nothing_else():
    text = page([Section("", "")])
    style = re.search(r"<style>(.*?)</style>", text, re.S)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)[1]
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:;")
    assert "<script" not in text
    assert "A &lt;question&gt;?" in text


def test_markdown_reads_no_file_and_asks_for_nothing():
    text = markdown("![x](/etc/passwd) ![y](http://evil.test/y.png) <img src=z> [l](javascript:alert(1))")
    seen = Seen(str(text))
    assert "img" not in seen.tags
    assert all(value.startswith("#") for name, value in seen.attributes if name == "href")


def test_the_section_that_says_what_words_mean_is_told_apart():
    figures, words = code(display(data={"text/plain": "1"})), code(display(data={"text/plain": "2"}))
    words["metadata"]["tags"] = ["definitions"]
    book = notebook(
        v4.new_markdown_cell("# Title\n## Figures"), figures, v4.new_markdown_cell("## Words"), words
    )
    told = [(s.heading, s.is_definitions) for s in sections_of(book) if s.heading]
    assert told == [("Figures", False), ("Words", True)]
