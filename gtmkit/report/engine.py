"""Papermill, imported without what takes seconds to get ready and no notebook needs.

Where the package rfc3987-syntax is installed, as JupyterLab brings it, jsonschema compiles the grammar of
internationalised addresses as soon as it is imported: a third of the time of a short run. Notebooks are checked against
a schema that has no address in it, so that jsonschema is imported here as if the package were not there.
"""

import sys

ADDRESSES = "rfc3987_syntax"

_known = ADDRESSES in sys.modules
if not _known:
    sys.modules[ADDRESSES] = None  # type: ignore[assignment]  # importing it fails then, which jsonschema expects
try:
    import papermill
    from nbformat import NotebookNode
finally:
    if not _known:
        del sys.modules[ADDRESSES]

__all__ = ["NotebookNode", "papermill"]
