"""`python -m gtmkit` is the same as `gtmkit`."""

from gtmkit.cli import main

main()
