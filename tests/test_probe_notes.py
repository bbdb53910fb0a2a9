"""What is no ordinary lookup of a request: outside, late, failed, concurrent, and not the app's."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.core.cache.backends.base import BaseCache
from django.core.cache.backends.db import DatabaseCache
from django.core.cache.backends.locmem import LocMemCache
from django.core.management import call_command
from django.db import connections

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


def test_lookups_outside_of_requests_or_after_their_headers_are_counted_apart(
    probe: Any, cache: Any
) -> None:
    def read() -> None:
        cache.get("held"), cache.get("a"), cache.get_many(["a", "b"]), cache.get_or_set("c", 1)

    read()
    with probe.request(late=True) as recording:
        cache.delete("c")
        read()
    assert recording.lookups == []
    assert probe.counts() == {"outside": 5, "late": 5, "unseen_writes": 3}


class Broken(LocMemCache):
    """As a cache whose server is gone."""

    def get(self, *_: Any, **__: Any) -> Any:
        raise ConnectionError("gone")

    has_key = set = get


READS: list[tuple[Any, ...]] = [
    ("get", "a"),
    ("aget", "a"),
    ("has_key", "a"),
    ("get_many", ["a"]),
    ("get_or_set", "a", 1),
]


@pytest.mark.parametrize("call", READS, ids=[read[0] for read in READS])
def test_an_error_of_the_backend_reaches_the_app_and_is_counted(probe: Any, call: Any) -> None:
    name, *args = call
    cache = probe.wrap(Broken("broken", {}))
    read = awaited(name) if name.startswith("a") else called(name)
    with probe.request() as recording, pytest.raises(ConnectionError):
        read(cache, *args)
    assert recording.lookups == []
    assert probe.counts() == {"errors": 1}


def test_a_write_that_raised_refilled_nothing(probe: Any) -> None:
    cache = probe.wrap(Broken("broken", {}))
    with probe.request() as recording, pytest.raises(ConnectionError):
        cache.set("a", 1)
    assert (recording.refills, probe.counts()) == ({}, {})


def test_what_a_backend_calls_on_itself_is_not_counted_again(probe: Any) -> None:
    call_command("createcachetable", "noted", verbosity=0)
    cache = probe.wrap(DatabaseCache("noted", {}))
    with probe.request() as recording:
        cache.get("a"), cache.get_or_set("a", 1), cache.get("a"), cache.incr_version("a")
    assert lookups(recording) == [("a", None, MISS), ("a", None, MISS), ("a", None, HIT)]
    assert probe.counts() == {"hits": 1, "misses": 2, "stores": 1, "writes": 2}
    connections.close_all()


def test_requests_in_many_threads_and_tasks_are_counted_exactly(probe: Any, cache: Any) -> None:
    requests, reads = 25, 20

    def serve(_: int) -> int:
        with probe.request() as recording:
            for number in range(reads):
                cache.get("held"), cache.get(f"a{number}")
        return len(recording.lookups)

    async def serve_async(number: int) -> int:
        with probe.request() as recording:
            for _ in range(reads):
                await asyncio.gather(cache.aget("held"), cache.aget(f"a{number}"))
        return len(recording.lookups)

    async def serve_all_async() -> list[int]:
        return await asyncio.gather(*map(serve_async, range(5)))

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(serve, range(8 * requests))) == {2 * reads}
    assert asyncio.run(serve_all_async()) == [2 * reads] * 5
    lookups_each = (8 * requests + 5) * reads
    assert probe.counts() == {"hits": lookups_each, "misses": lookups_each}
