"""Whether the instrument is sound: what tables, events and campaign parameters say of how the company measures.

Each part is plain functions from frames and settings to a small frame and the faults found in it; nothing here
answers a metric.
"""

from collections.abc import Callable

from gtmkit.health.fault import Fault

# What looks for faults: positional parameters name tables, ledgers or metrics, `period` is the one under review,
# `setting(...)` defaults are read from gtm.toml. What lacks a table that it needs is left out.
FUNCTIONS: tuple[Callable[..., list[Fault]], ...] = ()
