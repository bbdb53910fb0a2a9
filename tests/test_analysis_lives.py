"""Requests, hits and shares by worker life."""

from __future__ import annotations

import numpy as np
import pytest

from harness.analysis.lives import effective_workers, life_summaries
from tests.factories import samples, worker_lives


def test_each_life_has_its_own_requests_lookups_hits_and_share() -> None:
    trial = samples(life=[0, 0, 0, 1], hit=[True, False, True, False], lives=worker_lives(2))
    one, two = life_summaries(trial)
    assert (one.requests, one.lookups, one.hits, one.share) == (3, 3, 2, 0.75)
    assert one.hit_rate == pytest.approx(2 / 3)
    assert (two.requests, two.hits, two.hit_rate) == (1, 0, 0.0)


def test_a_failed_request_of_a_known_worker_counts_with_its_lookups() -> None:
    (life,) = life_summaries(samples(status=[200, 500, 200]))
    assert (life.requests, life.lookups) == (3, 3)


def test_requests_without_an_answer_belong_to_nobody() -> None:
    trial = samples(
        life=[0, -1, 0],
        status=[200, 0, 200],
        request=[0, 2],
        cache=[0, 0],
        key=[0, 0],
        hit=[True, True],
        at_s=[0.0, 1.0],
        lookup_s=[0.0] * 2,
        origin_s=[0.0] * 2,
        store_s=[0.0] * 2,
        ttl_s=[0.0] * 2,
    )
    (life,) = life_summaries(trial)
    assert (life.requests, life.share) == (2, 1.0)


def test_a_life_without_lookups_has_no_hit_rate() -> None:
    lives = life_summaries(samples(lives=worker_lives(2)))
    assert lives[1].hit_rate is None


def test_effective_workers_count_slots_and_not_the_lives_in_them() -> None:
    same_slot = np.array([(0, 1, 1, 11), (0, 1, 2, 12), (0, 2, 1, 13)])
    trial = samples(life=[0, 1, 2, 2], lives=same_slot)
    assert effective_workers(life_summaries(trial)) == pytest.approx(2)


def test_without_answers_there_are_no_effective_workers() -> None:
    assert effective_workers(()) is None
