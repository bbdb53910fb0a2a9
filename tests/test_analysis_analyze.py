"""A trial and a run summed up, on trials whose caches behave by the book."""

from __future__ import annotations

import numpy as np
import pytest

from harness.analysis.analyze import Analysis, analyze_trial, summarize
from harness.analysis.summary import Summary, TrialSummary
from harness.record.rundir import RunRecord
from harness.record.samples import Samples
from harness.wire import FORMAT
from tests.bench.analysis import analysis_cost
from tests.factories import (
    LOOKUP_S,
    NAN,
    ORIGIN_S,
    STORE_S,
    even_routing,
    facts_of,
    load_facts,
    no_samples,
    redis_facts,
    routed_samples,
    samples,
    trial_facts,
    zipf_keys,
)

pytestmark = pytest.mark.all_draws


def locmem_trial(workers: int, seed: int = 2) -> TrialSummary:
    trial = routed_samples(zipf_keys(3000, 300), even_routing(3000, workers, seed))
    return analyze_trial(facts_of(trial), trial)


def summary(trials: list[TrialSummary], problems: tuple[str, ...] = ()) -> Summary:
    record = RunRecord(
        scenario="hit-rate",
        question="?",
        lesson="!",
        seed=1,
        wall_s=2.0,
        environment={},
        problems=problems,
    )
    found = Analysis(trials=tuple(trials), comparisons=(), break_even=())
    return summarize(found, record, "runs/1")


@pytest.mark.parametrize(("workers", "expected"), [(1, 0.905), (2, 0.841), (4, 0.759), (8, 0.667)])
def test_locmem_falls_with_the_workers_as_measured_on_real_servers(
    workers: int, expected: float
) -> None:
    trial = locmem_trial(workers)
    assert trial.predicted is not None
    assert trial.explained is not None
    assert trial.hit_rate == pytest.approx(expected, abs=0.01)
    assert trial.predicted.value == pytest.approx(expected, abs=0.01)
    assert trial.predicted.closed_form == pytest.approx(trial.predicted.value, abs=0.001)
    assert trial.explained.per_process == 1
    assert trial.explained.shared == pytest.approx(1 - trial.misses["fragmentation"] / 3000)
    assert trial.effective_workers == pytest.approx(workers, rel=0.01)


@pytest.mark.parametrize("workers", [1, 2, 4, 8])
def test_a_shared_cache_does_not_fall(workers: int) -> None:
    played = routed_samples(zipf_keys(3000, 300), even_routing(3000, workers), shared=True)
    trial = analyze_trial(facts_of(played, backend="redis", cache=redis_facts()), played)
    assert trial.hit_rate == pytest.approx(0.905, abs=0.006)
    assert trial.explained is not None
    assert trial.explained.shared == 1
    assert trial.predicted is not None
    assert trial.predicted.low <= trial.hit_rate <= trial.predicted.high  # type: ignore[operator]


def test_where_a_balancer_chose_the_server_by_the_key_it_is_taken_as_observed() -> None:
    key = zipf_keys(3000, 300)
    life = 2 * (key % 2) + even_routing(3000, 2)
    lives = np.array(
        [(server, slot, 1, 10 * server + slot) for server in (0, 1) for slot in (1, 2)]
    )
    played = routed_samples(key, life, lives=lives)
    by_key, blind = (
        analyze_trial(facts_of(played, servers=2, workers=2, routing=routing), played)
        for routing in ("uri-hash", "round-robin")
    )
    assert by_key.predicted is not None
    assert by_key.hit_rate == pytest.approx(0.841, abs=0.01)  # as of 2 workers, not of 4
    assert by_key.predicted.value == pytest.approx(0.841, abs=0.01)
    assert by_key.predicted.closed_form == pytest.approx(by_key.predicted.value, abs=0.001)
    assert "outside-interval" not in {caveat.code for caveat in by_key.caveats}
    assert "outside-interval" in {caveat.code for caveat in blind.caveats}


@pytest.mark.slow
def test_trials_routed_at_random_stay_inside_their_intervals_19_times_in_20() -> None:
    found = [locmem_trial(4, seed) for seed in range(60)]
    outside = sum("outside-interval" in {c.code for c in trial.caveats} for trial in found)
    assert outside <= 8


@pytest.mark.parametrize(
    ("filled", "shown"), [([NAN, 300.0, NAN], False), ([300.0, NAN, NAN], True)]
)
def test_where_requests_wait_for_others_no_hit_rate_is_predicted(
    filled: list[float], shown: bool
) -> None:
    # The first request misses a key, and then fills it after another look; or fills and rereads it.
    trial = samples(
        request=[0, 0, 1],
        hit=[False, shown, True],
        ttl_s=filled,
        origin_s=filled,
        store_s=filled,
    )
    assert (analyze_trial(facts_of(trial), trial).predicted is not None) is shown


def test_reading_a_trial_again_gives_the_same_numbers() -> None:
    assert locmem_trial(4) == locmem_trial(4)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_prediction_is_independent_of_a_trace_drawn_from_the_same_seed(seed: int) -> None:
    trial = routed_samples(zipf_keys(200_000, 20_000, seed), even_routing(200_000, 4))
    predicted = analyze_trial(facts_of(trial, number=seed), trial).predicted
    assert predicted is not None
    assert predicted.value == pytest.approx(predicted.closed_form, abs=0.0005)
    assert predicted.high - predicted.low < 0.005


def test_origin_time_is_that_of_all_refills() -> None:
    trial = locmem_trial(1)
    assert trial.origin_s == pytest.approx(ORIGIN_S * sum(trial.misses.values()))


def test_wall_time_runs_from_the_first_sent_to_the_last_done() -> None:
    trial = analyze_trial(trial_facts(), samples(sent_s=[5.0, 6.0, 7.0], done_s=[9.0, 6.5, 7.5]))
    assert trial.wall_s == 4.0
    assert trial.requests_per_second == 0.75


def test_failures_are_what_the_locust_file_took_for_failed() -> None:
    trial = samples(status=[0, 302, 429, 500], failed=[True, False, False, True])
    assert analyze_trial(facts_of(trial), trial).failures == 2


def test_a_trial_without_requests_has_no_rates() -> None:
    trial = analyze_trial(trial_facts(), no_samples())
    shown = (trial.hit_rate, trial.predicted, trial.explained, trial.effective_workers)
    assert shown == (None, None, None, None)
    assert (trial.requests_per_second, trial.wall_s, trial.origin_s) == (None, 0.0, 0.0)
    assert set(trial.misses.values()) == {0}


def test_a_run_of_sound_trials_is_valid() -> None:
    run = summary([locmem_trial(1), locmem_trial(2)])
    assert run.valid
    assert run.format == FORMAT
    assert [trial.workers for trial in run.trials] == [1, 2]


@pytest.mark.parametrize("problems", [("HX313 gunicorn: ended",)])
def test_a_run_that_a_problem_ended_is_not_valid(problems: tuple[str, ...]) -> None:
    assert not summary([locmem_trial(1)], problems=problems).valid


def test_a_run_with_an_unaccounted_trial_is_not_valid() -> None:
    trial = samples()
    lost = analyze_trial(facts_of(trial, counts={"hits": 9}), trial)
    assert not summary([locmem_trial(1), lost]).valid


def test_a_run_with_an_unanswered_trial_is_not_valid() -> None:
    silent = analyze_trial(trial_facts(load=load_facts(asked=0)), no_samples())
    assert not summary([locmem_trial(1), silent]).valid


def test_a_run_without_trials_is_not_valid() -> None:
    assert not summary([]).valid


def test_requests_that_read_two_keys_are_routed_once_in_the_prediction() -> None:
    """Two lookups per request, always of the same key: the second one always hits."""
    single = routed_samples(zipf_keys(1000, 50), even_routing(1000, 4))
    columns = single.columns()
    for name in ("request", "cache", "key", "hit", "at_s", "lookup_s"):
        columns[name] = np.repeat(columns[name], 2)
    for name in ("origin_s", "store_s", "ttl_s"):
        columns[name] = np.repeat(columns[name], 2)
        columns[name][1::2] = np.nan
    columns["hit"][1::2] = True
    columns["at_s"][1::2] += LOOKUP_S + ORIGIN_S + STORE_S
    trial = analyze_trial(facts_of(Samples(**columns)), Samples(**columns))
    once = analyze_trial(facts_of(single), single)
    assert trial.predicted is not None
    assert once.predicted is not None
    assert 1 - trial.predicted.value == pytest.approx((1 - once.predicted.value) / 2, abs=2e-3)
    assert trial.predicted.closed_form == pytest.approx(trial.predicted.value, abs=1e-3)
    assert trial.explained is not None
    assert trial.explained.per_process == 1


def test_the_cost_of_the_analysis_can_be_measured() -> None:
    cost = analysis_cost(1000)
    assert cost.samples == 1000
    assert cost.seconds > 0
    assert cost.peak_bytes > 0
