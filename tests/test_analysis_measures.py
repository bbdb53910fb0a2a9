"""Measures read marks, and their models agree with hand-computed numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from harness.analysis.analyze import analyze_trial
from harness.analysis.measures.table import MEASURES
from harness.analysis.metrics import METRICS
from harness.analysis.prepared import prepared_trial
from harness.record.samples import Samples
from tests.factories import facts_of, redis_facts, samples, worker_lives


def marked(life: Sequence[int], **marks: Sequence[float]) -> Samples:
    """Return requests that these lives answered, with marks; nan is no mark."""
    names = list(marks)
    rows = [
        (request, number, value)
        for number, name in enumerate(names)
        for request, value in enumerate(marks[name])
        if value == value
    ]
    request, mark, value = zip(*rows, strict=True)
    return samples(
        life=np.array(life),
        lives=worker_lives(max(life) + 1),
        mark_request=np.array(request),
        mark=np.array(mark),
        value=np.array(value, np.float64),
        marks=np.array(names),
    )


def model_input(trial: Samples, name: str, stores: Sequence[int]) -> float | None:
    model = MEASURES[name].model_input
    assert model is not None
    return model(prepared_trial(facts_of(trial), trial), np.array(stores))


THROTTLED: Mapping[str, Sequence[float]] = {
    "client": [0, 0, 0, 0, 1, 1],
    "limit": [2] * 6,
    "allowed": [1, 1, 1, 0, 1, 1],
}


def test_limits_granted_is_what_was_allowed_over_what_the_limits_come_to() -> None:
    trial = marked([0, 1, 0, 0, 0, 1], **THROTTLED)
    assert analyze_trial(facts_of(trial), trial).measures["limits_granted"].value == 5 / 4
    assert model_input(trial, "limits_granted", [0, 1, 0, 0, 0, 1]) == 5 / 4
    assert model_input(trial, "limits_granted", [0] * 6) == 1.0


def test_a_shared_cache_leaves_nothing_to_chance() -> None:
    trial = marked([0, 1, 0, 0, 0, 1], **THROTTLED)
    facts = facts_of(trial, backend="redis", cache=redis_facts())
    expected = analyze_trial(facts, trial).measures["limits_granted"].expected
    assert expected is not None
    assert expected.low == expected.value == expected.high == 1.0


def test_a_trial_without_marks_has_no_measures() -> None:
    trial = samples()
    assert analyze_trial(facts_of(trial), trial).measures == {}


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_says_what_it_is(name: str) -> None:
    metric = METRICS[name]
    assert metric.meaning
    assert metric.unit in ("share", "count", "factor", "s", "per_second", "bytes")
    assert metric.better in ("higher", "lower", "")
