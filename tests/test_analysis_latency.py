"""Times of one trial: what counts as a hit, from when a time counts, and when it is withheld."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from harness.analysis.latency import QUANTILES, latency, saturated, wait_growth
from harness.analysis.summary import LatencySummary
from harness.record.samples import Samples
from tests.factories import facts_of, in_rounds, known, load_facts, no_samples, samples


def open_loop(wait_s: Any, *, per_second: float = 100.0, lag_s: Any = 0.0) -> Samples:
    """Return requests due at an even rate, sent `lag_s` and done `wait_s` after that."""
    due_s = np.arange(len(wait_s)) / per_second
    return samples(due_s=due_s, sent_s=due_s + lag_s, done_s=due_s + wait_s)


def latency_of(trial: Samples, **load: Any) -> LatencySummary:
    found = latency(facts_of(trial, load=load_facts(**load)), trial)
    assert found is not None
    return found


def test_a_request_is_a_hit_when_all_its_lookups_hit_and_neither_without_any() -> None:
    trial = samples(
        **{name: [0.0] * 4 for name in ("due_s", "sent_s")},
        done_s=[1.0, 2.0, 3.0, 4.0],
        step=range(4),
        round=[0] * 4,
        status=[200] * 4,
        failed=[False] * 4,
        life=[0] * 4,
        request=[0, 0, 1, 1, 2],
        hit=[True, True, True, False, False],
        **{name: [0] * 5 for name in ("cache", "key", "at_s")},
        lookup_s=[1.0, 3.0, 5.0, 7.0, 9.0],
        **{name: [np.nan] * 5 for name in ("origin_s", "store_s", "ttl_s")},
    )
    found = latency_of(trial)
    assert known(found.request.hit.mean_s).value == 1.0
    assert known(found.request.miss.mean_s).value == 2.5
    assert found.request.all.count == 4
    assert known(found.lookup.hit.mean_s).value == 3.0
    assert found.lookup.miss.count == 2


def test_what_the_locust_file_accepts_is_timed_and_what_it_rejects_is_not() -> None:
    trial = samples(
        **{name: [0.0] * 5 for name in ("due_s", "sent_s")},
        done_s=[1.0, 3.0, 50.0, 60.0, 70.0],
        status=[200, 429, 200, 500, 0],
        failed=[False, False, True, True, True],
    )
    found = latency_of(trial).request.all
    assert found.mean_s is not None
    assert (found.count, found.mean_s.value) == (2, 2.0)


def test_a_request_without_an_answer_has_no_time_whatever_the_locust_file_says() -> None:
    trial = samples(done_s=[1.0, 2.0], sent_s=[0.0] * 2, status=[200, 0], failed=[False] * 2)
    assert latency_of(trial).request.all.count == 1


def test_a_closed_loop_counts_from_the_sending() -> None:
    found = latency_of(open_loop(np.full(3, 0.5), lag_s=0.1))
    assert known(found.request.all.mean_s).value == pytest.approx(0.4)
    assert found.service is None
    assert found.pace is None


def test_an_open_loop_counts_from_when_a_request_was_due_and_tells_the_service_beside_it() -> None:
    found = latency_of(open_loop(np.full(30, 0.5), lag_s=0.1), arrival_rate_per_second=100.0)
    assert found.service is not None
    assert known(found.request.all.mean_s).value == pytest.approx(0.5)
    assert known(found.service.all.mean_s).value == pytest.approx(0.4)


def test_late_starts_are_counted_and_the_worst_is_reported() -> None:
    lag_s = np.zeros(101)
    lag_s[[10, 20]] = 0.0009, 0.25  # the first is within a millisecond
    pace = latency_of(open_loop(np.full(101, 0.5), lag_s=lag_s), arrival_rate_per_second=100.0).pace
    assert pace is not None
    assert (pace.late, pace.asked_per_second) == (1, 100.0)
    assert pace.worst_lag_s == pytest.approx(0.25)
    assert pace.achieved_per_second == pytest.approx(100.0)


def test_a_busy_generator_withholds_the_times_of_requests_and_not_those_of_lookups() -> None:
    trial = samples(step=range(1000))
    found = latency_of(trial, wall_s=10.0, cpu_s=9.5)
    assert found.saturated == "generator"
    assert found.request.all.mean_s is None
    assert set(found.request.all.quantiles_s.values()) == {None}
    assert found.lookup.all.quantiles_s["p99"] is not None


def test_every_percentile_that_is_known_comes_with_its_interval() -> None:
    found = latency_of(samples(step=range(20_000))).lookup.all.quantiles_s
    assert list(found) == list(QUANTILES)
    assert all(one is not None and np.isfinite(one.low) for one in found.values())


def test_without_requests_there_is_no_latency() -> None:
    trial = no_samples()
    assert latency(facts_of(trial), trial) is None


@pytest.mark.parametrize("rounds", [1, 10])
@pytest.mark.parametrize(("kept", "found"), [(0.90, "server"), (0.99, "")])
def test_a_server_is_saturated_when_its_queue_only_grows(
    kept: float, found: str, rounds: int
) -> None:
    """The wait grows by 1 - s where a share s of the arrivals is served; the noise is 5 ms."""
    number = np.arange(2000) % (2000 // rounds)
    noise_s = np.random.default_rng(3).exponential(0.005, 2000)
    trial = in_rounds(open_loop(0.01 + number / 100 * (1 - kept) + noise_s), rounds)
    load = load_facts(arrival_rate_per_second=100.0)
    assert wait_growth(trial) == pytest.approx(1 - kept, abs=0.01)
    assert saturated(load, trial) == found


def test_a_server_is_saturated_when_requests_leave_too_slowly() -> None:
    late_s = np.arange(1000) / 100 * 0.1
    trial = open_loop(late_s + 0.01, lag_s=late_s)
    assert saturated(load_facts(arrival_rate_per_second=100.0), trial) == "server"


def test_slow_answers_here_and_there_do_not_make_a_server_saturated() -> None:
    wait_s = np.full(1000, 0.01)
    wait_s[::9] = 3.0
    trial = open_loop(wait_s)
    assert saturated(load_facts(arrival_rate_per_second=100.0), trial) == ""


def test_a_closed_loop_is_never_said_to_overrun_its_server() -> None:
    assert saturated(load_facts(), open_loop(np.arange(1000.0))) == ""
