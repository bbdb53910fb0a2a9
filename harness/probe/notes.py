"""What a request looks up and writes: the open recording of a context, and its notes."""

from collections.abc import Collection, Iterable
from contextvars import ContextVar
from math import inf
from time import perf_counter
from typing import Any, NamedTuple

from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache

from harness.probe.tally import COUNT, Tally

Lookup = tuple[str, Any, Any, bool, float, float]
"""One cache read: alias, key, version (None where none was given), hit, started, ended.

A plain tuple, because one is made for every `cache.get` of the app."""

Write = tuple[str, Any, Any, str, float, float, float]
"""A write that is no refill: alias, key, version, kind, lifetime (nan: none), started, ended.

Kinds as in `wire.WRITE_KINDS`; a `clear` has the key ""."""


class Refill(NamedTuple):
    """The write that stored a missed key again; `ttl_s` inf: no timeout."""

    started: float
    ended: float
    ttl_s: float


class Recording:
    """What one request read and wrote. `sent` is True once its headers are sent.

    `counts` is the row of the worker's tally that this request alone writes to.
    """

    __slots__ = ("_open", "counts", "lookups", "refills", "sent", "writes")

    def __init__(self, counts: memoryview) -> None:
        self.counts = counts
        self.lookups: list[Lookup] = []
        self.refills: dict[int, Refill] = {}
        self.writes: list[Write] = []
        self.sent = False
        self._open: dict[tuple[str, str, str], int] = {}

    def missed(self, alias: str, key: Any, version: Any, started: float, ended: float) -> None:
        """Record a miss, and expect the write that refills it."""
        self._open[_entry(alias, key, version)] = len(self.lookups)
        self.lookups.append((alias, key, version, False, started, ended))

    def refilled(self, alias: str, key: Any, version: Any, refill: Refill) -> bool:
        """Record a write; return whether it refilled a key that this request had missed."""
        position = self._open.pop(_entry(alias, key, version), None)
        if position is None:
            return False
        self.refills[position] = refill
        return True


def _entry(alias: str, key: Any, version: Any) -> tuple[str, str, str]:
    """Return what identifies an entry; Django too converts keys of any type to text."""
    return alias, str(key), str(version)


current: ContextVar[Recording | None] = ContextVar("harness_recording", default=None)
"""The recording of the request being served here; None outside of measured requests."""


_HITS, _MISSES, _ERRORS = COUNT["hits"], COUNT["misses"], COUNT["errors"]
_OUTSIDE, _LATE = COUNT["outside"], COUNT["late"]
_STORES, _WRITES, _UNSEEN = COUNT["stores"], COUNT["writes"], COUNT["unseen_writes"]


class Notes:
    """Records lookups and writes of one cache."""

    __slots__ = ("_alias", "_bare", "_tally", "sets_on_incr")

    def __init__(self, bare: BaseCache, alias: str, tally: Tally) -> None:
        self._bare, self._alias, self._tally = bare, alias, tally
        self.sets_on_incr = type(bare).incr is BaseCache.incr

    def lookup(self, key: Any, version: Any, hit: bool, started: float, ended: float) -> None:
        """Record one lookup that the backend answered."""
        recording = current.get()
        if recording is None or recording.sent:
            self.unseen(recording, 1)
        elif hit:
            recording.counts[_HITS] += 1
            recording.lookups.append((self._alias, key, version, True, started, ended))
        else:
            recording.counts[_MISSES] += 1
            recording.missed(self._alias, key, version, started, ended)

    def unseen(self, recording: Recording | None, lookups: int) -> None:
        """Count lookups that no response can report, whatever their outcome."""
        self._tally.add(_OUTSIDE if recording is None else _LATE, lookups)

    def failed(self, lookups: int) -> None:
        """Count lookups whose backend raised."""
        recording = current.get()
        if recording is None or recording.sent:
            self.unseen(recording, lookups)
        else:
            recording.counts[_ERRORS] += lookups

    def stored(self, key: Any, version: Any, timeout: Any, started: float, ended: float) -> None:
        """Record a write that took effect: as the refill of a key just missed, or as another."""
        recording = current.get()
        lifetime_s = self.lifetime(timeout)
        refill = Refill(started, ended, lifetime_s)
        if recording is not None and recording.refilled(self._alias, key, version, refill):
            self._tally.add(_STORES)
        else:
            self.wrote("set", key, version, lifetime_s, started, ended)

    def wrote(
        self, kind: str, key: Any, version: Any, lifetime_s: float, started: float, ended: float
    ) -> None:
        """Record a write that is no refill; kinds as in `wire.WRITE_KINDS`."""
        recording = current.get()
        if recording is None or recording.sent:
            self._tally.add(_UNSEEN)
            return
        recording.counts[_WRITES] += 1
        recording.writes.append((self._alias, key, version, kind, lifetime_s, started, ended))

    def lifetime(self, timeout: Any) -> float:
        """Return the lifetime in seconds of a value with this `timeout`; 0: expired immediately.

        inf: no timeout, or one that only the backend understands.
        """
        chosen = self._bare.default_timeout if timeout is DEFAULT_TIMEOUT else timeout
        try:
            return inf if chosen is None else max(0.0, float(chosen))
        except (TypeError, ValueError, OverflowError):
            return inf


class _Timed:
    """Notes when its block begins."""

    def __enter__(self) -> Any:
        self._started = perf_counter()
        return self


class Reading(_Timed):
    """A read of several keys; each lookup gets an equal part of its time."""

    def __init__(self, notes: Notes, keys: Iterable[Any] | None, version: Any) -> None:
        self._notes, self._keys, self._version = notes, keys, version
        self.found: Any = ()

    def __exit__(self, failed: type[BaseException] | None, *_: object) -> None:
        ended, keys = perf_counter(), _listed(self._keys)
        if failed:
            self._notes.failed(len(keys))
            return
        part = (ended - self._started) / max(1, len(keys))
        for number, key in enumerate(keys):
            started = self._started + number * part
            hit = _is_among(key, self.found)
            self._notes.lookup(key, self._version, hit, started, started + part)


class Writing(_Timed):
    """A write of several keys; `refused`: those that the backend did not store."""

    def __init__(
        self,
        notes: Notes,
        keys: Iterable[Any] | None,
        timeout: Any = DEFAULT_TIMEOUT,
        version: Any = None,
        *_: Any,
        **__: Any,
    ) -> None:
        self._notes, self._keys, self._timeout, self._version = notes, keys, timeout, version
        self.refused: Collection[Any] = ()

    def __exit__(self, failed: type[BaseException] | None, *_: object) -> None:
        ended = perf_counter()
        for key in () if failed else _listed(self._keys):
            if not _is_among(key, self.refused):
                self._notes.stored(key, self._version, self._timeout, self._started, ended)


class Filling(_Timed):
    """A `get_or_set`: a hit, or a miss whose default was computed and stored."""

    def __init__(
        self,
        notes: Notes,
        key: Any,
        default: Any,
        timeout: Any = DEFAULT_TIMEOUT,
        version: Any = None,
        *_: Any,
        **__: Any,
    ) -> None:
        self._notes, self._key, self._timeout, self._version = notes, key, timeout, version
        self._missed = False
        self.default = lambda: self._compute(default)

    def _compute(self, default: Any) -> Any:
        self._notes.lookup(self._key, self._version, False, self._started, perf_counter())
        self._missed = True
        value = default() if callable(default) else default
        self._computed = perf_counter()
        return value

    def __exit__(self, failed: type[BaseException] | None, *_: object) -> None:
        ended = perf_counter()
        if self._missed and not failed:
            self._notes.stored(self._key, self._version, self._timeout, self._computed, ended)
        elif failed and not self._missed:
            self._notes.failed(1)
        elif not failed:
            self._notes.lookup(self._key, self._version, True, self._started, ended)


def _listed(keys: Iterable[Any] | None) -> list[Any]:
    return [] if keys is None else list(keys)


def _is_among(key: Any, found: Collection[Any]) -> bool:
    try:
        return key in found
    except TypeError:  # Django formats keys into text, so even a list can be one
        return False
