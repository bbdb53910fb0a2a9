"""Something dies while the load runs: a code reports it, and what was measured is kept."""

from __future__ import annotations

import os
import signal

import pytest

from tests.e2e.conftest import Tiny
from tests.e2e.processes import REDIS, Harness

pytestmark = [pytest.mark.e2e, pytest.mark.servers]

SECOND = "01-locmem-2"


def in_the_middle(harness: Harness, slug: str) -> None:
    """Wait until a trial has served enough to be worth keeping."""
    harness.wait_until(lambda: harness.started(slug) >= 30)


def test_a_gunicorn_that_is_killed_ends_the_run_and_leaves_both_trials_on_record(
    harness: Harness, tiny: Tiny
) -> None:
    scenario = tiny(workers=[1, 2], requests=150, sleep_s=0.03)
    harness.start("run", scenario, "--out", "run")
    in_the_middle(harness, SECOND)
    harness.kill("gunicorn_conf", "--workers 2")
    outcome = harness.wait()

    assert outcome.code == 3
    assert outcome.stdout == ""
    reported = "HX313 gunicorn (locmem, 2 workers): ended in the middle of the load, with status -9"
    assert reported in outcome.stderr
    assert "hint: the whole log is run/logs/gunicorn-01-locmem-2.log" in outcome.stderr
    assert "Traceback" not in outcome.stderr
    result = harness.result()
    assert result["valid"] is False
    first, second = result["trials"]
    assert first["requests"] == first["lookups"] == 150
    assert first["accounted"] == {"samples": 150, "tallies": 150, "lost": 0}
    assert 0 < second["requests"] < 150
    assert "unaccounted" not in {caveat["code"] for caveat in second["caveats"]}
    assert [problem.partition(" ")[0] for problem in result["problems"]] == ["HX313"]
    assert harness.leftovers() == []


def frozen_in_a_request(harness: Harness, slug: str) -> int:
    """Return a worker that was stopped between its lookup and its answer; 0 if it was not there."""
    life = next(life for life in harness.lives(slug) if life.tally["started"])
    os.kill(life.pid, signal.SIGSTOP)
    for seen in harness.lives(slug):
        tally = seen.tally
        looked_up = tally["hits"] + tally["misses"]
        if seen.pid == life.pid and looked_up == tally["started"] == tally["finished"] + 1:
            return life.pid
    os.kill(life.pid, signal.SIGCONT)
    return 0


def test_a_killed_worker_loses_its_lookup_its_cache_and_nothing_else(
    harness: Harness, tiny: Tiny
) -> None:
    slug = "00-locmem-2"
    harness.start("run", tiny(workers=[2], requests=400, sleep_s=0.01), "--out", "run")
    in_the_middle(harness, slug)
    os.kill(harness.wait_until(lambda: frozen_in_a_request(harness, slug)), signal.SIGKILL)
    outcome = harness.wait()

    assert outcome.code == 0, outcome.stderr
    (trial,) = harness.result()["trials"]
    assert trial["requests"] == 400
    assert trial["accounted"]["lost"] >= 1
    assert (
        trial["accounted"]["samples"] + trial["accounted"]["lost"]
        == (trial["accounted"]["tallies"])
    )
    assert trial["failures"] == trial["accounted"]["lost"]  # Locust does not send it again, unseen
    caveats = {caveat["code"]: caveat["text"] for caveat in trial["caveats"]}
    (slot,) = {life["slot"] for life in trial["lives"] if life["generation"] == 2}
    assert f"0.{slot} " in caveats["worker-replaced"]
    assert "unaccounted" not in caveats
    assert trial["explained"]["per_process"] >= 0.999
    assert harness.leftovers() == []


def test_a_locust_that_is_killed_ends_the_run_and_the_first_trial_stays(
    harness: Harness, tiny: Tiny
) -> None:
    scenario = tiny(workers=[1, 2], requests=150, sleep_s=0.03)
    harness.start("run", scenario, "--out", "run")
    in_the_middle(harness, SECOND)
    harness.kill("harness.load.driver")
    outcome = harness.wait()

    assert outcome.code == 3
    assert "HX321 locust: ended" in outcome.stderr
    assert "Traceback" not in outcome.stderr
    assert "Exception ignored" not in outcome.stderr
    result = harness.result()
    assert result["valid"] is False
    assert result["trials"][0]["requests"] == 150
    assert harness.leftovers() == []


def test_a_time_limit_that_is_too_short_ends_the_trial_and_keeps_what_it_has(
    harness: Harness, tiny: Tiny
) -> None:
    scenario = tiny(workers=[1], requests=100_000, sleep_s=0.01, time_limit_s=1.5)
    outcome = harness.run("run", scenario, "--out", "run")

    assert outcome.code == 3
    assert "HX322 load: did not end within load.time_limit_s" in outcome.stderr
    assert "hint: raise load.time_limit_s" in outcome.stderr
    assert "Traceback" not in outcome.stderr
    (trial,) = harness.result()["trials"]
    codes = {caveat["code"] for caveat in trial["caveats"]}
    assert trial["requests"] > 0
    assert "incomplete" in codes
    assert "unaccounted" not in codes
    assert harness.leftovers() == []


def test_a_redis_that_is_killed_in_a_comparison_costs_no_trial(harness: Harness) -> None:
    harness.start(
        *("run", "hit-rate", "--workers", "1", "--requests", "200", "--keys", "40"),
        *("--backend", "locmem,redis", "--set", "load.rounds=4", "--out", "run"),
    )
    harness.wait_until(lambda: harness.started("01-redis-1") >= 60)
    harness.kill("-server 127.0.0.1:")
    outcome = harness.wait()

    assert outcome.code == 3
    assert "HX303 redis, " in outcome.stderr
    assert "Traceback" not in outcome.stderr
    first, second = harness.result()["trials"]
    assert (first["requests"], first["failures"]) == (200, 0)
    assert second["failures"] > 0
    assert harness.leftovers() == []


def test_a_reaper_that_is_killed_costs_no_trial(harness: Harness, tiny: Tiny) -> None:
    harness.start("run", tiny(workers=[1, 2], requests=100, sleep_s=0.04), "--out", "run")
    in_the_middle(harness, SECOND)
    harness.kill("reaper.py")
    outcome = harness.wait()

    assert "Traceback" not in outcome.stderr
    assert "the reaper ended early" in outcome.stderr
    assert [trial["requests"] for trial in harness.result()["trials"]] == [100, 100]
    assert harness.leftovers() == []


def test_a_redis_that_is_killed_is_reported_and_the_trial_before_stays(harness: Harness) -> None:
    harness.start(
        *("run", "hit-rate", "--workers", "1", "--requests", "400", "--keys", "40"),
        *("--set", "matrix.backend=['locmem', 'redis']", "--out", "run"),
    )
    harness.wait_until(lambda: harness.started("01-redis-1") >= 30)
    harness.kill(REDIS)
    outcome = harness.wait()

    assert outcome.code == 3
    assert "HX303 redis, " in outcome.stderr
    assert "no longer answers" in outcome.stderr
    assert "Traceback" not in outcome.stderr
    first, second = harness.result()["trials"]
    assert (first["requests"], first["failures"]) == (400, 0)
    assert second["failures"] > 0
    assert harness.leftovers() == []
