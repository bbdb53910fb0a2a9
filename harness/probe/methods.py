"""The public methods of Django's caches, each calling that of a bare cache and recording it.

A call that changes a cache without storing a value for a missed key is recorded as plain writes:
each of Django's methods becomes one or more of `wire.WRITE_KINDS`; a call that found nothing to
change becomes none.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import wraps
from inspect import signature
from math import nan
from time import perf_counter
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache

from harness.probe.notes import Filling, Notes, Reading, Writing, current
from harness.probe.tally import COUNT, Tally

Arguments = Mapping[str, Any]
Writes = list[tuple[str, Any, Any, float]]
"""Writes as kind, key, version, lifetime (nan: none given)."""


def spied(args: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """Return the arguments to pass on, and the same with a list of what an iterator yields.

    The backend gets an iterator where the app gave one: it may treat an empty list otherwise.
    """
    given, seen = list(args), list(args)
    for position, arg in enumerate(args):
        if isinstance(arg, Iterator):
            seen[position] = []
            given[position] = _recorded(arg, seen[position])
    return given, seen


def _recorded(items: Iterator[Any], seen: list[Any]) -> Iterator[Any]:
    for item in items:
        seen.append(item)
        yield item


def note_change(
    notes: Notes, method: str, answer: Any, call: tuple[Sequence[Any], Any], started: float
) -> None:
    """Record what a call of `method` with these arguments and this result has written."""
    args, options = call
    try:
        given = _SIGNATURES[method].bind(None, *args, **options).arguments
    except TypeError:  # a backend with parameters of its own: what it did is unknown
        notes.wrote("clear", "", None, nan, started, perf_counter())
        return
    ended = perf_counter()
    for kind, key, version, lifetime_s in CHANGES[method](notes, given, answer):
        notes.wrote(kind, key, version, lifetime_s, started, ended)


def _touch(notes: Notes, given: Arguments, answer: Any) -> Writes:
    lifetime_s = notes.lifetime(given.get("timeout", DEFAULT_TIMEOUT))
    return [("touch", given["key"], given.get("version"), lifetime_s)] if answer else []


def _incr(notes: Notes, given: Arguments, _answer: Any) -> Writes:
    # Django's own `incr` sets the value again; LocMem and Redis leave the lifetime unchanged.
    if notes.sets_on_incr:
        return [("set", given["key"], given.get("version"), notes.lifetime(DEFAULT_TIMEOUT))]
    return [("incr", given["key"], given.get("version"), nan)]


def _delete(_notes: Notes, given: Arguments, _answer: Any) -> Writes:
    return [("delete", given["key"], given.get("version"), nan)]


def _delete_many(_notes: Notes, given: Arguments, _answer: Any) -> Writes:
    return [("delete", key, given.get("version"), nan) for key in given["keys"]]


def _clear(_notes: Notes, _given: Arguments, _answer: Any) -> Writes:
    return [("clear", "", None, nan)]


def _move(notes: Notes, given: Arguments, answer: Any) -> Writes:
    lifetime_s = notes.lifetime(DEFAULT_TIMEOUT)
    return [
        ("set", given["key"], answer, lifetime_s),
        ("delete", given["key"], given.get("version"), nan),
    ]


CHANGES: Mapping[str, Callable[[Notes, Arguments, Any], Writes]] = {
    "touch": _touch,
    "incr": _incr,
    "decr": _incr,
    "delete": _delete,
    "delete_many": _delete_many,
    "clear": _clear,
    "incr_version": _move,
    "decr_version": _move,
}
"""What each method writes."""

_SIGNATURES = {name: signature(getattr(BaseCache, name)) for name in CHANGES}


_MISSING = object()
_HITS, _MISSES, _ERRORS = COUNT["hits"], COUNT["misses"], COUNT["errors"]


class Probe:
    """The methods of one cache, with recording. Not part of the cache: its names stay free."""

    __slots__ = ("_alias", "_bare", "_get", "_notes")

    def __init__(self, bare: BaseCache, alias: str, tally: Tally) -> None:
        self._alias, self._notes = alias, Notes(bare, alias, tally)
        self._bare: Any = bare
        self._get = bare.get

    def get(self, key: Any, default: Any = None, version: Any = None) -> Any:
        # The hot path: written out, because each further call costs some 5 % of a LocMem `get`.
        recording = current.get()
        if recording is None or recording.sent:
            self._notes.unseen(recording, 1)
            return self._get(key, default, version)
        started = perf_counter()
        try:
            value = self._get(key, _MISSING, version)
        except BaseException:
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

    async def aget(
        self, key: Any, default: Any = None, version: Any = None, *more: Any, **options: Any
    ) -> Any:
        sentinel = default if more or options else _MISSING
        with Reading(self._notes, [key], version) as reading:
            value = await self._bare.aget(key, sentinel, version, *more, **options)
            reading.found = () if value is sentinel else (key,)
        return default if value is sentinel else value

    def get_many(self, keys: Any, version: Any = None, *more: Any, **options: Any) -> Any:
        keys = list(keys) if isinstance(keys, Iterator) else keys
        with Reading(self._notes, keys, version) as reading:
            reading.found = self._bare.get_many(keys, version, *more, **options)
        return reading.found

    async def aget_many(self, keys: Any, version: Any = None, *more: Any, **options: Any) -> Any:
        keys = list(keys) if isinstance(keys, Iterator) else keys
        with Reading(self._notes, keys, version) as reading:
            reading.found = await self._bare.aget_many(keys, version, *more, **options)
        return reading.found

    def has_key(self, key: Any, version: Any = None, *more: Any, **options: Any) -> Any:
        with Reading(self._notes, [key], version) as reading:
            answer = self._bare.has_key(key, version, *more, **options)
            reading.found = (key,) if answer else ()
        return answer

    async def ahas_key(self, key: Any, version: Any = None, *more: Any, **options: Any) -> Any:
        with Reading(self._notes, [key], version) as reading:
            answer = await self._bare.ahas_key(key, version, *more, **options)
            reading.found = (key,) if answer else ()
        return answer

    def get_or_set(self, key: Any, default: Any, *more: Any, **options: Any) -> Any:
        with Filling(self._notes, key, default, *more, **options) as filling:
            return self._bare.get_or_set(key, filling.default, *more, **options)

    async def aget_or_set(self, key: Any, default: Any, *more: Any, **options: Any) -> Any:
        with Filling(self._notes, key, default, *more, **options) as filling:
            return await self._bare.aget_or_set(key, filling.default, *more, **options)

    def set(self, key: Any, value: Any, *more: Any, **options: Any) -> Any:
        with Writing(self._notes, [key], *more, **options):
            return self._bare.set(key, value, *more, **options)

    async def aset(self, key: Any, value: Any, *more: Any, **options: Any) -> Any:
        with Writing(self._notes, [key], *more, **options):
            return await self._bare.aset(key, value, *more, **options)

    def add(self, key: Any, value: Any, *more: Any, **options: Any) -> Any:
        with Writing(self._notes, [key], *more, **options) as writing:
            stored = self._bare.add(key, value, *more, **options)
            writing.refused = [key] if stored is False else []
        return stored

    async def aadd(self, key: Any, value: Any, *more: Any, **options: Any) -> Any:
        with Writing(self._notes, [key], *more, **options) as writing:
            stored = await self._bare.aadd(key, value, *more, **options)
            writing.refused = [key] if stored is False else []
        return stored

    def set_many(self, data: Any, *more: Any, **options: Any) -> Any:
        with Writing(self._notes, data, *more, **options) as writing:
            refused = self._bare.set_many(data, *more, **options)
            writing.refused = refused or []
        return refused

    async def aset_many(self, data: Any, *more: Any, **options: Any) -> Any:
        with Writing(self._notes, data, *more, **options) as writing:
            refused = await self._bare.aset_many(data, *more, **options)
            writing.refused = refused or []
        return refused


def _changing(name: str) -> Callable[..., Any]:
    @wraps(getattr(BaseCache, name))
    def method(self: Probe, *args: Any, **options: Any) -> Any:
        given, seen = spied(args)
        started = perf_counter()
        answer = getattr(self._bare, name)(*given, **options)
        note_change(self._notes, name, answer, (seen, options), started)
        return answer

    return method


def _achanging(name: str) -> Callable[..., Any]:
    @wraps(getattr(BaseCache, f"a{name}"))
    async def method(self: Probe, *args: Any, **options: Any) -> Any:
        given, seen = spied(args)
        started = perf_counter()
        answer = await getattr(self._bare, f"a{name}")(*given, **options)
        note_change(self._notes, name, answer, (seen, options), started)
        return answer

    return method


for _name in CHANGES:
    setattr(Probe, _name, _changing(_name))
    setattr(Probe, f"a{_name}", _achanging(_name))


class ProbeWithOptions(Probe):
    """For a backend whose `get` takes other parameters than Django's."""

    __slots__ = ()

    def get(
        self, key: Any, default: Any = None, version: Any = None, *more: Any, **options: Any
    ) -> Any:
        # Only a plain call is known to return the default unchanged.
        sentinel = default if more or options else _MISSING
        with Reading(self._notes, [key], version) as reading:
            value = self._get(key, sentinel, version, *more, **options)
            reading.found = () if value is sentinel else (key,)
        return default if value is sentinel else value


METHODS = [name for name in vars(Probe) if not name.startswith("_")]
"""Their names."""
