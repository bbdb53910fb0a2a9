"""The prediction of one trial: its own trace, times and shares, handed to the model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from harness.analysis.model_input import ModelInput
from harness.analysis.summary import Prediction
from harness.arrays import Bools, Ints
from harness.model.closed_forms import distinct_pairs
from harness.model.prediction import predict
from harness.model.routing import Router
from harness.model.simulate import distinct_misses, simulation_for
from harness.model.trace import CacheTrace
from harness.record.facts import TrialFacts
from harness.record.samples import Samples

SEED = 0x6869742D72617465
"""Keeps the draws apart from all others: a trace drawn from the same seed would share its luck.

Fixed, so that a recorded run gives the same figures whenever it is read.
"""


def prediction(
    facts: TrialFacts, samples: Samples, model_input: ModelInput | None
) -> Prediction | None:
    """Return the expected hit rate with its interval; None without lookups of known workers.

    It is for the workers as they came and went: when each life began and ended is taken from the
    trial, and so is each slot's share while one was there. None too where requests wait for others
    to fill a key: what they look up then hangs on who else was sent to their worker.
    """
    if model_input is None or not samples.lookups or _wait_for_others(samples):
        return None
    rng = np.random.default_rng([SEED, facts.number])
    found = predict(model_input.traces, samples.sent_s, model_input.routing, rng)
    closed_form = _closed_form(model_input.traces, model_input.routing, samples.requests)
    return Prediction(value=found.value, low=found.low, high=found.high, closed_form=closed_form)


def _wait_for_others(samples: Samples) -> bool:
    """Return whether a request read a key again that it had missed and not filled itself."""
    place = (samples.request * len(samples.caches) + samples.cache) * len(samples.keys)
    order = np.argsort(place + samples.key, kind="stable")
    same = np.diff((place + samples.key)[order]) == 0
    unfilled = (~samples.hit & np.isnan(samples.ttl_s))[order][:-1]
    return bool((same & unfilled).any())


def _closed_form(traces: Sequence[CacheTrace], routing: Router, requests: int) -> float | None:
    """Return 1 - expected (worker, key) pairs / lookups; None where that is not the whole story.

    It holds where each worker misses a key once: nothing expires, is culled, in flight or lost
    with a worker that was replaced.
    """
    emptied = any(trace.emptied_s for trace in traces)
    plain = all(simulation_for(trace) is distinct_misses for trace in traces)
    if emptied or not plain or not routing.steady:
        return None
    misses = sum(_expected_misses(trace, routing, requests) for trace in traces)
    return 1 - misses / sum(len(trace.key) for trace in traces)


def _expected_misses(trace: CacheTrace, routing: Router, requests: int) -> float:
    """Return the expected number of (cache, key) pairs that meet."""
    first = _first_reads(trace)
    if trace.shared:
        return distinct_pairs(_counts(trace, first), [1.0])
    return sum(
        distinct_pairs(_counts(trace, first & mine[trace.request]), shares)
        for mine, shares in routing.parts(requests)
    )


def _counts(trace: CacheTrace, rows: Bools) -> Ints:
    """Return how often each key occurs in these lookups. [keys]"""
    return np.bincount(trace.key[rows], minlength=trace.keys)


def _first_reads(trace: CacheTrace) -> Bools:
    """Return the first read of each key in each request: one request goes to one worker. [L]"""
    pair = trace.request * trace.keys + trace.key
    first = np.zeros(len(pair), np.bool_)
    first[np.unique(pair, return_index=True)[1]] = True
    return first
