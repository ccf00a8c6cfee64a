"""The manual as something that can be followed: the fenced blocks of its pages, run in their order in a copy.

    ```console                      lines that begin with `$ ` are run; lines below one are what it prints
    ```python                       run in one namespace a page; a ```text block below is what it shows
    ```toml title="data/x/gtm.toml" a block with a title is written to that file; so are csv, sh and yaml
    ```crontab                      a line of a crontab: its five fields are read, its command is run

`python tests/manual.py docs/tutorial.md` writes what comes into a page where it shows something else.

In what is shown, a line `...` stands for any number of lines, and ` ... ` in a line for any text. What sets up or
stays open (`make`, `source`) is looked up instead of run.
"""

import ast
import contextlib
import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent
from typing import Any

from gtmkit.config import Config

ROOT = Path(__file__).parents[1]
PAGES = ("README.md", "docs/README.md", "docs/tutorial.md", "docs/recipes.md")
LANGUAGES = ("console", "python", "text", "toml", "csv", "sh", "yaml", "crontab")
COPIED = (
    "Makefile",
    "pyproject.toml",
    "README.md",
    "data/sample",
    "docs",
    "gtmkit",
    "notebooks",
    "reports/README.md",
)
FENCE = re.compile(
    r"^(?P<indent> *)```(?P<language>\w+)(?: title=\"(?P<title>[^\"]+)\")?\n(?P<text>.*?)^ *```$", re.M | re.S
)
ONLY_LOOKED_UP = re.compile(r"(make|source) (\S+)")


@dataclass(frozen=True)
class Block:
    """A fenced block: its page and line, its language, the file it is, and its text."""

    page: str
    line: int
    language: str
    title: str | None
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"

    def commands(self) -> list[tuple[str, str]]:
        """The commands of a console block, each with what it is said to print."""
        parts = re.split(r"^\$ ", self.text, flags=re.M)
        assert parts[0] == "", f"{self}: a console block begins with a command"
        return [(command, shown) for command, _, shown in (part.partition("\n") for part in parts[1:])]


def blocks(page: str) -> list[Block]:
    """The fenced blocks of a page, in their order."""
    text = (ROOT / page).read_text(encoding="utf-8")
    found = [
        Block(page, text[: m.start()].count("\n") + 1, m["language"], m["title"], dedent(m["text"]))
        for m in FENCE.finditer(text)
    ]
    assert 2 * len(found) == len(re.findall(r"^ *```", text, re.M)), f"{page} has a block without a language"
    return found


def copy_of_the_checkout(folder: Path) -> Path:
    """A checkout to follow the manual in: what git keeps of it, and the environment it was set up with."""
    for name in COPIED:
        source, target = ROOT / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns(".gtmkit", "__pycache__"))
        else:
            shutil.copy2(source, target)
    (folder / ".venv").symlink_to(sys.prefix)
    home = folder.parent / "home"  # the crontab finds the checkout in the home of its owner
    home.mkdir()
    (home / "gtmkit").symlink_to(folder)
    program(folder / "bin" / "mail", 'echo "$@" >> mail.txt; cat >> mail.txt')
    return folder


def program(path: Path, lines: str) -> None:
    """A small program in the place of one that is not to be had here."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{lines}\n", encoding="utf-8")
    path.chmod(0o755)


@dataclass
class Reader:
    """Somebody who follows a page to the letter; `did` is what was run, `wrote` which files."""

    folder: Path
    names: dict[str, Any] = field(default_factory=lambda: {"__name__": "__main__"})
    did: list[str] = field(default_factory=list)
    stale: list[tuple[Block, str, str]] | None = (
        None  # where given, what differs is noted here and does not stop
    )
    wrote: list[str] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        """What a shell has with the environment active; the package is that of the copy, and so are its tools."""
        path = os.pathsep.join([str(self.folder / "bin"), str(Path(sys.prefix) / "bin"), os.environ["PATH"]])
        return {**os.environ, "PATH": path, "PYTHONPATH": str(self.folder), "COLUMNS": "100"}

    def follow(self, page: str) -> None:
        """Do what the page says, from its first block to its last."""
        shown: str | None = None
        with contextlib.chdir(self.folder):
            for block in blocks(page):
                if block.language == "text":
                    assert shown is not None, f"{block}: nothing came before that could show this"
                    self.compare(block.text, shown, block)
                    shown = None
                else:
                    shown = self.take(block)

    def take(self, block: Block) -> str | None:
        """Do what one block says; answers what a python block shows."""
        if block.title:
            target = self.folder / block.title
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(block.text, encoding="utf-8")
            self.wrote.append(block.title)
        elif block.language == "console":
            for command, shown in block.commands():
                self.type(command, shown, block)
        elif block.language == "python":
            return self.execute(block)
        elif block.language == "toml":
            alone = self.folder / ".alone"
            alone.mkdir(exist_ok=True)
            (alone / "gtm.toml").write_text(block.text, encoding="utf-8")
            Config.load(alone)
        elif block.language == "crontab":
            for line in block.text.splitlines():
                *when, command = line.split(maxsplit=5)
                assert all(re.fullmatch(r"[\d*/,-]+", part) for part in when), f"{block}: {line}"
                self.type(f'HOME="{self.folder.parent / "home"}"; {command}', "", block)
        else:
            raise AssertionError(f"{block}: a {block.language} block needs a title, the file that it is")
        return None

    def type(self, command: str, shown: str, block: Block) -> None:
        """Type a command; what is shown below it must be what it prints, where anything is shown."""
        if looked_up := ONLY_LOOKED_UP.match(command):
            self.look_up(*looked_up.groups(), block)
            return
        ran = subprocess.run(
            ["bash", "-o", "pipefail", "-c", command], cwd=self.folder, env=self.environment,
            capture_output=True, text=True, encoding="utf-8", stdin=subprocess.DEVNULL,
        )  # fmt: skip
        self.did.append(command)
        assert ran.returncode == 0, (
            f"{block}: {command}\nended with {ran.returncode}\n{ran.stdout}\n{ran.stderr}"
        )
        if shown:
            self.compare(shown, ran.stdout, block)

    def compare(self, said: str, came: str, block: Block) -> None:
        """What a page shows is what came; where differences are collected, it is noted instead."""
        try:
            assert_alike(said, came, block)
        except AssertionError:
            if self.stale is None or "..." in said:
                raise
            self.stale.append((block, said, re.sub(r"[ \t]+$", "", came, flags=re.M).strip("\n") + "\n"))

    def look_up(self, verb: str, what: str, block: Block) -> None:
        """See that what is not run here exists: a target of make, a file of the environment."""
        if verb == "make":
            targets = re.findall(r"^([a-z-]+):", (self.folder / "Makefile").read_text("utf-8"), re.M)
            assert what in targets, f"{block}: make has no target {what}"
        else:
            assert (self.folder / what).exists(), f"{block}: there is no {what}"

    def execute(self, block: Block) -> str:
        """Run Python as a console would; answers what it prints and the face of its last expression."""
        tree = ast.parse(block.text)
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(tree, str(block), "exec"), self.names)  # our own page
            if last is not None:
                value = eval(compile(ast.Expression(last.value), str(block), "eval"), self.names)
                if value is not None:
                    print(repr(value))
        self.did.append(str(block))
        return printed.getvalue()


def assert_alike(said: str, came: str, block: Block) -> None:
    """What a page shows is what came, blanks at the ends of lines apart."""
    said, came = (re.sub(r"[ \t]+$", "", text, flags=re.M).strip("\n") for text in (said, came))
    pattern = "".join(_pattern(line) for line in said.split("\n"))
    assert re.fullmatch(pattern, came + "\n"), f"{block} shows\n{said}\n\nwhat came is\n{came}"


def _pattern(line: str) -> str:
    if line.strip() == "...":
        return r"(?:.*\n)*"
    return ".*".join(re.escape(part) for part in re.split(r" ?\.\.\. ?", line)) + r"\n"


def rewrite(page: str) -> list[str]:
    """Follow a page and write what comes into it wherever it shows something else; answers which blocks."""
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent) / "checkout"
        folder.mkdir()
        reader = Reader(copy_of_the_checkout(folder), stale=[])
        reader.follow(page)
    text = (ROOT / page).read_text(encoding="utf-8")
    for block, said, came in reversed(
        reader.stale or []
    ):  # from the end, so that lines above keep their place
        lines = text.splitlines(keepends=True)
        before = sum(map(len, lines[: block.line - 1]))
        text = text[:before] + text[before:].replace(said, came, 1)
    (ROOT / page).write_text(text, encoding="utf-8")
    return [str(block) for block, _, _ in reader.stale or []]


if __name__ == "__main__":
    for name in sys.argv[1:]:
        print(name, "was stale at", ", ".join(rewrite(name)) or "nothing")
