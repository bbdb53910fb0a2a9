"""Requests go to slots that have a worker, by shares that hold while it is there."""

from __future__ import annotations

import numpy as np
import pytest

from harness.model.routing import Routing, Slot

INF = float("inf")


def slot(share: float, lives: list[int], since_s: list[float], until_s: list[float]) -> Slot:
    return Slot(
        share=share,
        lives=np.array(lives, np.int64),
        since_s=np.array(since_s),
        until_s=np.array(until_s),
    )


def drawn(routing: Routing, at_s: float, draws: int = 20_000) -> dict[int, float]:
    """Return the share of each life at one time."""
    life = routing.draw(np.full(draws, at_s), np.random.default_rng(1))
    return {row: count / draws for row, count in enumerate(np.bincount(life)) if count}


DOWN = Routing([slot(0.5, [0, 1], [-INF, 20.0], [10.0, INF]), slot(0.25, [2], [-INF], [INF])])
"""The first slot has nobody from 10 to 20 s."""


def test_a_slot_without_a_worker_gets_nothing() -> None:
    assert drawn(DOWN, 15.0) == {2: 1.0}


def test_shares_hold_among_those_that_are_there() -> None:
    assert drawn(DOWN, 5.0) == pytest.approx({0: 2 / 3, 2: 1 / 3}, abs=0.02)
    assert drawn(DOWN, 25.0) == pytest.approx({1: 2 / 3, 2: 1 / 3}, abs=0.02)


def test_while_nobody_is_there_requests_wait_for_those_that_come_next() -> None:
    alone = Routing([slot(1.0, [0, 1], [-INF, 20.0], [10.0, INF])])
    assert drawn(alone, 15.0) == {1: 1.0}


def test_after_the_last_worker_requests_stay_with_those_that_were_there() -> None:
    gone = Routing([slot(1.0, [0], [-INF], [10.0])])
    assert drawn(gone, 15.0) == {0: 1.0}


def test_a_slot_that_is_added_serves_from_then_on() -> None:
    scaled = Routing([slot(1.0, [0], [-INF], [INF]), slot(1.0, [1], [10.0], [INF])])
    assert drawn(scaled, 5.0) == {0: 1.0}
    assert drawn(scaled, 15.0)[1] == pytest.approx(0.5, abs=0.02)
    assert not scaled.steady


def test_lives_that_are_always_there_are_steady() -> None:
    assert Routing([slot(1.0, [0], [-INF], [INF]), slot(3.0, [1], [-INF], [INF])]).steady
    assert not DOWN.steady


def test_first_lives_are_the_first_of_each_slot() -> None:
    assert DOWN.first_lives(np.array([0, 1, 2, 1])).tolist() == [0, 0, 2, 0]


def test_shares_are_fitted_to_what_was_there_to_be_served() -> None:
    """Slot 1 takes 2 of 3 requests while it is there, in 200 of 300 s, and none in between."""
    routing = Routing([slot(1.0, [0, 1], [-INF, 200.0], [100.0, INF]), *DOWN.slots[1:]])
    sent_s = np.arange(300.0)
    served = [200 * 2 / 3, 200 / 3 + 100]
    assert routing.fitted(served, sent_s).shares == pytest.approx([2 / 3, 1 / 3], abs=1e-3)


def test_steady_shares_are_those_of_the_requests() -> None:
    routing = Routing([slot(1.0, [0], [-INF], [INF]), slot(1.0, [1], [-INF], [INF])])
    assert routing.fitted([30, 10], np.arange(40.0)).shares == pytest.approx([0.75, 0.25])


def test_a_slot_that_served_nothing_gets_nothing() -> None:
    routing = Routing([slot(1.0, [0], [-INF], [INF]), slot(0.0, [1], [-INF], [INF])])
    assert drawn(routing, 1.0) == {0: 1.0}
