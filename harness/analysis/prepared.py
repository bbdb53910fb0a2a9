"""One trial as read: its record, its lives and caches, and the same as the model takes it.

Known before any figure is computed: who served what share and when, the lookups of each cache,
and the prediction of the hit rate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from harness.analysis.accounting import answered, life_summaries
from harness.analysis.ends import Ends, ends_of
from harness.analysis.profiles import (
    CacheProfile,
    cache_profiles,
    get_s,
    joined,
    other_writes,
    with_held_keys,
    write_s,
)
from harness.analysis.summary import LifeSummary, Prediction
from harness.arrays import Bools, Floats, Ints
from harness.model.closed_forms import distinct_pairs
from harness.model.prediction import predict
from harness.model.routing import Partition, Router, Routing, Slot
from harness.model.simulate import distinct_misses, simulation_for
from harness.model.trace import CacheTrace, Refills, refills
from harness.record.facts import TrialFacts
from harness.record.samples import LIFE_COLUMNS, Samples

ONE_AT_A_TIME = frozenset({"sync", "gthread"})
"""Worker classes that serve one request at a time when they have one thread."""
BY_KEY = "uri-hash"
"""The routing in which the server of a request hangs on what it asks for."""

_SERVER = LIFE_COLUMNS.index("server")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelInput:
    """Routing and, for each alias, its lookups in the order of time and their rows in samples."""

    routing: Router
    traces: Sequence[CacheTrace]
    rows: Sequence[Ints]


def model_input(
    facts: TrialFacts,
    samples: Samples,
    lives: Sequence[LifeSummary],
    kinds: Sequence[CacheProfile],
    ends: Ends,
) -> ModelInput | None:
    """Return what the model needs; None without an answer of a known worker."""
    if not any(life.requests for life in lives):
        return None
    routing = _routing(facts, samples, lives, ends)
    order = np.argsort(get_s(samples), kind="stable")
    rows = [order[samples.cache[order] == alias] for alias in range(len(kinds))]
    one_by_one = facts.threads == 1 and facts.worker_class in ONE_AT_A_TIME
    traces = [
        replace(
            _trace(
                samples,
                mine,
                kind,
                one_by_one and (kind.per_process or len(routing.slots) == 1),
                () if kind.per_process else tuple(ends.emptied_s.tolist()),
            ),
            writes=other_writes(samples, kinds, samples.write_request, alias),
        )
        for alias, (mine, kind) in enumerate(zip(rows, kinds, strict=True))
    ]
    return ModelInput(routing=routing, traces=traces, rows=rows)


def _routing(
    facts: TrialFacts, samples: Samples, lives: Sequence[LifeSummary], ends: Ends
) -> Router:
    """Return the slots that answered, each with its lives in the order in which they served.

    Where the balancer chose the server by the key, the server of each request is as observed.
    """
    everything = np.ones(samples.requests, np.bool_)
    if facts.setup["routing"] != BY_KEY:
        return _slots_of(facts, samples, lives, ends, everything)
    servers = np.unique([life.server for life in lives if life.requests])
    # A request without an answer looked nothing up, so it matters to no prediction.
    chosen = np.searchsorted(servers, samples.lives[samples.life, _SERVER]) * (samples.life >= 0)
    routing = [
        _slots_of(
            facts,
            samples,
            [life if life.server == server else replace(life, requests=0) for life in lives],
            ends,
            chosen == number,
        )
        for number, server in enumerate(servers.tolist())
    ]
    return Partition(routing, chosen)


def _slots_of(
    facts: TrialFacts,
    samples: Samples,
    lives: Sequence[LifeSummary],
    ends: Ends,
    among: Bools,
) -> Routing:
    """Return the slots of `lives` that answered, fitted to the requests `among` all. [R]"""
    since_s = _first_requests(samples, len(lives))
    places: dict[tuple[int, int], list[int]] = {}
    for row in np.argsort(since_s, kind="stable").tolist():
        if lives[row].requests:
            places.setdefault((lives[row].server, lives[row].slot), []).append(row)
    slots = [
        _slot(rows, since_s[rows], ends.until_s[rows], booted=place[1] <= facts.workers)
        for place, rows in sorted(places.items())
    ]
    served = [sum(lives[row].requests for row in rows) for _, rows in sorted(places.items())]
    return Routing(slots).fitted(served, samples.sent_s[among])


def _slot(rows: Sequence[int], since_s: Floats, until_s: Floats, *, booted: bool) -> Slot:
    """Return a slot; one that was `booted` before the load was there before it first served."""
    since_s = np.where((np.arange(len(rows)) == 0) & booted, -np.inf, since_s)
    return Slot(share=1.0, lives=np.array(rows, np.int64), since_s=since_s, until_s=until_s)


def _first_requests(samples: Samples, lives: int) -> Floats:
    """Return when the first request that each life answered was sent, inf: none. [W]"""
    first_s = np.full(lives, np.inf)
    known = answered(samples) & (samples.life >= 0)
    np.minimum.at(first_s, samples.life[known], samples.sent_s[known])
    return first_s


def _trace(
    samples: Samples, rows: Ints, kind: CacheProfile, serial: bool, emptied_s: tuple[float, ...]
) -> CacheTrace:
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
        inherited=kind.held,
        emptied_s=emptied_s,
        delay_s=np.where(samples.hit[rows], np.nan, np.nan_to_num(_delay_s(samples)[rows])),
        ttl_s=np.where(kind.keeps & (samples.ttl_s[rows] > 0), samples.ttl_s[rows], np.nan),
    )


def _refills(samples: Samples, rows: Ints, kind: CacheProfile) -> Refills:
    missed = rows[~samples.hit[rows]]
    ttl_s = samples.ttl_s[missed] if kind.keeps else np.full(len(missed), np.nan)
    return refills(samples.key[missed], _delay_s(samples)[missed], ttl_s, len(samples.keys))


def _delay_s(samples: Samples) -> Floats:
    """Return the time from each read to its refill, nan where none followed. [L]"""
    return write_s(samples) - get_s(samples)


SEED = 0x6869742D72617465
"""Keeps the draws apart from all others: a trace from the same seed would share its chance.

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


ACTIONS, RECYCLING = "actions", ("max_requests", "server.max_requests_jitter")


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedTrial:
    """Facts and samples of a trial, its lives and their ends, and its caches for the model."""

    facts: TrialFacts
    samples: Samples
    cache_profiles: list[CacheProfile]
    lives: tuple[LifeSummary, ...]
    ends: Ends
    model_input: ModelInput | None


def prepared_trial(facts: TrialFacts, samples: Samples) -> PreparedTrial:
    """Return one trial, prepared for every figure."""
    samples = with_held_keys(facts, joined(facts, samples))
    kind_of, lives, ends = (
        cache_profiles(facts, samples),
        life_summaries(samples),
        ends_of(samples, facts),
    )
    return PreparedTrial(
        facts=facts,
        samples=samples,
        cache_profiles=kind_of,
        lives=lives,
        ends=ends,
        model_input=model_input(facts, samples, lives, kind_of, ends),
    )


def is_control(candidate: TrialFacts, facts: TrialFacts) -> bool:
    """Return whether a trial is another without its actions, or if it has none, its recycling."""
    if candidate.actions or candidate.problem:
        return False
    if facts.actions:
        return _are_alike(candidate, facts, ACTIONS)
    replaced = facts.setup["max_requests"] > 0 and candidate.setup["max_requests"] == 0
    return replaced and _are_alike(candidate, facts, *RECYCLING)


def _are_alike(one: TrialFacts, other: TrialFacts, *apart: str) -> bool:
    """Return whether two trials were set up and loaded alike, but for `apart`."""
    return one.load.asked == other.load.asked and one.setup.without(*apart) == other.setup.without(
        *apart
    )
