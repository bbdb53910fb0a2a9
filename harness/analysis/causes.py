"""Why lookups missed: which replay explains the trial, and by it a cause for every miss."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from harness.analysis.ends import Ends, ends_of
from harness.analysis.profiles import (
    CacheProfile,
    limits_by_process,
    lookups_by_alias,
    lookups_by_process,
)
from harness.analysis.summary import Cause, Explained
from harness.arrays import Bools, Ints
from harness.model.locmem import Limits, State
from harness.model.replay import Entries, Lookups, States, replay
from harness.record.samples import Samples

CAUSES = tuple(Cause)
FIRST, FRAGMENTATION, RESTART, EXPIRED, EVICTED, UNEXPLAINED, DELETED = range(len(CAUSES))

_OWN_FATE = np.empty(len(State), np.int64)
_OWN_FATE[[State.HELD, State.ABSENT, State.EXPIRED, State.EVICTED, State.DELETED]] = (
    UNEXPLAINED,
    FIRST,
    EXPIRED,
    EVICTED,
    DELETED,
)
_LAST_FATE = _OWN_FATE.copy()
_LAST_FATE[State.HELD] = RESTART  # held by none that lives, so it went down with its worker


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """One replay: the lookups by store, what the stores held, and what each lookup met. [L]"""

    lookups: Lookups
    entries: Entries
    states: States


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """What the replays made of L lookups, M of which missed. `explained` is None without any.

    `replayed` is the replay that explains more, and `per_process` says whether it is the one with
    a cache per process.
    """

    explained: Explained | None
    per_process: bool
    replayed: Replayed
    missed: Ints  # [M] rows of lookups
    causes: Ints  # [M] index into CAUSES

    @property
    def misses(self) -> dict[str, int]:
        """Return the number of misses of each cause."""
        counts = np.bincount(self.causes, minlength=len(CAUSES)).tolist()
        return {cause.value: count for cause, count in zip(CAUSES, counts, strict=True)}


def outcomes(samples: Samples, kinds: list[CacheProfile], ends: Ends | None = None) -> Outcomes:
    """Return how much each replay explains, and the misses by cause; causes sum to the misses.

    The causes come from the replay that explains more. Where both explain the same, as with one
    worker, it is the one that the kind of cache suggests. As a shared cache, none ever culls.
    Without `ends`, they are what the samples alone show.
    """
    ends = ends or ends_of(samples)
    own, joint = replayed_by_process(samples, kinds), replayed_by_alias(samples, kinds, ends)
    explained = _explained(own, joint, samples.hit) if samples.lookups else None
    per_process = _is_per_process(explained, kinds)
    missed = np.flatnonzero(~samples.hit)
    return Outcomes(
        explained=explained,
        per_process=per_process,
        replayed=own if per_process else joint,
        missed=missed,
        causes=causes_by_process(samples, own, ends, missed)
        if per_process
        else causes_by_alias(samples, joint, missed),
    )


def replayed_by_process(samples: Samples, kinds: list[CacheProfile]) -> Replayed:
    """Return the replay with a store for each (life, alias)."""
    return _replayed(lookups_by_process(samples, kinds), limits_by_process(samples, kinds))


def replayed_by_alias(samples: Samples, kinds: list[CacheProfile], ends: Ends) -> Replayed:
    """Return the replay with a store for each alias, a new one whenever it was emptied."""
    return _replayed(lookups_by_alias(samples, kinds, ends.emptied_s), {})


def causes_by_alias(samples: Samples, replayed: Replayed, missed: Ints) -> Ints:
    """Return the cause of each missed lookup of shared caches. [len(missed)]

    A key that is absent since the cache was emptied, and that it held by then, is a restart's.
    """
    causes = _OWN_FATE[replayed.states[missed]]
    lookups, aliases = replayed.lookups, max(len(samples.caches), 1)
    unseen = np.flatnonzero(replayed.states[missed] == State.ABSENT)
    for turn in range(int(lookups.instance.max(initial=0)) // aliases):
        row = missed[unseen]
        before = samples.cache[row] + turn * aliases
        held = replayed.entries.states(before, lookups.key[row], lookups.get_s[row]) == State.HELD
        causes[unseen[held & (lookups.instance[row] > before)]] = RESTART
    return causes


def causes_by_process(samples: Samples, replayed: Replayed, ends: Ends, missed: Ints) -> Ints:
    """Return the cause of each missed lookup of caches per process. [len(missed)]

    What the life itself had stored comes first; a key it never had is looked for in the other
    lives, and then among all that were ever stored.
    """
    entries, lookups, states = replayed.entries, replayed.lookups, replayed.states
    causes = _OWN_FATE[states[missed]]
    unseen = np.flatnonzero(states[missed] == State.ABSENT)
    row = missed[unseen]
    aliases = max(len(samples.caches), 1)
    latest = entries.regrouped(entries.instance % aliases)
    fates = latest.states(samples.cache[row], lookups.key[row], lookups.get_s[row])
    restart, elsewhere = _held_by_others(samples, entries, lookups, ends, row)
    causes[unseen] = np.where(
        restart, RESTART, np.where(elsewhere, FRAGMENTATION, _LAST_FATE[fates])
    )
    return causes


def _held_by_others(
    samples: Samples, entries: Entries, lookups: Lookups, ends: Ends, row: Ints
) -> tuple[Bools, Bools]:
    """Return which keys an earlier life of the same slot held, and which another living one. [M]"""
    aliases = len(samples.caches)
    life, key, at_s = samples.lookup_life[row], lookups.key[row], lookups.get_s[row]
    restart, elsewhere = np.zeros(len(row), np.bool_), np.zeros(len(row), np.bool_)
    for other in range(len(samples.lives)):
        earlier = np.append(ends.successors(other), False)[life]
        living = (life != other) & (at_s <= ends.until_s[other])
        asked = np.flatnonzero(earlier | living)
        store = other * aliases + samples.cache[row[asked]]
        held = asked[entries.states(store, key[asked], at_s[asked]) == State.HELD]
        restart[held] |= earlier[held]
        elsewhere[held] |= living[held]
    return restart, elsewhere


def _replayed(lookups: Lookups, limits: Mapping[int, Limits]) -> Replayed:
    entries = replay(lookups, limits)
    states = entries.states(lookups.instance, lookups.key, lookups.get_s)
    return Replayed(lookups=lookups, entries=entries, states=states)


def _explained(own: Replayed, joint: Replayed, hit: Bools) -> Explained:
    return Explained(
        per_process=float(np.mean((own.states == State.HELD) == hit)),
        shared=float(np.mean((joint.states == State.HELD) == hit)),
    )


def _is_per_process(explained: Explained | None, kinds: list[CacheProfile]) -> bool:
    if explained is not None and explained.per_process != explained.shared:
        return explained.per_process > explained.shared
    return any(kind.per_process for kind in kinds)
