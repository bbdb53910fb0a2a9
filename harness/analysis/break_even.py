"""From how many workers on a shared cache costs less per lookup than one cache per process.

A hit in the process's own memory is cheap, but N workers have N caches to fill. Takes what hits,
misses and the origin cost from the samples, and the hit rate by N from the trace: it is the
break-even of these requests on caches that start empty.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np

from harness.analysis.conclusions import break_even_sentence, grouped
from harness.analysis.latency import COPY, ROUNDS_NEEDED
from harness.analysis.prepared import BY_KEY, TrialData
from harness.analysis.profiles import cache_profiles
from harness.analysis.summary import BreakEven, BreakEvenPoint, LookupCost
from harness.arrays import Floats, Ints
from harness.model.closed_forms import distinct_pairs
from harness.record.samples import Samples
from harness.setup import Setup
from harness.stats.interval import Z_95, t_95

RESAMPLES = 1000
SEED = 0x627265616B657665
"""Keeps the draws apart from all others, and a recorded run's figures the same at every reading."""

HITS, HIT_S, MISSES, MISS_S, ORIGIN_S = range(5)
Sums = Floats
"""[5, N] of each of N rounds: hits, their seconds, misses, their seconds (with the store), and
the origin's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LookupCosts:
    """Mean seconds: of a hit and of a miss, lookup and store, here and there; of the origin."""

    local_hit: Floats  # [B]
    local_miss: Floats  # [B]
    shared_hit: Floats  # [B]
    shared_miss: Floats  # [B]
    origin: Floats  # [B] per miss, of both: it is the same behind either cache

    def local_s(self, hit_rate: Floats) -> Floats:
        """Return the mean seconds of a lookup at each of N hit rates. [B, N]"""
        missed_s = np.outer(self.local_miss + self.origin, 1 - hit_rate)
        return np.outer(self.local_hit, hit_rate) + missed_s

    def shared_s(self, hit_rate: float) -> Floats:
        """Return the mean seconds of a lookup. [B]"""
        missed_s = (self.shared_miss + self.origin) * (1 - hit_rate)
        return self.shared_hit * hit_rate + missed_s


def round_sums(trials: Sequence[Samples], rounds: int) -> Sums:
    """Return the sums of several trials together, by round. [5, rounds]"""
    return np.asarray(sum(_round_sums(samples, rounds) for samples in trials), np.float64)


def mean_lookup_s(samples: Samples) -> float:
    """Return the measured mean seconds of a lookup, with origin and store where it missed."""
    sums = _round_sums(samples, 1, whole=True)[:, 0]
    return float((sums[HIT_S] + sums[MISS_S] + sums[ORIGIN_S]) / (sums[HITS] + sums[MISSES]))


def costs(local: Sums, shared: Sums) -> LookupCosts:
    """Return the costs that the sums of all rounds give; B is 1."""
    return _costs(local.sum(axis=1)[:, None], shared.sum(axis=1)[:, None])


def resampled(local: Sums, shared: Sums) -> LookupCosts:
    """Return the costs of `RESAMPLES` bootstrap samples of the rounds, the same for both sides.

    A bootstrap of n rounds is too narrow by what Student's t is wider than the normal, and by
    sqrt((n - 1) / n), so each deviation is stretched by that.
    """
    rounds = local.shape[1]
    rng = np.random.default_rng([SEED, rounds])
    weight = rng.multinomial(rounds, np.full(rounds, 1 / rounds), RESAMPLES).T
    exact, drawn = costs(local, shared), _costs(local @ weight, shared @ weight)
    stretch = t_95(rounds - 1) / Z_95 * float(np.sqrt(rounds / (rounds - 1)))
    return LookupCosts(
        **{
            name: getattr(exact, name) + stretch * (getattr(drawn, name) - getattr(exact, name))
            for name in LookupCosts.__dataclass_fields__
        }
    )


def _costs(local: Floats, shared: Floats) -> LookupCosts:
    """Return the costs from sums of [5, B]; nan where nothing hit or missed."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return LookupCosts(
            local_hit=local[HIT_S] / local[HITS],
            local_miss=local[MISS_S] / local[MISSES],
            shared_hit=shared[HIT_S] / shared[HITS],
            shared_miss=shared[MISS_S] / shared[MISSES],
            origin=(local[ORIGIN_S] + shared[ORIGIN_S]) / (local[MISSES] + shared[MISSES]),
        )


def _round_sums(samples: Samples, rounds: int, *, whole: bool = False) -> Sums:
    number = samples.round[samples.request] * (not whole)
    hit, missed = samples.hit.astype(np.float64), (~samples.hit).astype(np.float64)
    columns: list[Floats] = [
        hit,
        hit * samples.lookup_s,
        missed,
        missed * (samples.lookup_s + np.nan_to_num(samples.store_s)),
        missed * np.nan_to_num(samples.origin_s),
    ]
    return np.array([np.bincount(number, weights=w, minlength=rounds) for w in columns])


UP_TO = 64
"""Workers per server up to which the model looks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HitRates:
    """The hit rates to expect: of a cache per process with 1, 2, ... workers; of a shared one."""

    local: Floats  # [UP_TO]
    shared: float


def break_evens(
    trials: Sequence[TrialData], misses: Sequence[Mapping[str, int]]
) -> tuple[BreakEven, ...]:
    """Return the break-even of each backend that processes share against each that they do not.

    `misses` are those of each trial by cause. One for each set-up of several rounds; none where
    either side had no hit or no miss. Entries that expire, are evicted or restarted away are
    beyond the closed form, and so are servers chosen by the key; the measured numbers of workers
    have to do then.
    """
    fits = {
        facts.number: facts.setup["routing"] != BY_KEY
        and not any(causes.get(name) for name in ("expired", "evicted", "restart"))
        for (facts, _), causes in zip(trials, misses, strict=True)
    }
    several = [trial for trial in trials if len(np.unique(trial[1].round)) > 1]
    groups = grouped(several, lambda trial: trial[0].setup.without("backend", "workers", COPY))
    return tuple(
        _break_even(setup, local, shared, modeled=all(fits[facts.number] for facts, _ in group))
        for setup, group in groups
        for local, shared in _sides(group)
    )


def hit_rates(samples: Samples, servers: int) -> HitRates:
    """Return what the closed form says of this trace with N even workers on each server.

    Each worker misses each key once that it is asked for; a shared cache misses each key once.
    """
    # How often each key that occurs was looked up, each cache's keys apart.
    pair = samples.cache * len(samples.keys) + samples.key
    counts = np.unique(pair, return_counts=True)[1]
    alone = [
        caches * distinct_pairs(counts, [1 / caches])
        for caches in servers * np.arange(1, UP_TO + 1)
    ]
    return HitRates(
        local=1 - np.array(alone) / counts.sum(), shared=1 - len(counts) / int(counts.sum())
    )


def crossings(cost: LookupCosts, rates: HitRates) -> Ints:
    """Return from how many workers on the shared cache is cheaper, UP_TO + 1: never. [B]"""
    cheaper = cost.shared_s(rates.shared)[:, None] < cost.local_s(rates.local)
    return np.where(cheaper.any(axis=1), cheaper.argmax(axis=1), UP_TO) + 1


def first_measured(points: Sequence[BreakEvenPoint]) -> int | None:
    """Return the least number of workers from which the shared cache is cheaper at every point."""
    found = None
    for point in sorted(points, key=lambda point: point.workers, reverse=True):
        if point.shared_s >= point.local_s:
            break
        found = point.workers
    return found


def _sides(group: Sequence[TrialData]) -> Iterator[tuple[list[TrialData], list[TrialData]]]:
    """Yield the trials of each local backend with those of each shared one.

    What keeps nothing, is a bit of both, or had no hit or no miss is neither.
    """
    sides: dict[bool, list[list[TrialData]]] = {True: [], False: []}
    for _, trials in grouped(group, lambda trial: trial[0].backend):
        found = cache_profiles(*trials[0])
        own = {profile.per_process for profile in found}
        hit = np.concatenate([samples.hit for _, samples in trials])
        keeps = own == {True} or all(profile.keeps for profile in found)
        if len(own) == 1 and keeps and 0 < np.count_nonzero(hit) < len(hit):
            sides[own.pop()].append(trials)
    yield from product(sides[True], sides[False])


def _break_even(
    setup: Setup, local: list[TrialData], shared: list[TrialData], *, modeled: bool
) -> BreakEven:
    rounds = 1 + max(int(samples.round.max()) for _, samples in [*local, *shared])
    sums = [round_sums([samples for _, samples in side], rounds) for side in (local, shared)]
    cost = costs(sums[0], sums[1])
    facts, longest = max(local, key=lambda trial: trial[1].lookups)
    rates = hit_rates(longest, facts.servers)
    points = _measured(local, shared)
    curve = _curve(cost, rates) if modeled else []
    bounds = _bounds(sums, rates) if modeled and rounds >= ROUNDS_NEEDED else None
    first = _within(crossings(cost, rates)[0]) if modeled else first_measured(points)
    found = BreakEven(
        group=setup,
        local=local[0][0].backend,
        shared=shared[0][0].backend,
        local_cost=LookupCost(hit_s=float(cost.local_hit[0]), miss_s=float(cost.local_miss[0])),
        shared_cost=LookupCost(hit_s=float(cost.shared_hit[0]), miss_s=float(cost.shared_miss[0])),
        origin_s=float(cost.origin[0]),
        points=tuple(sorted([*points, *curve], key=lambda p: (p.workers, not p.measured))),
        up_to=UP_TO if modeled else max((point.workers for point in points), default=0),
        modeled=modeled,
        from_workers=first,
        bounded=bounds is not None,
        low=bounds[0] if bounds else None,
        high=bounds[1] if bounds else None,
    )
    return replace(found, conclusion=break_even_sentence(found))


def _measured(local: Sequence[TrialData], shared: Sequence[TrialData]) -> list[BreakEvenPoint]:
    """Return the points where both were measured; of a repeated trial the last."""
    own, other = (
        {facts.workers: mean_lookup_s(samples) for facts, samples in side if samples.lookups}
        for side in (local, shared)
    )
    return [
        BreakEvenPoint(workers=n, local_s=own[n], shared_s=other[n], measured=True)
        for n in sorted(own.keys() & other.keys())
    ]


def _curve(cost: LookupCosts, rates: HitRates) -> list[BreakEvenPoint]:
    shared_s = float(cost.shared_s(rates.shared)[0])
    return [
        BreakEvenPoint(workers=number, local_s=local_s, shared_s=shared_s, measured=False)
        for number, local_s in enumerate(cost.local_s(rates.local)[0].tolist(), start=1)
    ]


def _bounds(sums: Sequence[Sums], rates: HitRates) -> tuple[int | None, int | None]:
    """Return the interval of the crossing over resampled rounds; the trace itself is given."""
    found = crossings(resampled(sums[0], sums[1]), rates)
    low, high = np.quantile(found, [0.025, 0.975], method="inverted_cdf")
    return _within(low), _within(high)


def _within(workers: Any) -> int | None:
    return int(workers) if workers <= UP_TO else None
