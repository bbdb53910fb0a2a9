"""The answer of `harness predict`: a question -> hit rates, entries and costs by worker count.

LocMem, a cache in each worker, next to one cache that all workers share. The shared one has no
`MAX_ENTRIES` and removes what has expired. Nothing is measured here.
"""

import math
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache
from math import inf

from harness.forecast.culling import zipf_keys
from harness.forecast.hit_rate import (
    Demand,
    HitRateForecast,
    Method,
    expected,
    is_independent_of_workers,
    limited,
    live_entries,
)
from harness.forecast.question import MAX_WORKERS, CostInputs, Question

CostUs = Callable[[int], float]
"""Workers in all -> mean cost of a lookup in microseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastRow(HitRateForecast):
    """The figures with `workers` in all: `entries` of all their caches, mean cost of a lookup."""

    workers: int
    cost_us: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossOver:
    """The fewest workers with which the shared cache is cheaper; None: not up to `searched`.

    `about`: interpolated between two figures that are themselves estimates.
    """

    workers: int | None
    searched: int
    about: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """The answer: LocMem at 1, 2, 4 ... up to the workers in question, and the shared cache.

    Without costs there is no break-even.
    """

    question: Question
    shared: ForecastRow
    rows: tuple[ForecastRow, ...]
    break_even: CrossOver | None


def forecast(question: Question) -> Forecast:
    """Return what to expect; the same question gives the same answer."""
    rate, timeout_s, costs = question.requests_per_second, question.timeout_s, question.costs
    demand = Demand(
        keys=zipf_keys(question.keys, question.zipf),
        exponent=question.zipf,
        requests=question.requests,
        lifetime=inf if rate is None or timeout_s is None else rate * timeout_s,
    )
    culled = demand if question.max_entries is None else limited(demand, question.max_entries)
    at = cache(lambda workers: expected(culled, workers))

    def each(workers: int) -> HitRateForecast:
        return at(1 if is_independent_of_workers(culled, workers) else workers)

    def row(workers: int) -> ForecastRow:
        found = each(workers)
        cost_us = costs.locmem_us(found.hit_rate) if costs else None
        return _row(found, workers, found.entries * workers, cost_us)

    alone = expected(demand, 1)
    shared_us = costs.shared_us(alone.hit_rate) if costs else None
    return Forecast(
        question=question,
        shared=_row(alone, question.caches, live_entries(demand), shared_us),
        rows=tuple(row(workers) for workers in worker_counts(question.caches)),
        break_even=_break_even(question.caches, costs, each, shared_us),
    )


def _row(
    found: HitRateForecast, workers: int, entries: float, cost_us: float | None
) -> ForecastRow:
    return ForecastRow(
        **{**asdict(found), "entries": entries, "workers": workers, "cost_us": cost_us}
    )


def _break_even(
    caches: int,
    costs: CostInputs | None,
    each: Callable[[int], HitRateForecast],
    shared_us: float | None,
) -> CrossOver | None:
    """Return where the shared cache becomes cheaper; None without costs."""
    if costs is None or shared_us is None:
        return None
    return break_even(
        lambda workers: costs.locmem_us(each(workers).hit_rate),
        shared_us,
        max(MAX_WORKERS, caches),
        lambda workers: each(workers).method is Method.SIMULATION,
    )


def worker_counts(highest: int) -> list[int]:
    """Return 1, 2, 4 ... and `highest` itself."""
    return [*(1 << power for power in range((highest - 1).bit_length())), highest]


def break_even(
    locmem_us: CostUs, shared_us: float, searched: int, estimated: Callable[[int], bool]
) -> CrossOver:
    """Return where LocMem's cost rises above `shared_us`, searching 1 to `searched` workers.

    The cost must not fall as workers are added. It does not: each worker has to learn each key,
    and after a timeout or a cull again, so N workers never miss less often than fewer. So there is
    one crossing, found by doubling, then by bisection; `estimated` costs, which scatter, are not
    bisected but interpolated on a straight line over log N.
    """
    excess = cache(lambda workers: _excess(locmem_us(workers), shared_us))
    high = next((workers for workers in worker_counts(searched) if excess(workers) > 0), None)
    if high is None or high == 1:
        return CrossOver(workers=high, searched=searched)
    low = 1 << ((high - 1).bit_length() - 1)  # the worker count before
    about = high - low > 1 and (estimated(low) or estimated(high))
    workers = _interpolated(low, high, excess) if about else _bisected(low, high, excess)
    return CrossOver(workers=workers, searched=searched, about=about)


def _excess(cost_us: float, shared_us: float) -> float:
    """Return how much more LocMem costs; differences that rounding can make are 0."""
    excess = cost_us - shared_us
    return excess if excess > 1e-9 * max(cost_us, shared_us) else min(excess, 0.0)


def _bisected(low: int, high: int, excess: CostUs) -> int:
    """Return the first number above `low`, at most `high`, with an excess above 0."""
    between = range(low + 1, high)
    return low + 1 + bisect_left(between, True, key=lambda workers: excess(workers) > 0)


def _interpolated(low: int, high: int, excess: CostUs) -> int:
    """Return the same, estimated from the excess at `low` and `high` alone."""
    share = -excess(low) / (excess(high) - excess(low))
    crossing = low * math.exp(share * math.log(high / low))
    return min(max(math.ceil(crossing), low + 1), high)
