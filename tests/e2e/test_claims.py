"""Claims are measured on real servers, and what they claim is there only where the fault is."""

from __future__ import annotations

import json

import pytest

from tests.e2e.processes import Harness

pytestmark = pytest.mark.e2e


def test_claims_hold_on_real_servers_and_their_evidence_fails_without_the_fault(
    harness: Harness,
) -> None:
    outcome = harness.run("claims", "throttle", "lock", "--format", "json", "--out", "claims")
    assert outcome.code == 0, outcome.stderr
    told = {one["scenario"]: one for one in json.loads(outcome.stdout)}
    assert {name: one["verdict"] for name, one in told.items()} == {
        "throttle": "pass",
        "lock": "pass",
    }
    for one in told.values():
        contrasts = [found for found in one["evidence"] if found["absent"] is not None]
        assert contrasts
        assert all(found["absent"] != found["value"] for found in contrasts)
    assert harness.leftovers() == []


def test_a_claim_whose_fault_is_not_there_does_not_hold(harness: Harness) -> None:
    # As on Redis: one worker, so one counter, whatever the number of the trial says.
    outcome = harness.run(
        *("run", "throttle", "--backend", "redis", "--workers", "1,4", "--requests", "400"),
        *("--set", 'expect=[{metric = "limits_granted", where = {workers = 4}, at_least = 3}]'),
        *("--format", "json", "--out", "run"),
    )
    assert outcome.code == 5
    assert "HX510 limits_granted, redis, 4 workers: got 1, need at least 3" in outcome.stderr
