"""Intervals and quantiles. Knows nothing of caches, trials or files."""
