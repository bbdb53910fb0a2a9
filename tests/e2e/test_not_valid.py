"""A measurement that cannot stand: exit 4, `valid` false, and the caveat that says why."""

from __future__ import annotations

import json
import shutil

import pytest

from tests.e2e.conftest import Recorded, Tiny
from tests.e2e.processes import Harness

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("fault", ["drops", "raises"])
def test_a_run_without_an_answer_from_the_app_is_not_valid(
    harness: Harness, tiny: Tiny, fault: str
) -> None:
    scenario = tiny(workers=[1], requests=20, fault=fault)
    outcome = harness.run("run", scenario, "--out", "run", "--format", "json")

    assert outcome.code == 4
    assert json.loads(outcome.stdout)["valid"] is False
    assert "HX401 locmem, 1 worker" in outcome.stderr
    assert "Traceback" not in outcome.stderr
    (trial,) = harness.result()["trials"]
    assert (trial["requests"], trial["failures"], trial["lookups"]) == (20, 20, 0)
    assert trial["hit_rate"] is None
    assert harness.leftovers() == []


def test_a_lookup_that_a_worker_did_not_count_makes_the_run_not_valid(
    harness: Harness, recorded: Recorded
) -> None:
    shutil.copytree(recorded.run_dir, harness.run_dir)
    file = harness.run_dir / "trials" / "00-locmem-1" / "trial.json"
    facts = json.loads(file.read_text())
    facts["lives"][0]["tally"]["hits"] -= 1
    file.write_text(json.dumps(facts))
    outcome = harness.run("report", "run", "--format", "json")

    assert outcome.code == 4
    result = json.loads(outcome.stdout)
    assert result["valid"] is False
    assert result["trials"][0]["caveats"][0]["code"] == "unaccounted"
    assert "HX402 locmem, 1 worker" in outcome.stderr
