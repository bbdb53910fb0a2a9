"""Writes of the app that refill no miss: what each does to the entry of its key."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from harness.arrays import Floats, Ints


class Operation(IntEnum):
    """What a write does to the presence of a key; `USE` changes its place in the order alone."""

    SET = 0
    TOUCH = 1
    USE = 2
    DELETE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Writes:
    """P writes, in any order. `owner` is the store, or the request that a routing sends to one."""

    owner: Ints  # [P]
    key: Ints  # [P]
    at_s: Floats  # [P]
    operation: Ints  # [P] of `Operation`
    ttl_s: Floats  # [P] of a SET or TOUCH; inf: for ever

    def ordered(self) -> Writes:
        """Return the same writes, ascending in time."""
        order = np.argsort(self.at_s, kind="stable")
        return Writes(
            owner=self.owner[order],
            key=self.key[order],
            at_s=self.at_s[order],
            operation=self.operation[order],
            ttl_s=self.ttl_s[order],
        )

    def and_also(self, other: Writes) -> Writes:
        """Return these writes and then the others."""
        return Writes(
            owner=np.concatenate([self.owner, other.owner]),
            key=np.concatenate([self.key, other.key]),
            at_s=np.concatenate([self.at_s, other.at_s]),
            operation=np.concatenate([self.operation, other.operation]),
            ttl_s=np.concatenate([self.ttl_s, other.ttl_s]),
        )

    def __len__(self) -> int:
        return len(self.owner)


NO_WRITES = Writes(
    owner=np.empty(0, np.int64),
    key=np.empty(0, np.int64),
    at_s=np.empty(0),
    operation=np.empty(0, np.int64),
    ttl_s=np.empty(0),
)
