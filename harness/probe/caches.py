"""Wraps the cache backends of `CACHES`, whatever they are, so that each lookup is noted.

A wrapped cache is an instance of a child of its backend class and shares its state; its public
methods call those of the bare backend. What the backend calls on itself is therefore not counted
again: `get_or_set` is one lookup, and the app gets the answers it always got.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from inspect import signature
from math import inf
from time import perf_counter
from typing import Any

from django.core.cache import CacheHandler, caches
from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache

from harness.probe.recording import Recording, Refill, current
from harness.probe.tally import COUNT, Tally

_MISSING = object()
_PLAIN_PARAMETERS = 4  # of `BaseCache.get`: self, key, default, version
_HITS, _MISSES, _ERRORS = COUNT["hits"], COUNT["misses"], COUNT["errors"]
_OUTSIDE, _LATE = COUNT["outside"], COUNT["late"]
_STORES, _WRITES = COUNT["stores"], COUNT["writes"]


def install(tally: Tally) -> None:
    """Make Django build every cache of this process wrapped; drop those it has built already."""
    build = CacheHandler.create_connection

    def create_connection(self: CacheHandler, alias: str) -> BaseCache:
        return wrap(build(self, alias), alias, tally)

    CacheHandler.create_connection = create_connection  # type: ignore[method-assign]
    # A preloaded app may have built caches before the fork. Their state lives elsewhere (in the
    # backend's module or in a server), so that building them anew loses nothing.
    built = caches._connections  # type: ignore[attr-defined]
    for alias in [alias for alias in caches if hasattr(built, alias)]:
        del caches[alias]


def wrap(bare: BaseCache, alias: str, tally: Tally) -> BaseCache:
    """Return a cache that behaves as `bare` does and notes each lookup in `tally`."""
    backend = type(bare)
    tally.note_cache(
        alias,
        {
            "backend": f"{backend.__module__}.{backend.__qualname__}",
            "timeout_s": bare.default_timeout,
            "max_entries": bare._max_entries,
            "cull_frequency": bare._cull_frequency,
        },
    )
    wrapped: Any = object.__new__(_probed(backend))
    wrapped.__dict__ = bare.__dict__
    wrapped._bare, wrapped._alias, wrapped._tally = bare, alias, tally
    wrapped._get = bare.get
    return wrapped  # type: ignore[no-any-return]


def _probed(backend: type[BaseCache]) -> type[BaseCache]:
    namespace: dict[str, Any] = {
        "__slots__": (),
        "__module__": backend.__module__,
        "__doc__": backend.__doc__,
    }
    if len(signature(backend.get).parameters) > _PLAIN_PARAMETERS:
        namespace["get"] = _get_with_options
    return type(backend.__name__, (_Probed, backend), namespace)


def _get_with_options(
    self: _Probed, key: Any, default: Any = None, version: Any = None, **options: Any
) -> Any:
    """`get` of a backend that takes more than Django's own parameters."""
    with _Reading(self, [key], version) as reading:
        value = self._get(key, _MISSING, version, **options)
        reading.found = () if value is _MISSING else (key,)
    return default if value is _MISSING else value


class _Probed:
    """The methods that note; they stand before those of the backend class."""

    __slots__ = ("_alias", "_bare", "_get", "_tally")

    _alias: str
    _bare: Any
    _get: Callable[..., Any]
    _tally: Tally

    def get(self, key: Any, default: Any = None, version: Any = None) -> Any:
        # The hot path: written out, since each call more would cost some 5 % of a LocMem `get`.
        recording = current.get()
        if recording is None or recording.sent:
            self._note_unseen(recording, 1)
            return self._get(key, default, version)
        started = perf_counter()
        try:
            value = self._get(key, _MISSING, version)
        except Exception:
            recording.counts[_ERRORS] += 1
            raise
        ended = perf_counter()
        if value is _MISSING:
            recording.counts[_MISSES] += 1
            recording.missed(self._alias, key, version, started, ended)
            return default
        recording.counts[_HITS] += 1
        recording.lookups.append((self._alias, key, version, True, started, ended))
        return value

    async def aget(self, key: Any, default: Any = None, version: Any = None, **extra: Any) -> Any:
        with _Reading(self, [key], version) as reading:
            value = await self._bare.aget(key, _MISSING, version, **extra)
            reading.found = () if value is _MISSING else (key,)
        return default if value is _MISSING else value

    def get_many(self, keys: Any, version: Any = None, **extra: Any) -> Any:
        with _Reading(self, list(keys), version) as reading:
            reading.found = self._bare.get_many(reading.keys, version=version, **extra)
        return reading.found

    async def aget_many(self, keys: Any, version: Any = None, **extra: Any) -> Any:
        with _Reading(self, list(keys), version) as reading:
            reading.found = await self._bare.aget_many(reading.keys, version=version, **extra)
        return reading.found

    def has_key(self, key: Any, version: Any = None, **extra: Any) -> Any:
        with _Reading(self, [key], version) as reading:
            answer = self._bare.has_key(key, version=version, **extra)
            reading.found = (key,) if answer else ()
        return answer

    async def ahas_key(self, key: Any, version: Any = None, **extra: Any) -> Any:
        with _Reading(self, [key], version) as reading:
            answer = await self._bare.ahas_key(key, version=version, **extra)
            reading.found = (key,) if answer else ()
        return answer

    def get_or_set(
        self, key: Any, default: Any, timeout: Any = DEFAULT_TIMEOUT, version: Any = None
    ) -> Any:
        with _Filling(self, key, default, timeout, version) as filling:
            return self._bare.get_or_set(key, filling.default, timeout, version)

    async def aget_or_set(
        self, key: Any, default: Any, timeout: Any = DEFAULT_TIMEOUT, version: Any = None
    ) -> Any:
        with _Filling(self, key, default, timeout, version) as filling:
            return await self._bare.aget_or_set(key, filling.default, timeout, version)

    def set(
        self,
        key: Any,
        value: Any,
        timeout: Any = DEFAULT_TIMEOUT,
        version: Any = None,
        **extra: Any,
    ) -> Any:
        with _Writing(self, [key], timeout, version):
            return self._bare.set(key, value, timeout, version, **extra)

    async def aset(
        self,
        key: Any,
        value: Any,
        timeout: Any = DEFAULT_TIMEOUT,
        version: Any = None,
        **extra: Any,
    ) -> Any:
        with _Writing(self, [key], timeout, version):
            return await self._bare.aset(key, value, timeout, version, **extra)

    def add(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: Any = None) -> Any:
        with _Writing(self, [key], timeout, version):
            return self._bare.add(key, value, timeout, version)

    async def aadd(
        self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: Any = None
    ) -> Any:
        with _Writing(self, [key], timeout, version):
            return await self._bare.aadd(key, value, timeout, version)

    def set_many(self, data: Any, timeout: Any = DEFAULT_TIMEOUT, version: Any = None) -> Any:
        with _Writing(self, data, timeout, version):
            return self._bare.set_many(data, timeout, version)

    async def aset_many(
        self, data: Any, timeout: Any = DEFAULT_TIMEOUT, version: Any = None
    ) -> Any:
        with _Writing(self, data, timeout, version):
            return await self._bare.aset_many(data, timeout, version)

    def _note_lookup(self, key: Any, version: Any, hit: bool, started: float, ended: float) -> None:
        recording = current.get()
        if recording is None or recording.sent:
            self._note_unseen(recording, 1)
        elif hit:
            recording.counts[_HITS] += 1
            recording.lookups.append((self._alias, key, version, True, started, ended))
        else:
            recording.counts[_MISSES] += 1
            recording.missed(self._alias, key, version, started, ended)

    def _note_unseen(self, recording: Recording | None, lookups: int) -> None:
        self._tally.add(_OUTSIDE if recording is None else _LATE, lookups)

    def _note_refill(
        self, key: Any, version: Any, timeout: Any, started: float, ended: float
    ) -> None:
        recording = current.get()
        refill = Refill(started, ended, _lifetime(timeout, self._bare.default_timeout))
        if recording is not None and recording.refilled(self._alias, key, version, refill):
            self._tally.add(_STORES)
        else:
            self._tally.add(_WRITES)


def _counted(name: str) -> Callable[..., Any]:
    def method(self: _Probed, *args: Any, **kwargs: Any) -> Any:
        self._tally.add(_WRITES)
        return getattr(self._bare, name)(*args, **kwargs)

    method.__name__ = name
    return method


for _name in (
    *("touch", "incr", "decr", "delete", "delete_many", "clear", "incr_version", "decr_version"),
    *("atouch", "aincr", "adecr", "adelete", "adelete_many", "aclear"),
    *("aincr_version", "adecr_version"),
):
    setattr(_Probed, _name, _counted(_name))


class _Reading:
    """Notes a read of several keys when it ends; each lookup is given an equal part of its time."""

    def __init__(self, cache: _Probed, keys: list[Any], version: Any) -> None:
        self.cache, self.keys, self.version = cache, keys, version
        self.found: Collection[Any] = ()

    def __enter__(self) -> _Reading:
        self.started = perf_counter()
        return self

    def __exit__(self, failed: type[BaseException] | None, *_: object) -> None:
        part = (perf_counter() - self.started) / max(1, len(self.keys))
        if failed:
            self.cache._tally.add(_ERRORS, len(self.keys))
            return
        for number, key in enumerate(self.keys):
            started = self.started + number * part
            hit = key in self.found
            self.cache._note_lookup(key, self.version, hit, started, started + part)


class _Writing:
    """Notes a write when it ends: as the refill of a key just missed, or as another write."""

    def __init__(self, cache: _Probed, keys: Collection[Any], timeout: Any, version: Any) -> None:
        self.cache, self.keys, self.timeout, self.version = cache, keys, timeout, version

    def __enter__(self) -> None:
        self.started = perf_counter()

    def __exit__(self, failed: type[BaseException] | None, *_: object) -> None:
        ended = perf_counter()
        for key in () if failed else self.keys:
            self.cache._note_refill(key, self.version, self.timeout, self.started, ended)


class _Filling:
    """Notes a `get_or_set`: a hit, or a miss whose default was computed and stored."""

    def __init__(self, cache: _Probed, key: Any, default: Any, timeout: Any, version: Any) -> None:
        self.cache, self.key, self.timeout, self.version = cache, key, timeout, version
        self.computed: float | None = None
        self.default = lambda: self._compute(default)

    def __enter__(self) -> _Filling:
        self.started = perf_counter()
        return self

    def _compute(self, default: Any) -> Any:
        self.cache._note_lookup(self.key, self.version, False, self.started, perf_counter())
        value = default() if callable(default) else default
        self.computed = perf_counter()
        return value

    def __exit__(self, failed: type[BaseException] | None, *_: object) -> None:
        ended, cache = perf_counter(), self.cache
        if failed:
            return
        if self.computed is None:
            cache._note_lookup(self.key, self.version, True, self.started, ended)
        else:
            cache._note_refill(self.key, self.version, self.timeout, self.computed, ended)


def _lifetime(timeout: Any, default_timeout: float | None) -> float:
    """Return the seconds that a value given `timeout` lives: inf for None, 0 for no time at all."""
    chosen = default_timeout if timeout is DEFAULT_TIMEOUT else timeout
    return inf if chosen is None else max(0.0, float(chosen))
