"""Where a balancer chose the server by the key, only the worker inside it is drawn."""

from __future__ import annotations

import numpy as np
import pytest

from harness.model.routing import Partition, Routing, Slot

ALWAYS = np.array([-np.inf])
CHOSEN = np.array([0, 1, 1, 0, 1] * 400)
SENT_S = np.arange(len(CHOSEN), dtype=np.float64)


def slot(share: float, *lives: int, since_s: float = -np.inf) -> Slot:
    starts = np.array([-np.inf, since_s])[: len(lives)]
    until_s = np.append(starts[1:], np.inf)
    return Slot(share=share, lives=np.array(lives), since_s=starts, until_s=until_s)


def partition(*, change_s: float = 0.0) -> Partition:
    first = Routing([slot(1.0, 0)])
    second = Routing([slot(0.75, 1), slot(0.25, 2, *([3] if change_s else []), since_s=change_s)])
    return Partition([first, second], CHOSEN)


def test_no_request_leaves_its_server() -> None:
    life = partition().draw(SENT_S, np.random.default_rng(1))
    assert set(life[CHOSEN == 0]) == {0}
    assert set(life[CHOSEN == 1]) == {1, 2}


def test_inside_a_server_the_shares_hold() -> None:
    life = partition().draw(SENT_S, np.random.default_rng(1))
    assert np.mean(life[CHOSEN == 1] == 1) == pytest.approx(0.75, abs=0.04)


def test_the_parts_cover_all_requests_once() -> None:
    parts = list(partition().parts(len(CHOSEN)))
    assert np.array_equal(sum(mine.astype(int) for mine, _ in parts), np.ones(len(CHOSEN)))
    assert [shares.tolist() for _, shares in parts] == [[1.0], [0.75, 0.25]]


def test_a_change_in_any_server_is_a_change() -> None:
    assert partition().steady
    assert not partition(change_s=5.0).steady


def test_first_lives_are_the_first_of_each_slot_of_each_server() -> None:
    life = np.array([0, 1, 2, 3])
    assert partition(change_s=5.0).first_lives(life).tolist() == [0, 1, 2, 2]
