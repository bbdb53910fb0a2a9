"""Where the lookups of a trial went: times of effect, and the cache profile of each alias."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from harness import wire
from harness.arrays import Floats, Ints
from harness.backends import BACKENDS, backend_of_class
from harness.model.locmem import Limits, Operation
from harness.model.replay import Lookups
from harness.model.trace import NO_WRITES, Writes
from harness.record.facts import CacheFacts, TrialFacts
from harness.record.samples import Samples, life_id

_OPERATIONS = np.array(
    [Operation.SET, Operation.TOUCH, Operation.USE, Operation.DELETE, Operation.DELETE]
)
"""The operation of each of `WRITE_KINDS`; a clear deletes every key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheProfile:
    """What an alias is made of. `limits` None: it never culls.

    `held` is what lives began with in it, by their row in `samples.lives`.
    """

    per_process: bool
    keeps: bool
    limits: Limits | None
    held: Writes = NO_WRITES


def class_name(cache: CacheFacts) -> str:
    """Return the bare name of the backend's class."""
    return cache.backend.rpartition(".")[2]


def reported_caches(facts: TrialFacts) -> Iterator[CacheFacts]:
    """Yield every cache that any worker life reported, repetitions left out."""
    yield from dict.fromkeys(cache for life in facts.lives for cache in life.caches)


def cache_profiles(facts: TrialFacts, samples: Samples) -> list[CacheProfile]:
    """Return the kind of each alias in `samples.caches`, as the workers reported it.

    An alias that no worker reported is taken for what the trial asked for.
    """
    reported = {cache.alias: cache for cache in reported_caches(facts)}
    return [
        replace(
            _kind(facts, reported.get(str(alias))), held=held_at_birth(facts, samples, str(alias))
        )
        for alias in samples.caches
    ]


def _kind(facts: TrialFacts, cache: CacheFacts | None) -> CacheProfile:
    row = backend_of_class(cache.backend) if cache else BACKENDS.get(facts.backend)
    if row is None or not row.per_process:
        # Django hands MAX_ENTRIES to every backend, and a Redis pays no heed to it.
        return CacheProfile(per_process=False, keeps=row is None or row.keeps, limits=None)
    limits = (
        Limits(cache.max_entries, cache.cull_frequency)
        if cache
        else Limits(facts.setup["max_entries"])
    )
    return CacheProfile(per_process=True, keeps=True, limits=limits)


def joined(facts: TrialFacts, samples: Samples) -> Samples:
    """Return the samples with all aliases of one store under the first of them.

    Two aliases of one LOCATION are one store: what is written through one, the other finds.
    """
    store_of = {cache.alias: cache.store or cache.alias for cache in reported_caches(facts)}
    stores = [store_of.get(str(alias), str(alias)) for alias in samples.caches]
    first = np.array([stores.index(store) for store in stores], np.int64)
    if len(set(stores)) == len(stores):
        return samples
    return replace(samples, cache=first[samples.cache], write_cache=first[samples.write_cache])


def get_s(samples: Samples) -> Floats:
    """Return when each read took effect: half-way through it. [L]"""
    return samples.at_s + samples.lookup_s / 2


def write_s(samples: Samples) -> Floats:
    """Return when each refill took effect: half-way through its write; nan: no refill. [L]"""
    return samples.at_s + samples.lookup_s + samples.origin_s + samples.store_s / 2


def lookups_by_process(samples: Samples, profiles: list[CacheProfile]) -> Lookups:
    """Return the lookups with one store per (life, alias).

    Answers that did not say who gave them share a store of their own.
    """
    aliases = len(samples.caches)
    return _lookups(samples, profiles, lambda life, cache, _at_s: life * aliases + cache)


def lookups_by_alias(samples: Samples, profiles: list[CacheProfile], emptied_s: Floats) -> Lookups:
    """Return the lookups with one store per alias, a new one whenever a shared one was emptied."""
    shared = np.array([not profile.per_process for profile in profiles], np.bool_)

    def store(_life: Ints, cache: Ints, at_s: Floats) -> Ints:
        return cache + np.searchsorted(emptied_s, at_s) * shared[cache] * len(samples.caches)

    return _lookups(samples, profiles, store)


def _lookups(
    samples: Samples,
    profiles: list[CacheProfile],
    store: Callable[[Ints, Ints, Floats], Ints],
) -> Lookups:
    """Return the lookups; `store` says where those of a life, in a cache, at a time went. [L]"""
    keeps = np.array([profile.keeps for profile in profiles], np.bool_)
    written_s = np.where(keeps[samples.cache] & ~np.isnan(samples.ttl_s), write_s(samples), np.nan)
    owner = store(samples.life[samples.write_request], samples.write_cache, samples.write_at_s)
    writes = other_writes(samples, profiles, owner)
    for alias, held in enumerate(profile.held for profile in profiles):
        size = len(held)
        target = store(held.target, np.full(size, alias), np.full(size, -np.inf))
        writes = writes.followed_by(replace(held, target=target))
    return Lookups(
        instance=store(samples.lookup_life, samples.cache, get_s(samples)),
        key=samples.key,
        get_s=get_s(samples),
        write_s=written_s,
        ttl_s=samples.ttl_s,
        keys=len(samples.keys),
        writes=writes,
    )


def limits_by_process(samples: Samples, profiles: list[CacheProfile]) -> Mapping[int, Limits]:
    """Return the limits of every (life, alias) store that has some."""
    return {
        life * len(profiles) + alias: profile.limits
        for life in range(len(samples.lives))
        for alias, profile in enumerate(profiles)
        if profile.limits
    }


def other_writes(
    samples: Samples, profiles: Sequence[CacheProfile], owner: Ints, alias: int | None = None
) -> Writes:
    """Return the writes that were no refills, to caches that keep things, ascending in time.

    Their owners are `owner` [W]. Those of one alias, or of all for None. A `clear` removes every
    key there is.
    """
    keeps = np.array(
        [profile.keeps and alias in (None, row) for row, profile in enumerate(profiles)], bool
    )
    clears = samples.write_kind == wire.WRITE_KINDS.index("clear")
    plain = np.flatnonzero(keeps[samples.write_cache] & ~clears)
    cleared = np.flatnonzero(keeps[samples.write_cache] & clears)
    every_key = np.arange(len(samples.keys))
    row = np.concatenate([plain, np.repeat(cleared, len(every_key))])
    return Writes(
        target=owner[row],
        key=np.concatenate([samples.write_key[plain], np.tile(every_key, len(cleared))]),
        at_s=samples.write_at_s[row],
        operation=_OPERATIONS[samples.write_kind[row]],
        ttl_s=samples.write_ttl_s[row],
    ).ordered()


def with_held_keys(facts: TrialFacts, samples: Samples) -> Samples:
    """Return the samples with a name for each key that was held, looked up later or not.

    A key that nobody asks for takes up place in its cache all the same.
    """
    held = {key for life in facts.lives for one in life.held for key in one.keys}
    held -= set(samples.keys.tolist())
    if not held:
        return samples
    return replace(samples, keys=np.array([*samples.keys.tolist(), *sorted(held)]))


def held_at_birth(facts: TrialFacts, samples: Samples, alias: str) -> Writes:
    """Return what each life in `samples.lives`, the owner, held in `alias`.

    All are SETs at the time of the report, the least recently used of a life first. Keys without
    a number in `samples.keys` are left out.
    """
    rows = {tuple(row): number for number, row in enumerate(samples.lives.tolist())}
    numbers = {key: number for number, key in enumerate(samples.keys.tolist())}
    found = NO_WRITES
    for life in facts.lives:
        row = rows.get(life_id(life))
        for held in life.held:
            if row is None or held.alias != alias:
                continue
            entries = zip(held.keys, held.ttl_s, strict=True)
            ttl_s = {numbers[key]: ttl for key, ttl in entries if key in numbers}
            writes = Writes(
                target=np.full(len(ttl_s), row),
                key=np.array(list(ttl_s), np.int64),
                at_s=np.full(len(ttl_s), held.at_s),
                operation=np.full(len(ttl_s), int(Operation.SET)),
                ttl_s=np.array(
                    [np.inf if ttl is None else ttl for ttl in ttl_s.values()], np.float64
                ),
            )
            found = found.followed_by(writes)
    return found
