"""environment.yml and pyproject.toml say the same; compared here, not solved: no test asks conda anything."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).parents[1]

# The names under which conda-forge has what pyproject.toml names otherwise.
ALIASES = {
    "duckdb": "python-duckdb",
    "jupyter-client": "jupyter_client",
    "matplotlib": "matplotlib-base",  # without Qt, as the wheel is
    "playwright": "playwright-python",
    "tzdata": "python-tzdata",  # conda-forge's own tzdata is the system's, which Python does not read
}
# Not on conda-forge, so named in the pip part.
BY_PIP = {"axe-playwright-python"}


def bounds(requirements: list[str]) -> dict[str, SpecifierSet]:
    """Each name with its bounds."""
    parsed = [Requirement(text) for text in requirements]
    assert len({one.name for one in parsed}) == len(parsed), "a name stands twice"
    return {one.name: one.specifier for one in parsed}


def differences(project: dict[str, Any], environment: dict[str, Any]) -> list[str]:
    """What the one names or bounds otherwise than the other, in words; empty where they agree."""
    wanted = bounds([*project["dependencies"], *project["optional-dependencies"]["dev"]])
    by_conda = {ALIASES.get(name, name): bound for name, bound in wanted.items() if name not in BY_PIP}
    by_pip = {name: bound for name, bound in wanted.items() if name in BY_PIP}
    listed = environment["dependencies"]
    plain = [entry for entry in listed if isinstance(entry, str) and not entry.startswith("python=")]
    inner = next(entry for entry in listed if isinstance(entry, dict))["pip"]
    return compare("conda", by_conda | {"pip": SpecifierSet()}, bounds(plain)) + compare(
        "pip", by_pip, bounds([entry for entry in inner if entry != "-e ."])
    )


def compare(part: str, wanted: dict[str, SpecifierSet], given: dict[str, SpecifierSet]) -> list[str]:
    return [
        f"{part}: {name} is {wanted.get(name, 'not')} in pyproject.toml, {given.get(name, 'not')} here"
        for name in sorted(wanted.keys() | given.keys())
        if wanted.get(name) != given.get(name)
    ]


@pytest.fixture
def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture
def environment() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))


def test_the_two_say_the_same(project, environment):
    assert differences(project, environment) == []


def test_every_alias_is_in_use(project):
    named = bounds([*project["dependencies"], *project["optional-dependencies"]["dev"]])
    assert named.keys() >= ALIASES.keys() | BY_PIP


def test_a_missing_name_and_a_moved_bound_are_seen(project, environment):
    environment["dependencies"].remove("scipy>=1.16,<2")
    project["dependencies"][0] = "pandas>=3.1,<4"
    assert [found.split(" is ")[0] for found in differences(project, environment)] == [
        "conda: pandas",
        "conda: scipy",
    ]


def test_channel_python_and_the_package_itself(project, environment):
    assert environment["channels"] == ["conda-forge", "nodefaults"]
    assert "python=3.12" in environment["dependencies"]
    assert "3.12" in SpecifierSet(project["requires-python"])
    assert "-e ." in environment["dependencies"][-1]["pip"]


def test_the_locks_hash_every_line_and_name_no_host():
    for name in ["requirements.lock", "requirements-spark.lock"]:
        text = (ROOT / name).read_text(encoding="utf-8")
        pins = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
        assert pins, name
        assert all("==" in pin and pin.endswith("\\") for pin in pins), name
        assert "://" not in text, name


def test_every_bound_is_met_by_its_pin(project):
    pins: dict[str, list[str]] = {}
    for name in ["requirements.lock", "requirements-spark.lock"]:
        for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
            if line and not line.startswith((" ", "#")):
                pin = Requirement(line.rstrip("\\ "))
                pins.setdefault(pin.name, []).append(str(pin.specifier).removeprefix("=="))
    extras = project["optional-dependencies"]
    for name, bound in bounds([*project["dependencies"], *extras["dev"], *extras["spark"]]).items():
        assert pins.get(name), f"{name} is in no lock; run make lock"
        assert all(version in bound for version in pins[name]), f"{name} {pins[name]} is outside {bound}"
