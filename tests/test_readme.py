"""What the README tells people to type and to open exists."""

import re
from pathlib import Path

import pytest

from gtmkit.config import Config

ROOT = Path(__file__).parents[1]
PAGES = [
    *("README.md", "CONTRIBUTING.md", "DECISIONS.md", "data/README.md"),
    *("docs/README.md", "docs/tutorial.md", "docs/recipes.md", "reports/README.md"),
]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def text(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page):
    for link in re.findall(r"\]\(([^)\s]+)\)", text(page)):
        target, _, anchor = link.partition("#")
        file = (ROOT / page).parent / target if target else ROOT / page
        assert file.exists(), f"{page} links to {link}"
        assert not anchor or anchor in anchors(file), f"{page} links to {link}"


@pytest.mark.parametrize("page", PAGES)
def test_every_make_target_named_exists(page):
    named = set(re.findall(r"(?:`|^)make ([a-z-]+)", text(page), re.MULTILINE))
    assert named <= set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))


def test_the_example_settings_are_accepted(tmp_path):
    (example,) = re.findall(r"```toml\n(.*?)```", text("README.md"), re.DOTALL)
    (tmp_path / "gtm.toml").write_text(example, encoding="utf-8")
    config = Config.load(tmp_path)
    assert config.company.name == "Acme"
    assert set(config.tables) == {"opportunities", "subscriptions"}
