"""The lookups of one request, from the call of the app until its headers are sent.

Times are `time.perf_counter()` readings; `evidence` turns them into wall-clock times.
"""

from contextvars import ContextVar
from typing import Any, NamedTuple

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
