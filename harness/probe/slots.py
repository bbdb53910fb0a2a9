"""The slot of each new worker in its server, assigned in the arbiter before each fork.

A worker that replaces another takes over its slot, one generation later; so a slot is a history
of lives, which separates what a restart lost from what was never there.
"""

from collections import Counter
from collections.abc import Iterable


class Slots:
    """Slots 1..N of one server. Workers are identified by Gunicorn's `age`, never by pid."""

    def __init__(self, first_generation: int = 1) -> None:
        self._slot_of: dict[int, int] = {}
        self._generations: Counter[int] = Counter()
        self._before = first_generation - 1
        self._retiring: set[int] = set()

    def take(self, age: int, living: Iterable[int]) -> tuple[int, int]:
        """Return (slot, generation) of worker `age`: the lowest slot that no `living` one has."""
        taken = {
            self._slot_of[other]
            for other in living
            if other in self._slot_of and other not in self._retiring
        }
        slot = next(number for number in range(1, len(taken) + 2) if number not in taken)
        self._slot_of[age] = slot
        self._generations[slot] += 1
        return slot, self._before + self._generations[slot]

    def retire(self, ages: Iterable[int]) -> None:
        """Release the slots of `ages`: a reload forks their successors before they end."""
        self._retiring.update(ages)
