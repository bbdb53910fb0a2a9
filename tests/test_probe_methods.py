"""Each read records exactly its lookups, each write what it refilled; the tally counts the same."""

from __future__ import annotations

from math import inf
from pathlib import Path
from typing import Any

import pytest
from django.core.cache.backends.base import BaseCache
from django.core.cache.backends.locmem import LocMemCache

from harness.probe.notes import Recording
from tests.probing import HIT, MISS, Probe, awaited, called, locmem, lookups


@pytest.fixture
def probe(tmp_path: Path) -> Probe:
    return Probe(tmp_path)


@pytest.fixture
def cache(probe: Probe) -> BaseCache:
    """A probed cache that holds None under "held", stored before any request."""
    bare = locmem("noted")
    bare.set("held", None)
    return probe.wrap(bare)


def ttls(recording: Recording) -> dict[int, float]:
    return {position: refill.ttl_s for position, refill in recording.refills.items()}


def either(name: str) -> pytest.MarkDecorator:
    """Run a test with a method and with its asynchronous twin."""
    ways = [called(name), awaited(f"a{name}")]
    return pytest.mark.parametrize(name, ways, ids=[name, f"a{name}"])


@either("get")
def test_a_get_is_one_lookup_with_key_and_version_as_given(
    probe: Any, cache: Any, get: Any
) -> None:
    with probe.request() as recording:
        assert get(cache, "held", "other") is None
        assert get(cache, "held", "other", 2) == "other"
    assert lookups(recording) == [("held", None, HIT), ("held", 2, MISS)]
    assert probe.counts() == {"hits": 1, "misses": 1}


@either("get_many")
def test_get_many_is_one_lookup_per_key_in_the_order_asked(
    probe: Any, cache: Any, get_many: Any
) -> None:
    with probe.request() as recording:
        assert get_many(cache, (key for key in ("a", "held", "b"))) == {"held": None}
        assert get_many(cache, [], version=3) == {}
    assert lookups(recording) == [("a", None, MISS), ("held", None, HIT), ("b", None, MISS)]
    assert probe.counts() == {"hits": 1, "misses": 2}


@either("has_key")
def test_asking_for_a_key_is_a_lookup(probe: Any, cache: Any, has_key: Any) -> None:
    with probe.request() as recording:
        assert has_key(cache, "held")
        assert not has_key(cache, "a")
        assert "held" in cache
    assert lookups(recording) == [("held", None, HIT), ("a", None, MISS), ("held", None, HIT)]


@either("get_or_set")
@pytest.mark.parametrize("default", [0, lambda: 0], ids=["plain", "callable"])
def test_get_or_set_is_one_lookup_and_on_a_miss_one_refill(
    probe: Any, cache: Any, get_or_set: Any, default: Any
) -> None:
    with probe.request() as recording:
        assert get_or_set(cache, "held", default) is None
        assert get_or_set(cache, "a", default, 60, version=2) == 0
    assert lookups(recording) == [("held", None, HIT), ("a", 2, MISS)]
    assert ttls(recording) == {1: 60}
    assert probe.counts() == {"hits": 1, "misses": 1, "stores": 1}


@either("get_or_set")
def test_a_default_that_raises_leaves_a_miss_without_refill(
    probe: Any, cache: Any, get_or_set: Any
) -> None:
    with probe.request() as recording, pytest.raises(ZeroDivisionError):
        get_or_set(cache, "a", lambda: 1 // 0)
    assert lookups(recording) == [("a", None, MISS)]
    assert probe.counts() == {"misses": 1}


def test_lookups_of_a_default_come_after_the_miss_that_asked_for_it(probe: Any, cache: Any) -> None:
    with probe.request() as recording:
        cache.get_or_set("page", lambda: cache.get_or_set("part", lambda: cache.get("held")))
    assert lookups(recording) == [("page", None, MISS), ("part", None, MISS), ("held", None, HIT)]
    assert set(ttls(recording)) == {0, 1}
    page, part = recording.refills[0], recording.refills[1]
    assert page.started >= part.ended, "the origin time of a page includes that of its parts"


@pytest.mark.parametrize(("timeout", "ttl_s"), [(60, 60), (None, inf), (0, 0), (-5, 0), (0.5, 0.5)])
@pytest.mark.parametrize("method", ["set", "aset", "add", "aadd"])
def test_a_write_after_a_miss_is_its_refill_with_its_lifetime(
    probe: Any, cache: Any, method: str, timeout: Any, ttl_s: float
) -> None:
    write = awaited(method) if method.startswith("as") or method == "aadd" else called(method)
    with probe.request() as recording:
        cache.get(1)
        write(cache, "1", "value", timeout=timeout)
    assert ttls(recording) == {0: ttl_s}
    assert recording.refills[0].started >= recording.lookups[0][-1]
    assert probe.counts() == {"misses": 1, "stores": 1}


@either("set_many")
def test_set_many_refills_each_key_that_was_missed(probe: Any, cache: Any, set_many: Any) -> None:
    with probe.request() as recording:
        cache.get_many(["a", "b"])
        set_many(cache, {"b": 1, "c": 2})
    assert ttls(recording) == {1: 300}
    assert probe.counts() == {"misses": 2, "stores": 1, "writes": 1}


def test_only_the_first_write_after_a_miss_is_its_refill(probe: Any, cache: Any) -> None:
    with probe.request() as recording:
        cache.get("a")
        cache.set("a", 1, version=2)
        cache.set("a", 1)
        cache.set("a", 2)
    assert set(recording.refills) == {0}
    assert probe.counts() == {"misses": 1, "stores": 1, "writes": 2}


def test_an_add_that_came_too_late_stored_nothing_and_is_no_write(probe: Any, cache: Any) -> None:
    other = LocMemCache("noted", {})
    with probe.request() as recording:
        cache.get("a")
        other.set("a", "of somebody else")
        assert cache.add("a", "ours") is False
        assert awaited("aadd")(cache, "a", "ours") is False
    assert recording.refills == {}
    assert probe.counts() == {"misses": 1}


class Refusing(LocMemCache):
    """As Memcached does with values over its limit: returns the keys that it did not store."""

    def set_many(self, data: Any, *_: Any, **__: Any) -> Any:
        return [*data][1:]


def test_keys_that_set_many_could_not_store_were_not_refilled(probe: Any) -> None:
    cache = probe.wrap(Refusing("refusing", {}))
    with probe.request() as recording:
        cache.get_many(["a", "b"])
        assert cache.set_many({"a": 1, "b": 2}) == ["b"]
    assert set(recording.refills) == {0}
    assert probe.counts() == {"misses": 2, "stores": 1}


def test_all_other_changes_of_a_cache_are_recorded_as_writes(probe: Any, cache: Any) -> None:
    with probe.request() as recording:
        cache.set("n", 1)
        cache.incr("n"), cache.decr("n"), cache.touch("n"), cache.delete("n")
        cache.incr_version("held"), cache.decr_version("held", version=2)
        cache.delete_many(["n"]), cache.clear()
        for name, *given in (("aset", "n", 1), ("aincr", "n"), ("atouch", "n"), ("aclear",)):
            awaited(str(name))(cache, *given)
    assert probe.counts() == {"writes": 15}
    written = [(kind, key, version) for _, key, version, kind, *_ in recording.writes]
    assert written == [
        ("set", "n", None),
        ("incr", "n", None),
        ("incr", "n", None),
        ("touch", "n", None),
        ("delete", "n", None),
        ("set", "held", 2),
        ("delete", "held", None),
        ("set", "held", 1),
        ("delete", "held", 2),
        ("delete", "n", None),
        ("clear", "", None),
        ("set", "n", None),
        ("incr", "n", None),
        ("touch", "n", None),
        ("clear", "", None),
    ]


def test_a_change_that_found_nothing_to_change_is_no_write(probe: Any, cache: Any) -> None:
    with probe.request() as recording:
        assert not cache.touch("absent")
        assert not cache.add("held", 2)
        with pytest.raises(ValueError, match="not found"):
            cache.incr("absent")
    assert recording.writes == []
    assert "writes" not in probe.counts()
