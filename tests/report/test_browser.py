"""Every page of a review as a reader's browser has it: both modes, desk, phone and paper, all details open.

The pages are those that lie in the published folder, so a new notebook is tried with the others. The review is the
sample's with names that could break a page; the sample as it is is looked at in the acceptance list.
"""

import csv
import gzip
import io
import re
import shutil
from pathlib import Path

import pytest

from gtmkit.report import run_report

pytestmark = [pytest.mark.browser, pytest.mark.slow]
ROOT = Path(__file__).parents[2]
MOST_BYTES = 400_000
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
AXE = {"runOnly": TAGS, "resultTypes": ["violations"]}  # nothing else is read
EVIL = {
    "Mid-market": "<script>alert('$1')</script> $b$",
    "Enterprise": "ארגונים גדולים 🚀",
    "organic_search": '$x_{1}$ & "quoted" \u202egnp',
    "Ines Costa": "إيناس <b>كوستا</b>",
}
OPEN = "document.querySelectorAll('details').forEach(d => d.open = true)"
PAPER = 703  # px: A4 within the style sheet's margins


def hostile(folder: Path) -> Path:
    """The sample company with names in it that could break a page."""
    shutil.copytree(ROOT / "data" / "sample", folder, ignore=shutil.ignore_patterns(".gtmkit", "truths.json"))
    for path in [*folder.glob("*.csv"), *folder.glob("*.csv.gz")]:
        packed = path.suffix == ".gz"
        raw = gzip.decompress(path.read_bytes()) if packed else path.read_bytes()
        rows = csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline=""))
        out = io.StringIO()
        csv.writer(out).writerows([EVIL.get(cell, cell) for cell in row] for row in rows)
        changed = out.getvalue().encode()
        path.write_bytes(gzip.compress(changed, 1) if packed else changed)
    settings = (folder / "gtm.toml").read_text(encoding="utf-8")
    assert 'owner = "VP Sales"' in settings
    settings = settings.replace('owner = "VP Sales"', "owner = 'سمية <script>alert(1)</script>'")
    (folder / "gtm.toml").write_text(settings, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def review(tmp_path_factory) -> Path:
    """The folder of a published review."""
    folder = tmp_path_factory.mktemp("hostile")
    workspace = hostile(folder / "hostile")
    return run_report(workspace, None, out=folder / "reports", notebooks=ROOT / "notebooks").parent


def pages_of(review: Path) -> list[Path]:
    """Every page of a review, and the list of all reviews."""
    return [*sorted(review.glob("*.html")), review.parents[1] / "index.html"]


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 360), ("light", 320)])
def test_a_page_has_no_violation_no_request_and_no_sideways_scroll(review, chromium, scheme, width):
    from axe_playwright_python.sync_playwright import Axe

    for path in pages_of(review):
        page = chromium.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        asked, said = [], []
        page.on("request", lambda request, asked=asked: asked.append(request.url))
        page.on("console", lambda message, said=said: said.append(message.text))
        page.on("dialog", lambda dialog, said=said: said.append(dialog.message))
        page.goto(path.as_uri(), wait_until="networkidle")
        page.evaluate(OPEN)
        if width == 1280:  # the acceptance list runs axe on the narrow pages and on the dark ones
            violations = Axe().run(page, options=AXE).response["violations"]
            told = [(v["id"], v["nodes"][0]["html"][:200]) for v in violations]
            assert not told, f"{path.name} at {width} in {scheme}: {told}"
        assert [url for url in asked if not url.startswith("data:")] == [path.as_uri()], path.name
        assert not said, f"{path.name}: {said}"
        if width < 400:
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path.name
            assert page.evaluate(SCROLLING) == [], f"{path.name} at {width}: what scrolls sideways"
        page.close()


SCROLLING = """[...document.querySelectorAll('*')]
  .filter(x => x.scrollWidth > x.clientWidth + 1 && ['auto', 'scroll'].includes(getComputedStyle(x).overflowX))
  .map(x => x.getAttribute('aria-label') || x.className || x.tagName)"""
OUTSIDE = """[...document.querySelectorAll('main *, header *')]
  .filter(x => x.getClientRects().length && x.getBoundingClientRect().right > innerWidth + 1)
  .map(x => x.tagName + ' ' + x.textContent.slice(0, 60))"""


def test_a_page_prints_whole(review, chromium, tmp_path):
    for path in pages_of(review):
        page = chromium.new_page(viewport={"width": PAPER, "height": 1000})
        page.goto(path.as_uri())
        page.emulate_media(media="print")
        assert page.evaluate("document.documentElement.scrollWidth") <= PAPER, path.name
        assert page.evaluate(OUTSIDE) == [], f"{path.name}: cut off on paper"
        printed = page.pdf(path=tmp_path / "page.pdf", format="A4", prefer_css_page_size=True)
        assert printed.startswith(b"%PDF")
        assert len(re.findall(rb"/Type\s*/Page\b", printed)) >= 1
        page.close()


def test_a_page_has_no_script_a_strict_policy_and_few_bytes(review):
    for path in pages_of(review):
        text = path.read_text(encoding="utf-8")
        assert "<script" not in text.lower(), path.name
        assert not re.search(r"<[^>]* (?:on\w+|style)=", text), path.name
        assert re.search(r"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-", text)
        assert "unsafe" not in text[: text.index("<title>")]
        assert len(text.encode()) <= MOST_BYTES, f"{path.name}: {len(text.encode()):,} bytes"


def test_a_table_is_downloaded_from_the_page_as_it_lies_beside_it(review, chromium):
    path = next(path for path in pages_of(review) if "retention" in path.stem)
    page = chromium.new_page()
    page.goto(path.as_uri())
    page.evaluate(OPEN)
    link = page.locator("a[download]").last
    with page.expect_download() as download:
        link.click()
    held = Path(download.value.path()).read_bytes()
    name = download.value.suggested_filename
    assert held == (review / "tables" / path.stem / name).read_bytes()
    assert held.startswith(b"\xef\xbb\xbf")
    page.close()


def test_a_picture_has_its_words_and_its_table_as_visible_text(review, chromium):
    for path in pages_of(review):
        page = chromium.new_page()
        page.goto(path.as_uri())
        page.evaluate(OPEN)
        figures = page.locator("figure.picture")
        for i in range(figures.count()):
            figure = figures.nth(i)
            title = figure.locator("figcaption b").inner_text()
            assert title
            spoken = figure.locator("svg[role=img] title").first.text_content()
            assert title.split()[0] in spoken
            assert figure.locator("details p").first.inner_text().split()[:4] == spoken.split()[:4]
            assert figure.locator("details table, details p.s").count() >= 1
        page.close()
