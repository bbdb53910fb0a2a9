"""What a lookup costs in the mean, its origin included: the price of a hit rate."""

from __future__ import annotations

from harness.analysis.costs import mean_lookup_s
from harness.analysis.measures.measure import Measure
from harness.analysis.reading import Reading


def lookup_cost_s(reading: Reading) -> float | None:
    """Return the mean seconds of a lookup, with origin and store where it missed.

    None for a trial that was served in one go: times are only told of trials that took turns.
    """
    samples = reading.samples
    in_turns = int(samples.round.max(initial=0)) > 0
    return mean_lookup_s(samples) if in_turns and samples.lookups else None


MEASURES = (
    Measure(
        name="lookup_cost_s",
        unit="s",
        better="lower",
        meaning="mean time of a lookup, with the origin and the store where it missed",
        observed=lookup_cost_s,
    ),
)
