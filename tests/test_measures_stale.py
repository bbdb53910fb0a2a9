"""Changes by the book: who sees the old value, and for how long."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest

from harness.analysis.analyze import analyze_trial
from harness.analysis.metrics import MEASURES
from harness.analysis.prepared import prepared_trial
from harness.metrics import LOWER, METRICS
from harness.record.samples import Samples
from tests.factories import EPOCH_S, NAN, facts_of, redis_facts
from tests.test_analysis_measures import marked

TIMEOUT_S = 10.0
NAMES = ("stale_reads", "values_shown", "stale_early", "stale_late", "stale_after", "stale_age_s")

# One product: two looks warm both workers, then a change at worker 0, and looks at both.
SENT_S = [0, 1, 5, 6, 7, 10.5, 12, 16]
LIFE = [0, 1, 0, 0, 1, 1, 1, 1]
PRICE = [0, 0, 3, 3, 3, 3, 3, 3]
CHANGE = [NAN, NAN, 0, NAN, NAN, NAN, NAN, NAN]
SHOWN = [0, 0, 3, 3, 0, 0, 3, 3]  # worker 1 has its copy until 11 s


def looks(shown: Sequence[float] = SHOWN, deletes: Sequence[float] = CHANGE) -> Samples:
    trial = marked(LIFE, product=[4] * 8, price=PRICE, shown=shown, deletes=deletes)
    sent_s = EPOCH_S + np.array(SENT_S, np.float64)
    return replace(trial, sent_s=sent_s, done_s=sent_s, at_s=sent_s)


def values(trial: Samples) -> Mapping[str, float | None]:
    found = analyze_trial(facts_of(trial, timeout_s=TIMEOUT_S), trial).measures
    return {name: found[name].value for name in NAMES}


def modeled(trial: Samples, stores: Sequence[int]) -> Mapping[str, float | None]:
    read = prepared_trial(facts_of(trial, timeout_s=TIMEOUT_S), trial)
    models = {name: MEASURES[name].modeled for name in NAMES}
    return {name: model(read, np.array(stores)) for name, model in models.items() if model}


def test_the_other_worker_shows_the_old_value_until_its_timeout() -> None:
    assert values(looks()) == {
        "stale_reads": 2 / 5,
        "values_shown": 2,
        "stale_early": 1 / 2,  # 6 and 7 s: 1 and 2 s after the change
        "stale_late": 1 / 2,  # 10.5 and 12 s
        "stale_after": 0.0,  # 16 s
        "stale_age_s": 5.5,
    }


def test_the_model_given_the_true_workers_says_what_was_seen() -> None:
    assert modeled(looks(), LIFE) == values(looks())


def test_one_store_shows_every_change() -> None:
    found = modeled(looks(), [0] * 8)
    assert found == {name: 1.0 if name == "values_shown" else 0.0 for name in NAMES}
    trial = looks(shown=PRICE)
    facts = facts_of(trial, backend="redis", cache=redis_facts(), timeout_s=TIMEOUT_S)
    expected = analyze_trial(facts, trial).measures["stale_reads"].expected
    assert expected is not None
    assert (expected.low, expected.high) == (0.0, 0.0)


def test_a_worker_whose_copy_was_deleted_reads_the_new_value() -> None:
    deletes = [NAN, NAN, 1, *[NAN] * 5]
    # At worker 1 the change deletes; worker 0 has its copy until 10 s.
    stores = [0, 1, 1, 0, 1, 0, 0, 0]
    shown = [0, 0, 3, 0, 3, 3, 3, 3]
    assert modeled(looks(shown, deletes), stores) == values(looks(shown, deletes))
    assert values(looks(shown, deletes))["stale_reads"] == 1 / 5


def test_without_a_timeout_nothing_bounds_it_and_no_half_of_it_is_reported() -> None:
    trial = looks(shown=[0, 0, 3, 3, 0, 0, 0, 0])
    found = analyze_trial(facts_of(trial, timeout_s=None), trial).measures
    assert found["stale_reads"].value == 4 / 5
    assert found["stale_age_s"].value == 11.0
    assert "stale_after" not in found
    model = MEASURES["stale_reads"].modeled
    assert model is not None
    assert model(prepared_trial(facts_of(trial, timeout_s=None), trial), np.array(LIFE)) == 4 / 5


def test_looks_before_the_first_change_of_a_product_count_for_nothing() -> None:
    trial = marked([0, 0], product=[1, 1], price=[0, 0], shown=[5, 5], deletes=[NAN, NAN])
    assert "stale_reads" not in analyze_trial(facts_of(trial), trial).measures


@pytest.mark.parametrize("name", NAMES)
def test_less_is_better(name: str) -> None:
    assert METRICS[name].better == LOWER
