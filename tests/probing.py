"""A probe without a Gunicorn: Django configured once, a tally to count in, requests to count for.

Servers for the backends that need one are started here too.
"""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import django
import pytest
from asgiref.sync import async_to_sync
from django.conf import settings

from harness.probe.caches import wrap
from harness.probe.notes import Recording, current
from harness.probe.tally import Life, Tally
from harness.servers.child import Child, ProcessSpec
from harness.servers.gunicorn import read_lives
from harness.servers.reaper import Reaper
from harness.servers.redis import start
from harness.servers.services import Service, ServiceContext

if not settings.configured:
    # In memory, and so for the thread that asks for it: none of it outlives the tests.
    settings.configure(
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        LOGGING_CONFIG=None,
    )
    django.setup()

from django.core.cache.backends.base import BaseCache
from django.core.cache.backends.db import DatabaseCache
from django.core.cache.backends.dummy import DummyCache
from django.core.cache.backends.filebased import FileBasedCache
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.memcached import PyMemcacheCache
from django.core.cache.backends.redis import RedisCache
from django.core.management import call_command
from django.db import connections

HIT, MISS = True, False
LIFE = Life(server=0, slot=2, generation=3, pid=os.getpid())
_START_TIMEOUT_S = 10.0


class Probe:
    """A tally in `directory`, and caches and requests that count in it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.tally = Tally(directory, LIFE)

    def wrap(self, bare: BaseCache, alias: str = "default") -> BaseCache:
        return wrap(bare, alias, self.tally)

    @contextmanager
    def request(self, *, late: bool = False) -> Iterator[Recording]:
        """Record what is read inside, as a measured request; `late`: its headers have left."""
        recording = Recording(self.tally.take_row())
        recording.sent = late
        token = current.set(recording)
        try:
            yield recording
        finally:
            current.reset(token)
            self.tally.give_row(recording.counts)

    def counts(self) -> dict[str, int]:
        """Return the counters that are not 0, as the harness reads them; CPU time is none."""
        (life,) = read_lives(self.directory)
        return {name: count for name, count in life.tally.items() if count and name != "cpu_ns"}


def lookups(recording: Recording) -> list[tuple[Any, Any, bool]]:
    """Return (key, version, hit) of each lookup."""
    return [(key, version, hit) for _, key, version, hit, *_ in recording.lookups]


def awaited(name: str) -> Callable[..., Any]:
    """Return a function that calls an asynchronous method of a cache and awaits it."""
    return lambda cache, *args, **options: async_to_sync(getattr(cache, name))(*args, **options)


def called(name: str) -> Callable[..., Any]:
    """Return a function that calls a method of a cache."""
    return lambda cache, *args, **options: getattr(cache, name)(*args, **options)


def locmem(name: str, **params: Any) -> LocMemCache:
    """Return an empty LocMemCache of this name."""
    cache = LocMemCache(name, params)
    cache.clear()
    return cache


Make = Callable[[str], BaseCache]


@contextmanager
def backend(name: str, scratch: Path) -> Iterator[Make]:
    """Give a maker of caches of one backend, each with a store of its own; skips what is absent."""
    with _BACKENDS[name](scratch) as make:
        yield make


@contextmanager
def _locmem(_: Path) -> Iterator[Make]:
    # So small that it culls all the time: what a lookup does to the order of use shows immediately.
    yield lambda name: locmem(name, OPTIONS={"MAX_ENTRIES": 3})


@contextmanager
def _dummy(_: Path) -> Iterator[Make]:
    yield lambda name: DummyCache(name, {})


@contextmanager
def _files(scratch: Path) -> Iterator[Make]:
    yield lambda name: FileBasedCache(str(scratch / name), {})


@contextmanager
def _database(_: Path) -> Iterator[Make]:
    def make(name: str) -> BaseCache:
        call_command("createcachetable", name, verbosity=0)
        return DatabaseCache(name, {})

    yield make
    connections.close_all()


@contextmanager
def _redis(scratch: Path) -> Iterator[Make]:
    with redis_server(scratch) as server:
        yield lambda name: RedisCache(server.open(name).urls[""], {})


@contextmanager
def redis_server(scratch: Path) -> Iterator[Service]:
    """Give a Redis of our own; never that of HARNESS_REDIS_URL: `clear` empties the database."""
    with _reaper() as reaper:
        context = ServiceContext(
            environ={"PATH": os.environ["PATH"]},
            run="0123abcd",
            scratch=scratch,
            logs=scratch,
            reaper=reaper,
        )
        server = start(context)
        yield server
        server.stop()


@contextmanager
def _memcached(scratch: Path) -> Iterator[Make]:
    executable = shutil.which("memcached")
    if executable is None:
        pytest.skip("no memcached on PATH; on Debian: apt-get install memcached")
    # Sockets in a directory of their own: their paths may have some 100 characters only.
    with _reaper() as reaper, tempfile.TemporaryDirectory() as sockets:
        children: list[Child] = []
        caches: list[BaseCache] = []

        def make(name: str) -> BaseCache:
            path = Path(sockets, name)
            command = [executable, "-s", str(path), "-u", "root"]
            log = scratch / "log"
            process = ProcessSpec(name="memcached", command=command, environ={}, log=log)
            children.append(Child(process, reaper))
            _wait_for(path, children[-1])
            caches.append(PyMemcacheCache(f"unix:{path}", {}))
            return caches[-1]

        yield make
        for cache in caches:
            cache.close()
        for child in children:
            child.stop()


_BACKENDS: Mapping[str, Callable[[Path], Any]] = {
    "LocMemCache": _locmem,
    "DummyCache": _dummy,
    "FileBasedCache": _files,
    "DatabaseCache": _database,
    "RedisCache": _redis,
    "PyMemcacheCache": _memcached,
}
BACKENDS = tuple(_BACKENDS)


@contextmanager
def _reaper() -> Iterator[Reaper]:
    reaper = Reaper()
    try:
        yield reaper
    finally:
        reaper.close()


def _wait_for(path: Path, child: Child) -> None:
    deadline = time.monotonic() + _START_TIMEOUT_S
    while child.running and time.monotonic() < deadline:
        with socket.socket(socket.AF_UNIX) as client:
            if client.connect_ex(str(path)) == 0:
                return
        time.sleep(0.01)
    pytest.fail(f"memcached did not come up: {child.last_lines()}")
