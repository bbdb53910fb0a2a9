"""Workers take the places 1..N of their server, whatever comes and goes."""

from __future__ import annotations

import pytest

from harness.probe.tally import Slots


class Arbiter:
    """Forks and reaps as Gunicorn's does: `age` counts forks, who is stopped lives on for a while.

    `play` takes steps: fork, die:SLOT (reaped immediately), stop:SLOT (asked to, still alive), reap
    (all that were stopped), reload. It returns (slot, generation) of the living, oldest first.
    """

    def __init__(self) -> None:
        self.slots = Slots()
        self.age = 0
        self.living: dict[int, tuple[int, int]] = {}
        self.stopped: set[int] = set()

    def play(self, steps: str) -> list[tuple[int, int]]:
        for step in steps.split():
            verb, _, slot = step.partition(":")
            getattr(self, verb)(*(int(number) for number in slot.split() if number))
        return list(self.living.values())

    def fork(self) -> None:
        self.age += 1
        self.living[self.age] = self.slots.take(self.age, list(self.living))

    def die(self, slot: int) -> None:
        del self.living[self._oldest(slot)]

    def stop(self, slot: int) -> None:
        self.stopped.add(self._oldest(slot))

    def reap(self) -> None:
        self.living = {age: at for age, at in self.living.items() if age not in self.stopped}
        self.stopped.clear()

    def reload(self) -> None:
        before = list(self.living)
        self.slots.retire(before)
        for _ in range(len(before) - len(self.stopped)):
            self.fork()
        self.stopped.update(before)

    def _oldest(self, slot: int) -> int:
        return next(age for age, at in self.living.items() if at[0] == slot)


START = "fork fork fork "
TABLE = {
    "start": ("", [(1, 1), (2, 1), (3, 1)]),
    "kill": ("die:2 fork", [(1, 1), (3, 1), (2, 2)]),
    "kill of two together": ("die:1 die:3 fork fork", [(2, 1), (1, 2), (3, 2)]),
    "kill of the same slot again": ("die:2 fork die:2 fork", [(1, 1), (3, 1), (2, 3)]),
    "max_requests, one after the other": (
        "die:1 fork die:2 fork die:3 fork die:1 fork",
        [(2, 2), (3, 2), (1, 3)],
    ),
    "TTIN": ("fork", [(1, 1), (2, 1), (3, 1), (4, 1)]),
    # Gunicorn stops the oldest; a place cannot be changed under a living worker.
    "TTOU": ("stop:1 reap", [(2, 1), (3, 1)]),
    "TTOU, then TTIN": ("stop:1 reap fork", [(2, 1), (3, 1), (1, 2)]),
    "TTIN, TTOU, and a kill": ("fork stop:1 reap die:4 fork", [(2, 1), (3, 1), (1, 2)]),
    "reload, the old still alive": (
        "reload",
        [(1, 1), (2, 1), (3, 1), (1, 2), (2, 2), (3, 2)],
    ),
    "reload": ("reload reap", [(1, 2), (2, 2), (3, 2)]),
    "reload twice before the old are gone": ("reload reload reap", [(1, 3), (2, 3), (3, 3)]),
    "reload, then a kill of a new one": ("reload reap die:2 fork", [(1, 2), (3, 2), (2, 3)]),
    "a worker that dies in a reload": ("reload die:1 reap", [(1, 2), (2, 2), (3, 2)]),
}


@pytest.mark.parametrize("case", TABLE)
def test_a_new_worker_takes_the_lowest_free_place_one_generation_later(case: str) -> None:
    steps, living = TABLE[case]
    assert Arbiter().play(START + steps) == living


def test_a_server_of_n_workers_has_places_1_to_n_and_counts_each_refill() -> None:
    arbiter = Arbiter()
    arbiter.play("fork " * 4)
    for turn in range(50):
        arbiter.play(["die:3 fork", "reload reap", "die:1 die:4 fork fork"][turn % 3])
        assert sorted(slot for slot, _ in arbiter.living.values()) == [1, 2, 3, 4]
    refills = arbiter.age - 4
    assert sum(generation - 1 for _, generation in arbiter.living.values()) == refills


def test_no_life_is_given_out_twice() -> None:
    arbiter = Arbiter()
    lives: set[tuple[int, tuple[int, int]]] = set()
    for step in (START + "die:1 fork stop:2 fork reap fork reload reap die:3 fork fork").split():
        arbiter.play(step)
        lives.update(arbiter.living.items())
    assert len({life for _, life in lives}) == arbiter.age == len(lives)
