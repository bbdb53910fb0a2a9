"""Calls that change a cache without storing a value for a missed key, recorded as plain writes.

Each of Django's methods becomes one or more of `wire.WRITE_KINDS`; a call that found nothing to
change becomes none.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from inspect import signature
from math import nan
from time import perf_counter
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache

from harness.probe.notes import Notes

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
    gone = ("delete", given["key"], given.get("version"), nan)
    return [("set", given["key"], answer, lifetime_s), gone]


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
