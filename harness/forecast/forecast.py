"""`harness predict` on paper: what a user knows -> hit rates, entries and costs by workers.

LocMem, a cache in each worker, beside one cache that all workers share. The shared one knows no
`MAX_ENTRIES` and drops what has expired. Nothing is measured here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from math import inf

from harness.forecast.break_even import CrossOver, break_even, ladder
from harness.forecast.expected import (
    Demand,
    HitRateForecast,
    Method,
    alike,
    expected,
    limited,
    live_entries,
)
from harness.forecast.popularity import zipf_keys

MOST_WORKERS = 1_000_000
"""How far a break-even is looked for, and how many workers a question may have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CostInputs:
    """What a lookup takes: a LocMem hit, a shared hit, and the origin behind a miss."""

    hit_us: float
    shared_hit_us: float
    origin_ms: float

    def locmem_us(self, hit_rate: float) -> float:
        """Return the mean cost of a lookup; a miss pays for its lookup as well."""
        return self.hit_us + (1 - hit_rate) * self.origin_ms * 1000

    def shared_us(self, hit_rate: float) -> float:
        """Return the same for the shared cache."""
        return self.shared_hit_us + (1 - hit_rate) * self.origin_ms * 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a user knows; None: no timeout, no `MAX_ENTRIES`, costs not known.

    Either `requests` in all, from empty caches on and without a timeout, or, if None, the long run
    at `requests_per_second` in all.
    """

    workers: int = 4
    servers: int = 1
    keys: int = 300
    zipf: float = 1.0
    requests: int | None = 3000
    requests_per_second: float | None = None
    timeout_s: float | None = None
    max_entries: int | None = None
    costs: CostInputs | None = None

    @property
    def caches(self) -> int:
        """Return the number of LocMem caches: the workers of all servers."""
        return self.workers * self.servers


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastRow:
    """LocMem with `workers` in all: entries of all caches, mean cost of a lookup."""

    workers: int
    hit_rate: float
    entries: float
    cost_us: float | None
    way: Method
    error: float
    stores: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """One cache for all workers, however many there are."""

    hit_rate: float
    entries: float
    cost_us: float | None
    way: Method


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """The answer: rungs 1, 2, 4 ... up to the workers asked for. No costs, no break-even."""

    question: Question
    shared: Shared
    rows: tuple[ForecastRow, ...]
    break_even: CrossOver | None

    @property
    def asked(self) -> ForecastRow:
        """Return the rung of the workers asked for."""
        return self.rows[-1]


def forecast(question: Question) -> Forecast:
    """Return what to expect; the same question gives the same answer."""
    load = _load(question)
    culled = load if question.max_entries is None else limited(load, question.max_entries)
    at = cache(lambda workers: expected(culled, workers))

    def each(workers: int) -> HitRateForecast:
        return at(1 if alike(culled, workers) else workers)

    shared = _shared(load, question.costs)
    return Forecast(
        question=question,
        shared=shared,
        rows=tuple(_rung(n, each(n), question.costs) for n in ladder(question.caches)),
        break_even=_break_even(question, each, shared),
    )


def _load(question: Question) -> Demand:
    rate, timeout_s = question.requests_per_second, question.timeout_s
    return Demand(
        keys=zipf_keys(question.keys, question.zipf),
        exponent=question.zipf,
        requests=question.requests,
        lifetime=inf if rate is None or timeout_s is None else rate * timeout_s,
    )


def _shared(load: Demand, costs: CostInputs | None) -> Shared:
    alone = expected(load, 1)
    return Shared(
        hit_rate=alone.hit_rate,
        entries=live_entries(load),
        cost_us=None if costs is None else costs.shared_us(alone.hit_rate),
        way=alone.way,
    )


def _rung(workers: int, each: HitRateForecast, costs: CostInputs | None) -> ForecastRow:
    return ForecastRow(
        workers=workers,
        hit_rate=each.hit_rate,
        entries=each.entries * workers,
        cost_us=None if costs is None else costs.locmem_us(each.hit_rate),
        way=each.way,
        error=each.error,
        stores=each.stores,
    )


def _break_even(
    question: Question, each: Callable[[int], HitRateForecast], shared: Shared
) -> CrossOver | None:
    """Return where the shared cache becomes cheaper; None without costs."""
    costs, shared_us = question.costs, shared.cost_us
    if costs is None or shared_us is None:
        return None
    return break_even(
        lambda workers: costs.locmem_us(each(workers).hit_rate),
        shared_us,
        max(MOST_WORKERS, question.caches),
        lambda workers: each(workers).way is Method.SIMULATION,
    )
