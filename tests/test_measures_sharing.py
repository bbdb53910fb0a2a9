"""Who can read what another process has stored: hand-computed, for caches of either kind."""

from __future__ import annotations

from typing import Any

import numpy as np

from harness.analysis.analyze import analyze_trial
from harness.record.samples import Samples
from tests.factories import (
    action_facts,
    even_routing,
    facts_of,
    redis_facts,
    restarted_lives,
    restarted_routing,
    routed_samples,
    samples,
    worker_lives,
    zipf_keys,
)

NAMES = ("shared_among_workers", "shared_among_servers", "survives_restart")
NAN, INF = float("nan"), float("inf")


def reported(trial: Samples, **facts: Any) -> list[float | None]:
    measures = analyze_trial(facts_of(trial, **facts), trial).measures
    return [measures[name].value if name in measures else None for name in NAMES]


def on_two_servers() -> list[list[int]]:
    lives = worker_lives(4)
    lives[2:, 0], lives[2:, 1] = 1, [1, 2]
    rows: list[list[int]] = lives.tolist()
    return rows


def test_lookups_of_what_others_stored_are_reported_by_where_these_others_are() -> None:
    # Life 0 stores the key; then 1 beside it hits, 2 on the other server misses and stores, 3 hits.
    trial = samples(
        life=np.array([0, 1, 2, 3, 0]),
        hit=np.array([False, True, False, True, True]),
        key=np.zeros(5, np.int64),
        origin_s=np.array([1e-5, NAN, 1e-5, NAN, NAN]),
        store_s=np.array([1e-5, NAN, 1e-5, NAN, NAN]),
        ttl_s=np.array([INF, NAN, INF, NAN, NAN]),
        lives=np.array(on_two_servers()),
    )
    assert reported(trial, servers=2) == [1.0, 0.0, None]


def test_locmem_shares_with_nobody_and_redis_with_all() -> None:
    key, life = zipf_keys(800, 60), even_routing(800, 4)
    lives = np.array(on_two_servers())
    own = routed_samples(key, life, lives=lives)
    joint = routed_samples(key, life, shared=True, lives=lives)
    assert reported(own, servers=2) == [0.0, 0.0, None]
    assert reported(joint, servers=2, backend="redis", cache=redis_facts()) == [1.0, 1.0, None]


def test_what_survives_is_what_workers_that_ended_had_stored() -> None:
    key, life = zipf_keys(800, 60), restarted_routing(800, 2, 400)
    action = action_facts("restart", 400)
    own = routed_samples(key, life, lives=restarted_lives(2))
    joint = routed_samples(key, life, shared=True, lives=restarted_lives(2))
    assert reported(own, actions=(action,)) == [0.0, None, 0.0]
    redis = {"backend": "redis", "cache": redis_facts()}
    assert reported(joint, actions=(action,), **redis) == [1.0, None, 1.0]


def test_a_single_worker_has_nobody_to_share_with() -> None:
    assert reported(routed_samples([0, 0, 1], [0, 0, 0])) == [None, None, None]
