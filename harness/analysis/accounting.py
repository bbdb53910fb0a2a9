"""Worker lives, and whether every lookup that one counted was seen in an answer.

Requests, lookups and hits of each life with its share of the answered requests; then the
accounting, life by life.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.analysis.summary import Accounted, LifeSummary
from harness.arrays import Bools
from harness.model.closed_forms import effective_workers as effective
from harness.record.facts import LifeFacts
from harness.record.samples import Samples


def answered(samples: Samples) -> Bools:
    """Return which requests got an answer, with whatever status. [R]"""
    return samples.status > 0


def failures(samples: Samples) -> int:
    """Return how many requests failed, by the verdict of the Locust file."""
    return int(np.count_nonzero(samples.failed))


def life_summaries(samples: Samples) -> tuple[LifeSummary, ...]:
    """Return one summary per row of `samples.lives`, in their order."""
    lives = len(samples.lives)
    served = samples.life[answered(samples) & (samples.life >= 0)]
    requests = np.bincount(served, minlength=lives).tolist()
    known = samples.lookup_life >= 0
    lookups = np.bincount(samples.lookup_life[known], minlength=lives).tolist()
    hits = np.bincount(samples.lookup_life[known & samples.hit], minlength=lives).tolist()
    return tuple(
        LifeSummary(
            server=server,
            slot=slot,
            generation=generation,
            pid=pid,
            requests=requests[row],
            lookups=lookups[row],
            hits=hits[row],
            hit_rate=hits[row] / lookups[row] if lookups[row] else None,
            share=requests[row] / len(served) if len(served) else 0.0,
        )
        for row, (server, slot, generation, pid) in enumerate(samples.lives.tolist())
    )


def effective_workers(lives: tuple[LifeSummary, ...]) -> float | None:
    """Return 1 / sum of squared shares of the slots; None when no life answered."""
    shares: dict[tuple[int, int], float] = {}
    for life in lives:
        place = (life.server, life.slot)
        shares[place] = shares.get(place, 0.0) + life.share
    return effective(list(shares.values())) if any(shares.values()) else None


LifeId = tuple[int, int, int, int]  # server, slot, generation, pid


@dataclass(frozen=True, slots=True, kw_only=True)
class LifeAccount:
    """One life: lookups seen in answers and counted by the worker, hits and misses apart.

    `died` are requests that reached the app and were not seen answered. Lookups whose backend
    raised are on neither side: they are no evidence of a hit or a miss.
    """

    identity: LifeId
    seen: tuple[int, int]
    counted: tuple[int, int]
    died: int

    @property
    def missing(self) -> int:
        """Return counted lookups that are in no answer; below 0: answers held too many."""
        return sum(self.counted) - sum(self.seen)

    @property
    def holds(self) -> bool:
        """Return whether nothing was seen that was not counted, and deaths explain the rest."""
        covered = all(
            seen <= counted for seen, counted in zip(self.seen, self.counted, strict=True)
        )
        return covered and (self.missing == 0 or self.died > 0)


def life_accounts(
    lives: Sequence[LifeSummary], facts: Sequence[LifeFacts]
) -> tuple[LifeAccount, ...]:
    """Return the accounting of every life that was seen or that counted."""
    seen = {(life.server, life.slot, life.generation, life.pid): life for life in lives}
    counted = {(life.server, life.slot, life.generation, life.pid): life for life in facts}
    return tuple(_account(who, seen.get(who), counted.get(who)) for who in {**seen, **counted})


def _account(who: LifeId, seen: LifeSummary | None, counted: LifeFacts | None) -> LifeAccount:
    tally = counted.tally if counted else {}
    return LifeAccount(
        identity=who,
        seen=(seen.hits, seen.lookups - seen.hits) if seen else (0, 0),
        counted=(tally.get("hits", 0), tally.get("misses", 0)),
        died=max(0, tally.get("started", 0) - (seen.requests if seen else 0)),
    )


def accounted(accounts: Sequence[LifeAccount], lookups: int) -> Accounted:
    """Return the sums over all lives; `lookups` are all in the samples, of unknown lives too.

    Only what deaths explain is lost; what they do not stays a gap between the two sides.
    """
    return Accounted(
        samples=lookups,
        tallies=sum(sum(account.counted) for account in accounts),
        lost=sum(account.missing for account in accounts if account.holds),
    )
