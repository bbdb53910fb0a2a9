"""Things done to real servers while the load goes on, and what the harness reports of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.record.rundir import read_run
from tests.e2e.conftest import Tiny
from tests.e2e.processes import Harness

pytestmark = pytest.mark.e2e

ACTIONS = [
    [],
    [{"at": 0.5, "do": "reload"}],
    [{"at": 0.5, "do": "kill-worker", "slot": "busiest"}],
    [{"at": 0.5, "do": "restart"}],
    [{"at": 0.5, "do": "restart-cache"}],
]
SMALL = ("--requests", "400", "--keys", "60", "--format", "json", "--out", "run")


@pytest.fixture(scope="module")
def trials(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Return the trials of one run of `restart` by (backend, what was done)."""
    harness = Harness(tmp_path_factory.mktemp("actions"))
    try:
        outcome = harness.run("run", "restart", "--workers", "2", *SMALL)
        assert outcome.code == 0, outcome.stderr
        assert harness.leftovers() == []
    finally:
        harness.end()
    found = json.loads(outcome.stdout)["trials"]
    return {(trial["backend"], trial["varied"]["actions"].split(" ")[0]): trial for trial in found}


def test_nothing_is_unaccounted_whatever_was_done(trials: Any) -> None:
    for place, trial in trials.items():
        accounted = trial["accounted"]
        assert accounted["samples"] + accounted["lost"] == accounted["tallies"], place
        assert sum(trial["misses"].values()) == trial["lookups"] - trial["hits"], place


@pytest.mark.parametrize("action", ["reload", "kill-worker", "restart"])
def test_locmem_loses_its_entries_with_its_workers_and_redis_loses_nothing(
    trials: Any, action: str
) -> None:
    locmem, redis = trials["locmem", action], trials["redis", action]
    assert locmem["restart"]["entries_lost"] > 0
    assert locmem["misses"]["restart"] > 0
    assert redis["misses"]["restart"] == 0
    assert locmem["explained"]["per_process"] >= 0.99


def test_a_restarted_redis_loses_everything_and_locmem_does_not_notice(trials: Any) -> None:
    locmem, redis = trials["locmem", "restart-cache"], trials["redis", "restart-cache"]
    assert redis["restart"]["entries_lost"] > 0
    assert redis["misses"]["restart"] > 0
    assert locmem["misses"]["restart"] == 0


def test_every_worker_that_was_ended_is_reported(trials: Any) -> None:
    # Not by who answered: a replacement may be ready only when the load is over.
    ended = {
        action: trials["locmem", action]["restart"]["workers_ended"]
        for action in ("reload", "kill-worker", "restart", "restart-cache")
    }
    assert ended == {"reload": 2, "kill-worker": 1, "restart": 2, "restart-cache": 0}


def test_a_replacement_that_was_asked_for_is_no_caveat(trials: Any) -> None:
    for trial in trials.values():
        assert "worker-replaced" not in [caveat["code"] for caveat in trial["caveats"]]


def test_recycled_workers_take_their_caches_along(harness: Harness) -> None:
    outcome = harness.run(
        *("run", "recycling", "--workers", "2", "--backend", "locmem", *SMALL),
        *("--set", 'matrix.vary={"server.max_requests" = [0, 50]}'),
    )
    assert outcome.code == 0, outcome.stderr
    never, often = json.loads(outcome.stdout)["trials"]
    assert never["misses"]["restart"] == 0
    assert often["misses"]["restart"] > 0
    assert often["hit_rate"] < never["hit_rate"]
    assert max(life["generation"] for life in often["lives"]) > 1


def test_workers_can_be_added_and_taken_away(harness: Harness) -> None:
    scaled = (
        '[[], [{at = 0.3, do = "scale", workers = 2}], [{at = 0.3, do = "scale", workers = -1}]]'
    )
    outcome = harness.run(
        *("run", "restart", "--workers", "2", "--backend", "locmem", *SMALL),
        *("--set", f"matrix.vary.actions={scaled}"),
    )
    assert outcome.code == 0, outcome.stderr
    *_, fewer = json.loads(outcome.stdout)["trials"]
    assert fewer["accounted"]["samples"] + fewer["accounted"]["lost"] == 400
    control, more, _ = read_run(harness.run_dir)[0].trials
    assert (len(control.lives), len(more.lives)) == (2, 4)


def test_a_redis_of_somebody_else_is_never_restarted(harness: Harness) -> None:
    url = "redis://:geheim@127.0.0.1:1/0"
    outcome = harness.run("run", "restart", *SMALL, env={"HARNESS_REDIS_URL": url})
    assert outcome.code == 2
    assert "HX105 restart-cache on the Redis at redis://***@127.0.0.1:1/0" in outcome.stderr
    assert "hint: unset HARNESS_REDIS_URL" in outcome.stderr
    assert not harness.run_dir.exists()


def test_a_server_that_does_not_come_back_is_reported_and_what_was_measured_is_kept(
    harness: Harness, tiny: Tiny
) -> None:
    scenario = tiny(workers=[2], requests=60, fault="boots-once")
    action = '[{at = 0.5, do = "restart"}]'
    outcome = harness.run("run", scenario, "--out", "run", "--set", f"actions={action}")
    assert outcome.code == 3
    assert "HX314 gunicorn (locmem, 2 workers): ended while workers were booting" in outcome.stderr
    assert "RuntimeError: this app boots once and never again" in outcome.stderr
    result = harness.result()
    assert result["valid"] is False
    (trial,) = result["trials"]
    assert 0 < trial["requests"] < 60
    assert harness.leftovers() == []
