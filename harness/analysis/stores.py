"""Where the lookups of a trial went: times of effect, and what kind of cache each alias is.

Turns samples and facts into what `model` takes. One store is one cache: (life, alias) where each
process has its own, the alias alone where all share it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from harness.model.locmem import Limits
from harness.model.replay import Lookups
from harness.record.facts import CacheFacts, TrialFacts
from harness.record.samples import Floats, Ints, Samples

CLASS_OF_BACKEND = {"locmem": "LocMemCache", "redis": "RedisCache", "dummy": "DummyCache"}
"""Django's class behind each backend name that a scenario may ask for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What an alias is made of. `limits` None: it never culls."""

    per_process: bool
    keeps: bool
    limits: Limits | None


def class_name(cache: CacheFacts) -> str:
    """Return the bare name of the backend's class."""
    return cache.backend.rpartition(".")[2]


def reported_caches(facts: TrialFacts) -> Iterator[CacheFacts]:
    """Yield every cache that any worker life reported, repetitions left out."""
    yield from dict.fromkeys(cache for life in facts.lives for cache in life.caches)


def kinds(facts: TrialFacts, samples: Samples) -> list[Kind]:
    """Return the kind of each alias in `samples.caches`, as the workers reported it.

    An alias that no worker reported is taken for what the trial asked for.
    """
    reported = {cache.alias: cache for cache in reported_caches(facts)}
    return [_kind(facts, reported.get(str(alias))) for alias in samples.caches]


def _kind(facts: TrialFacts, cache: CacheFacts | None) -> Kind:
    name = class_name(cache) if cache else CLASS_OF_BACKEND.get(facts.backend, "")
    if name != "LocMemCache":
        # Django hands MAX_ENTRIES to every backend, and a Redis pays no heed to it.
        return Kind(per_process=False, keeps=name != "DummyCache", limits=None)
    limits = Limits(cache.max_entries, cache.cull_frequency) if cache else Limits(facts.max_entries)
    return Kind(per_process=True, keeps=True, limits=limits)


def get_s(samples: Samples) -> Floats:
    """Return when each read took effect: half-way through it. [L]"""
    return samples.at_s + samples.lookup_s / 2


def write_s(samples: Samples) -> Floats:
    """Return when each refill took effect: half-way through its write; nan: no refill. [L]"""
    return samples.at_s + samples.lookup_s + samples.origin_s + samples.store_s / 2


def lookups_by_process(samples: Samples, kept: Ints) -> Lookups:
    """Return the lookups with one store per (life, alias); `kept` as of `kept_refills`.

    Answers that did not say who gave them share a store of their own.
    """
    return _lookups(samples, samples.lookup_life * len(samples.caches) + samples.cache, kept)


def lookups_by_alias(samples: Samples, kept: Ints, times_emptied: Ints | None = None) -> Lookups:
    """Return the lookups with one store per alias; `kept` as of `kept_refills`.

    Or with one for each of its times between being emptied: `times_emptied` before each lookup.
    """
    store = samples.cache
    if times_emptied is not None:
        store = store + times_emptied * len(samples.caches)
    return _lookups(samples, store, kept)


def times_emptied(samples: Samples, kinds: list[Kind], emptied_s: Floats) -> Ints:
    """Return how often the cache of each lookup had lost everything before it, if shared. [L]"""
    shared = np.array([not kind.per_process for kind in kinds], np.bool_)
    return np.searchsorted(emptied_s, get_s(samples)) * shared[samples.cache]


def kept_refills(samples: Samples, kinds: list[Kind]) -> Ints:
    """Return the rows of lookups whose refill was written to a cache that keeps things."""
    keeps = np.array([kind.keeps for kind in kinds], np.bool_)
    return np.flatnonzero(keeps[samples.cache] & ~np.isnan(samples.ttl_s))


def limits_by_process(samples: Samples, kinds: list[Kind]) -> Mapping[int, Limits]:
    """Return the limits of every (life, alias) store that has some."""
    aliases = len(kinds)
    return {
        life * aliases + alias: kind.limits
        for life in range(len(samples.lives))
        for alias, kind in enumerate(kinds)
        if kind.limits
    }


def _lookups(samples: Samples, store: Ints, kept: Ints) -> Lookups:
    written_s = np.full(samples.lookups, np.nan)
    written_s[kept] = write_s(samples)[kept]
    return Lookups(
        store=store,
        key=samples.key,
        get_s=get_s(samples),
        write_s=written_s,
        ttl_s=samples.ttl_s,
        keys=len(samples.keys),
    )
