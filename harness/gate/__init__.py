"""Verdicts: numbers in, pass or regressed out. Knows no rendering, no process and no clock."""
