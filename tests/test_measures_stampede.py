"""Computations per report, against hand-counted ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from harness.analysis.analyze import analyze_trial
from harness.record.samples import Samples
from tests.factories import EPOCH_S, NAN, facts_of
from tests.test_analysis_measures import marked, modeled

LIVES = [0, 1, 0, 1, 0, 0]
# Two reports. When each request looked, in ms, and whether it found something; computing takes 10.
LOOKED_MS = np.array([0, 1, 2, 12, 20, 31])
HIT = np.array([False, False, False, True, False, True])
BURST: Mapping[str, Sequence[float]] = {
    "report": [1, 1, 1, 1, 2, 2],
    "computed": [1, 1, 1, 0, 1, 0],
}


def trial(locked: int) -> Samples:
    asked = marked(LIVES, **BURST, locked=[locked] * 6)
    missed = ~HIT
    columns = {
        "at_s": EPOCH_S + LOOKED_MS / 1000,
        "lookup_s": np.zeros(6),
        "hit": HIT,
        "origin_s": np.where(missed, 0.010, NAN),
        "store_s": np.where(missed, 0.0, NAN),
        "ttl_s": np.where(missed, 300.0, NAN),
        "key": np.array([0, 0, 0, 0, 1, 1]),
        "keys": np.array(["report:1", "report:2"]),
    }
    return Samples(**{**asked.columns(), **columns})


def test_computations_are_counted_per_report() -> None:
    found = trial(locked=0)
    assert analyze_trial(facts_of(found), found).measures["origin_runs"].value == 4 / 2


def test_without_a_lock_all_compute_who_looked_before_the_first_of_their_store_was_done() -> None:
    found = trial(locked=0)
    assert modeled(found, "origin_runs", LIVES) == 4 / 2
    assert modeled(found, "origin_runs", [0] * 6) == 4 / 2
    # The one that looked at 12 ms finds nothing in a store that nobody else asked.
    assert modeled(found, "origin_runs", [0, 0, 0, 1, 0, 0]) == 5 / 2


@pytest.mark.parametrize(
    ("stores", "runs"), [(LIVES, 3), ([0] * 6, 2), ([0, 1, 2, 3, 0, 1], 6)], ids=str
)
def test_behind_a_lock_each_store_computes_once(stores: Sequence[int], runs: int) -> None:
    assert modeled(trial(locked=1), "origin_runs", stores) == runs / 2
