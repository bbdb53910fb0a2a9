"""The long run under a timeout: counted after the first one, and beside it the closed form."""

from __future__ import annotations

import numpy as np
import pytest

from harness.analysis.analyze import analyze_trial
from harness.analysis.metrics import MEASURES
from harness.analysis.prepared import prepared_trial
from harness.model.closed_forms import hit_rate_with_timeout
from harness.record.facts import TrialFacts
from harness.record.samples import Samples
from tests.factories import facts_of, load_facts, routed_samples, zipf_keys

STEADY = MEASURES["hit_rate_steady"]


def at_a_rate(trial: Samples, rate: float | None = 1000.0) -> TrialFacts:
    load = load_facts(asked=trial.requests, arrival_rate_per_second=rate)
    return facts_of(trial, load=load)


def test_lookups_count_from_one_timeout_after_the_first_request_on() -> None:
    trial = routed_samples([0] * 9, [0] * 9, ttl_s=3.5, gap_s=1.0)
    assert trial.hit.tolist() == [False, True, True, True] * 2 + [False]
    found = analyze_trial(at_a_rate(trial, 1.0), trial).measures["hit_rate_steady"]
    assert found.value == 3 / 5  # requests 4 to 8


def test_the_closed_form_is_that_of_the_measured_shares_and_keys() -> None:
    trial = routed_samples([0, 0, 1, 0] * 50, [0, 1] * 100, ttl_s=0.05)
    read, model = prepared_trial(at_a_rate(trial), trial), STEADY.modeled
    assert model is not None
    rate = 200 / (trial.sent_s[-1] - trial.sent_s[0])
    alone = hit_rate_with_timeout([0.75, 0.25], 1, rate, 0.05)
    halved = hit_rate_with_timeout([0.75, 0.25], 2, rate, 0.05)
    assert model(read, np.zeros(200, np.int64)) == pytest.approx(alone)
    assert model(read, np.arange(200) % 2) == pytest.approx(halved)


@pytest.mark.slow
def test_in_the_long_run_a_cache_hits_as_the_closed_form_says() -> None:
    key = zipf_keys(20_000, 30)
    trial = routed_samples(key, np.random.default_rng(3).integers(4, size=20_000), ttl_s=0.05)
    found = analyze_trial(at_a_rate(trial), trial).measures["hit_rate_steady"]
    assert found.value is not None
    assert found.expected is not None
    assert found.expected.low == found.expected.high
    assert found.value == pytest.approx(found.expected.value, abs=0.015)


@pytest.mark.parametrize(
    ("trial", "rate"),
    [
        (routed_samples([0] * 100, [0] * 100, ttl_s=0.02), None),
        (routed_samples([0] * 100, [0] * 100), 1000.0),
        (routed_samples([0] * 100, [0] * 100, ttl_s=0.06), 1000.0),
    ],
    ids=["as fast as answered", "no timeout", "too short a load"],
)
def test_where_it_does_not_apply_nothing_is_reported(trial: Samples, rate: float | None) -> None:
    assert "hit_rate_steady" not in analyze_trial(at_a_rate(trial, rate), trial).measures
