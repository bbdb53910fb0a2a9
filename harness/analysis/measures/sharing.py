"""Who can read what another process has stored: told by lookups that only such a cache can answer.

Each measure looks at lookups of keys that the process itself had not stored, or no longer had. It
is 1 where all of them hit, as in a cache that is shared so far, and 0 where none does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from harness.analysis.measures.measure import Measure
from harness.analysis.prepared import PreparedTrial
from harness.analysis.profiles import lookups_by_process
from harness.arrays import Bools, Ints
from harness.model.locmem import State
from harness.model.replay import replay
from harness.record.samples import LIFE_COLUMNS

_SERVER = LIFE_COLUMNS.index("server")


@dataclass(frozen=True, slots=True, kw_only=True)
class Holders:
    """Who had stored the keys of M lookups by then: a worker of the same server, one of another,
    or one that has ended since. `row` are the lookups.
    """

    row: Ints  # [M]
    beside: Bools  # [M]
    elsewhere: Bools  # [M]
    ended: Bools  # [M]


def holders(reading: PreparedTrial) -> Holders:
    """Return who held the keys of lookups whose own worker did not.

    Worked out from what each worker has written, as if none had ever dropped an entry.
    """
    samples, ends, aliases = reading.samples, reading.ends, len(reading.cache_profiles)
    lookups = lookups_by_process(samples, reading.cache_profiles)
    entries = replay(lookups, {})
    own = entries.states(lookups.instance, lookups.key, lookups.get_s) == State.HELD
    row = np.flatnonzero(~own & (samples.lookup_life >= 0))
    life, at_s = samples.lookup_life[row], lookups.get_s[row]
    beside, elsewhere, ended = (np.zeros(len(row), np.bool_) for _ in range(3))
    for other, server in enumerate(samples.lives[:, _SERVER].tolist()):
        store = other * aliases + samples.cache[row]
        held = entries.states(store, lookups.key[row], at_s) == State.HELD
        living = at_s <= ends.until_s[other]
        same = samples.lives[life, _SERVER] == server
        beside |= held & living & same
        elsewhere |= held & living & ~same
        ended |= held & ~living
    return Holders(row=row, beside=beside, elsewhere=elsewhere, ended=ended)


def hit_share(chosen: Callable[[Holders], Bools], reading: PreparedTrial) -> float | None:
    """Return the share of hits among the lookups that are `chosen`; None without any."""
    if len(reading.samples.lives) < 2 or not reading.samples.lookups:
        return None
    found = holders(reading)
    row = found.row[chosen(found)]
    return float(reading.samples.hit[row].mean()) if len(row) else None


def shared_among_workers(reading: PreparedTrial) -> float | None:
    """Return the share of hits on keys that only other workers of the same server had stored."""
    return hit_share(lambda found: found.beside, reading)


def shared_among_servers(reading: PreparedTrial) -> float | None:
    """Return the share of hits on keys that only workers of other servers had stored."""
    if len(np.unique(reading.samples.lives[:, _SERVER])) < 2:
        return None
    return hit_share(lambda found: found.elsewhere & ~found.beside, reading)


def survives_restart(reading: PreparedTrial) -> float | None:
    """Return the share of hits on keys that only workers had stored that have ended since."""
    if not len(reading.ends.ended):
        return None
    return hit_share(lambda found: found.ended & ~found.beside & ~found.elsewhere, reading)


MEASURES = (
    Measure(
        name="shared_among_workers",
        unit="share",
        better="higher",
        meaning="of the lookups of what only others of the same server had stored, those that hit",
        observed=shared_among_workers,
    ),
    Measure(
        name="shared_among_servers",
        unit="share",
        better="higher",
        meaning="of the lookups of what only workers of other servers had stored, those that hit",
        observed=shared_among_servers,
    ),
    Measure(
        name="survives_restart",
        unit="share",
        better="higher",
        meaning="of the lookups of what only workers that ended had stored, those that hit",
        observed=survives_restart,
    ),
)
