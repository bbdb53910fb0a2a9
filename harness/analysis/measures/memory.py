"""What the processes hold in their own memory, and whether another process can read it.

Response fields of a reading of memory, taken in the middle of the load: `entries` and `bytes`, what
the cache of the process that answered held in that process; `resident_bytes`, the memory of the
process; `looked_at`, when, in seconds since the epoch.

Whether a cache is shared is shown by lookups that only a shared cache can answer: those of keys
that the process itself had not stored, or no longer had. The share of hits among them is 1 in a
cache that is shared that far, and 0 in one that is not.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import takewhile

import numpy as np

from harness.analysis.measures.measure import SEED, Measure, seen_and_modeled
from harness.analysis.prepared import PreparedTrial
from harness.analysis.profiles import lookups_by_process
from harness.arrays import Bools, Floats, Ints
from harness.model.locmem import State
from harness.model.replay import replay
from harness.model.simulate import Observations, entries_at
from harness.record.samples import SERVER


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryReadings:
    """N readings of memory in the order of time: the store and the number of each.

    `distinct` is how many keys of all caches the trial looked up.
    """

    store: Ints  # [N]
    value: Floats  # [N]
    distinct: int


def readings(field: str, trial: PreparedTrial) -> MemoryReadings | None:
    """Return what a response field held, with a store for each worker life; None without any."""
    row = _rows(trial)
    value = trial.samples.marked(field)[row]
    return _readings(trial, trial.samples.life[row], value) if len(row) else None


def entries_modeled(trial: PreparedTrial, stores: Ints) -> MemoryReadings | None:
    """Return the readings with the entries that LocMem caches must have held."""
    row = _rows(trial)
    if trial.model_input is None or not len(row):
        return None
    looked = Observations(instance=stores[row], at_s=trial.samples.marked("looked_at")[row])
    held = np.zeros(len(row))
    for trace, profile in zip(trial.model_input.traces, trial.cache_profiles, strict=True):
        if profile.per_process:
            held += entries_at(trace, stores, looked, np.random.default_rng(SEED))
    return _readings(trial, looked.instance, held)


def _rows(trial: PreparedTrial) -> Ints:
    """Return the requests that read the memory, in the order of time."""
    at_s = trial.samples.marked("looked_at")
    rows = np.flatnonzero(~np.isnan(at_s) & (trial.samples.life >= 0))
    return rows[np.argsort(at_s[rows], kind="stable")]


def _readings(trial: PreparedTrial, store: Ints, value: Floats) -> MemoryReadings:
    samples = trial.samples
    distinct = len(np.unique(samples.cache * len(samples.keys) + samples.key))
    return MemoryReadings(store=store, value=value, distinct=distinct)


def largest(found: MemoryReadings | None) -> float | None:
    """Return the largest number of all readings."""
    return float(found.value.max()) if found else None


def smallest_after_fall(found: MemoryReadings | None) -> float | None:
    """Return the smallest number that was below the reading before of the same store."""
    if found is None:
        return None
    order = np.argsort(found.store, kind="stable")
    store, value = found.store[order], found.value[order]
    later, earlier = value[1:], value[:-1]
    fell = later[(store[1:] == store[:-1]) & (later < earlier)]
    return float(fell.min()) if len(fell) else None


def mean_at_last(found: MemoryReadings | None) -> float | None:
    """Return the mean over the stores of the last reading."""
    return float(_last(found).mean()) if found else None


def total(field: str, trial: PreparedTrial) -> float | None:
    """Return the sum over the stores of the last reading of a response field."""
    found = readings(field, trial)
    return float(_last(found).sum()) if found else None


def copies(found: MemoryReadings | None) -> float | None:
    """Return the entries of all stores at their last reading over the distinct keys looked up."""
    return float(_last(found).sum()) / found.distinct if found and found.distinct else None


def _last(found: MemoryReadings) -> Floats:
    """Return the last value of each store."""
    last = np.unique(found.store[::-1], return_index=True)[1]
    return found.value[len(found.store) - 1 - last]


@dataclass(frozen=True, slots=True, kw_only=True)
class Holders:
    """Who had stored the keys of M lookups by then: a worker of the same server, one of another,
    or one that has ended since. `row` are the lookups.
    """

    row: Ints  # [M]
    same_server: Bools  # [M]
    elsewhere: Bools  # [M]
    ended: Bools  # [M]


def holders(trial: PreparedTrial) -> Holders:
    """Return who held the keys of lookups whose own worker did not.

    Worked out from what each worker has written, as if none had ever dropped an entry.
    """
    samples, ends, aliases = trial.samples, trial.ends, len(trial.cache_profiles)
    lookups = lookups_by_process(samples, trial.cache_profiles)
    entries = replay(lookups, {})
    own = entries.states(lookups.instance, lookups.key, lookups.get_s) == State.HELD
    row = np.flatnonzero(~own & (samples.lookup_life >= 0))
    life, at_s = samples.lookup_life[row], lookups.get_s[row]
    same_server, elsewhere, ended = (np.zeros(len(row), np.bool_) for _ in range(3))
    for other, server in enumerate(samples.lives[:, SERVER].tolist()):
        store = other * aliases + samples.cache[row]
        held = entries.states(store, lookups.key[row], at_s) == State.HELD
        living = at_s <= ends.until_s[other]
        same = samples.lives[life, SERVER] == server
        same_server |= held & living & same
        elsewhere |= held & living & ~same
        ended |= held & ~living
    return Holders(row=row, same_server=same_server, elsewhere=elsewhere, ended=ended)


def hit_share(place: str, trial: PreparedTrial) -> float | None:
    """Return the share of hits on keys that only workers of a place had stored; None without any.

    Of the places in `POSSIBLE`, workers of an earlier one had not stored them.
    """
    if not trial.samples.lookups or not POSSIBLE[place](trial):
        return None
    found = holders(trial)
    chosen = getattr(found, place)
    for earlier in takewhile(lambda one: one != place, POSSIBLE):
        chosen = chosen & ~getattr(found, earlier)
    row = found.row[chosen]
    return float(trial.samples.hit[row].mean()) if len(row) else None


POSSIBLE: Mapping[str, Callable[[PreparedTrial], bool]] = {
    "same_server": lambda trial: len(trial.samples.lives) > 1,
    "elsewhere": lambda trial: len(np.unique(trial.samples.lives[:, SERVER])) > 1,
    "ended": lambda trial: len(trial.ends.ended) > 0,
}
"""Places as in `Holders`, and which trials can have other workers there."""

MEASURES = (
    *seen_and_modeled(
        partial(readings, "entries"),
        entries_modeled,
        entries_max=largest,
        entries_after_cull=smallest_after_fall,
        copies_per_key=copies,
        entries_per_worker=mean_at_last,
    ),
    Measure(name="cache_bytes", observed=partial(total, "bytes")),
    Measure(name="resident_bytes", observed=partial(total, "resident_bytes")),
    Measure(name="shared_among_workers", observed=partial(hit_share, "same_server")),
    Measure(name="shared_among_servers", observed=partial(hit_share, "elsewhere")),
    Measure(name="survives_restart", observed=partial(hit_share, "ended")),
)
