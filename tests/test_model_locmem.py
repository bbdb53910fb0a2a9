"""The model against Django's own `LocMemCache`, on a clock both of them share."""

from __future__ import annotations

import threading
from collections import OrderedDict
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import pytest
from django.core.cache.backends import base, locmem
from hypothesis import given
from hypothesis import strategies as st

from harness.model.locmem import Limits, State
from tests.factories import STEADY
from tests.tracked_locmem import TrackedLocMem

INF = float("inf")
ttls = st.sampled_from([INF, 0.0, -1.0, 1.0, 2.5, 7.0])
keys = st.integers(0, 7)
steps = st.tuples(
    st.sampled_from(["get", "get", "set", "set", "delete", "touch"]),
    keys,
    ttls,
    st.sampled_from([0.0, 0.0, 0.5, 1.0, 3.0]),
)


def django_cache(max_entries: int, cull_frequency: int) -> locmem.LocMemCache:
    """Return a cache of Django's that shares nothing with any other."""
    options = {"MAX_ENTRIES": max_entries, "CULL_FREQUENCY": cull_frequency}
    cache = locmem.LocMemCache("model", {"timeout": None, "OPTIONS": options})
    private: Any = cache
    private._cache, private._expire_info, private._lock = OrderedDict(), {}, threading.Lock()
    return cache


def play_django(cache: locmem.LocMemCache, operation: str, key: int, ttl: float) -> bool:
    timeout: Any = None if ttl == INF else ttl
    if operation == "get":
        return cache.get(str(key)) is not None
    if operation == "set":
        cache.set(str(key), 1, timeout)
        return True
    return cache.delete(str(key)) if operation == "delete" else cache.touch(str(key), timeout)


def play_model(cache: TrackedLocMem, operation: str, key: int, ttl: float, now: float) -> bool:
    if operation == "get":
        return cache.get(key, now)
    if operation == "set":
        cache.set(key, now, ttl)
        return True
    return cache.delete(key) if operation == "delete" else cache.touch(key, now, ttl)


@STEADY
@given(st.lists(steps, max_size=60), st.integers(0, 6), st.integers(0, 4))
def test_it_answers_as_django_does_and_keeps_the_same_entries_in_the_same_order(
    history: list[tuple[str, int, float, float]], max_entries: int, cull_frequency: int
) -> None:
    now = 1000.0
    clock = SimpleNamespace(time=lambda: now)
    real, model = (
        django_cache(max_entries, cull_frequency),
        TrackedLocMem(Limits(max_entries, cull_frequency)),
    )
    with patch.object(base, "time", clock), patch.object(locmem, "time", clock):
        for operation, key, ttl, pause in history:
            now += pause
            held = model.state(key, now) is State.HELD
            answer = play_model(model, operation, key, ttl, now)
            assert answer == play_django(real, operation, key, ttl)
            assert operation != "get" or held == answer
            order = [int(name.rpartition(":")[2]) for name in reversed(real._cache)]  # type: ignore[attr-defined]
            assert list(model._deadlines) == order


def test_a_key_nobody_stored_is_absent() -> None:
    assert TrackedLocMem().state(1, 0.0) is State.ABSENT


def test_a_deleted_key_is_absent() -> None:
    cache = TrackedLocMem()
    cache.set(1, 0.0, INF)
    assert cache.delete(1)
    assert cache.state(1, 1.0) is State.ABSENT


def test_a_key_is_expired_from_its_deadline_on() -> None:
    cache = TrackedLocMem()
    cache.set(1, 10.0, 5.0)
    assert [cache.state(1, now) for now in (14.9, 15.0)] == [State.HELD, State.EXPIRED]


def test_a_culled_key_is_evicted_until_it_would_have_expired_anyway() -> None:
    cache = TrackedLocMem(Limits(3, 3))
    for key in (1, 2, 3):
        cache.set(key, 0.0, 10.0)
    assert cache.set(4, 1.0, 10.0) == [1]
    assert [cache.state(1, now) for now in (2.0, 10.0)] == [State.EVICTED, State.EXPIRED]


def test_rewriting_a_held_key_at_the_limit_culls_too() -> None:
    cache = TrackedLocMem(Limits(3, 3))
    for key in (1, 2, 3):
        cache.set(key, 0.0, INF)
    assert cache.set(3, 1.0, INF) == [1]


def test_an_expired_key_keeps_its_place_until_it_is_read() -> None:
    cache = TrackedLocMem()
    cache.set(1, 0.0, 1.0)
    assert len(cache) == 1
    assert not cache.get(1, 2.0)
    assert len(cache) == 0


def test_a_cull_frequency_of_0_clears_the_cache() -> None:
    cache = TrackedLocMem(Limits(2, 0))
    cache.set(1, 0.0, INF)
    cache.set(2, 0.0, INF)
    assert sorted(cache.set(3, 0.0, INF)) == [1, 2]
    assert len(cache) == 1


@pytest.mark.parametrize("ttl_s", [0.0, -1.0])
def test_a_lifetime_of_0_or_less_has_passed_immediately(ttl_s: float) -> None:
    cache = TrackedLocMem()
    cache.set(1, 5.0, ttl_s)
    assert not cache.get(1, 5.0)
