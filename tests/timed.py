"""Runs whose times are known, as they come out of several rounds. Durations are exponential."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from harness.analysis.break_even import break_evens
from harness.analysis.latency import comparisons, latency
from harness.analysis.summary import Summary
from harness.record.facts import TrialFacts
from harness.record.samples import Samples
from tests.factories import (
    NAN,
    even_routing,
    facts_of,
    in_rounds,
    redis_facts,
    replaced,
    routed_samples,
    zipf_keys,
)
from tests.summaries import make_summary, make_trial

LOCAL_S, SHARED_S, ORIGIN_S, STORE_S, WEB_S = 1e-5, 4e-4, 3e-3, 2e-5, 2e-3
MISSES = {"first": 284, "fragmentation": 0}

Trial = tuple[TrialFacts, Samples]


def timed_trial(
    workers: int,
    *,
    shared: bool = False,
    number: int = 0,
    rounds: int = 20,
    lookup_s: float | None = None,
    origin_s: float = ORIGIN_S,
    per_second: float | None = None,
    **facts: Any,
) -> Trial:
    """Return 3,000 requests for 300 keys, of given mean times of a lookup and of the origin."""
    key, life = zipf_keys(3000, 300), even_routing(3000, workers)
    plain = in_rounds(routed_samples(key, life, shared=shared), rounds)
    noise = np.random.default_rng([number, workers]).exponential(size=(3, 3000))
    looked_s = (lookup_s or (SHARED_S if shared else LOCAL_S)) * noise[0]
    missed_s = np.where(plain.hit, NAN, origin_s * noise[1])
    due_s = plain.at_s if per_second is None else plain.at_s[0] + np.arange(3000) / per_second
    times = {
        "due_s": due_s,
        "sent_s": due_s,
        "done_s": due_s + looked_s + np.nan_to_num(missed_s) + WEB_S * noise[2],
        "lookup_s": looked_s,
        "origin_s": missed_s,
        "store_s": np.where(plain.hit, NAN, STORE_S),
    }
    played = Samples(**{**plain.columns(), **times})
    described = facts_of(
        played,
        cache=redis_facts() if shared else None,
        backend="redis" if shared else "locmem",
        number=number,
    )
    load = replace(described.load, arrival_rate_per_second=per_second)
    return replaced(described, **{"workers": workers, "load": load, **facts}), played


def side_by_side(workers: tuple[int, ...] = (1, 4), **options: Any) -> list[Trial]:
    """Return LocMem and Redis at each number of workers."""
    return [
        timed_trial(count, shared=shared, number=2 * place + shared, **options)
        for place, count in enumerate(workers)
        for shared in (False, True)
    ]


def timed_summary(trials: list[Trial], **overrides: Any) -> Summary:
    """Return the summary of a run with the times of these trials, all else made up."""
    summaries = (
        make_trial(
            facts.backend, facts.workers, latency=latency(facts, samples), varied=facts.varied
        )
        for facts, samples in trials
    )
    return make_summary(
        *summaries,
        comparisons=comparisons(trials),
        break_even=break_evens(trials, [MISSES] * len(trials)),
        **overrides,
    )
