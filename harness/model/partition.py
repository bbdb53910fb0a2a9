"""Who serves a request where its server is no matter of chance: a balancer chose it by the key.

Drawn is only the worker inside that server. Drawing the server too would predict caches that
never saw what they cannot get.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from harness.arrays import Bools, Floats, Ints
from harness.model.routing import Routing, Slot


@dataclass(frozen=True)
class Partition:
    """The routing inside each server, and the server of each request: a row of `servers`. [R]"""

    servers: Sequence[Routing]
    chosen: Ints

    @property
    def slots(self) -> Sequence[Slot]:
        """Return the slots of all servers."""
        return [slot for routing in self.servers for slot in routing.slots]

    @property
    def steady(self) -> bool:
        """Return whether the same lives were there all the time."""
        return all(routing.steady for routing in self.servers)

    def parts(self, requests: int) -> Iterator[tuple[Bools, Floats]]:  # noqa: ARG002
        """Yield which requests each server got, and in what shares its slots did. [R], [S]"""
        for number, routing in enumerate(self.servers):
            yield self.chosen == number, routing.shares

    def draw(self, sent_s: Floats, rng: np.random.Generator) -> Ints:
        """Return a random life of its server for each request. [R]"""
        life = np.empty(len(sent_s), np.int64)
        for number, routing in enumerate(self.servers):
            mine = self.chosen == number
            life[mine] = routing.draw(sent_s[mine], rng)
        return life

    def unbroken(self, life: Ints) -> Ints:
        """Return the first life of the slot of each life: as if none had ever ended. [R]"""
        return Routing(self.slots).unbroken(life)
