"""gtmkit: go-to-market reviews that say how far each figure can be believed.

    import gtmkit
    ws = gtmkit.open("data/sample", "2026-10")      # settings, tables, ledgers at one period
    ws.metric("win_rate", by="segment", periods=13) # one tidy frame: value, interval, n, status, reason
    ws.loss_account()                               # rows read, used, set aside, and why
    gtmkit.help("win_rate")                         # what it means, how it is computed, what it is made of

The house, from the ground up (a module imports only from floors below its own):

    periods errors results frames windows stats     time, errors, the result shape, verbs, statistics
    config contracts                                gtm.toml, and the rules of every table
    sources store ledgers metrics sample            files -> tables, kept -> small facts -> figures
    catalog                                         what the trade says of each metric
    charts tables wording display reference         figures as pictures, tables, sentences; a metric's page
    workspace                                       where a question meets the data
    report notebooks                                a period becomes a published folder
    cli                                             the same from a terminal
"""

from importlib.metadata import version

from gtmkit.reference import help
from gtmkit.workspace import Workspace, open

__all__ = ["Workspace", "__version__", "help", "open"]
__version__ = version("gtmkit")
