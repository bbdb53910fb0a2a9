"""Builders of valid records, for tests to override what they are about.

`routed_samples` plays a trial whose caches behave by the book, so that the analysis has a truth
to find; `facts_of` gives the facts that go with any samples.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from hypothesis import HealthCheck, settings

from harness.model.locmem import Limits, LocMem
from harness.record.facts import ActionFacts, CacheFacts, LifeFacts, LoadFacts, TrialFacts
from harness.record.samples import DTYPES, Samples
from harness.setup import AXES, HasSetup, Setup
from harness.stats.interval import Interval
from harness.wire import TALLY_COUNTS

EPOCH_S = 1_700_000_000.0
LOOKUP_S, ORIGIN_S, STORE_S = 1e-5, 2e-4, 1e-5
NAN, INF = float("nan"), float("inf")

STEADY = settings(deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
"""For property tests: the same examples every time, and no verdict by the clock."""


def zipf_keys(requests: int, keys: int, seed: int = 1) -> npt.NDArray[np.int64]:
    """Return a random trace with popularity 1 / rank. [requests]"""
    weight = 1 / np.arange(1, keys + 1)
    return np.random.default_rng(seed).choice(keys, requests, p=weight / weight.sum())


def even_routing(requests: int, workers: int, seed: int = 2) -> npt.NDArray[np.int64]:
    """Return a life for each request, drawn at random. [requests]"""
    return np.random.default_rng(seed).integers(workers, size=requests)


def worker_lives(count: int) -> npt.NDArray[np.int64]:
    """Return the lives of N slots of one server, each in its first generation. [count, 4]"""
    rows = [(0, slot, 1, 1000 + slot) for slot in range(1, count + 1)]
    return np.array(rows, np.int64).reshape(-1, 4)


def restarted_routing(
    requests: int, workers: int, step: int, *, slots: int | None = None, seed: int = 2
) -> npt.NDArray[np.int64]:
    """Return a random slot's life for each request; from `step` on the first `slots` are new ones.

    Lives are numbered as in `restarted_lives`: the first of every slot, then those that are new.
    """
    slot = even_routing(requests, workers, seed)
    new = (np.arange(requests) >= step) & (slot < (workers if slots is None else slots))
    return slot + workers * new


def restarted_lives(workers: int, slots: int | None = None) -> npt.NDArray[np.int64]:
    """Return the lives of N slots, and the second generation of the first `slots`."""
    first, new = worker_lives(workers), worker_lives(workers if slots is None else slots)
    return np.concatenate([first, new + np.array([0, 0, 1, 1000])])


def action_facts(do: str, step: int, *, gap_s: float = 0.001, **overrides: Any) -> ActionFacts:
    """Return an action between two requests of `routed_samples`, the later of them at `step`."""
    at_s = EPOCH_S + (step - 0.3) * gap_s
    plain = ActionFacts(do=do, at=0.5, step=step, started_s=at_s, ended_s=at_s + 0.1 * gap_s)
    return replace(plain, **overrides)


def samples(**columns: Any) -> Samples:
    """Return samples of one lookup per request, all hits of one key in one life.

    Columns are overridden by name; the number of requests follows from the longest override.
    """
    rows = max((len(column) for name, column in columns.items() if _is_of_rows(name)), default=3)
    given = {name: np.asarray(column) for name, column in columns.items()}
    return Samples(**{**_default_columns(rows), **given})


NAMES = ("lives", "caches", "keys", "marks", "mark", "mark_request", "value")


def _is_of_rows(name: str) -> bool:
    return name not in NAMES and not name.startswith("write_")


def _default_columns(rows: int) -> dict[str, Any]:
    at_s = EPOCH_S + np.arange(rows) * 0.001
    return {
        **{name: np.empty(0, dtype) for name, dtype in DTYPES.items()},
        "step": np.arange(rows),
        "round": np.zeros(rows, np.int64),
        "due_s": at_s,
        "sent_s": at_s,
        "done_s": at_s + 0.0005,
        "status": np.full(rows, 200),
        "failed": np.zeros(rows, np.bool_),
        "life": np.zeros(rows, np.int64),
        "request": np.arange(rows),
        "cache": np.zeros(rows, np.int64),
        "key": np.zeros(rows, np.int64),
        "hit": np.ones(rows, np.bool_),
        "at_s": at_s,
        "lookup_s": np.full(rows, LOOKUP_S),
        "origin_s": np.full(rows, NAN),
        "store_s": np.full(rows, NAN),
        "ttl_s": np.full(rows, NAN),
        "lives": worker_lives(1),
        "caches": np.array(["default"]),
        "keys": np.array(["key"]),
    }


def no_samples() -> Samples:
    """Return samples of no request at all."""
    empty = {name: column[:0] for name, column in samples().columns().items()}
    return Samples(**{**empty, "lives": worker_lives(0)})


def routed_samples(
    key: Sequence[int] | npt.NDArray[np.int64],
    life: Sequence[int] | npt.NDArray[np.int64],
    *,
    shared: bool = False,
    emptied: int | None = None,
    ttl_s: float = INF,
    limits: Limits | None = None,
    gap_s: float = 0.001,
    lives: npt.NDArray[np.int64] | None = None,
) -> Samples:
    """Return what caches by the book answer to these keys at these lives, one every `gap_s`.

    `gap_s` has to exceed the time of a miss, so that no refill is ever in flight. A shared cache
    loses everything before request `emptied`.
    """
    keys, served = np.asarray(key, np.int64), np.asarray(life, np.int64)
    rows = len(keys)
    at_s = EPOCH_S + np.arange(rows, dtype=np.float64) * gap_s
    store = np.arange(rows) >= (rows if emptied is None else emptied) if shared else served
    hit = _answers(keys, store.astype(np.int64), at_s, ttl_s, limits)
    known = np.arange(int(keys.max(initial=0)) + 1)
    return samples(
        key=keys,
        life=served,
        hit=hit,
        at_s=at_s,
        due_s=at_s,
        sent_s=at_s,
        done_s=at_s + np.where(hit, LOOKUP_S, LOOKUP_S + ORIGIN_S + STORE_S),
        origin_s=np.where(hit, NAN, ORIGIN_S),
        store_s=np.where(hit, NAN, STORE_S),
        ttl_s=np.where(hit, NAN, ttl_s),
        lives=worker_lives(int(served.max(initial=0)) + 1) if lives is None else lives,
        keys=np.array([f"key:{number}" for number in known]),
    )


def in_rounds(trial: Samples, rounds: int) -> Samples:
    """Return the same samples, served in a number of rounds of equal length."""
    number = np.arange(trial.requests) * rounds // max(trial.requests, 1)
    return Samples(**{**trial.columns(), "round": number})


def _answers(
    key: npt.NDArray[np.int64],
    store: npt.NDArray[np.int64],
    at_s: npt.NDArray[np.float64],
    ttl_s: float,
    limits: Limits | None,
) -> npt.NDArray[np.bool_]:
    caches = [LocMem(limits) for _ in range(int(store.max(initial=0)) + 1)]
    hit = np.zeros(len(key), np.bool_)
    delay_s = LOOKUP_S + ORIGIN_S + STORE_S / 2
    columns = (key.tolist(), store.tolist(), at_s.tolist())
    for row, (name, where, now) in enumerate(zip(*columns, strict=True)):
        hit[row] = caches[where].get(name, now + LOOKUP_S / 2)
        if not hit[row]:
            caches[where].set(name, now + delay_s, ttl_s)
    return hit


def cache_facts(**overrides: Any) -> CacheFacts:
    """Return a LocMem cache without timeout and with plenty of room."""
    plain = CacheFacts(
        alias="default",
        backend="django.core.cache.backends.locmem.LocMemCache",
        timeout_s=None,
        max_entries=100_000,
        cull_frequency=3,
    )
    return replace(plain, **overrides)


def redis_facts(**overrides: Any) -> CacheFacts:
    """Return a Redis cache as Django reports it."""
    return cache_facts(backend="django.core.cache.backends.redis.RedisCache", **overrides)


def life_facts(*, tally: dict[str, int] | None = None, **overrides: Any) -> LifeFacts:
    """Return slot 1 of server 0, ready, with the given counts and zeros elsewhere."""
    counts = {**dict.fromkeys(TALLY_COUNTS, 0), "ready": 1, **(tally or {})}
    plain = LifeFacts(
        server=0, slot=1, generation=1, pid=1001, tally=counts, caches=(cache_facts(),)
    )
    return replace(plain, **overrides)


def load_facts(**overrides: Any) -> LoadFacts:
    """Return a load generator with time to spare."""
    return replace(LoadFacts(asked=3, users=8, wall_s=10.0, cpu_s=1.0), **overrides)


Record = TypeVar("Record", bound=HasSetup)


def setup(**overrides: Any) -> Setup:
    """Return one sync worker with LocMem; `varied` holds dotted keys."""
    plain = {axis.name: None for axis in AXES} | {
        **{"backend": "locmem", "workers": 1, "worker_class": "sync", "servers": 1, "threads": 1},
        **{"routing": "", "max_entries": 10_000, "max_requests": 0},
    }
    varied = overrides.pop("varied", {})
    return Setup({**plain, **overrides, **_axes_in(varied)}, varied)


def _axes_in(varied: dict[str, Any]) -> dict[str, Any]:
    return {axis.name: varied[axis.key] for axis in AXES if axis.key in varied}


def replaced(record: Record, **overrides: Any) -> Record:
    """Return a record with other fields, or with another set-up where axes are named."""
    axes = {axis.name for axis in AXES}
    mine = {name: overrides.pop(name) for name in list(overrides) if name in axes}
    varied = overrides.pop("varied", record.setup.varied)
    axes_now = {**record.setup.axes, **mine, **_axes_in(varied)}
    setup = overrides.pop("setup", Setup(axes_now, varied))
    return replace(record, setup=setup, **overrides)  # type: ignore[type-var]


def known(interval: Interval | None) -> Interval:
    """Return an interval that is not withheld."""
    assert interval is not None
    return interval


def trial_facts(**overrides: Any) -> TrialFacts:
    """Return one sync worker with LocMem, and no request counted."""
    plain = TrialFacts(
        number=1,
        setup=setup(max_entries=100_000),
        lives=(life_facts(),),
        load=load_facts(),
    )
    return replaced(plain, **overrides)


def facts_of(
    trial: Samples,
    *,
    cache: CacheFacts | None = None,
    counts: dict[str, int] | None = None,
    **overrides: Any,
) -> TrialFacts:
    """Return the facts that account for these samples exactly; `counts` go to the first life."""
    caches = (cache or cache_facts(),)
    lives = tuple(
        life_facts(
            server=server,
            slot=slot,
            generation=generation,
            pid=pid,
            caches=caches,
            tally=_tally(trial, row) | (counts or {} if row == 0 else {}),
        )
        for row, (server, slot, generation, pid) in enumerate(trial.lives.tolist())
    )
    plain = trial_facts(
        workers=len(np.unique(trial.lives[:, :2], axis=0)),
        lives=lives,
        load=load_facts(asked=trial.requests),
    )
    return replaced(plain, **overrides)


def _tally(trial: Samples, life: int) -> dict[str, int]:
    mine = trial.lookup_life == life
    requests = int(np.count_nonzero((trial.life == life) & (trial.status > 0)))
    hits = int(np.count_nonzero(mine & trial.hit))
    misses = int(np.count_nonzero(mine)) - hits
    counts = {"started": requests, "finished": requests, "hits": hits, "misses": misses}
    return counts | {"stores": int(np.count_nonzero(mine & ~np.isnan(trial.ttl_s)))}
