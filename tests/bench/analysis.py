"""Seconds and peak memory of analyzing a large run: `python -m tests.bench.analysis`."""

from __future__ import annotations

import resource
import sys
from dataclasses import dataclass
from time import perf_counter

from harness.analysis.analyze import analyze_run
from harness.model.locmem import Limits
from harness.record.facts import TrialFacts
from harness.record.samples import Samples
from tests.bench.figures import Figure
from tests.factories import (
    cache_facts,
    even_routing,
    facts_of,
    in_rounds,
    redis_facts,
    routed_samples,
    zipf_keys,
)

REQUESTS, KEYS, WORKERS, ROUNDS, TTL_S = 1_000_000, 300, 4, 60, 300.0
BAR_S, BAR_MB = 5, 1000
GAP_S = 0.0003  # all requests fall within one lifetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What the analysis took; `peak_bytes` is that of the whole process, samples included."""

    samples: int
    seconds: float
    peak_bytes: int


def analysis_cost(requests: int = REQUESTS) -> Cost:
    """Return the cost of analyzing LocMem and Redis with four workers, compared over rounds."""
    trials = [_trial(requests // 2, shared=shared) for shared in (False, True)]
    started = perf_counter()
    analyze_run(trials)
    seconds = perf_counter() - started
    return Cost(samples=requests, seconds=seconds, peak_bytes=_peak_bytes())


def _trial(requests: int, *, shared: bool) -> tuple[TrialFacts, Samples]:
    key, life = zipf_keys(requests, KEYS), even_routing(requests, WORKERS)
    limits = None if shared else Limits(KEYS)
    played = routed_samples(key, life, shared=shared, ttl_s=TTL_S, limits=limits, gap_s=GAP_S)
    samples = in_rounds(played, ROUNDS)
    kind = redis_facts if shared else cache_facts
    cache = kind(timeout_s=TTL_S, max_entries=KEYS)
    return facts_of(samples, cache=cache, backend="redis" if shared else "locmem"), samples


def _peak_bytes() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def measure(requests: int = REQUESTS) -> list[Figure]:
    """Return time and memory; for the memory to be that of the analysis, in a fresh process."""
    cost = analysis_cost(requests)
    what = f"{cost.samples:,} samples"
    memory = f"{what}: peak memory"
    return [
        Figure(what=what, value=cost.seconds, unit="s", at_most=BAR_S),
        Figure(what=memory, value=cost.peak_bytes / 1e6, unit="MB", at_most=BAR_MB),
    ]
