"""Samples of one trial as columns: requests, and the cache lookups inside them.

Knows nothing of HTTP or of what a hit means. Times are seconds since the epoch on the clock of
the machine that took them; durations are seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.arrays import Bools, Floats, Ints

LIFE_COLUMNS = ("server", "slot", "generation", "pid")


def _no_ints() -> Ints:
    return np.empty(0, np.int64)


def _no_floats() -> Floats:
    return np.empty(0, np.float64)


def _no_names() -> npt.NDArray[np.str_]:
    return np.empty(0, np.str_)


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """Columns of R requests and of their L lookups.

    `step` is the position in the trace, `round` the round it was served in. `status` is 0 where no
    answer came. `failed` is the Locust file's verdict: without one, no answer or a status of 400 or
    more. `life` is a row of `lives`, or -1 where the answer did not say who gave it.

    A lookup belongs to `request` (a row of the request columns), read `key` (an index into `keys`)
    of `cache` (an index into `caches`) and was a hit or not. `origin_s` is the time from the miss
    to the write that refilled the key, `store_s` the time of that write, `ttl_s` the lifetime it
    was given (inf: for ever); all three are nan where the key was not refilled.

    The W writes that were no refills have columns of their own; `write_kind` is a position in
    `wire.WRITE_KINDS`, `write_ttl_s` nan where the write gave no lifetime. The M marks are numbers
    that the Locust file read in answers, `mark` an index into `marks`.
    """

    # requests
    step: Ints  # [R]
    round: Ints  # [R]
    due_s: Floats  # [R]
    sent_s: Floats  # [R]
    done_s: Floats  # [R]
    status: Ints  # [R]
    failed: Bools  # [R]
    life: Ints  # [R]
    # lookups
    request: Ints  # [L]
    cache: Ints  # [L]
    key: Ints  # [L]
    hit: Bools  # [L]
    at_s: Floats  # [L] start of the lookup, on the worker's clock
    lookup_s: Floats  # [L]
    origin_s: Floats  # [L]
    store_s: Floats  # [L]
    ttl_s: Floats  # [L]
    # other writes
    write_request: Ints = field(default_factory=_no_ints)  # [W]
    write_cache: Ints = field(default_factory=_no_ints)  # [W]
    write_key: Ints = field(default_factory=_no_ints)  # [W]
    write_kind: Ints = field(default_factory=_no_ints)  # [W]
    write_at_s: Floats = field(default_factory=_no_floats)  # [W] half-way through it
    write_ttl_s: Floats = field(default_factory=_no_floats)  # [W]
    # marks
    mark_request: Ints = field(default_factory=_no_ints)  # [M]
    mark: Ints = field(default_factory=_no_ints)  # [M]
    value: Floats = field(default_factory=_no_floats)  # [M]
    # names
    lives: Ints  # [W, 4], columns as in LIFE_COLUMNS
    caches: npt.NDArray[np.str_]
    keys: npt.NDArray[np.str_]
    marks: npt.NDArray[np.str_] = field(default_factory=_no_names)

    @property
    def requests(self) -> int:
        return len(self.step)

    @property
    def lookups(self) -> int:
        return len(self.request)

    @property
    def lookup_life(self) -> Ints:
        """Return the life that served each lookup. [L]"""
        return self.life[self.request]

    def marked(self, name: str) -> Floats:
        """Return what was marked by this name in each request, nan where nothing was. [R]"""
        values = np.full(self.requests, np.nan)
        found = np.flatnonzero(self.marks[self.mark] == name) if len(self.mark) else self.mark
        values[self.mark_request[found]] = self.value[found]
        return values

    def distinct(self, name: str) -> int:
        """Return how many different values were marked by this name."""
        values = self.marked(name)
        return len(np.unique(values[~np.isnan(values)]))

    def columns(self) -> dict[str, npt.NDArray[Any]]:
        """Return every column by name, in the order of their declaration."""
        return {column.name: getattr(self, column.name) for column in fields(self)}
