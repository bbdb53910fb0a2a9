"""What a user's shell and current directory hold does not change what is measured."""

from __future__ import annotations

import json

import pytest

from harness.load.trace import key_sequence
from tests.e2e.processes import Harness

pytestmark = pytest.mark.e2e

SHELL = {
    "SHOP_WARM": "100",
    "SHOP_CACHE": "dummy",
    "DJANGO_SETTINGS_MODULE": "other.settings",
    "LOCUST_USERS": "1",
    "WEB_CONCURRENCY": "3",
    "LC_TIME": "C",
}


def test_the_shop_measures_the_same_in_any_shell_and_says_what_was_passed_on(
    harness: Harness,
) -> None:
    for name in ("demo_app", "django", "harness", "locust", "queue", "statistics"):
        (harness.directory / f"{name}.py").write_text("raise SystemExit('not the real one')\n")
    words = ("run", "hit-rate", "--backend", "locmem", "--workers", "1", "--requests", "300")
    outcome = harness.run(*words, "--out", "run", env=SHELL)
    assert outcome.code == 0, outcome.stderr
    (trial,) = harness.result()["trials"]
    keys = key_sequence(keys=300, zipf=1.0, requests=300, seed=harness.result()["seed"])
    assert trial["lookups"] - trial["hits"] == len(set(keys)), "one worker misses each key once"
    passed_on = json.loads((harness.run_dir / "run.json").read_text())["environment"]["passed_on"]
    assert {"PATH", "LC_TIME"} <= set(passed_on)
    assert set(passed_on).isdisjoint(set(SHELL) - {"LC_TIME"})
