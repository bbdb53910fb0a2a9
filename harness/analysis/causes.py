"""Why lookups missed: which replay explains the trial, and by it a cause for every miss."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness.analysis.stores import (
    Kind,
    kept_refills,
    limits_by_process,
    lookups_by_alias,
    lookups_by_process,
)
from harness.analysis.summary import Cause, Explained
from harness.model.locmem import State
from harness.model.replay import Entries, Lookups, States, replay
from harness.record.samples import LIFE_COLUMNS, Bools, Floats, Ints, Samples

CAUSES = tuple(Cause)
FIRST, FRAGMENTATION, RESTART, EXPIRED, EVICTED, UNEXPLAINED = range(len(CAUSES))

_OWN_FATE = np.empty(len(State), np.int64)
_OWN_FATE[[State.HELD, State.ABSENT, State.EXPIRED, State.EVICTED]] = (
    UNEXPLAINED,
    FIRST,
    EXPIRED,
    EVICTED,
)
_LAST_FATE = _OWN_FATE.copy()
_LAST_FATE[State.HELD] = RESTART  # held by none that lives, so it went down with its worker


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """What the replays made of L lookups. `explained` is None without any."""

    explained: Explained | None
    misses: Mapping[str, int]


def outcomes(samples: Samples, kinds: list[Kind]) -> Outcomes:
    """Return how much each replay explains, and the misses by cause; causes sum to the misses.

    The causes come from the replay that explains more. Where both explain the same, as with one
    worker, it is the one that the kind of cache suggests. As a shared cache, none ever culls.
    """
    kept = kept_refills(samples, kinds)
    own, joint = lookups_by_process(samples, kept), lookups_by_alias(samples, kept)
    own_entries = replay(own, limits_by_process(samples, kinds))
    own_states, joint_states = _states(own_entries, own), _states(replay(joint, {}), joint)
    if not samples.lookups:
        return Outcomes(explained=None, misses=_counted(np.zeros(0, np.int64)))
    explained = Explained(
        per_process=_agreement(own_states, samples.hit),
        shared=_agreement(joint_states, samples.hit),
    )
    missed = np.flatnonzero(~samples.hit)
    if _is_per_process(explained, kinds):
        causes = _causes_by_process(samples, own_entries, own, own_states, missed)
    else:
        causes = _OWN_FATE[joint_states[missed]]
    return Outcomes(explained=explained, misses=_counted(causes))


def _states(entries: Entries, lookups: Lookups) -> States:
    return entries.states(lookups.store, lookups.key, lookups.get_s)


def _agreement(states: States, hit: Bools) -> float:
    return float(np.mean((states == State.HELD) == hit))


def _is_per_process(explained: Explained, kinds: list[Kind]) -> bool:
    if explained.per_process != explained.shared:
        return explained.per_process > explained.shared
    return any(kind.per_process for kind in kinds)


def _counted(causes: Ints) -> dict[str, int]:
    counts = np.bincount(causes, minlength=len(CAUSES)).tolist()
    return {cause.value: count for cause, count in zip(CAUSES, counts, strict=True)}


def _causes_by_process(
    samples: Samples, entries: Entries, lookups: Lookups, states: States, missed: Ints
) -> Ints:
    """Return the cause of each missed lookup. [len(missed)]

    What the life itself had stored comes first; a key it never had is looked for in the other
    lives, and then among all that were ever stored.
    """
    causes = _OWN_FATE[states[missed]]
    unseen = np.flatnonzero(states[missed] == State.ABSENT)
    row = missed[unseen]
    aliases = max(len(samples.caches), 1)
    latest = entries.regrouped(entries.store % aliases)
    fates = latest.states(samples.cache[row], lookups.key[row], lookups.get_s[row])
    restart, elsewhere = _held_by_others(samples, entries, lookups, row)
    causes[unseen] = np.where(
        restart, RESTART, np.where(elsewhere, FRAGMENTATION, _LAST_FATE[fates])
    )
    return causes


def _held_by_others(
    samples: Samples, entries: Entries, lookups: Lookups, row: Ints
) -> tuple[Bools, Bools]:
    """Return which keys an earlier life of the same slot held, and which another living one. [M]"""
    aliases = len(samples.caches)
    slot, generation = _slots(samples), np.append(samples.lives[:, 2], 0)
    ended_s = _ends(samples, slot, lookups.get_s)
    life, key, at_s = samples.lookup_life[row], lookups.key[row], lookups.get_s[row]
    restart, elsewhere = np.zeros(len(row), np.bool_), np.zeros(len(row), np.bool_)
    for other in range(len(samples.lives)):
        earlier = (slot[life] == slot[other]) & (generation[other] < generation[life])
        living = (life != other) & (at_s <= ended_s[other])
        asked = np.flatnonzero(earlier | living)
        store = other * aliases + samples.cache[row[asked]]
        held = asked[entries.states(store, key[asked], at_s[asked]) == State.HELD]
        restart[held] |= earlier[held]
        elsewhere[held] |= living[held]
    return restart, elsewhere


def _slots(samples: Samples) -> Ints:
    """Return a number for the (server, slot) of each life, and -1 for no life. [W + 1]"""
    place = samples.lives[:, [LIFE_COLUMNS.index("server"), LIFE_COLUMNS.index("slot")]]
    if not len(place):
        return np.array([-1], np.int64)
    number = np.unique(place, axis=0, return_inverse=True)[1].reshape(-1)
    return np.append(number, -1)


def _ends(samples: Samples, slot: Ints, at_s: Floats) -> Floats:
    """Return when each life read for the last time, inf for the last life of a slot. [W]"""
    generation = samples.lives[:, LIFE_COLUMNS.index("generation")]
    last_s = np.full(len(samples.lives), -np.inf)
    known = samples.lookup_life >= 0
    np.maximum.at(last_s, samples.lookup_life[known], at_s[known])
    replaced: npt.NDArray[np.bool_] = np.array(
        [
            bool(np.any(generation[slot[:-1] == place] > turn))
            for place, turn in zip(slot[:-1], generation, strict=True)
        ],
        np.bool_,
    )
    return np.where(replaced, last_s, np.inf)
