"""What the house must show: one test, or a few that share its number, for every line of the list."""
