"""Whether what is written through one alias is found through another, here and elsewhere.

Marks: `note`, a key that each request reads through one alias and then writes through another;
`found`, 1 where the read found something; `same_location`, 1 where both have one LOCATION.
"""

from __future__ import annotations

import numpy as np

from harness.analysis.measures.measure import Measure, is_shared
from harness.analysis.prepared import PreparedTrial
from harness.arrays import Bools, Ints


def found_own(reading: PreparedTrial) -> float | None:
    """Return the share of the notes that were found where their own process had left some.

    None where no process was asked for the same note twice.
    """
    own, _ = _left_before(reading)
    return _share_found(reading, own)


def found_others(reading: PreparedTrial) -> float | None:
    """Return the share of the notes that were found where only other processes had left some.

    None where there was no such case, as with one worker.
    """
    own, others = _left_before(reading)
    return _share_found(reading, others & ~own)


def found_own_modelled(reading: PreparedTrial, _stores: Ints) -> float | None:
    """Return 1 with one LOCATION and 0 with two, whoever answers; None where nothing is asked."""
    same = reading.samples.marked("same_location")
    known = same[~np.isnan(same)]
    return float(known[0]) if len(known) and found_own(reading) is not None else None


def found_others_modelled(reading: PreparedTrial, _stores: Ints) -> float | None:
    """Return 0 where each process has stores of its own; else the same as for one's own notes."""
    if found_others(reading) is None:
        return None
    same = reading.samples.marked("same_location")
    return float(same[~np.isnan(same)][0]) if is_shared(reading) else 0.0


def _left_before(reading: PreparedTrial) -> tuple[Bools, Bools]:
    """Return for each request whether its own process, or another, had left its note. [R], [R]

    Only those count that were done before it was sent; what overlaps with a note of the same
    process is in neither.
    """
    samples = reading.samples
    note = samples.marked("note")
    own, others = np.zeros(samples.requests, np.bool_), np.zeros(samples.requests, np.bool_)
    for name in np.unique(note[~np.isnan(note)]):
        row = np.flatnonzero(note == name)
        before = samples.done_s[row] <= samples.sent_s[row][:, None]
        overlaps = ~before & ~before.T & ~np.eye(len(row), dtype=np.bool_)
        same = samples.life[row] == samples.life[row][:, None]
        unclear = (overlaps & same).any(axis=1) & ~(before & same).any(axis=1)
        own[row] = (before & same).any(axis=1)
        others[row] = (before & ~same).any(axis=1) & ~unclear
    return own, others


def _share_found(reading: PreparedTrial, asked: Bools) -> float | None:
    found = reading.samples.marked("found")[asked]
    return float(found.mean()) if len(found) else None


MEASURES = (
    Measure(
        name="found_own",
        unit="share",
        meaning="share found through one alias of what the same process wrote through another",
        observed=found_own,
        model_input=found_own_modelled,
    ),
    Measure(
        name="found_others",
        unit="share",
        meaning="share found of what only other processes wrote",
        observed=found_others,
        model_input=found_others_modelled,
    ),
)
