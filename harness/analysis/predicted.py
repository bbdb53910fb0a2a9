"""The prediction of one trial: its own trace, times and shares, handed to the model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from harness.analysis.lives import answered
from harness.analysis.stores import Kind, get_s, write_s
from harness.analysis.summary import LifeSummary, Prediction
from harness.model.closed_forms import distinct_pairs
from harness.model.prediction import predict
from harness.model.routing import Routing, Slot
from harness.model.simulate import distinct_misses, simulation_for
from harness.model.trace import CacheTrace, Refills, refills
from harness.record.facts import TrialFacts
from harness.record.samples import Bools, Ints, Samples

ONE_AT_A_TIME = frozenset({"sync", "gthread"})
"""Worker classes that serve one request at a time when they have one thread."""

SEED = 0x6869742D72617465
"""Keeps the draws apart from all others: a trace drawn from the same seed would share its luck.

Fixed, so that a recorded run gives the same figures whenever it is read.
"""


def prediction(
    facts: TrialFacts, samples: Samples, lives: Sequence[LifeSummary], kinds: Sequence[Kind]
) -> Prediction | None:
    """Return the expected hit rate with its interval; None without lookups of known workers."""
    if not samples.lookups or not any(life.share for life in lives):
        return None
    routing = _routing(samples, lives)
    traces = _traces(facts, samples, routing, kinds)
    rng = np.random.default_rng([SEED, facts.number])
    found = predict(traces, samples.sent_s, routing, rng)
    closed_form = _closed_form(traces, routing)
    return Prediction(hit_rate=found.mean, low=found.low, high=found.high, closed_form=closed_form)


def _routing(samples: Samples, lives: Sequence[LifeSummary]) -> Routing:
    """Return the slots that answered, each with its lives in the order of their generations."""
    since_s = np.full(len(lives), np.inf)
    known = answered(samples) & (samples.life >= 0)
    np.minimum.at(since_s, samples.life[known], samples.sent_s[known])
    places: dict[tuple[int, int], list[int]] = {}
    for row in np.argsort(since_s, kind="stable").tolist():
        if lives[row].requests:
            places.setdefault((lives[row].server, lives[row].slot), []).append(row)
    return Routing(
        [
            Slot(
                share=sum(lives[row].share for row in rows),
                lives=np.array(rows, np.int64),
                since_s=since_s[rows],
            )
            for _, rows in sorted(places.items())
        ]
    )


def _traces(
    facts: TrialFacts, samples: Samples, routing: Routing, kinds: Sequence[Kind]
) -> list[CacheTrace]:
    order = np.argsort(get_s(samples), kind="stable")
    one_by_one = facts.threads == 1 and facts.worker_class in ONE_AT_A_TIME
    return [
        _trace(
            samples,
            order[samples.cache[order] == alias],
            kind,
            one_by_one and (kind.per_process or len(routing.slots) == 1),
        )
        for alias, kind in enumerate(kinds)
    ]


def _trace(samples: Samples, rows: Ints, kind: Kind, serial: bool) -> CacheTrace:
    """Return the lookups of one alias, `rows` in the order of time."""
    return CacheTrace(
        request=samples.request[rows],
        key=samples.key[rows],
        at_s=get_s(samples)[rows],
        keys=len(samples.keys),
        shared=not kind.per_process,
        serial=serial,
        limits=kind.limits,
        refills=_refills(samples, rows, kind),
    )


def _refills(samples: Samples, rows: Ints, kind: Kind) -> Refills:
    missed = rows[~samples.hit[rows]]
    ttl_s = samples.ttl_s[missed] if kind.keeps else np.full(len(missed), np.nan)
    delay_s = (write_s(samples) - get_s(samples))[missed]
    return refills(samples.key[missed], delay_s, ttl_s, len(samples.keys))


def _closed_form(traces: Sequence[CacheTrace], routing: Routing) -> float | None:
    """Return 1 - expected (worker, key) pairs / lookups; None where that is not the whole story.

    It holds where each worker misses a key once: nothing expires, is culled, in flight or lost
    with a worker that was replaced.
    """
    if routing.replaced or any(simulation_for(trace) is not distinct_misses for trace in traces):
        return None
    misses = sum(
        distinct_pairs(_requests_by_key(trace), [1.0] if trace.shared else routing.shares)
        for trace in traces
    )
    return 1 - misses / sum(len(trace.key) for trace in traces)


def _requests_by_key(trace: CacheTrace) -> Ints:
    """Return in how many requests each key was read: one request goes to one worker. [keys]"""
    return np.bincount(trace.key[_first_reads(trace)], minlength=trace.keys)


def _first_reads(trace: CacheTrace) -> Bools:
    pair = trace.request * trace.keys + trace.key
    first = np.zeros(len(pair), np.bool_)
    first[np.unique(pair, return_index=True)[1]] = True
    return first
