"""Visits by the book: who pays for a page, and which cache the workers were found to use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest

from harness.analysis.analyze import analyze_trial
from harness.analysis.metrics import MEASURES
from harness.analysis.prepared import prepared_trial
from harness.record.facts import TrialFacts
from harness.record.samples import Samples
from tests.factories import NAN, cache_facts, facts_of, load_facts, redis_facts
from tests.test_analysis_measures import marked

# Products 1 and 2; what worker 1 has to compute, worker 0 had already.
LIFE, PRODUCT, COMPUTED = [0, 0, 0, 1, 1], [1, 2, 1, 1, 1], [1, 1, 0, 1, 0]


def visited() -> Samples:
    trial = marked(LIFE, product=PRODUCT, computed=COMPUTED)
    took_s = np.array([0.010, 0.030, 0.001, 0.004, 0.001])
    return replace(
        trial,
        done_s=trial.sent_s + took_s,
        hit=np.array([False, False, True, False, True]),
        origin_s=np.array([0.006, 0.020, NAN, 0.003, NAN]),
    )


def one_by_one(trial: Samples, **overrides: object) -> TrialFacts:
    load = load_facts(asked=trial.requests, users=1)
    return replace(facts_of(trial), load=load, **overrides)  # type: ignore[arg-type]


def values(facts: TrialFacts, trial: Samples) -> Mapping[str, float | None]:
    return {name: found.value for name, found in analyze_trial(facts, trial).measures.items()}


def modeled(facts: TrialFacts, name: str, stores: Sequence[int]) -> float | None:
    model = MEASURES[name].modeled
    assert model is not None
    return model(prepared_trial(facts, visited()), np.array(stores))


def test_first_and_later_visits_are_distinguished() -> None:
    found = values(one_by_one(visited()), visited())
    assert found["computed_first"] == 1.0
    assert found["computed_later"] == 1 / 3
    assert found["first_over_later"] == pytest.approx(0.020 / 0.001, rel=1e-3)
    assert found["origin_first_s"] == pytest.approx(0.013)
    assert found["origin_later_s"] == pytest.approx(0.001)


def test_a_page_is_computed_once_in_each_store() -> None:
    facts = one_by_one(visited())
    assert modeled(facts, "computed_first", LIFE) == 1.0
    assert modeled(facts, "computed_later", LIFE) == 1 / 3
    assert modeled(facts, "computed_later", [0] * 5) == 0.0


def test_a_cache_that_keeps_nothing_computes_every_page_again() -> None:
    dummy = cache_facts(backend="django.core.cache.backends.dummy.DummyCache")
    trial = visited()
    facts = replace(facts_of(trial, cache=dummy), load=load_facts(users=1))
    assert modeled(facts, "computed_later", [0] * 5) == 1.0


def test_visits_that_overlap_have_no_prediction() -> None:
    facts = facts_of(visited())
    assert modeled(facts, "computed_first", LIFE) is None
    assert modeled(facts, "computed_later", LIFE) is None


def test_without_a_later_visit_there_is_nothing_to_compare() -> None:
    trial = marked([0, 0], product=[1, 2], computed=[1, 1])
    found = values(one_by_one(trial), trial)
    assert found["computed_first"] == 1.0
    assert not {"computed_later", "first_over_later", "origin_later_s"} & set(found)


def test_the_cache_is_what_the_workers_were_found_to_use() -> None:
    trial = visited()
    assert values(facts_of(trial), trial)["locmem_workers"] == 1.0
    assert values(facts_of(trial, cache=redis_facts()), trial)["locmem_workers"] == 0.0


def test_an_unset_cache_is_asked_for_as_django_s_own_default() -> None:
    trial = visited()
    found = analyze_trial(facts_of(trial, backend="unset", cache=redis_facts()), trial)
    (caveat,) = [one for one in found.caveats if one.code == "setting-not-effective"]
    assert "requested LocMemCache, the workers use RedisCache" in caveat.text
