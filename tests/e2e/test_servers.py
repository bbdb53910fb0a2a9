"""Several Gunicorns behind a real nginx: measured, acted upon, ended, and gone."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.servers.nginx import find_nginx
from tests.e2e.conftest import Tiny
from tests.e2e.processes import Harness

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.servers,
    pytest.mark.skipif(not find_nginx({}).executable, reason="no nginx here"),
]

OUT = ("--format", "json", "--out", "run")
TWO = ("--set", "server.servers=2")


def accounted(trial: Any) -> bool:
    return bool(
        trial["accounted"]["samples"] + trial["accounted"]["lost"] == trial["accounted"]["tallies"]
    )


def test_each_server_has_its_own_workers_and_nothing_is_lost_on_the_way(harness: Harness) -> None:
    routing = 'matrix.vary={"server.routing" = ["round-robin", "uri-hash"]}'
    outcome = harness.run(
        *("run", "hit-rate", "--workers", "2", "--requests", "400", "--keys", "60", *TWO, *OUT),
        *("--set", routing, "--backend", "locmem"),
    )
    assert outcome.code == 0, outcome.stderr
    in_turn, by_key = json.loads(outcome.stdout)["trials"]
    for trial in (in_turn, by_key):
        assert (trial["servers"], trial["workers"], trial["failures"]) == (2, 2, 0)
        assert trial["explained"]["per_process"] == 1
        assert trial["accounted"] == {"samples": 400, "tallies": 400, "lost": 0}
        assert trial["predicted"]["closed_form"] is not None
    shares = [0.0, 0.0]
    for life in in_turn["lives"]:
        shares[life["server"]] += life["share"]
    assert shares == pytest.approx([0.5, 0.5], abs=0.01)
    assert by_key["hit_rate"] > in_turn["hit_rate"]
    assert harness.result()["environment"]["servers"]["nginx"].startswith("nginx ")
    assert harness.leftovers() == []


def test_what_is_done_is_done_to_every_server(harness: Harness, tiny: Tiny) -> None:
    operations = ", ".join(
        f'[{{at = 0.5, do = "{do}"}}]'
        for do in ("reload", "restart", 'kill-worker", slot = "busiest')
    )
    outcome = harness.run(
        *("run", tiny(workers=[2], requests=240, sleep_s=0.002), *TWO, *OUT),
        *("--set", f"matrix.vary.actions=[[], {operations}]"),
    )
    assert outcome.code == 0, outcome.stderr
    _, *acted = json.loads(outcome.stdout)["trials"]
    assert [trial["restart"]["workers_ended"] for trial in acted] == [4, 4, 1]
    assert all(map(accounted, acted))
    assert harness.leftovers() == []


def test_an_nginx_that_is_killed_ends_the_run(harness: Harness, tiny: Tiny) -> None:
    scenario = tiny(workers=[1], requests=400, sleep_s=0.01)
    harness.start("run", scenario, *TWO, "--out", "run")
    harness.wait_until(lambda: harness.started("00-locmem-1") >= 30)
    harness.kill("nginx.conf")
    outcome = harness.wait()
    assert outcome.code == 3
    assert "HX315 nginx: ended in the middle of the load, with status -9" in outcome.stderr
    (trial,) = harness.result()["trials"]
    assert 0 < trial["requests"] < 400
    assert harness.leftovers() == []


def test_a_server_that_cannot_boot_is_named_and_none_is_left(harness: Harness, tiny: Tiny) -> None:
    scenario = tiny(workers=[1])
    outcome = harness.run("run", scenario, *TWO, "--set", "app.wsgi=nothere:app", "--out", "run")
    assert outcome.code == 3
    assert "HX312 gunicorn, server 0 (locmem, 1 worker): ended while" in outcome.stderr
    assert "hint: the whole log is run/logs/gunicorn-00-locmem-1-server-0.log" in outcome.stderr
    assert harness.leftovers() == []


def test_one_server_can_have_a_balancer_too(harness: Harness, tiny: Tiny) -> None:
    scenario = tiny(workers=[2], requests=60)
    outcome = harness.run("run", scenario, "--set", "server.balancer=true", *OUT)
    assert outcome.code == 0, outcome.stderr
    (trial,) = json.loads(outcome.stdout)["trials"]
    assert (trial["servers"], trial["lookups"]) == (1, 60)
    assert "nginx" in harness.result()["environment"]["servers"]
    assert harness.leftovers() == []
