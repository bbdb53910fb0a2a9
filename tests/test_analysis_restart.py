"""What a restart lost, on traces with known answers, by brute force, and against its prediction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.analysis.analyze import analyze_run, analyze_trial
from harness.analysis.summary import RestartSummary, TrialSummary
from harness.model.locmem import Limits, State
from harness.record.facts import ActionFacts, TrialFacts
from harness.record.samples import Samples
from harness.stats.interval import Interval
from tests.factories import (
    EPOCH_S,
    INF,
    LOOKUP_S,
    ORIGIN_S,
    STEADY,
    STORE_S,
    action_facts,
    cache_facts,
    even_routing,
    facts_of,
    redis_facts,
    replaced,
    restarted_lives,
    restarted_routing,
    routed_samples,
    zipf_keys,
)
from tests.tracked_locmem import TrackedLocMem

NOTHING = Interval(value=0.0, low=0.0, high=0.0)

Trial = tuple[TrialFacts, Samples]


def of(trial: TrialSummary) -> RestartSummary:
    assert trial.restart is not None
    return trial.restart


def restarted(
    key: Sequence[int], slot: Sequence[int], step: int, *, do: str = "reload", **options: Any
) -> RestartSummary:
    """Return what ended when both of two slots were replaced before request `step`."""
    life = np.array(slot) + 2 * (np.arange(len(slot)) >= step)
    trial = routed_samples(key, life, lives=restarted_lives(2), **options)
    return of(analyze_trial(facts_of(trial, actions=(action_facts(do, step),)), trial))


#       before the reload | after it
KEYS = [0, 1, 0, 2, 0, 1, 0, 0, 1, 2, 3]
SLOT = [0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0]
STEP = 6
"""Slot 0 held keys 0 and 1, slot 1 keys 0 and 2. Lost again: key 0 in slots 0 and 1, and in each
the key that only the other had held: 1 in slot 1, 2 in slot 0. Key 3 is new."""


def test_entries_are_counted_for_each_life_and_keys_once() -> None:
    restart = restarted(KEYS, SLOT, STEP)
    assert (restart.entries_lost, restart.keys_lost, restart.workers_ended) == (4, 3, 2)


def test_misses_by_cause_are_those_of_keys_that_went_down_with_any_worker() -> None:
    restart = restarted(KEYS, SLOT, STEP)
    assert restart.misses_by_cause == 4
    assert restart.origin_s_again == pytest.approx(4 * ORIGIN_S)


def test_the_difference_leaves_out_what_would_have_been_fragmentation() -> None:
    """One worker that always serves: nothing is left to luck, and both of its keys miss again."""
    trial = routed_samples([0, 1, 0, 1, 2], [0, 0, 1, 1, 1], lives=restarted_lives(1))
    restart = of(analyze_trial(facts_of(trial, actions=(action_facts("reload", 2),)), trial))
    assert restart.predicted == restart.predicted_by_cause == Interval(value=2, low=2, high=2)


def test_the_difference_leaves_out_what_would_have_timed_out_anyway() -> None:
    """Key 0 is refilled after the restart, and so expires later: two misses in either course."""
    life = [0] * 4 + [1] * 4
    trial = routed_samples([0] * 8, life, lives=restarted_lives(1), ttl_s=5.5, gap_s=1.0)
    facts = facts_of(trial, actions=(action_facts("reload", 4, gap_s=1.0),))
    restart = of(analyze_trial(facts, trial))
    assert (restart.misses_by_cause, restart.predicted_by_cause) == (
        1,
        Interval(value=1, low=1, high=1),
    )
    assert restart.predicted == NOTHING


def test_expired_entries_are_no_loss() -> None:
    restart = restarted([0, 1, 1, 0], [0, 0, 0, 0], 3, ttl_s=1.5, gap_s=1.0)
    assert restart.entries_lost == 1


def test_an_entry_of_the_last_request_before_recycling_is_lost_too() -> None:
    lives = np.array([(0, 1, 1, 11), (0, 1, 2, 12)])
    trial = routed_samples([0, 1, 0], [0, 0, 1], lives=lives)
    restart = of(analyze_trial(facts_of(trial, max_requests=2), trial))
    assert (restart.do, restart.step, restart.entries_lost) == ("max-requests", None, 2)
    assert restart.recovery == ()
    assert restart.hit_rate_before is None


def test_recycling_sums_the_entries_of_all_ended_lives() -> None:
    lives = np.array([(0, 1, number, 10 + number) for number in (1, 2, 3)])
    trial = routed_samples([0, 1, 0, 1, 0, 1], [0, 0, 1, 1, 2, 2], lives=lives)
    restart = of(analyze_trial(facts_of(trial, max_requests=2), trial))
    assert (restart.workers_ended, restart.entries_lost, restart.keys_lost) == (2, 4, 2)
    assert restart.misses_by_cause == 4


def test_a_worker_that_nobody_ended_died() -> None:
    lives = np.array([(0, 1, 1, 11), (0, 1, 2, 12)])
    trial = routed_samples([0, 1, 0], [0, 0, 1], lives=lives)
    assert of(analyze_trial(facts_of(trial), trial)).do == "died"


def test_a_trial_in_which_nothing_ended_and_nothing_was_done_has_no_restart() -> None:
    trial = routed_samples([0, 1, 0], [0, 0, 0])
    assert analyze_trial(facts_of(trial), trial).restart is None


def test_a_shared_cache_loses_nothing_with_its_workers() -> None:
    life = restarted_routing(600, 2, 300)
    trial = routed_samples(zipf_keys(600, 60), life, lives=restarted_lives(2), shared=True)
    facts = facts_of(
        trial, backend="redis", cache=redis_facts(), actions=(action_facts("reload", 300),)
    )
    restart = of(analyze_trial(facts, trial))
    assert (restart.workers_ended, restart.entries_lost, restart.misses_by_cause) == (2, 0, 0)
    assert restart.predicted == restart.predicted_by_cause == NOTHING
    assert [one.requests for one in restart.recovery] == [0, 0]


def emptied(key: Sequence[int], step: int, **overrides: Any) -> TrialSummary:
    trial = routed_samples(key, [0] * len(key), shared=True, emptied=step)
    action = action_facts("restart-cache", step)
    return analyze_trial(
        facts_of(trial, backend="redis", cache=redis_facts(), actions=(action,), **overrides), trial
    )


def test_a_shared_cache_that_was_emptied_loses_all_and_every_key_is_missed_once_again() -> None:
    trial = emptied([0, 1, 2, 0, 1, 1, 0, 3, 1], 4)
    restart = of(trial)
    assert (restart.entries_lost, restart.keys_lost, restart.workers_ended) == (3, 3, 0)
    assert restart.misses_by_cause == 2
    assert trial.misses["first"] == 4
    assert trial.misses["unexplained"] == 0
    assert restart.predicted == restart.predicted_by_cause == Interval(value=2, low=2, high=2)


def test_the_predicted_hit_rate_of_an_emptied_cache_knows_of_it() -> None:
    trial = emptied([0, 1, 2, 0, 1, 1, 0, 3, 1], 4)
    assert trial.predicted is not None
    assert trial.predicted.value == pytest.approx(trial.hit_rate)
    assert trial.explained is not None
    assert trial.explained.shared == 1


def test_failed_requests_and_those_that_died_inside_are_counted() -> None:
    trial = routed_samples([0] * 40, [0] * 40)
    columns = trial.columns()
    columns["status"] = np.where(np.arange(40) == 7, 0, 200)
    columns["failed"] = np.arange(40) == 7
    columns["life"] = np.where(np.arange(40) == 7, -1, 0)
    for name in ("request", "cache", "key", "hit", "at_s", "lookup_s"):
        columns[name] = np.delete(columns[name], 7)
    for name in ("origin_s", "store_s", "ttl_s"):
        columns[name] = np.delete(columns[name], 7)
    broken = Samples(**columns)
    facts = facts_of(broken, counts={"started": 40}, actions=(action_facts("kill-worker", 20),))
    restart = of(analyze_trial(facts, broken))
    assert (restart.requests_failed, restart.requests_lost_in_flight) == (1, 1)


def pair(
    seed: int, *, slots: int | None = None, ttl_s: float = INF, requests: int = 900
) -> list[Trial]:
    """Return a trial of four workers and its control, each routed at random by itself."""
    key, step = zipf_keys(requests, requests // 10), requests // 2
    do = "kill-worker" if slots == 1 else "reload"
    life = restarted_routing(requests, 4, step, slots=slots, seed=seed)
    lives = restarted_lives(4, slots)
    acted = routed_samples(key, life, lives=lives, ttl_s=ttl_s)
    control = routed_samples(key, even_routing(requests, 4, seed + 10_000), ttl_s=ttl_s)
    action = action_facts(do, step, slot=1 if slots == 1 else None)
    timeout_s = None if ttl_s == INF else ttl_s
    plain: dict[str, Any] = {"timeout_s": timeout_s, "cache": cache_facts(timeout_s=timeout_s)}
    return [
        (facts_of(control, number=2 * seed, varied={"actions": ""}, **plain), control),
        (
            facts_of(
                acted, number=2 * seed + 1, varied={"actions": do}, actions=(action,), **plain
            ),
            acted,
        ),
    ]


def test_misses_against_the_control_are_the_difference_of_the_whole_trials() -> None:
    control, acted = analyze_run(pair(3)).trials
    difference = (acted.lookups - acted.hits) - (control.lookups - control.hits)
    assert of(acted).misses_vs_control == difference
    assert "no-control" not in {caveat.code for caveat in acted.caveats}


@pytest.mark.parametrize(
    "changes",
    [
        {"backend": "redis"},
        {"workers": 3},
        {"threads": 2},
        {"timeout_s": 9.0},
        {"max_requests": 5},
        {"varied": {"actions": "", "load.zipf": 2}},
        {"actions": (action_facts("reload", 9),)},
        {"problem": "HX313"},
    ],
)
def test_a_trial_that_differs_in_more_than_the_actions_is_no_control(
    changes: dict[str, Any],
) -> None:
    control, acted = pair(3, requests=100)
    trials = analyze_run([(replaced(control[0], **changes), control[1]), acted]).trials
    assert of(trials[1]).misses_vs_control is None
    assert of(trials[1]).predicted_vs_control is None


def test_a_trial_that_never_recycles_is_the_control_of_one_that_does() -> None:
    key = zipf_keys(300, 30)
    lives = np.array([(0, 1, 1, 11), (0, 1, 2, 12)])
    recycled = routed_samples(key, np.repeat([0, 1], 150), lives=lives)
    steady = routed_samples(key, np.zeros(300, np.int64))
    varied = [{"server.max_requests": most} for most in (0, 150)]
    run = analyze_run(
        [
            (facts_of(steady, varied=varied[0]), steady),
            (facts_of(recycled, varied=varied[1], max_requests=150), recycled),
        ]
    )
    restart = of(run.trials[1])
    assert restart.misses_vs_control == restart.misses_by_cause > 0
    assert restart.predicted_vs_control is not None
    assert restart.predicted_vs_control.value == restart.misses_vs_control


@pytest.mark.slow
@pytest.mark.parametrize(
    ("slots", "ttl_s", "requests", "runs"),
    [(None, INF, 600, 40), (1, INF, 600, 20), (None, 0.1, 300, 10)],
    ids=["reload", "kill", "timeout"],
)
def test_measured_misses_lie_in_their_predicted_intervals_in_9_of_10_runs(
    slots: int | None, ttl_s: float, requests: int, runs: int
) -> None:
    options: dict[str, Any] = {"slots": slots, "ttl_s": ttl_s, "requests": requests}
    found = [of(analyze_run(pair(seed, **options)).trials[1]) for seed in range(runs)]
    by_cause = [(one.misses_by_cause, one.predicted_by_cause) for one in found]
    vs_control = [(one.misses_vs_control, one.predicted_vs_control) for one in found]
    for reported in (by_cause, vs_control):
        assert sum(_inside(measured, expected) for measured, expected in reported) >= 0.9 * runs


def _inside(measured: int | None, expected: Interval | None) -> bool:
    assert measured is not None
    assert expected is not None
    return expected.low <= measured <= expected.high


@pytest.mark.slow
@settings(STEADY, max_examples=25)
@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 2)), min_size=2, max_size=50),
    st.integers(0, 50),
    st.sampled_from([INF, 0.0035, 0.012]),
    st.integers(1, 6),
)
def test_lost_entries_agree_with_caches_that_are_looked_into(
    steps: list[tuple[int, int]], at: int, ttl_s: float, most: int
) -> None:
    """Whatever was served, what an ended life held at its end is what a model of it holds."""
    key, slot = (np.array(column) for column in zip(*steps, strict=True))
    step, limits = at % len(steps), Limits(most)
    life = slot + 3 * (np.arange(len(slot)) >= step)
    trial = routed_samples(key, life, lives=restarted_lives(3), ttl_s=ttl_s, limits=limits)
    action = action_facts("reload", step)
    cache = cache_facts(max_entries=most)
    summary = analyze_trial(facts_of(trial, actions=(action,), cache=cache), trial)
    assert sum(summary.misses.values()) == np.count_nonzero(~trial.hit)
    held = _held(trial, step, action, ttl_s, limits)
    if summary.explained is not None and summary.explained.per_process > summary.explained.shared:
        restart = of(summary)
        assert restart.entries_lost == sum(map(len, held))
        assert restart.keys_lost == len(set().union(*held))


def _held(
    trial: Samples, step: int, action: ActionFacts, ttl_s: float, limits: Limits
) -> list[set[int]]:
    """Return the live keys of each slot that served before `step`."""
    delay_s = LOOKUP_S + ORIGIN_S + STORE_S / 2
    held = []
    for slot in sorted(set(trial.life[:step].tolist())):
        cache, mine = TrackedLocMem(limits), np.flatnonzero(trial.life[:step] == slot)
        for row in mine.tolist():
            if not cache.get(int(trial.key[row]), trial.at_s[row] + LOOKUP_S / 2):
                cache.set(int(trial.key[row]), trial.at_s[row] + delay_s, ttl_s)
        held.append({key for key in range(6) if cache.state(key, action.started_s) == State.HELD})
    return held


def test_a_restart_before_the_first_request_is_reported_without_rates() -> None:
    restart = restarted([0, 0], [0, 0], 0)
    assert restart.hit_rate_before is None
    assert restart.recovery == ()


def test_reading_again_gives_the_same_figures() -> None:
    one, again = (analyze_run(pair(5)).trials[1] for _ in range(2))
    assert one == again


def test_a_slot_without_a_worker_gets_no_requests_in_the_prediction_either() -> None:
    """Slot 1 is down for a third of the time: with it, the others would have missed more."""
    key, slot = zipf_keys(1500, 150), even_routing(1500, 2)
    row = np.arange(1500)
    down = (row >= 500) & (row < 1000)
    life = np.where(down, 1, np.where((slot == 0) & (row >= 1000), 2, slot))
    lives = np.array([(0, 1, 1, 11), (0, 2, 1, 12), (0, 1, 2, 13)])
    trial = routed_samples(key, life, lives=lives)
    action = action_facts("kill-worker", 500, slot=1)
    summary = analyze_trial(facts_of(trial, actions=(action,)), trial)
    assert summary.predicted is not None
    assert summary.hit_rate is not None
    assert summary.predicted.low <= summary.hit_rate <= summary.predicted.high
    assert action.started_s > EPOCH_S
