"""What one `LocMemCache` of Django must do, operation by operation, on a clock that is passed in.

Keys are whole numbers and there are no values: only whether a key is present, and if not, why.
Follows `django/core/cache/backends/locmem.py`; the tests check it against that class.
"""

from collections import OrderedDict
from dataclasses import dataclass
from enum import IntEnum


class State(IntEnum):
    """What has become of a key at a given time."""

    HELD = 0
    ABSENT = 1  # never stored
    EXPIRED = 2  # its timeout has passed, whether or not it was evicted before
    EVICTED = 3  # culled before its timeout
    DELETED = 4  # removed by the app


class Operation(IntEnum):
    """What the app does to a key. `USE` is a read: it only changes the key's place in the order."""

    SET = 0
    TOUCH = 1
    USE = 2
    DELETE = 3


@dataclass(frozen=True, slots=True)
class Limits:
    """`MAX_ENTRIES` and `CULL_FREQUENCY` of one cache."""

    max_entries: int
    cull_frequency: int = 3


class LocMem:
    """One cache, empty at first. `limits` None: it never culls.

    Times and lifetimes are seconds; a lifetime of `inf` is Django's `timeout=None`.
    """

    __slots__ = ("_deadlines", "_limits")

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits
        self._deadlines: OrderedDict[int, float] = OrderedDict()  # least recently used first

    def __len__(self) -> int:
        """Return the number of entries, expired ones included."""
        return len(self._deadlines)

    def get(self, key: int, now: float) -> bool:
        """Read `key` and return whether it was a hit; an expired entry is removed."""
        hit = self._deadlines.get(key, now) > now
        if hit:
            self._deadlines.move_to_end(key)
        else:
            self._deadlines.pop(key, None)
        return hit

    def set(self, key: int, now: float, ttl_s: float) -> list[int]:
        """Write `key` and return the keys culled to make room, which may include `key` itself."""
        # Django checks the length before the key: rewriting a present key culls too.
        culled = self._cull()
        self._deadlines[key] = _deadline(now, ttl_s)
        self._deadlines.move_to_end(key)
        return culled

    def touch(self, key: int, now: float, ttl_s: float) -> bool:
        """Give a present key a new lifetime, in the same place; return whether it was present."""
        if self._deadlines.get(key, now) <= now:
            return False
        self._deadlines[key] = _deadline(now, ttl_s)
        return True

    def delete(self, key: int) -> bool:
        """Remove `key` and return whether there was an entry, expired or not."""
        return self._deadlines.pop(key, None) is not None

    def apply(self, operation: int, key: int, now: float, ttl_s: float) -> list[int]:
        """Carry out an `Operation`; return the keys that were culled."""
        if operation == Operation.SET:
            return self.set(key, now, ttl_s)
        if operation == Operation.TOUCH:
            self.touch(key, now, ttl_s)
        elif operation == Operation.DELETE:
            self.delete(key)
        else:
            self.get(key, now)
        return []

    def _cull(self) -> list[int]:
        """Drop the least recently used entries of a full cache and return their keys."""
        count, limits = len(self._deadlines), self._limits
        if limits is None or count < limits.max_entries:
            return []
        count = count // limits.cull_frequency if limits.cull_frequency else count
        return [self._deadlines.popitem(last=False)[0] for _ in range(count)]


def _deadline(now: float, ttl_s: float) -> float:
    # As Django does: a timeout of 0 must have passed already, even on a coarse clock.
    return now + (ttl_s or -1)
