"""A measurement that cannot stand: exit 4, `valid` false, and the caveat that says why."""

from __future__ import annotations

import json

import pytest

from tests.e2e.conftest import Tiny
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
