"""What a review of the sample ought to find, record by record, from the parameters alone."""

from gtmkit.sample.truths import Truths


def records(truths: Truths, scale: float) -> list[dict[str, object]]:
    """The expected figures."""
    return []
