"""What workers' own caches held at their birth, as writes that come before all lookups."""

from __future__ import annotations

import numpy as np

from harness.model.locmem import Operation
from harness.model.trace import NO_WRITES, Writes
from harness.record.facts import InheritedFacts, TrialFacts
from harness.record.samples import Samples


def with_held_keys(facts: TrialFacts, samples: Samples) -> Samples:
    """Return the samples with a name for each key that was held, looked up later or not.

    A key that nobody asks for takes up place in its cache all the same.
    """
    known = set(samples.keys.tolist())
    held = {key for life in facts.lives for one in life.held for key in one.keys} - known
    if not held:
        return samples
    keys = np.array([*samples.keys.tolist(), *sorted(held)])
    return Samples(**{**samples.columns(), "keys": keys})


def held_at_birth(facts: TrialFacts, samples: Samples, alias: str) -> Writes:
    """Return what each life in `samples.lives`, the owner, held in `alias`.

    All are SETs at the time they were told, the least recently used of a life first. Keys without
    a number in `samples.keys` are left out.
    """
    rows = {tuple(row): number for number, row in enumerate(samples.lives.tolist())}
    numbers = {key: number for number, key in enumerate(samples.keys.tolist())}
    found = NO_WRITES
    for life in facts.lives:
        row = rows.get((life.server, life.slot, life.generation, life.pid))
        for held in life.held:
            if row is not None and held.alias == alias:
                found = found.followed_by(_writes(held, row, numbers))
    return found


def _writes(held: InheritedFacts, row: int, numbers: dict[str, int]) -> Writes:
    known = [place for place, key in enumerate(held.keys) if key in numbers]
    ttl_s = [held.ttl_s[place] for place in known]
    return Writes(
        target=np.full(len(known), row),
        key=np.array([numbers[held.keys[place]] for place in known], np.int64),
        at_s=np.full(len(known), held.at_s),
        operation=np.full(len(known), int(Operation.SET)),
        ttl_s=np.array([np.inf if ttl is None else ttl for ttl in ttl_s], np.float64),
    )
