"""The cache in two levels, on a real Redis: near for a moment, far for all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.core.cache.backends.redis import RedisCache

from demo_app.two_level import TwoLevelCache
from tests.probing import redis_server

pytestmark = pytest.mark.slow


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[TwoLevelCache]:
    options = {"MAX_ENTRIES": 50, "NEAR_TIMEOUT": 3600}
    with redis_server(tmp_path) as server:
        url = server.open("").urls[""]
        cache = TwoLevelCache(url, {"TIMEOUT": 300, "OPTIONS": options})
        cache.near.clear()
        yield cache


def elsewhere(cache: TwoLevelCache) -> RedisCache:
    """Return what another process writes to: all but the near level."""
    return cache.far


def test_what_one_process_stores_the_others_find(cache: TwoLevelCache) -> None:
    cache.set("page", "new")
    cache.near.clear()
    assert cache.get("page") == "new"
    assert cache.near.get("page") == "new"


def test_until_its_time_is_up_the_near_level_hides_what_others_have_changed(
    cache: TwoLevelCache,
) -> None:
    cache.set("page", "old")
    elsewhere(cache).set("page", "new")
    assert cache.get("page") == "old"
    cache.near.clear()  # as its timeout would
    assert cache.get("page") == "new"


@pytest.mark.parametrize("value", [None, 0, "", b"", [1, {"a": 2}]])
def test_any_value_is_a_hit_in_both_levels(cache: TwoLevelCache, value: object) -> None:
    cache.set("page", value)
    assert cache.get("page", "default") == value
    cache.near.clear()
    assert cache.get("page", "default") == value


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda cache: cache.delete("page"), None),
        (lambda cache: cache.incr("page"), 8),
        (lambda cache: cache.touch("page", 60), 7),
        (lambda cache: cache.add("page", 9), 7),
        (lambda cache: cache.clear(), None),
        (lambda cache: cache.set("page", 1, 0), None),
    ],
    ids=["delete", "incr", "touch", "add", "clear", "set"],
)
def test_what_the_process_itself_changes_it_sees(
    cache: TwoLevelCache, change: Callable[[TwoLevelCache], object], found: object
) -> None:
    cache.set("page", 7)
    change(cache)
    assert cache.get("page") == found


def test_the_near_level_never_outlives_the_far_one(cache: TwoLevelCache) -> None:
    cache.set("page", 7, 0)
    assert cache.near.get("page") is None
    assert cache._shorter(5) == 5
    assert cache._shorter(None) == 3600
