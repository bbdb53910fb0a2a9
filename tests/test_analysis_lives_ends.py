"""When lives ended and why, on histories small enough to follow by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from harness.analysis.lives import NOBODY, Ends, ends_of
from harness.record.facts import ActionFacts, LifeFacts
from harness.record.samples import Samples
from tests.factories import (
    EPOCH_S,
    INF,
    action_facts,
    even_routing,
    facts_of,
    life_facts,
    restarted_lives,
    routed_samples,
    zipf_keys,
)

ONE_SLOT = [(0, 1, 1, 11), (0, 1, 2, 12)]


def served(
    life: Sequence[int], lives: Sequence[tuple[int, int, int, int]], key: Sequence[int] = ()
) -> Samples:
    """Return one request per second, hits of the same key but for the first of each life."""
    return routed_samples(key or [0] * len(life), life, gap_s=1.0, lives=np.array(lives))


def found(
    trial: Samples,
    *actions: ActionFacts,
    also: tuple[LifeFacts, ...] = (),
    backend: str = "redis",
) -> Ends:
    facts = facts_of(trial, actions=actions, backend=backend)
    return ends_of(trial, replace(facts, lives=(*facts.lives, *also)))


def at(seconds: float) -> float:
    return pytest.approx(EPOCH_S + seconds, abs=0.01)  # type: ignore[return-value]


def action(do: str, at_s: float, slot: int | None = None) -> ActionFacts:
    began_s = EPOCH_S + at_s
    return action_facts(do, int(at_s) + 1, started_s=began_s, ended_s=began_s + 0.1, slot=slot)


def test_a_life_that_nobody_followed_goes_on() -> None:
    ends = found(served([0, 1, 0], [(0, 1, 1, 11), (0, 2, 1, 12)]))
    assert ends.until_s.tolist() == [INF, INF]
    assert ends.ended.tolist() == []


def test_a_life_that_recycles_itself_ends_with_the_refill_of_its_last_request() -> None:
    ends = found(served([0, 0, 1, 1], ONE_SLOT, key=[0, 1, 0, 0]))
    assert ends.until_s[0] > EPOCH_S + 1
    assert ends.until_s[0] == at(1)
    assert ends.unexpected.tolist() == [0]


def test_an_idle_life_ends_when_the_action_takes_it() -> None:
    ends = found(served([0, 0, 2, 2, 2, 1], [*ONE_SLOT, (0, 2, 1, 13)]), action("reload", 3.5))
    assert ends.until_s[0] == at(3.5)
    assert ends.action.tolist() == [0, NOBODY, NOBODY]


def test_a_life_that_still_answers_after_the_signal_ends_with_its_last_lookup() -> None:
    ends = found(served([0, 0, 0, 1], ONE_SLOT), action("reload", 1.5))
    assert ends.until_s[0] == at(2)
    assert ends.action[0] == 0


def test_a_worker_that_died_before_an_action_was_not_ended_by_it() -> None:
    ends = found(served([0, 0, 1, 1], ONE_SLOT), action("reload", 2.5))
    assert ends.unexpected.tolist() == [0]


def test_a_kill_ends_the_slot_it_is_aimed_at_and_no_other() -> None:
    lives = [(0, 1, 1, 11), (0, 2, 1, 12), (0, 1, 2, 13), (0, 2, 2, 14)]
    ends = found(served([0, 1, 2, 3], lives), action("kill-worker", 1.5, slot=1))
    assert ends.action.tolist() == [0, NOBODY, NOBODY, NOBODY]
    assert ends.unexpected.tolist() == [1]


def test_a_kill_leaves_the_same_slot_of_another_server_alone() -> None:
    # Server 1 says no more after the kill, by chance: that is no end.
    lives = [(0, 1, 1, 11), (1, 1, 1, 12), (0, 1, 2, 13)]
    trial = served([0, 1, 0, 1, 2, 2], lives)
    kill = replace(action("kill-worker", 3.5, slot=1), server=0)
    assert found(trial, kill).ended.tolist() == [0]
    assert found(trial, replace(kill, server=1)).action.tolist() == [NOBODY, 0, NOBODY]


def test_a_killed_worker_has_ended_though_its_heir_never_served() -> None:
    ends = found(served([0, 1, 1], [(0, 1, 1, 11), (0, 2, 1, 12)]), action("kill-worker", 0.5, 1))
    assert ends.until_s[0] == at(0.5)


def test_a_life_has_ended_when_its_heir_reported_without_serving() -> None:
    heir = life_facts(slot=1, generation=2, pid=99)
    ends = found(served([0, 1, 1], [(0, 1, 1, 11), (0, 2, 1, 12)]), also=(heir,))
    assert ends.unexpected.tolist() == [0]


def test_of_two_reloads_each_ends_the_generation_of_its_time() -> None:
    lives = [(0, 1, 1, 11), (0, 1, 2, 12), (0, 1, 3, 13)]
    ends = found(served([0, 0, 1, 1, 2], lives), action("reload", 1.5), action("reload", 3.5))
    assert ends.action.tolist() == [0, 1, NOBODY]


def test_a_restarted_server_may_count_its_generations_again() -> None:
    lives = [(0, 1, 1, 11), (0, 1, 1, 12)]
    ends = found(served([0, 0, 1], lives), action("restart", 1.5))
    assert ends.action.tolist() == [0, NOBODY]
    assert ends.successors(0).tolist() == [False, True]


def test_a_worker_that_falls_silent_when_the_server_is_scaled_down_has_ended() -> None:
    life = even_routing(400, 2)
    life[200:] = 1
    trial = routed_samples(zipf_keys(400, 20), life)
    assert found(trial, action_facts("scale", 200)).ended.tolist() == [0]


def test_a_worker_that_is_silent_no_longer_than_luck_explains_lives_on() -> None:
    life = even_routing(400, 2)
    life[395:] = 1
    trial = routed_samples(zipf_keys(400, 20), life)
    assert found(trial, action_facts("scale", 395)).ended.tolist() == []


def test_a_cache_was_emptied_after_the_last_hit_that_proves_the_contrary() -> None:
    """The action lasts from 1.5 to 4.5 s; at 2 s the old entry still hits, at 4 s the new one."""
    trial = routed_samples([0] * 6, [0] * 6, shared=True, emptied=3, gap_s=1.0)
    slow = action_facts("restart-cache", 2, started_s=EPOCH_S + 1.5, ended_s=EPOCH_S + 4.5)
    assert trial.hit.tolist() == [False, True, True, False, True, True]
    assert found(trial, slow).emptied_s.tolist() == [at(2)]


def test_without_a_hit_meanwhile_it_was_emptied_when_the_action_began() -> None:
    trial = routed_samples([0] * 4, [0] * 4, shared=True, emptied=2, gap_s=1.0)
    assert found(trial, action("restart-cache", 1.5)).emptied_s.tolist() == [at(1.5)]


def test_a_restarted_cache_ends_no_worker() -> None:
    ends = found(served([0, 0, 0], [(0, 1, 1, 11)]), action("restart-cache", 0.5))
    assert ends.ended.tolist() == []


def test_lives_without_lookups_are_left_out() -> None:
    trial = routed_samples([0, 0], [0, 0], lives=restarted_lives(1))
    ends = found(trial, action("reload", 0.5))
    assert ends.since_s[1] == INF
    assert ends.until_s[1] == INF


@pytest.mark.parametrize("backend", ["database", "files", "locmem"])
def test_what_no_server_holds_is_not_emptied_by_its_restart(backend: str) -> None:
    trial = served([0, 0, 0], [(0, 1, 1, 11)])
    assert found(trial, action("restart-cache", 0.5), backend=backend).emptied_s.tolist() == []
