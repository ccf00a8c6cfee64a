"""One family of errors: what is wrong with the value, what is allowed, what to do next."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches


class GtmkitError(ValueError):
    """Anything gtmkit refuses, with the exit code the command line leaves with."""

    exit_code = 70


class ConfigError(GtmkitError):
    """A setting, parameter, period or name that cannot be used; nothing was started."""

    exit_code = 2


class HistoryError(ConfigError):
    """A period for which the data holds no history."""


class ContractError(GtmkitError):
    """Data that breaks the contract of its table; nothing was published. `faults`: each of them by itself."""

    exit_code = 3

    def __init__(self, message: str, faults: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.faults = tuple(faults)


class NotebookError(GtmkitError):
    """A notebook that failed; the published report is unchanged."""

    exit_code = 1


class LockedError(GtmkitError):
    """Another run of the same workspace and period is under way."""

    exit_code = 4


class StorageError(GtmkitError):
    """The disk refused; the previous report is intact."""

    exit_code = 5


def did_you_mean(value: str, options: Iterable[str]) -> str:
    """The closest allowed word as a sentence (" Did you mean 'x'?"), or nothing."""
    close = get_close_matches(value, list(options), n=1, cutoff=0.6)
    return f" Did you mean '{close[0]}'?" if close else ""
