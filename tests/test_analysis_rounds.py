"""What one round tells, by hand-made samples; and that a run falls into its rounds again."""

from __future__ import annotations

import numpy as np
import pytest

from harness.analysis.rounds import round_values, values_by_round
from harness.record.facts import RoundFacts
from harness.record.samples import Samples, merge_rounds, split_rounds
from tests.factories import (
    EPOCH_S,
    even_routing,
    facts_of,
    in_rounds,
    load_facts,
    no_samples,
    routed_samples,
    samples,
    zipf_keys,
)

COST = RoundFacts(round=0, cpu_s=0.06, requests=20)


def test_a_round_is_reported_by_metric() -> None:
    hit = np.array([True] * 15 + [False] * 5)
    at_s = EPOCH_S + np.arange(20.0)
    seconds = np.where(hit, 0.001, 0.004) + np.arange(20) * 1e-5
    values = round_values(load_facts(), samples(hit=hit, sent_s=at_s, done_s=at_s + seconds), COST)
    assert values["hit_rate"] == 0.75
    assert values["origin_per_request"] == 0.25
    assert values["failed_requests"] == 0
    assert values["cpu_per_request_s"] == 0.003
    assert values["request_p50_s"] == pytest.approx(0.001095, abs=1e-6)
    assert values["request_mean_s"] == pytest.approx(seconds.mean(), abs=1e-6)
    assert values["request_hit_p50_s"] == pytest.approx(0.00107, abs=1e-6)
    assert "request_miss_p50_s" not in values, "five misses are too few"


def test_a_request_that_failed_counts_and_its_time_does_not() -> None:
    failed = np.array([True] * 5 + [False] * 15)
    done_s = EPOCH_S + np.where(failed, 9.0, 0.001)
    sent_s = np.full(20, EPOCH_S)
    status = np.where(failed, 500, 200)
    values = round_values(
        load_facts(), samples(failed=failed, status=status, sent_s=sent_s, done_s=done_s), COST
    )
    assert values["failed_requests"] == 0.25
    assert values["request_mean_s"] == pytest.approx(0.001, abs=1e-6)


def test_a_round_without_requests_tells_nothing() -> None:
    assert round_values(load_facts(), no_samples(), COST) == {}


def test_without_lookups_or_finished_requests_there_is_no_rate() -> None:
    lookups = ("request", "cache", "key", "at_s", "lookup_s", "origin_s", "store_s", "ttl_s")
    plain = samples(step=np.arange(20)).columns()
    none = {name: plain[name][:0] for name in (*lookups, "hit")}
    empty = Samples(**{**plain, **none})
    values = round_values(load_facts(), empty, RoundFacts(round=0, cpu_s=0.0, requests=0))
    assert "hit_rate" not in values
    assert "cpu_per_request_s" not in values
    assert values["origin_per_request"] == 0


def test_a_run_is_split_into_the_rounds_that_it_was_merged_from() -> None:
    whole = in_rounds(routed_samples(zipf_keys(300, 30), even_routing(300, 2)), 6)
    parts = list(split_rounds(whole, 7))
    assert [part.requests for part in parts] == [50] * 6 + [0]
    again = merge_rounds(parts)
    np.testing.assert_array_equal(whole.keys[whole.key], again.keys[again.key])
    for name, column in whole.columns().items():
        if name not in ("key", "keys"):  # numbered again
            np.testing.assert_array_equal(column, getattr(again, name), err_msg=name)


def test_all_rounds_of_a_trial_are_reported_with_gaps_where_one_has_none() -> None:
    played = in_rounds(routed_samples(zipf_keys(300, 30), even_routing(300, 2)), 3)
    costs = tuple(RoundFacts(round=n, cpu_s=0.1 * n, requests=100 * n) for n in range(3))
    values = values_by_round(facts_of(played, rounds=costs), played)
    np.testing.assert_array_equal(values["cpu_per_request_s"], [np.nan, 0.001, 0.001])
    assert values["hit_rate"].mean() == pytest.approx(played.hit.mean())
