"""One workspace on the frames of several engines, and what it means to answer the same."""

import inspect
import itertools
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import duckdb
import pandas as pd
import polars as pl

import gtmkit
from gtmkit import catalog, sources
from gtmkit.config import Config
from gtmkit.results import Need
from gtmkit.workspace import Workspace

from .workspaces import ROOT, gtm

STORE_COLUMNS = {"line", "file"}  # where a row came from: in the store, not in a table a metric sees


def stored(folder: Path, into: Path) -> dict[str, Path]:
    """Table -> its canonical, typed Parquet file."""
    into.mkdir(parents=True, exist_ok=True)
    sources.prepare(Config.load(folder), folder, into, into / "rejects")
    return {path.stem: path for path in sorted(into.glob("*.parquet"))}


def pandas_frame(path: Path) -> pd.DataFrame:
    frame = pd.read_parquet(path, dtype_backend="pyarrow")
    return frame.drop(columns=[column for column in frame if column in STORE_COLUMNS])


def polars_frame(path: Path) -> pl.LazyFrame:
    return pl.scan_parquet(path).drop(STORE_COLUMNS, strict=False)


def duckdb_frames(connection: duckdb.DuckDBPyConnection) -> Callable[[Path], duckdb.DuckDBPyRelation]:
    def frame(path: Path) -> duckdb.DuckDBPyRelation:
        relation = connection.read_parquet(str(path))
        return relation.project(", ".join(f'"{c}"' for c in relation.columns if c not in STORE_COLUMNS))

    return frame


def spark_frames(session: Any) -> Callable[[Path], Any]:
    return lambda path: session.read.parquet(str(path)).drop(*STORE_COLUMNS)


def workspace(
    folder: Path, tables: Mapping[str, Path], frame: Callable[[Path], Any], period: str
) -> Workspace:
    """The company of the folder over one engine's frames (in UTC, so that no instant is to be shifted)."""
    return Workspace.from_frames(
        {name: frame(path) for name, path in tables.items()}, Config.load(folder), period
    )


def ledger(ws: Workspace, name: str) -> list[dict[str, Any]]:
    """A ledger as plain records, in an order of its own and with its columns by name."""
    frame = ws.ledger(name)
    columns = sorted(frame.collect_schema().names())  # of pandas, arrow would have the index as one more
    records = frame.collect().to_arrow().select(columns).to_pylist()
    return sorted(records, key=lambda record: [(value is None, str(value)) for value in record.values()])


def metric_function(metric: str) -> Callable[..., Any]:
    """The plain function behind a metric id; the signature says what it needs."""
    return catalog.METRICS[metric.split(".")[0]].function


def needs(metric: str) -> list[str]:
    """What a metric takes, by its positional parameters: tables and ledgers, or other metrics."""
    parameters = inspect.signature(metric_function(metric)).parameters.values()
    taken = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return [p.default.metric if isinstance(p.default, Need) else p.name for p in taken]


def is_derived(metric: str) -> bool:
    return catalog.find(metric)[0].is_derived


def every_id() -> list[str]:
    """Every metric of the catalogue and every variant of it."""
    return [
        name
        for metric, row in catalog.METRICS.items()
        for name in (metric, *(f"{metric}.{variant}" for variant in row.variants))
    ]


def every_question(only: str | None = None) -> Iterator[tuple[str, dict[str, Any], tuple[str, ...]]]:
    """Every way the metrics (or one) can be asked: variant, words and numbers of the options, `by`.

    An id with its variants as they are; the id with every combination of the words that its options take; and
    with each number of months, days or the like. Each without `by` and by channel and segment where allowed.
    """
    for metric, row in catalog.METRICS.items():
        if only not in (None, metric):
            continue
        asked: list[tuple[str, dict[str, Any]]] = [(metric, {})]
        asked += [(f"{metric}.{variant}", {}) for variant in row.variants]
        words = {name: words_of(option.annotation) for name, option in row.options.items()}
        worded = [name for name, allowed in words.items() if allowed]
        asked += [
            (metric, dict(zip(worded, chosen, strict=True)))
            for chosen in itertools.product(*(words[name] for name in worded))
            if worded
        ]
        numbers = [name for name, option in row.options.items() if takes_a_number(option.annotation)]
        asked += [(metric, {name: number}) for name in numbers for number in (1, 3, 12)]
        for name, options in asked:
            for by in ((), ("channel",), ("segment",)):
                if set(by) <= set(row.by):
                    yield name, options, by


def words_of(annotation: Any) -> tuple[Any, ...]:
    """The words that an option may be, none where it takes anything else."""
    if get_origin(annotation) is Literal:
        return get_args(annotation)
    return tuple(word for part in get_args(annotation) for word in words_of(part))


def takes_a_number(annotation: Any) -> bool:
    return annotation is int or int in get_args(annotation)


# What the first list of what must hold is about: the metrics of these modules.
HOUSE = {
    f"gtmkit.metrics.{name}"
    for name in ("coverage", "movements", "opportunities", "pipeline", "retention", "stages", "usage")
}


LEDGERS_OF_THE_HOUSE = (
    "revenue", "journeys", "visits", "positions", "stays", "costs", "replicates", "activations", "churns",
)  # fmt: skip


def of_the_house() -> list[str]:
    """The metrics and variants of the first list; what is left over is of the second."""
    return [name for name in every_id() if metric_function(name).__module__ in HOUSE]


OF_THE_REVIEWS = (
    "activation_rate", "time_to_value", "activation_depth", "milestone_rate", "identity_match_rate", "cac",
    "cac_payback", "ltv", "ltv_to_cac", "magic_number", "gross_margin", "revenue", "new_cac_ratio",
    "expansion_cac_ratio", "blended_cac_ratio", "spend", "cost_categories", "new_logos", "arpa", "customer_lifetime",
    "churn_reasons",
)  # fmt: skip


def of_the_reviews() -> list[str]:
    """What the five questions added to the first list, with the variants."""
    return [name for name in every_id() if name.partition(".")[0] in OF_THE_REVIEWS]


def ids_by(column: str) -> list[str]:
    """The metrics and variants that may be asked by a column."""
    return [name for name in every_id() if column in catalog.find(name)[0].by]


def a_column(metric: str) -> tuple[str, ...]:
    """One column that a metric may be asked by and the mixed company has, none where there is none."""
    allowed = catalog.find(metric)[0].by
    return next(((column,) for column in ("segment", "channel", "function") if column in allowed), ())


def in_order(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame by its keys: what stands before `value`."""
    keys = list(frame.columns[: list(frame.columns).index("value")])
    text = frame.assign(**{key: frame[key].astype("string").fillna("") for key in keys})
    return frame.loc[text.sort_values(keys, kind="stable").index].reset_index(drop=True)


def assert_same(left: pd.DataFrame, right: pd.DataFrame, what: str) -> None:
    """Keys, counts, money, status and words exactly; ratios and intervals to 1e-9."""
    assert list(left.columns) == list(right.columns), what
    left, right = in_order(left), in_order(right)
    assert len(left) == len(right), f"{what}: {len(left)} rows and {len(right)}"
    for column in left.columns:
        a, b = left[column].astype("object"), right[column].astype("object")
        assert list(a.isna()) == list(b.isna()), f"{what}: nulls of {column} differ"
        a, b = a[a.notna()], b[b.notna()]
        if column in ("value", "low", "high"):
            for x, y in zip(a, b, strict=True):
                assert abs(float(x) - float(y)) <= 1e-9 * max(1.0, abs(float(x))), (
                    f"{what}: {column} {x} and {y}"
                )
        else:
            assert list(a) == list(b), f"{what}: {column} differs"


def answers(
    folder: Path, period: str, ids: Sequence[str] | None = None, **asked: Any
) -> dict[str, pd.DataFrame]:
    """Every metric of the catalogue, or those named, over the workspace of a folder."""
    ws = gtmkit.open(folder, period)
    return {metric: ws.metric(metric, **asked) for metric in ids or every_id()}


def assert_identical(left: Mapping[str, pd.DataFrame], right: Mapping[str, pd.DataFrame]) -> None:
    """The same facts to the last digit, in the same order."""
    assert left.keys() == right.keys()
    for metric, frame in left.items():
        pd.testing.assert_frame_equal(frame, right[metric], check_exact=True, obj=metric)


def same_on_every_host(folder: Path, asked: Mapping[str, str], period: str, elsewhere: Path) -> int:
    """Ask the command line for metrics, each by its column, on hosts that differ; how many of these there are."""
    hosts = [
        (ROOT, {"TZ": "UTC", "PYTHONHASHSEED": "0"}),
        (elsewhere, {"TZ": "Pacific/Kiritimati", "PYTHONHASHSEED": "1"}),
        (Path("/"), {"TZ": "America/St_Johns", "PYTHONHASHSEED": "4242"}),
    ]

    def answer(metric: str, host: int) -> str:
        cwd, environment = hosts[host]
        options = ["--workspace", folder, "--period", period, "--periods", 3, "--format", "json"]
        options += ["--by", asked[metric]] if asked[metric] else []
        run = gtm("metric", metric, *options, cwd=cwd, **environment)
        assert run.returncode == 0, run.stderr
        return run.stdout

    with ThreadPoolExecutor(2) as pool:
        for metric in asked:
            first, *others = pool.map(answer, [metric] * len(hosts), range(len(hosts)))
            assert json.loads(first)
            assert others == [first] * len(others), metric
    return len(hosts)
