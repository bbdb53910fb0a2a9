"""Who serves a request: slots drawn by their shares, and which life of a slot was in place.

Lives follow each other in a slot as they did in the trial; only the choice of the slot is random.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A worker's place: its share of requests, its lives in order and when each took over."""

    share: float
    lives: Ints  # [G]
    since_s: Floats  # [G], ascending


@dataclass(frozen=True, slots=True)
class Routing:
    """The slots of a trial, at least one of them with a share above 0."""

    slots: Sequence[Slot]

    @property
    def shares(self) -> Floats:
        """Return the shares of the slots, summing to 1. [S]"""
        shares: Floats = np.array([slot.share for slot in self.slots], np.float64)
        shares /= shares.sum()
        return shares

    @property
    def replaced(self) -> bool:
        """Return whether any slot had more than one life."""
        return any(len(slot.lives) > 1 for slot in self.slots)

    def draw(self, sent_s: Floats, rng: np.random.Generator) -> Ints:
        """Return a random life for each request, independent of all others. [R]"""
        # The last bound is left out: rounding could put it below 1, and a draw beyond it.
        slot = np.searchsorted(np.cumsum(self.shares)[:-1], rng.random(len(sent_s)), side="right")
        life = np.array([slot.lives[0] for slot in self.slots])[slot]
        for number, place in enumerate(self.slots):
            if len(place.lives) > 1:
                rows = np.flatnonzero(slot == number)
                turn = np.searchsorted(place.since_s, sent_s[rows], side="right") - 1
                life[rows] = place.lives[np.maximum(turn, 0)]
        return life
