"""Ctrl-C, SIGTERM, SIGKILL: nothing is left behind, and what was measured is kept if it can be."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable

import pytest

from tests.e2e.conftest import Tiny
from tests.e2e.processes import REDIS, Harness
from tests.waiting import wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.servers]

SECOND = "01-locmem-2"


def to_the_harness(number: int) -> Callable[[Harness], None]:
    return lambda harness: os.kill(harness.process.pid, number)


def to_the_foreground_group(harness: Harness) -> None:
    """Do what a terminal does on Ctrl-C."""
    os.killpg(harness.process.pid, signal.SIGINT)


@pytest.mark.parametrize(
    "interrupt",
    [to_the_harness(signal.SIGINT), to_the_harness(signal.SIGTERM), to_the_foreground_group],
    ids=["sigint", "sigterm", "ctrl-c"],
)
def test_an_interrupted_run_keeps_its_trials_and_leaves_nothing(
    harness: Harness, tiny: Tiny, interrupt: Callable[[Harness], None]
) -> None:
    harness.start("run", tiny(workers=[1, 2], requests=100, sleep_s=0.04), "--out", "run")
    harness.wait_until(lambda: harness.started(SECOND) >= 20)
    interrupt(harness)
    outcome = harness.wait()

    assert outcome.code == 130
    assert outcome.stdout == ""
    assert outcome.stderr.split("\n\n") == ["kept 2 trials in run", "interrupted\n"]
    result = harness.result()
    assert (result["valid"], result["problems"]) == (False, ["interrupted"])
    first, second = result["trials"]
    assert first["requests"] == 100
    assert 0 < second["requests"] < 100
    assert harness.leftovers() == []


def test_a_run_that_was_killed_can_be_read_and_says_so(harness: Harness, tiny: Tiny) -> None:
    harness.start("run", tiny(workers=[1, 2], requests=100, sleep_s=0.04), "--out", "run")
    harness.wait_until(lambda: harness.started(SECOND) >= 20)
    os.kill(harness.process.pid, signal.SIGKILL)
    assert harness.wait().code == -signal.SIGKILL
    wait_until(lambda: not harness.processes())

    outcome = harness.run("report", "run", "--format", "json")
    assert outcome.code == 4
    assert "HX405" in outcome.stderr
    result = json.loads(outcome.stdout)
    assert result["problems"][0].startswith("did not end: 1 of 2 trials are complete")
    (first,) = result["trials"]
    assert first["requests"] == 100
    assert first["accounted"]["lost"] == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_does_not_disturb_the_cleaning_up(
    harness: Harness, tiny: Tiny, number: int
) -> None:
    harness.start("run", tiny(workers=[2], requests=500, sleep_s=0.01), "--out", "run")
    harness.wait_until(lambda: harness.started("00-locmem-2"))
    while harness.process.poll() is None:
        os.kill(harness.process.pid, number)
    outcome = harness.wait()
    assert outcome.code == 130
    assert "Traceback" not in outcome.stderr
    assert harness.leftovers() == []


MOMENTS: dict[str, Callable[[Harness], object]] = {
    "locust-starts": lambda harness: harness.pid_of("harness.load.driver"),
    "redis-starts": lambda harness: harness.pid_of(REDIS),
    "database-is-filled": lambda harness: harness.pid_of("seed_shop"),
    "gunicorn-boots": lambda harness: harness.pid_of("gunicorn_conf"),
    "one-worker-is-there": lambda harness: harness.lives("00-locmem-2"),
    "under-load": lambda harness: harness.started("00-locmem-2") >= 20,
    "second-trial-under-load": lambda harness: harness.started("01-redis-2") >= 20,
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_killed_harness_leaves_no_process_and_no_file(harness: Harness, moment: str) -> None:
    harness.start(
        *("run", "hit-rate", "--workers", "2", "--requests", "150", "--keys", "40"),
        *("--out", "run"),
    )
    harness.wait_until(lambda: MOMENTS[moment](harness))
    os.kill(harness.process.pid, signal.SIGKILL)
    assert harness.wait().code == -signal.SIGKILL
    wait_until(lambda: not harness.leftovers())
