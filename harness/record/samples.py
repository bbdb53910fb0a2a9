"""Samples of one trial as columns: requests, and the cache lookups inside them.

Knows nothing of HTTP or of what a hit means. Times are seconds since the epoch on the clock of
the machine that took them; durations are seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

LIFE_COLUMNS = ("server", "slot", "generation", "pid")


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """Columns of R requests and of their L lookups.

    `step` is the position in the trace, `round` the round it was served in. `status` is 0 where no
    answer came. `life` is a row of `lives`, or -1 where the answer did not say who gave it.

    A lookup belongs to `request` (a row of the request columns), read `key` (an index into `keys`)
    of `cache` (an index into `caches`) and was a hit or not. `origin_s` is the time from the miss
    to the write that refilled the key, `store_s` the time of that write, `ttl_s` the lifetime it
    was given (inf: for ever); all three are nan where the key was not refilled.
    """

    # requests
    step: Ints  # [R]
    round: Ints  # [R]
    due_s: Floats  # [R]
    sent_s: Floats  # [R]
    done_s: Floats  # [R]
    status: Ints  # [R]
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
    # names
    lives: Ints  # [W, 4], columns as in LIFE_COLUMNS
    caches: npt.NDArray[np.str_]
    keys: npt.NDArray[np.str_]

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

    def columns(self) -> dict[str, npt.NDArray[Any]]:
        """Return every column by name, in the order of their declaration."""
        return {field.name: getattr(self, field.name) for field in fields(self)}
