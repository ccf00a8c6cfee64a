import inspect

import pytest

from gtmkit import errors
from gtmkit.errors import (
    ConfigError,
    ContractError,
    GtmkitError,
    HistoryError,
    LockedError,
    NotebookError,
    StorageError,
    did_you_mean,
)

# What a schedule reads: 1 a notebook, 2 a setting or parameter, 3 a contract, 4 a lock, 5 the disk.
EXIT_CODES = {
    GtmkitError: 70,
    ConfigError: 2,
    HistoryError: 2,
    ContractError: 3,
    NotebookError: 1,
    LockedError: 4,
    StorageError: 5,
}


@pytest.mark.parametrize(("kind", "code"), EXIT_CODES.items())
def test_each_error_leaves_with_its_exit_code(kind: type[GtmkitError], code: int) -> None:
    assert kind.exit_code == code


def test_every_error_is_in_that_list_and_is_one_that_gtmkit_means() -> None:
    kinds = {kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, Exception)}
    assert kinds == set(EXIT_CODES)
    assert all(issubclass(kind, GtmkitError) and issubclass(kind, ValueError) for kind in kinds)


def test_a_period_without_history_is_a_parameter_that_cannot_be_used() -> None:
    assert issubclass(HistoryError, ConfigError)


def test_no_two_causes_share_an_exit_code() -> None:
    causes = [kind for kind in EXIT_CODES if kind is not HistoryError]
    assert len({kind.exit_code for kind in causes}) == len(causes)


def test_the_closest_word_is_proposed() -> None:
    assert did_you_mean("win_rat", ["sales_cycle", "win_rate", "wait"]) == " Did you mean 'win_rate'?"


@pytest.mark.parametrize("options", [["sales_cycle"], []])
def test_nothing_is_proposed_where_nothing_is_close(options: list[str]) -> None:
    assert did_you_mean("win_rate", options) == ""


def test_options_may_be_any_iterable_once_through() -> None:
    assert did_you_mean("segmnt", (word for word in ("channel", "segment"))) == " Did you mean 'segment'?"
