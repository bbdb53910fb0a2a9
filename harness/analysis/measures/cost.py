"""What a lookup costs in the mean, its origin included: the price of a hit rate."""

from __future__ import annotations

from harness.analysis.break_even import mean_lookup_s
from harness.analysis.measures.measure import Measure
from harness.analysis.prepared import PreparedTrial


def lookup_cost_s(reading: PreparedTrial) -> float | None:
    """Return the mean seconds of a lookup, with origin and store where it missed.

    None for a trial that was served in one go: times are only told of trials that took turns.
    """
    told = _in_turns(reading) and reading.samples.lookups
    return mean_lookup_s(reading.samples) if told else None


def hit_s(reading: PreparedTrial) -> float | None:
    """Return the mean seconds of a lookup that hit; None where none did, and as above."""
    hits = reading.samples.lookup_s[reading.samples.hit]
    return float(hits.mean()) if _in_turns(reading) and len(hits) else None


def _in_turns(reading: PreparedTrial) -> bool:
    return int(reading.samples.round.max(initial=0)) > 0


MEASURES = (
    Measure(
        name="lookup_cost_s",
        unit="s",
        better="lower",
        meaning="mean time of a lookup, with the origin and the store where it missed",
        observed=lookup_cost_s,
    ),
    Measure(
        name="hit_s",
        unit="s",
        better="lower",
        meaning="mean time of a lookup that hit, where backends took turns",
        observed=hit_s,
    ),
)
