"""Measures read marks, and their models agree with hand-computed numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from harness.analysis.analyze import analyze_trial
from harness.analysis.metrics import MEASURES
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


def modeled(trial: Samples, name: str, stores: Sequence[int]) -> float | None:
    model = MEASURES[name].modeled
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
    assert modeled(trial, "limits_granted", [0, 1, 0, 0, 0, 1]) == 5 / 4
    assert modeled(trial, "limits_granted", [0] * 6) == 1.0


def test_a_shared_cache_leaves_nothing_to_chance() -> None:
    trial = marked([0, 1, 0, 0, 0, 1], **THROTTLED)
    facts = facts_of(trial, backend="redis", cache=redis_facts())
    expected = analyze_trial(facts, trial).measures["limits_granted"].expected
    assert expected is not None
    assert expected.low == expected.value == expected.high == 1.0


def test_a_trial_without_marks_has_no_measures() -> None:
    trial = samples()
    assert analyze_trial(facts_of(trial), trial).measures == {}


@pytest.mark.parametrize(
    ("requests", "limits", "allowed", "wanted"),
    [
        ([40, 2, 2, 2], [10] * 4, [10, 2, 2, 2], 1.0),  # half of the limit is not asked for
        ([400, 2, 2, 2], [10] * 4, [40, 2, 2, 2], 46 / 16),
        ([200, 200], [10, 100], [10, 100], 1.0),  # two plans
    ],
)
def test_a_limit_lets_through_what_a_client_sends_up_to_its_own_limit(
    requests: list[int], limits: list[int], allowed: list[int], wanted: float
) -> None:
    client = np.repeat(np.arange(len(requests)), requests)
    pairs = zip(requests, allowed, strict=True)
    through = np.concatenate([np.arange(sent) < most for sent, most in pairs])
    trial = marked(
        [0] * len(client),
        client=client.tolist(),
        limit=np.array(limits)[client].tolist(),
        allowed=through.astype(float).tolist(),
    )
    found = analyze_trial(facts_of(trial), trial).measures["limits_granted"]
    assert found.value == pytest.approx(wanted)
    assert modeled(trial, "limits_granted", [0] * len(client)) == 1.0
