"""Why lookups missed: which replay explains the trial, and by it a cause for every miss."""

from dataclasses import dataclass

import numpy as np

from harness.analysis.lives import Ends, ends_of
from harness.analysis.profiles import (
    CacheProfile,
    limits_by_process,
    lookups_by_alias,
    lookups_by_process,
)
from harness.analysis.summary import Cause, Explained
from harness.arrays import Ints
from harness.model.locmem import State
from harness.model.replay import Entries, Lookups, States, replay
from harness.record.samples import Samples

CAUSES = tuple(Cause)
FIRST, FRAGMENTATION, RESTART, EXPIRED, EVICTED, UNEXPLAINED, DELETED = range(len(CAUSES))

_OWN_FATE = np.array([UNEXPLAINED, FIRST, EXPIRED, EVICTED, DELETED])
"""Cause by the `State` in the life's own cache: HELD, ABSENT, EXPIRED, EVICTED, DELETED."""
_LAST_FATE = np.array([RESTART, *_OWN_FATE[1:]])
"""Cause by the `State` in any life. Held by none that lives: it went down with its worker."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """One replay: the lookups by store, what the stores held, and what each lookup met. [L]

    `per_process`: there is a store for each (life, alias), else one for each alias.
    """

    per_process: bool
    lookups: Lookups
    entries: Entries
    states: States


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """What the replays made of L lookups, M of which missed. `explained` is None without any.

    `replayed` is the replay that explains more.
    """

    explained: Explained | None
    replayed: Replayed
    missed: Ints  # [M] rows of lookups
    causes: Ints  # [M] index into CAUSES

    @property
    def misses(self) -> dict[str, int]:
        """Return the number of misses of each cause."""
        counts = np.bincount(self.causes, minlength=len(CAUSES)).tolist()
        return {cause.value: count for cause, count in zip(CAUSES, counts, strict=True)}


def outcomes(samples: Samples, profiles: list[CacheProfile], ends: Ends | None = None) -> Outcomes:
    """Return how much each replay explains, and the misses by cause; causes sum to the misses.

    The causes come from the replay that explains more. Where both explain the same, as with one
    worker, it is the one that the cache profiles suggest. As a shared cache, none ever culls.
    Without `ends`, they are what the samples alone show.
    """
    ends = ends or ends_of(samples)
    own = replayed(samples, profiles, ends, per_process=True)
    shared = replayed(samples, profiles, ends, per_process=False)
    explained = None
    if samples.lookups:
        explained = Explained(
            per_process=float(np.mean((own.states == State.HELD) == samples.hit)),
            shared=float(np.mean((shared.states == State.HELD) == samples.hit)),
        )
    per_process = any(profile.per_process for profile in profiles)
    if explained and explained.per_process != explained.shared:
        per_process = explained.per_process > explained.shared
    better, missed = own if per_process else shared, np.flatnonzero(~samples.hit)
    return Outcomes(
        explained=explained,
        replayed=better,
        missed=missed,
        causes=causes_of(samples, better, ends, missed),
    )


def replayed(
    samples: Samples, profiles: list[CacheProfile], ends: Ends, *, per_process: bool
) -> Replayed:
    """Return the replay with a store for each (life, alias), or for each alias.

    That of an alias is a new one whenever it was emptied, and never culls.
    """
    if per_process:
        lookups, limits = (
            lookups_by_process(samples, profiles),
            limits_by_process(samples, profiles),
        )
    else:
        lookups, limits = lookups_by_alias(samples, profiles, ends.emptied_s), {}
    entries = replay(lookups, limits)
    states = entries.states(lookups.instance, lookups.key, lookups.get_s)
    return Replayed(per_process=per_process, lookups=lookups, entries=entries, states=states)


def causes_of(samples: Samples, replayed: Replayed, ends: Ends, missed: Ints) -> Ints:
    """Return the cause of each missed lookup: the fate of the key in its own cache. [len(missed)]

    A key that this cache never had is looked for in the others, and in itself before it was
    emptied.
    """
    states = replayed.states[missed]
    causes, row = _OWN_FATE[states], missed[states == State.ABSENT]
    causes[states == State.ABSENT] = (
        _absent_from_life(samples, replayed, ends, row)
        if replayed.per_process
        else _absent_from_alias(samples, replayed, row)
    )
    return causes


def _absent_from_alias(samples: Samples, replayed: Replayed, row: Ints) -> Ints:
    """Return RESTART for keys that a shared cache held before it was emptied, else FIRST. [M]"""
    aliases, instance = max(len(samples.caches), 1), replayed.lookups.instance
    key, get_s = replayed.lookups.key[row], replayed.lookups.get_s[row]
    causes = np.full(len(row), FIRST)
    for turn in range(int(instance.max(initial=0)) // aliases):
        before = samples.cache[row] + turn * aliases
        held = replayed.entries.states(before, key, get_s) == State.HELD
        causes[held & (instance[row] > before)] = RESTART
    return causes


def _absent_from_life(samples: Samples, replayed: Replayed, ends: Ends, row: Ints) -> Ints:
    """Return by which other life the key was held, or its fate in all that were ever stored. [M]

    RESTART for an earlier life of the same slot, else FRAGMENTATION for another living one.
    """
    entries, aliases = replayed.entries, max(len(samples.caches), 1)
    cache, life = samples.cache[row], samples.lookup_life[row]
    key, at_s = replayed.lookups.key[row], replayed.lookups.get_s[row]
    restart, elsewhere = np.zeros(len(row), np.bool_), np.zeros(len(row), np.bool_)
    for other in range(len(samples.lives)):
        earlier = np.append(ends.successors(other), False)[life]
        living = (life != other) & (at_s <= ends.until_s[other])
        asked = np.flatnonzero(earlier | living)
        store = other * aliases + cache[asked]
        held = asked[entries.states(store, key[asked], at_s[asked]) == State.HELD]
        restart[held] |= earlier[held]
        elsewhere[held] |= living[held]
    latest = entries.regrouped(entries.instance % aliases)
    fates = _LAST_FATE[latest.states(cache, key, at_s)]
    return np.where(restart, RESTART, np.where(elsewhere, FRAGMENTATION, fates))
