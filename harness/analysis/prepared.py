"""One trial as read: its record, its lives and caches, and the same as the model takes it.

Known before any figure is computed: who served what share and when, the lookups of each cache,
and the prediction of the hit rate.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from harness.analysis.lives import Ends, ends_of, life_summaries
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
from harness.arrays import Ints
from harness.model.closed_forms import distinct_pairs
from harness.model.routing import Partition, Router, Routing, Slot
from harness.model.simulate import distinct_misses, predict, simulation_for
from harness.model.trace import CacheTrace, refills
from harness.record.facts import TrialFacts
from harness.record.samples import SERVER, Samples

ONE_AT_A_TIME = frozenset({"sync", "gthread"})
"""Worker classes that serve one request at a time when they have one thread."""
BY_KEY = "uri-hash"
"""The routing in which the server of a request hangs on what it asks for."""


TrialData = tuple[TrialFacts, Samples]


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
    profiles: Sequence[CacheProfile],
    ends: Ends,
) -> ModelInput | None:
    """Return what the model needs; None without an answer of a known worker."""
    if not any(life.requests for life in lives):
        return None
    routing = _routing(facts, samples, lives, ends)
    order = np.argsort(get_s(samples), kind="stable")
    rows = [order[samples.cache[order] == alias] for alias in range(len(profiles))]
    one_by_one = facts.threads == 1 and facts.worker_class in ONE_AT_A_TIME
    traces = [
        replace(
            _trace(samples, mine, profile),
            serial=one_by_one and (profile.per_process or len(routing.slots) == 1),
            emptied_s=() if profile.per_process else tuple(ends.emptied_s.tolist()),
            writes=other_writes(samples, profiles, samples.write_request, alias),
        )
        for alias, (mine, profile) in enumerate(zip(rows, profiles, strict=True))
    ]
    return ModelInput(routing=routing, traces=traces, rows=rows)


def _routing(
    facts: TrialFacts, samples: Samples, lives: Sequence[LifeSummary], ends: Ends
) -> Router:
    """Return the slots that answered, each with its lives in the order in which they served.

    Where the balancer chose the server by the key, the server of each request is as observed.
    """
    first_s = np.full(len(lives), np.inf)  # when the first request that it answered was sent
    known = (samples.status > 0) & (samples.life >= 0)
    np.minimum.at(first_s, samples.life[known], samples.sent_s[known])
    rows_of: dict[tuple[int, int], list[int]] = {}
    for row in np.argsort(first_s, kind="stable").tolist():
        if lives[row].requests:
            rows_of.setdefault((lives[row].server, lives[row].slot), []).append(row)
    slots = []
    for (_, slot), rows in sorted(rows_of.items()):
        since_s = first_s[rows]
        if slot <= facts.workers:
            since_s[0] = -np.inf  # It booted before the load and was there before it first served.
        row = np.array(rows, np.int64)
        slots.append(Slot(share=1.0, lives=row, since_s=since_s, until_s=ends.until_s[row]))
    served = np.array([sum(lives[row].requests for row in slot.lives) for slot in slots])
    if facts.setup["routing"] != BY_KEY:
        return Routing(slots).fitted(served, samples.sent_s)
    servers, server = np.unique([server for server, _ in sorted(rows_of)], return_inverse=True)
    # A request without an answer looked nothing up, so it matters to no prediction.
    chosen = np.searchsorted(servers, samples.lives[samples.life, SERVER]) * (samples.life >= 0)
    within = [np.flatnonzero(server == number) for number in range(len(servers))]
    routing = [
        Routing([slots[row] for row in mine]).fitted(served[mine], samples.sent_s[chosen == number])
        for number, mine in enumerate(within)
    ]
    return Partition(routing, chosen)


def _trace(samples: Samples, rows: Ints, profile: CacheProfile) -> CacheTrace:
    """Return the lookups of one alias, `rows` in the order of time, as if never emptied."""
    read_s, missed = get_s(samples)[rows], ~samples.hit[rows]
    # From each read to its refill, nan where none followed.
    delay_s = write_s(samples)[rows] - read_s
    ttl_s = np.where(profile.keeps, samples.ttl_s[rows], np.nan)
    key = samples.key[rows]
    return CacheTrace(
        request=samples.request[rows],
        key=key,
        at_s=read_s,
        keys=len(samples.keys),
        shared=not profile.per_process,
        serial=False,
        limits=profile.limits,
        refills=refills(key[missed], delay_s[missed], ttl_s[missed], len(samples.keys)),
        inherited=profile.held,
        delay_s=np.where(missed, np.nan_to_num(delay_s), np.nan),
        ttl_s=np.where(ttl_s > 0, ttl_s, np.nan),
    )


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
    return Prediction(
        value=found.value,
        low=found.low,
        high=found.high,
        closed_form=_closed_form(model_input.traces, model_input.routing, samples.requests),
    )


def _wait_for_others(samples: Samples) -> bool:
    """Return whether a request read a key again that it had missed and not filled itself."""
    cache = samples.request * len(samples.caches) + samples.cache
    read = cache * len(samples.keys) + samples.key
    order = np.argsort(read, kind="stable")
    unfilled = (~samples.hit & np.isnan(samples.ttl_s))[order][:-1]
    return bool(unfilled[np.diff(read[order]) == 0].any())


def _closed_form(traces: Sequence[CacheTrace], routing: Router, requests: int) -> float | None:
    """Return 1 - expected (worker, key) pairs / lookups; None where that is not the whole story.

    It holds where each worker misses a key once: nothing expires, is culled, in flight or lost
    with a worker that was replaced.
    """
    plain = all(
        simulation_for(trace) is distinct_misses and not trace.emptied_s for trace in traces
    )
    if not plain or not routing.steady:
        return None
    misses = sum(_expected_misses(trace, routing, requests) for trace in traces)
    return 1 - misses / sum(len(trace.key) for trace in traces)


def _expected_misses(trace: CacheTrace, routing: Router, requests: int) -> float:
    """Return the expected number of (cache, key) pairs that meet."""
    # The first read of each key in each request counts: one request goes to one worker.
    first = np.unique(trace.request * trace.keys + trace.key, return_index=True)[1]
    request, key = trace.request[first], trace.key[first]
    if trace.shared:
        return distinct_pairs(np.bincount(key, minlength=trace.keys), [1.0])
    return sum(
        distinct_pairs(np.bincount(key[mine[request]], minlength=trace.keys), shares)
        for mine, shares in routing.parts(requests)
    )


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
    profiles, lives = cache_profiles(facts, samples), life_summaries(samples)
    ends = ends_of(samples, facts)
    return PreparedTrial(
        facts=facts,
        samples=samples,
        cache_profiles=profiles,
        lives=lives,
        ends=ends,
        model_input=model_input(facts, samples, lives, profiles, ends),
    )


def control_of(facts: TrialFacts, trials: Sequence[TrialData]) -> TrialData | None:
    """Return the trial that is this one without its actions, or if it has none, its recycling.

    Apart from that, both were set up and loaded alike. None where there is no such trial.
    """
    apart = ("actions",) if facts.actions else ("max_requests", "server.max_requests_jitter")
    setup = facts.setup.without(*apart)
    for other, samples in trials:
        recycles_less = other.setup["max_requests"] == 0 < facts.setup["max_requests"]
        alike = other.setup.without(*apart) == setup and other.load.asked == facts.load.asked
        if alike and (facts.actions or recycles_less) and not (other.actions or other.problem):
            return other, samples
    return None
