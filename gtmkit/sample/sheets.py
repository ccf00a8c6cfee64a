"""Sheets: columns of known kinds, written as a CSV file, or piece by piece into a Parquet file."""

import csv
import gzip
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

# day: days since 1970; american: the same, as the CRM writes them; instant: seconds since 1970;
# money: cents; tenth: tenths; figure: a whole number; flag: yes or no.
Kind = Literal["text", "day", "american", "instant", "money", "tenth", "figure", "flag"]

ARROW: dict[Kind, pa.DataType] = {
    "text": pa.string(),
    "day": pa.date32(),
    "american": pa.date32(),
    "instant": pa.timestamp("s", tz="UTC"),
    "money": pa.decimal128(18, 2),
    "tenth": pa.decimal128(18, 1),
    "figure": pa.int64(),
    "flag": pa.bool_(),
}
DECIMALS: dict[Kind, int] = {"money": 2, "tenth": 1}


@dataclass(frozen=True)
class Cells:
    """One column: its kind and one value for each row; NaN, None or an empty text is an empty cell."""

    kind: Kind
    values: Any

    def written(self) -> Sequence[object]:
        """The cells as the text of a CSV file."""
        match self.kind:
            case "text":
                return list(self.values)
            case "flag":
                return ["true" if value else "false" for value in self.values]
            case "day":
                return iso(pd.Series(self.values))
            case "american":
                return [f"{d[5:7]}/{d[8:]}/{d[:4]}" if d else "" for d in iso(pd.Series(self.values))]
            case "instant":
                return utc(pd.Series(self.values))
            case "figure":
                return [str(v) if there else "" for v, there in zip(*whole(self.values), strict=True)]
            case _:
                return decimal(self.values, DECIMALS[self.kind])

    def arrow(self) -> pa.Array:
        """The cells as an Arrow array."""
        kind = ARROW[self.kind]
        if self.kind == "text":
            return pa.array([v or None for v in self.values], kind)
        if self.kind == "flag":
            return pa.array(np.asarray(self.values, dtype=bool), kind)
        if self.kind in DECIMALS:
            return pa.array([text or None for text in self.written()], pa.string()).cast(kind)
        numbers, there = whole(self.values)
        width = np.int32 if kind == pa.date32() else np.int64
        return pa.array(numbers.astype(width), mask=~there).cast(kind)


Sheet = Mapping[str, Cells]


def whole(values: Any) -> tuple[np.ndarray, np.ndarray]:
    """The values as whole numbers, 0 where there is none, and which are there."""
    found = pd.Series(values).astype("float64")
    return found.fillna(0).astype(np.int64).to_numpy(), found.notna().to_numpy()


def iso(days: pd.Series) -> list[str]:
    """Days since 1970 as 2026-10-31; empty where there is none."""
    filled, there = whole(days)
    return [
        d if t else ""
        for d, t in zip(filled.astype("datetime64[D]").astype(str).tolist(), there, strict=True)
    ]


def utc(seconds: pd.Series) -> list[str]:
    """Seconds since 1970 as 2026-10-31T14:05:09Z; empty where there is none."""
    filled, there = whole(seconds)
    stamps = filled.astype("datetime64[s]").astype(str).tolist()
    return [f"{stamp}Z" if t else "" for stamp, t in zip(stamps, there, strict=True)]


def decimal(values: Any, places: int) -> list[str]:
    """Whole numbers of the smallest unit as units with their decimals."""
    filled, there = whole(values)
    unit = 10**places
    return [
        f"{'-' * (v < 0)}{abs(v) // unit}.{abs(v) % unit:0{places}d}" if t else ""
        for v, t in zip(filled.tolist(), there, strict=True)
    ]


def again(sheet: Sheet, rows: Sequence[int] | np.ndarray) -> Sheet:
    """The sheet with some of its rows repeated at its end."""
    found = {}
    for name, cells in sheet.items():
        values = list(cells.values)
        found[name] = Cells(cells.kind, values + [values[row] for row in rows])
    return found


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """One CSV file, gzipped without a time stamp where the name ends in .gz; the same bytes everywhere."""
    text = io.StringIO(newline="")
    out = csv.writer(text, lineterminator="\n")
    out.writerow(header)
    out.writerows(rows)
    data = text.getvalue().encode()
    if path.suffix == ".gz":
        data = gzip.compress(data, compresslevel=6, mtime=0)
    path.write_bytes(data)


class CsvFolder:
    """Sheets as CSV files of a folder, each whole; the large ones gzipped."""

    def __init__(self, folder: Path, zipped: Iterable[str]) -> None:
        self.folder = folder
        self.zipped = set(zipped)

    def add(self, name: str, sheet: Sheet, broken: Iterable[Sequence[object]] = ()) -> None:
        """Write a sheet, and after it rows that only text can hold."""
        suffix = ".csv.gz" if name in self.zipped else ".csv"
        cells = [column.written() for column in sheet.values()]
        write_csv(self.folder / f"{name}{suffix}", list(sheet), chain(zip(*cells, strict=True), broken))

    def close(self) -> None:
        """Nothing is left to write."""


class ParquetFolder:
    """Sheets as Parquet files of a folder, to each of which pieces can be added one after the other."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._open: dict[str, pq.ParquetWriter] = {}

    def add(self, name: str, sheet: Sheet, broken: Iterable[Sequence[object]] = ()) -> None:
        """Add a sheet's rows to the file of its name, as one row group; broken rows have no type."""
        table = pa.table({column: cells.arrow() for column, cells in sheet.items()})
        if name not in self._open:
            self._open[name] = pq.ParquetWriter(self.folder / f"{name}.parquet", table.schema)
        self._open[name].write_table(table)

    def close(self) -> None:
        """Finish every file."""
        for writer in self._open.values():
            writer.close()
