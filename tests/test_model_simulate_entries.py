"""Entries at looks: counted by hand, and the same whether counted or played."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from harness.model.locmem import Limits
from harness.model.simulate import Observations, entries_at
from harness.model.trace import CacheTrace, refills
from tests.factories import INF, even_routing, zipf_keys

RNG = np.random.default_rng(0)


def cache_trace(key: list[int], *, ttl_s: float = INF, limits: Limits | None = None) -> CacheTrace:
    """Return one lookup per request and second, each key refilled at its first miss."""
    keys = np.array(key)
    return CacheTrace(
        request=np.arange(len(key)),
        key=keys,
        at_s=np.arange(len(key), dtype=np.float64),
        keys=int(keys.max()) + 1,
        shared=False,
        serial=True,
        limits=limits,
        refills=refills(keys, np.zeros(len(key)), np.full(len(key), ttl_s), int(keys.max()) + 1),
        delay_s=np.full(len(key), np.nan),
        ttl_s=np.full(len(key), np.nan),
    )


def entries(trace: CacheTrace, life: list[int], store: list[int], at_s: list[float]) -> list[int]:
    looks = Observations(instance=np.array(store), at_s=np.array(at_s))
    found: list[int] = entries_at(trace, np.array(life), looks, RNG).tolist()
    return found


def test_a_store_holds_the_keys_that_it_was_asked_for_before_the_look() -> None:
    trace = cache_trace([0, 1, 0, 2])
    assert entries(trace, [0, 0, 1, 1], [0, 0, 1, 1, 2], [0.5, 9, 2.5, 9, 9]) == [1, 2, 1, 2, 0]


def test_a_full_store_drops_a_third_with_the_next_write() -> None:
    trace = cache_trace([0, 1, 2, 3, 4], limits=Limits(3))
    at_s = [2.5, 3.5, 4.5]
    assert entries(trace, [0] * 5, [0] * 3, at_s) == [3, 3, 3]
    halved = replace(trace, limits=Limits(3, cull_frequency=0))
    assert entries(halved, [0] * 5, [0] * 3, at_s) == [3, 1, 2]


def test_expired_entries_keep_their_place_until_they_are_read() -> None:
    trace = cache_trace([0, 1, 2, 0], ttl_s=1.5)
    assert entries(trace, [0] * 4, [0, 0], [2.5, 9]) == [3, 3]


def test_what_is_counted_is_what_would_be_played() -> None:
    key, life = zipf_keys(400, 50).tolist(), even_routing(400, 3)
    trace = cache_trace(key)
    played = replace(trace, serial=False)  # as if a refill might be in flight
    looks = Observations(instance=even_routing(40, 3, seed=5), at_s=np.linspace(0.5, 312.5, 40))
    assert trace.once
    assert not played.once
    counted = entries_at(trace, life, looks, RNG)
    assert counted.tolist() == entries_at(played, life, looks, RNG).tolist()
