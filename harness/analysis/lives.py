"""Worker lives: what each served, whether all it counted was seen in an answer, and when it ended.

Requests, lookups and hits of each life with its share of the answered requests; then the
accounting, life by life; then the ends of lives, and of what a shared cache held, which no answer
shows directly. Knows the lookups and the actions. Times are seconds since the epoch.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.analysis.profiles import get_s, write_s
from harness.analysis.summary import Accounted, LifeSummary
from harness.arrays import Bools, Floats, Ints
from harness.backends import BACKENDS
from harness.model.closed_forms import effective_workers as effective
from harness.record.facts import ActionFacts, LifeFacts, TrialFacts
from harness.record.samples import GENERATION, SERVER, SLOT, Samples, life_id


def life_summaries(samples: Samples) -> tuple[LifeSummary, ...]:
    """Return one summary per row of `samples.lives`, in their order."""
    lives = len(samples.lives)
    served = samples.life[(samples.status > 0) & (samples.life >= 0)]
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
        shares[life.server, life.slot] = shares.get((life.server, life.slot), 0.0) + life.share
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
    seen = {life_id(life): life for life in lives}
    counted = {life_id(life): life for life in facts}
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


NOBODY = -1
EMPTYING = "restart-cache"
NEVER_BY_CHANCE = 1e-6
"""A worker without a successor has ended if its silence is less likely than this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    """What ended in a trial of W lives. `slot` numbers the (server, slot) places from 0.

    `emptied_s`: when a cache that all workers share lost everything, ascending.
    """

    slot: Ints  # [W]
    since_s: Floats  # [W] first lookup; inf: none
    until_s: Floats  # [W] inf: not seen to end
    action: Ints  # [W] the action that ended it, NOBODY where none did
    emptied_s: Floats  # [E]

    @property
    def ended(self) -> Ints:
        """Return the lives that ended. [M]"""
        return np.flatnonzero(np.isfinite(self.until_s))

    @property
    def unexpected(self) -> Ints:
        """Return the lives that ended though no action ended them. [M]"""
        return np.flatnonzero(np.isfinite(self.until_s) & (self.action == NOBODY))

    def successors(self, life: int) -> Bools:
        """Return which lives served in the slot of `life` after it. [W]"""
        later = (self.since_s > self.since_s[life]) & np.isfinite(self.since_s)
        successors: Bools = later & (self.slot == self.slot[life])
        return successors


@dataclass(frozen=True, slots=True, kw_only=True)
class _Life:
    """What is seen of one life: first and last lookup, and whether and when another took over.

    `place` is (server, slot).
    """

    row: int
    place: tuple[int, int]
    since_s: float
    last_s: float
    successor_s: float
    replaced: bool


def ends_of(samples: Samples, facts: TrialFacts | None = None) -> Ends:
    """Return all ends; without facts, those of lives that were seen to be followed by others.

    A life ends between its last lookup or refill and the first lookup of its successor. If an
    action ended it, it did not end before the action. Else it is over with the last that was seen
    of it, as where `max_requests` is reached.
    """
    since_s, last_s = _spans(samples)
    actions = facts.actions if facts else ()
    places = samples.lives[:, [SERVER, SLOT]].reshape(-1, 2)
    # Tables and files outlive a restarted server.
    backend = BACKENDS.get(facts.backend) if facts else None
    emptying = [
        one for one in actions if one.do == EMPTYING and (backend is None or backend.service)
    ]
    ends = Ends(
        slot=np.unique(places, axis=0, return_inverse=True)[1].reshape(-1),
        since_s=since_s,
        until_s=np.full(len(since_s), np.inf),
        action=np.full(len(since_s), NOBODY),
        emptied_s=np.array([_emptied_s(samples, one) for one in emptying]),
    )
    for row in np.flatnonzero(np.isfinite(since_s)).tolist():
        successor_s = float(np.min(since_s, where=ends.successors(row), initial=np.inf))
        life = _Life(
            row=row,
            place=(int(samples.lives[row, SERVER]), int(samples.lives[row, SLOT])),
            since_s=float(since_s[row]),
            last_s=float(last_s[row]),
            successor_s=successor_s,
            replaced=bool(np.isfinite(successor_s))
            or _has_silent_successor(samples.lives[row], facts),
        )
        by = _ender(life, actions, samples)
        if by != NOBODY or life.replaced:
            ends.action[row] = by
            ends.until_s[row] = max(life.last_s, actions[by].started_s if by != NOBODY else 0.0)
    return ends


def _ender(life: _Life, actions: Sequence[ActionFacts], samples: Samples) -> int:
    """Return the action that ended this life, of several the one nearest to its last lookup."""
    able = [
        number
        for number, action in enumerate(actions)
        if life.since_s < action.started_s < life.successor_s and _can_end(life, action, samples)
    ]
    return min(able, key=lambda one: abs(actions[one].started_s - life.last_s), default=NOBODY)


def _can_end(life: _Life, action: ActionFacts, samples: Samples) -> bool:
    aimed_at = None if action.slot is None else (action.server or 0, action.slot)
    if action.do == EMPTYING or aimed_at not in (None, life.place):
        return False
    named = aimed_at is not None and life.last_s <= action.ended_s
    return life.replaced or named or _fell_silent(life, action, samples)


def _fell_silent(life: _Life, action: ActionFacts, samples: Samples) -> bool:
    """Return whether a life without a successor served too little after the action to be alive."""
    alive = (samples.sent_s >= life.since_s) & (samples.sent_s <= action.started_s)
    share = np.count_nonzero(samples.life == life.row) / max(1, int(np.count_nonzero(alive)))
    later = np.count_nonzero(samples.sent_s > max(action.ended_s, life.last_s))
    return (
        life.last_s <= action.ended_s and float(1 - min(share, 1.0)) ** int(later) < NEVER_BY_CHANCE
    )


def _has_silent_successor(life: Ints, facts: TrialFacts | None) -> bool:
    """Return whether a later generation reported from the slot, though it may not have served."""
    place, generation = life[:GENERATION].tolist(), life[GENERATION]
    return facts is not None and any(
        [other.server, other.slot] == place and other.generation > generation
        for other in facts.lives
    )


def _spans(samples: Samples) -> tuple[Floats, Floats]:
    """Return the first lookup and the last lookup or refill of each life. [W] x 2

    inf and -inf for a life without any.
    """
    first_s, last_s = (np.full(len(samples.lives), fill) for fill in (np.inf, -np.inf))
    known = samples.lookup_life >= 0
    life, at_s = samples.lookup_life[known], get_s(samples)[known]
    np.minimum.at(first_s, life, at_s)
    np.maximum.at(last_s, life, np.fmax(at_s, write_s(samples)[known]))
    return first_s, last_s


def _emptied_s(samples: Samples, action: ActionFacts) -> float:
    """Return until when the shared caches surely held what they had held before the action.

    A hit proves it, as long as its key was not written again since the action began.
    """
    pair, at_s = samples.cache * len(samples.keys) + samples.key, get_s(samples)
    again_s = np.full(len(samples.caches) * len(samples.keys), np.inf)
    written = write_s(samples) >= action.started_s
    np.minimum.at(again_s, pair[written], write_s(samples)[written])
    within = (at_s >= action.started_s) & (at_s <= action.ended_s)
    proof = samples.hit & within & (at_s <= again_s[pair])
    return float(np.max(at_s, where=proof, initial=action.started_s))
