"""Claims are measured on real servers, and what they claim is there only where the fault is."""

from __future__ import annotations

import json

import pytest

from tests.e2e.processes import Harness

pytestmark = pytest.mark.e2e


def test_a_claim_holds_on_real_servers_and_its_evidence_fails_without_the_fault(
    harness: Harness,
) -> None:
    outcome = harness.run("claims", "throttle", "--format", "json", "--out", "claims")
    assert outcome.code == 0, outcome.stderr
    (reported,) = json.loads(outcome.stdout)
    assert reported["verdict"] == "pass"
    contrasts = [found for found in reported["evidence"] if found["absent"] is not None]
    assert contrasts
    assert all(found["absent"] != found["value"] for found in contrasts)
    assert harness.leftovers() == []


def test_a_claim_whose_fault_is_not_there_does_not_hold(harness: Harness) -> None:
    # One counter for all workers is no fault, whatever is expected of it.
    outcome = harness.run(
        *("run", "throttle", "--backend", "redis", "--workers", "4", "--requests", "400"),
        *("--set", 'expect=[{metric = "limits_granted", where = {workers = 4}, at_least = 3}]'),
        *("--format", "json", "--out", "run"),
    )
    assert outcome.code == 5
    assert "HX510 limits_granted, redis, 4 workers: got 1, need at least 3" in outcome.stderr
