"""Files as text: every cell as it was written, with the line of the file it stands on."""

import codecs
import csv
import gzip
import io
import re
import sys
import zlib
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from gtmkit.config import Table

BLOCK = 1 << 24
Lines = npt.NDArray[np.int64]


class UnreadableError(Exception):
    """A file that cannot be taken as a table at all; the message says where and why."""


@dataclass(frozen=True)
class TextFile:
    """A delimited file as plain UTF-8 on disk: its header (names as written) and how many lines it has."""

    path: Path
    quote: str
    header: tuple[str, ...]
    header_lines: int
    lines: int


@dataclass(frozen=True)
class Torn:
    """A row with more or fewer cells than the header has names."""

    line: int
    expected: int
    found: int


def open_text(file: Path, entry: Table, scratch: Path) -> TextFile:
    """The file as plain UTF-8 (a copy in `scratch` where it is compressed or encoded otherwise), header read.

    Raises UnreadableError: empty, bytes that do not decode, NUL bytes, no header.
    """
    path, lines = _plain(file, entry, scratch)
    if not lines:
        raise UnreadableError("it is empty. Export it again, with its header")
    with _reader(path, entry, strict=False, trim=False) as reader:
        first: list[str] = next(reader, [])
        header_lines = reader.line_num
    if not any(cell.strip() for cell in first):
        raise UnreadableError(
            "line 1 is empty, where the header should be. Remove what stands before the header"
        )
    if not entry.header:
        return TextFile(path, entry.quote, tuple(str(i + 1) for i in range(len(first))), 0, lines)
    return TextFile(path, entry.quote, tuple(first), header_lines, lines)


def line_of_each(text: TextFile, entry: Table) -> Lines:
    """The line on which each record begins, where a record may span lines or a line be blank."""
    starts = array("q")
    with _reader(text.path, entry, strict=False) as reader:
        begun = 0
        for row in reader:
            if begun >= text.header_lines and (row or len(text.header) == 1):
                starts.append(begun + 1)
            begun = reader.line_num
    return np.frombuffer(starts, dtype=np.int64)


def without_torn(text: TextFile, entry: Table, scratch: Path) -> tuple[TextFile, Lines, list[Torn]]:
    """A copy without the rows of too many or too few cells, the line of each row in it, and those rows.

    Raises UnreadableError where a quote is not closed, since nothing after it can be trusted.
    """
    starts = array("q")
    torn: list[Torn] = []
    expected = len(text.header)
    copy = scratch / f"{text.path.name}.whole.csv"
    with (
        copy.open("w", encoding="utf-8", newline="") as target,
        _reader(text.path, entry, strict=True) as reader,
    ):
        writer = csv.writer(target, lineterminator="\n", quoting=csv.QUOTE_ALL, **_dialect(entry))
        begun = 0
        try:
            for row in reader:
                if begun < text.header_lines:
                    writer.writerow(row)
                elif row or expected == 1:
                    if len(row) == expected + 1 and row[-1] == "":
                        row.pop()  # a delimiter at the end of the line holds no value
                    if len(row) == expected or (not row and expected == 1):
                        starts.append(begun + 1)
                        writer.writerow(row or [""])
                    else:
                        torn.append(Torn(begun + 1, expected, len(row)))
                begun = reader.line_num
        except csv.Error as error:
            raise UnreadableError(_quote_fault(text, entry, begun, str(error))) from None
    return (
        TextFile(copy, entry.quote or '"', text.header, text.header_lines, text.lines),
        np.frombuffer(starts, dtype=np.int64),
        torn,
    )


def _plain(file: Path, entry: Table, scratch: Path) -> tuple[Path, int]:
    """The path of the text as UTF-8, and the number of its lines."""
    zipped = file.suffix == ".gz"
    copied = zipped or entry.encoding != "utf-8"
    target = scratch / f"{file.name}.text.csv" if copied else file
    lines, last = 0, ""
    decoder = codecs.getincrementaldecoder(entry.encoding)()
    done = 0  # bytes decoded so far
    out = target.open("w", encoding="utf-8", newline="") if copied else None
    try:
        with gzip.open(file) if zipped else file.open("rb") as source:
            for block in _blocks(source):
                pending = len(decoder.getstate()[0])
                try:
                    piece = decoder.decode(block, final=not block)
                except UnicodeDecodeError as error:
                    at = done - pending + error.start
                    line = lines + error.object[: error.start].count(b"\n") + 1
                    raise UnreadableError(
                        f"line {line:,}, byte {at:,} is not {entry.encoding}. "
                        f'Say how the file is encoded: encoding = "cp1252" and "utf-16" are usual'
                    ) from None
                done += len(block)
                if "\0" in piece:
                    line = lines + piece[: piece.index("\0")].count("\n") + 1
                    raise UnreadableError(
                        f"line {line:,} holds a NUL byte, so it is no text in {entry.encoding}. "
                        f'Say how the file is encoded: encoding = "utf-16" is usual then'
                    )
                lines += piece.count("\n")
                last = piece[-1:] or last
                if out:
                    out.write(piece)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise UnreadableError(f"it is no whole gzip file ({error}). Export it again") from None
    finally:
        if out:
            out.close()
    return target, lines + (last not in ("\n", ""))


def _blocks(source: BinaryIO | io.BufferedIOBase | gzip.GzipFile) -> Iterator[bytes]:
    while block := source.read(BLOCK):
        yield block
    yield b""


def _dialect(entry: Table) -> dict[str, Any]:
    return {"delimiter": entry.delimiter, "quotechar": entry.quote or '"'}


@contextmanager
def _reader(path: Path, entry: Table, strict: bool, trim: bool = True) -> Iterator[Any]:
    limit = csv.field_size_limit(sys.maxsize)
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            yield csv.reader(
                lines,
                strict=strict,
                skipinitialspace=trim,
                quoting=csv.QUOTE_MINIMAL if entry.quote else csv.QUOTE_NONE,
                **_dialect(entry),
            )
    finally:
        csv.field_size_limit(limit)


def _quote_fault(text: TextFile, entry: Table, begun: int, said: str) -> str:
    """Where the quote opens that tears the record which begins after `begun` lines, and what it swallowed."""
    with text.path.open(encoding="utf-8-sig", newline="") as source:
        for _ in range(begun):
            next(source)
        record = source.read()
    quote, delimiter = re.escape(entry.quote), re.escape(entry.delimiter)
    quoted = re.compile(f" *{quote}(?:[^{quote}]|{quote}{quote})*({quote})?")
    plain = re.compile(f"[^{delimiter}\r\n]*")
    at = 0
    while at < len(record):
        field = quoted.match(record, at)
        if field:
            opens = begun + record.count("\n", 0, at) + 1
            swallowed = record.count("\n", at, field.end()) - (
                1 if record.endswith("\n") and not field[1] else 0
            )
            if not field[1]:
                return (
                    f"a quote opens on line {opens:,} and is never closed; it swallows the {swallowed:,} "
                    f"lines after it. Close it, or double the quotes inside the cell"
                )
            if record[field.end() : field.end() + 1] not in (entry.delimiter, "\r", "\n", ""):
                return (
                    f"a quote opens on line {opens:,}, swallows {swallowed:,} lines and closes on line "
                    f"{opens + swallowed:,} in the middle of a cell. Close it, or double the quotes inside "
                    f"the cell"
                )
            at = field.end()
        else:
            cell = plain.match(record, at)
            at = cell.end() if cell else at
        at += 2 if record[at : at + 2] == "\r\n" else 1
    return f"the record on line {begun + 1:,} cannot be read ({said}). Correct its quotes"


def column_of(file: Path, column: str) -> tuple[str, ...]:
    """The distinct values of one column of a small CSV file, in their order.

    Raises UnreadableError where the file has no such column.
    """
    with file.open(encoding="utf-8-sig", newline="") as source:
        rows = csv.DictReader(source)
        if column not in (rows.fieldnames or ()):
            raise UnreadableError(f"it has no column '{column}'. It has: {', '.join(rows.fieldnames or ())}")
        return tuple(dict.fromkeys(row[column] for row in rows if row[column]))
