"""Who serves a request: slots drawn by their shares, and which life of a slot was in place.

Lives follow each other in a slot as they did in the trial, and a slot without a living worker
gets nothing; only the choice among the living workers is random.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from harness.arrays import Bools, Floats, Ints

ABSENT = -1
FIT_STEPS = 30  # each makes the error several times smaller


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One worker position: its lives in order, when each took over and when it ended.

    `share` is what it gets of the requests while it is alive, relative to the others alive then.
    """

    share: float
    lives: Ints  # [G]
    since_s: Floats  # [G], ascending
    until_s: Floats  # [G], inf: it did not end

    def life_at(self, at_s: Floats) -> Ints:
        """Return who is in place at each time, ABSENT where nobody is. [M]"""
        latest = np.searchsorted(self.since_s, at_s, side="right") - 1
        alive = (latest >= 0) & (at_s < self.until_s[latest])
        return np.where(alive, self.lives[latest], ABSENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Who was alive and with what share, from one change to the next: E epochs of S slots."""

    from_s: Floats  # [E - 1] start of each epoch but the first
    life: Ints  # [E, S]
    bounds: Floats  # [E, S] cumulative shares, 1 from the last slot that is alive


@dataclass(frozen=True)
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
    def steady(self) -> bool:
        """Return whether the same lives were there all the time."""
        return len(self.schedule.life) == 1

    @cached_property
    def schedule(self) -> Schedule:
        """Return the epochs; one without any worker is served by those of the next."""
        edges = [edge for slot in self.slots for edge in (slot.since_s, slot.until_s)]
        times = np.unique(np.concatenate(edges))
        from_s = times[np.isfinite(times)]
        start_s = np.append(-np.inf, from_s)
        life = np.stack([slot.life_at(start_s) for slot in self.slots], axis=1)
        served = np.flatnonzero(((life != ABSENT) * self.shares).sum(axis=1))
        following = np.searchsorted(served, np.arange(len(start_s)))
        life = life[served[np.minimum(following, len(served) - 1)]]
        bounds = np.cumsum((life != ABSENT) * self.shares, axis=1)
        used = np.unique(np.column_stack([life, bounds]), axis=0)
        if len(used) == 1:
            from_s, life, bounds = from_s[:0], life[:1], bounds[:1]
        return Schedule(from_s=from_s, life=life, bounds=bounds / bounds[:, -1:])

    def parts(self, requests: int) -> Iterator[tuple[Bools, Floats]]:
        """Yield which requests the slots get, here all of them, and in what shares. [R], [S]"""
        yield np.ones(requests, np.bool_), self.shares

    def draw(self, sent_s: Floats, rng: np.random.Generator) -> Ints:
        """Return a random life for each request, independent of all others. [R]"""
        schedule = self.schedule
        epoch = np.searchsorted(schedule.from_s, sent_s, side="right")
        # All epochs' bounds in one ascending row: those of epoch e lie between e and e + 1.
        bounds = schedule.bounds + np.arange(len(schedule.bounds))[:, None]
        drawn = np.searchsorted(bounds.ravel(), epoch + rng.random(len(sent_s)), side="right")
        slot = np.minimum(drawn - epoch * len(self.slots), len(self.slots) - 1)
        life: Ints = schedule.life[epoch, slot]
        return life

    def fitted(self, requests: npt.ArrayLike, sent_s: Floats) -> "Routing":
        """Return the same slots with the shares that make `requests` [S] the most likely ones.

        `sent_s` [R] are the times of all requests. A slot's share is what it served over what it
        could have served: w_s = n_s / sum_e (n_e / W_e) over the epochs e in which it was alive,
        W_e being the shares of all that were alive. Solved by iteration (Hunter 2004, MM).
        """
        alive = self.schedule.life != ABSENT
        epoch = np.searchsorted(self.schedule.from_s, sent_s, side="right")
        by_epoch = np.bincount(epoch, minlength=len(alive))
        served = np.asarray(requests, np.float64)
        share = np.ones(len(self.slots))
        for _ in range(FIT_STEPS):
            share = served / np.maximum(alive.T @ (by_epoch / (alive @ share)), 1e-300)
            share /= share.sum()
        return Routing(
            [replace(slot, share=own) for slot, own in zip(self.slots, share.tolist(), strict=True)]
        )

    def first_lives(self, life: Ints) -> Ints:
        """Return the first life in the slot of each life: as if none had ended. [R]"""
        first = np.arange(1 + max(int(slot.lives.max()) for slot in self.slots))
        for slot in self.slots:
            first[slot.lives] = slot.lives[0]
        return first[life]


@dataclass(frozen=True)
class Partition:
    """The routing inside each server, and the server that the balancer chose for each request. [R]

    For a balancer that chooses by the key: only the worker inside that server is drawn. Drawing
    the server too would predict caches for keys that they can never get.
    """

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
        """Yield which requests each server got, and the shares of its slots. [R], [S]"""
        for number, routing in enumerate(self.servers):
            yield self.chosen == number, routing.shares

    def draw(self, sent_s: Floats, rng: np.random.Generator) -> Ints:
        """Return a random life of its server for each request. [R]"""
        life = np.empty(len(sent_s), np.int64)
        for number, routing in enumerate(self.servers):
            mine = self.chosen == number
            life[mine] = routing.draw(sent_s[mine], rng)
        return life

    def first_lives(self, life: Ints) -> Ints:
        """Return the first life in the slot of each life: as if none had ended. [R]"""
        return Routing(self.slots).first_lives(life)


Router = Routing | Partition
"""What decides who serves a request, given when it was sent."""
