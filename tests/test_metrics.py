"""One table of metrics, and what computes each of them: neither has a row that the other lacks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from shutil import copytree

import pytest

from harness.analysis.metrics import COMPUTED, MEASURES
from harness.analysis.rounds import PER_ROUND
from harness.analysis.summary import Cause
from harness.gate.duel import RULES
from harness.metrics import ALIASES, CAUSES, METRICS, current_name

ROOT = Path(__file__).resolve().parent.parent


def test_every_metric_is_computed_and_all_that_is_computed_is_a_metric() -> None:
    assert set(METRICS) == {*COMPUTED, *PER_ROUND}
    assert set(MEASURES) <= set(COMPUTED)
    assert [rule.name for rule in RULES] == list(PER_ROUND)
    assert tuple(Cause) == CAUSES


def test_no_two_rows_have_one_name_or_one_label() -> None:
    assert [metric.name for metric in METRICS.values()] == list(METRICS)
    labels = [metric.label for metric in METRICS.values()]
    assert len(set(labels)) == len(labels)


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_says_what_it_is(name: str) -> None:
    metric = METRICS[name]
    assert metric.meaning
    assert metric.unit in ("share", "count", "factor", "s", "per_second", "bytes")
    assert metric.better in ("higher", "lower", "")
    assert metric.min_effect or metric.min_relative_effect
    assert metric.timed or metric.unit not in ("s", "per_second")


def test_the_larger_minimum_counts_and_worse_is_against_the_better_direction() -> None:
    request, hits = METRICS["request_p50_s"], METRICS["hit_rate"]
    assert request.least(0.1) == pytest.approx(0.003)
    assert request.least(0.0001) == 50e-6
    assert hits.least(0.9) == 0.01
    assert hits.worsening(0.9, 0.8) == pytest.approx(0.1)
    assert request.worsening(0.9, 0.8) == pytest.approx(-0.1)


def test_names_that_duels_had_are_still_understood() -> None:
    assert {current_name(old) for old in ALIASES} <= set(PER_ROUND)
    assert not set(ALIASES) & set(METRICS)
    assert current_name("hit_rate") == "hit_rate"


MODULE = '''
"""How often a request was greeted. Response field: `greeted`, 1 or 0."""

import numpy as np

from harness.analysis.measures.measure import Measure, known
from harness.analysis.prepared import PreparedTrial


def greeted(trial: PreparedTrial) -> float | None:
    """Return the share of requests that were greeted; None without any."""
    value = trial.samples.marked("greeted")
    return float(np.nanmean(value)) if len(known(value)) else None


MEASURES = (Measure(name="greeted", observed=greeted),)
'''
ROW = '    _share("greeted", "greeted", HIGHER, "share of the requests that were greeted"),\n'
USE = """
from tests.test_analysis_measures import marked
from tests.factories import facts_of
from harness.analysis.analyze import analyze_trial
from harness.analysis.metrics import figure
trial = marked([0, 0, 1, 1], greeted=[1, 0, 1, 1])
print(figure(analyze_trial(facts_of(trial), trial), "greeted").value)
"""


@pytest.mark.slow
def test_a_new_measure_is_one_row_and_one_function_that_is_registered(tmp_path: Path) -> None:
    """The recipe of CONTRIBUTING, followed literally in a copy of the sources."""
    for name in ("harness", "tests"):
        copytree(ROOT / name, tmp_path / name, ignore=lambda _, names: {"runs"} & {*names})
    table = tmp_path / "harness" / "metrics.py"
    table.write_text(table.read_text().replace("_ROWS = (\n", f"_ROWS = (\n{ROW}"))
    measures = tmp_path / "harness" / "analysis" / "measures"
    (measures / "greetings.py").write_text(MODULE)
    metrics = measures.parent / "metrics.py"
    text = metrics.read_text().replace("import concurrency,", "import greetings, concurrency,")
    metrics.write_text(text.replace("in (concurrency, ", "in (greetings, concurrency, "))
    done = subprocess.run(
        [sys.executable, "-c", USE], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "0.75", done.stderr
    test = test_every_metric_is_computed_and_all_that_is_computed_is_a_metric.__name__
    checked = [sys.executable, "-c", f"from tests.test_metrics import {test} as test; test()"]
    subprocess.run(checked, cwd=tmp_path, check=True)
