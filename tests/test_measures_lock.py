"""Holders of a lock at the same time and runs of jobs that run once, against hand-counted ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.analysis.analyze import analyze_trial
from tests.factories import NAN, facts_of, redis_facts
from tests.test_analysis_measures import marked, modeled

# Held from 0 to 2, 1 to 4, refused, 3 to 5, 4 to 6: two at a time, never three.
LOCKED: Mapping[str, Sequence[float]] = {
    "held": [1, 1, 0, 1, 1],
    "held_from": [0, 1, NAN, 3, 4],
    "held_until": [2, 4, NAN, 5, 6],
}
ONCE: Mapping[str, Sequence[float]] = {"once": [0, 0, 0, 1, 1, 1], "ran": [1, 1, 0, 1, 0, 0]}
LIVES = [0, 1, 0, 2, 2, 2]


def test_holders_are_the_most_at_one_moment_and_one_may_follow_immediately() -> None:
    trial = marked([0, 1, 0, 1, 0], **LOCKED)
    found = analyze_trial(facts_of(trial), trial).measures["lock_holders"]
    assert (found.value, found.expected) == (2, None)


def test_one_store_lets_one_hold_the_lock() -> None:
    trial = marked([0, 1, 0, 1, 0], **LOCKED)
    facts = facts_of(trial, backend="redis", cache=redis_facts())
    expected = analyze_trial(facts, trial).measures["lock_holders"].expected
    assert expected is not None
    assert (expected.low, expected.high) == (1, 1)
    assert modeled(trial, "lock_holders", [0, 1, 0, 1, 0]) is None


def test_a_lock_that_was_always_refused_had_no_holder() -> None:
    trial = marked([0, 0], held=[0, 0])
    assert analyze_trial(facts_of(trial), trial).measures["lock_holders"].value == 0


def test_runs_of_a_job_are_counted_and_modelled_as_its_first_in_each_store() -> None:
    trial = marked(LIVES, **ONCE)
    assert analyze_trial(facts_of(trial), trial).measures["once_runs"].value == 3 / 2
    assert modeled(trial, "once_runs", LIVES) == 3 / 2
    assert modeled(trial, "once_runs", [0] * 6) == 1
    assert modeled(trial, "once_runs", [0, 1, 2, 0, 1, 1]) == 5 / 2
