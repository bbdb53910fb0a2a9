"""Trials that take turns on real servers, and requests that are due at a rate."""

from __future__ import annotations

import json

import pytest

from harness.record.rundir import read_run
from tests.e2e.processes import Harness

pytestmark = pytest.mark.e2e


def test_backends_take_turns_at_the_same_trace_and_are_compared_in_pairs(harness: Harness) -> None:
    outcome = harness.run(
        *("run", "latency", "--backend", "locmem,redis,redis-unix", "--requests", "320"),
        *("--set", "load.rounds=8", "--set", 'matrix.vary={"app.env.SHOP_PAGE_BYTES" = ["1000"]}'),
        *("--format", "json", "--out", "run"),
    )
    assert outcome.code == 0, outcome.stderr
    result = json.loads(outcome.stdout)
    assert [trial["requests"] for trial in result["trials"]] == [320] * 3
    assert all(trial["accounted"]["lost"] == 0 for trial in result["trials"])
    record, samples = read_run(harness.run_dir)
    assert [facts.backend for facts in record.trials] == ["locmem", "redis", "redis-unix"]
    for trial in samples.values():
        assert trial.step.tolist() == list(range(320))
        assert trial.round.tolist() == [step // 40 for step in range(320)]
    ratios = {
        (pair["other"], pair["metric"], pair["statistic"], pair["outcome"]): pair["ratio"]
        for pair in result["comparisons"]
    }
    lookup = ratios["redis", "lookup", "median", "hit"]
    assert lookup["value"] > lookup["low"] > 1  # a lookup in the process is the cheaper one
    assert harness.leftovers() == []


def test_a_control_sets_a_backend_against_itself(harness: Harness) -> None:
    outcome = harness.run(
        *("run", "latency", "--aa", "--requests", "320", "--set", "load.rounds=8"),
        *("--set", 'matrix.vary={"app.env.SHOP_PAGE_BYTES" = ["1000"]}'),
        *("--format", "json", "--out", "run"),
    )
    assert outcome.code == 0, outcome.stderr
    result = json.loads(outcome.stdout)
    assert [trial["varied"]["copy"] for trial in result["trials"]] == [1, 2]
    assert {trial["backend"] for trial in result["trials"]} == {"locmem"}
    assert result["comparisons"]


def test_a_control_needs_rounds(harness: Harness) -> None:
    outcome = harness.run("run", "hit-rate", "--aa", "--out", "run")
    assert outcome.code == 2
    assert "HX102 --aa" in outcome.stderr


def test_requests_are_due_at_the_rate_that_was_asked_for(harness: Harness) -> None:
    outcome = harness.run(
        *("run", "hit-rate", "--workers", "2", "--backend", "locmem", "--requests", "200"),
        *("--set", "load.arrival_rate_per_second=100", "--format", "json", "--out", "run"),
    )
    assert outcome.code == 0, outcome.stderr
    _, samples = read_run(harness.run_dir)
    due_s = samples[0].due_s
    assert (due_s[-1] - due_s[0]) == pytest.approx(199 / 100)
    assert (samples[0].sent_s >= due_s).all()
