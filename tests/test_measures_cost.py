"""What a lookup costs is reported for trials that took turns, and for no others."""

from __future__ import annotations

import pytest

from harness.analysis.analyze import analyze_trial
from tests.factories import LOOKUP_S, ORIGIN_S, STORE_S, facts_of, in_rounds, routed_samples


def test_the_cost_of_a_lookup_holds_its_origin_and_its_store() -> None:
    trial = in_rounds(routed_samples([0] * 4, [0] * 4), 2)
    measures = analyze_trial(facts_of(trial), trial).measures
    mean_s = (4 * LOOKUP_S + ORIGIN_S + STORE_S) / 4
    assert measures["lookup_cost_s"].value == pytest.approx(mean_s)
    assert measures["hit_s"].value == pytest.approx(LOOKUP_S)


def test_a_trial_that_was_served_in_one_go_tells_no_time() -> None:
    trial = routed_samples([0] * 4, [0] * 4)
    assert analyze_trial(facts_of(trial), trial).measures == {}


def test_without_a_hit_there_is_no_time_of_a_hit() -> None:
    trial = in_rounds(routed_samples([0, 1], [0, 0]), 2)
    measures = analyze_trial(facts_of(trial), trial).measures
    assert "lookup_cost_s" in measures
    assert "hit_s" not in measures
