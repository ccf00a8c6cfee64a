"""From a period to a dated folder: checked, executed, rendered, and published by one exchange.

`run.py` tells the whole story; each other file has one part of it. `review` is what is asked for, and with
`parameters` refuses what cannot be run. `kernels` and `forkserver` start kernels fast and end them surely,
`execute` runs the notebooks in them. `build` fills the folder: `facts` gathers the figures, `headlines` and
`pages` write them for readers, `sanitise` guards what passes, `snapshot` keeps what is needed to compute them
again. `record` says how the run went, `publish` puts the folder in its place, `library` lists all reviews.
"""

from gtmkit.report.run import Progress, run_report

__all__ = ["Progress", "run_report"]
