"""Which place in the server a new worker takes, decided in the arbiter before each fork.

A worker that replaces another takes over its slot, one generation later; so a slot is a history
of lives, and what a restart lost can be told from what was never there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable


class Slots:
    """Places 1..N of one server. Workers are told apart by Gunicorn's `age`, never by pid."""

    def __init__(self, first_generation: int = 1) -> None:
        self._slot_of: dict[int, int] = {}
        self._generations: Counter[int] = Counter()
        self._before = first_generation - 1
        self._retiring: set[int] = set()

    def take(self, age: int, living: Iterable[int]) -> tuple[int, int]:
        """Return (slot, generation) of worker `age`: the lowest slot that no `living` one holds."""
        held = {
            self._slot_of[other]
            for other in living
            if other in self._slot_of and other not in self._retiring
        }
        slot = next(number for number in range(1, len(held) + 2) if number not in held)
        self._slot_of[age] = slot
        self._generations[slot] += 1
        return slot, self._before + self._generations[slot]

    def retire(self, ages: Iterable[int]) -> None:
        """Give up the slots of `ages`: a reload forks their successors while they still live."""
        self._retiring.update(ages)
