"""A cache that is filled before the workers are forked is in each of them, and is accounted for."""

from __future__ import annotations

import json

import pytest

from harness.record.rundir import read_run
from tests.e2e.processes import Harness

pytestmark = pytest.mark.e2e

WARM = 40
CASES = (
    '[{"server.preload" = false, "app.env.SHOP_WARM" = "40"},'
    ' {"server.preload" = true, "app.env.SHOP_WARM" = "40"},'
    ' {"server.preload" = true, "app.env.SHOP_WARM" = "40",'
    ' actions = [{at = 0.5, do = "kill-worker", slot = 1}]}]'
)


def test_what_workers_began_with_is_known_and_explains_their_hits(harness: Harness) -> None:
    outcome = harness.run(
        *("run", "preload", "--requests", "300", "--keys", "60", "--set", "matrix.workers=[2]"),
        *("--set", f"matrix.cases={CASES}", "--backend", "locmem"),
        *("--format", "json", "--out", "run"),
    )
    assert outcome.code == 0, outcome.stderr
    trials = json.loads(outcome.stdout)["trials"]
    for trial in trials:
        assert trial["explained"]["per_process"] == 1
        assert trial["misses"]["unexplained"] == 0
        codes = {caveat["code"] for caveat in trial["caveats"]}
        assert not codes & {"other-writes", "outside-lookups", "neither-model"}
    facts = read_run(harness.run_dir)[0].trials
    held = [sorted(one.keys) for trial in facts for life in trial.lives for one in life.held]
    assert (
        held == [sorted(f"product:{pk}" for pk in range(1, WARM + 1))] * 7
    )  # 2, 2, 2 and a successor
    assert harness.leftovers() == []
