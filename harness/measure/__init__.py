"""The measuring half: a plan in, a run directory out. It never learns what a hit means."""
