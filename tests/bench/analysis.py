"""Seconds and peak memory of analysing one large trial: `python -m tests.bench.analysis`."""

from __future__ import annotations

import resource
import sys
from dataclasses import dataclass
from time import perf_counter

from harness.analysis.analyse import analyse_trial
from harness.model.locmem import Limits
from tests.factories import cache_facts, even_routing, facts_of, routed_samples, zipf_keys

REQUESTS, KEYS, WORKERS, TTL_S = 1_000_000, 300, 4, 300.0
GAP_S = 0.0003  # all requests fall within one lifetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What the analysis took; `peak_bytes` is that of the whole process, samples included."""

    samples: int
    seconds: float
    peak_bytes: int


def analysis_cost(requests: int = REQUESTS) -> Cost:
    """Return the cost of analysing a LocMem trial of four workers."""
    key, life = zipf_keys(requests, KEYS), even_routing(requests, WORKERS)
    samples = routed_samples(key, life, ttl_s=TTL_S, limits=Limits(KEYS), gap_s=GAP_S)
    facts = facts_of(samples, cache=cache_facts(timeout_s=TTL_S, max_entries=KEYS))
    started = perf_counter()
    analyse_trial(facts, samples)
    seconds = perf_counter() - started
    return Cost(samples=requests, seconds=seconds, peak_bytes=_peak_bytes())


def _peak_bytes() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def main() -> None:
    """Print one line."""
    cost = analysis_cost()
    print(
        f"analysis of {cost.samples:,} samples: {cost.seconds:.2f} s,"
        f" peak {cost.peak_bytes / 1e6:.0f} MB"
    )


if __name__ == "__main__":
    main()
