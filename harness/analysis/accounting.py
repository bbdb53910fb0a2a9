"""Whether every lookup that a worker counted was seen in an answer, worker life by worker life."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.analysis.summary import Accounted, LifeSummary
from harness.record.facts import LifeFacts

LifeId = tuple[int, int, int, int]  # server, slot, generation, pid


@dataclass(frozen=True, slots=True, kw_only=True)
class LifeAccount:
    """One life's book: lookups seen in answers and counted by the worker, hits and misses apart.

    `died` are requests that reached the app and were not seen answered. Lookups whose backend
    raised stand on neither side: they are no evidence of a hit or a miss.
    """

    identity: LifeId
    seen: tuple[int, int]
    counted: tuple[int, int]
    died: int

    @property
    def missing(self) -> int:
        """Return counted lookups that no answer told of; below 0: answers told of too many."""
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
    """Return the book of every life that was seen or that counted."""
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
