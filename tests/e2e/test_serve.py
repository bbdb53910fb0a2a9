"""`harness serve`: pages and evidence for a person, until Ctrl-C, and then nothing is left."""

from __future__ import annotations

import json
import os
import shlex
import signal
from contextlib import closing
from typing import Any

import pytest
import requests

from harness.servers.child import free_port, listen
from harness.servers.nginx import find_nginx
from tests.e2e.processes import Harness

pytestmark = pytest.mark.e2e

FEW = ("--keys", "20", "--format", "json")


def endpoint_info(harness: Harness) -> Any:
    """Return what the harness reports in one line once its servers are up."""
    stdout = harness.directory / "stdout"
    line = harness.wait_until(lambda: stdout.read_text().endswith("\n") and stdout.read_text())
    assert line.count("\n") == 1
    return json.loads(line)


def answered_by(url: str) -> int:
    return int(requests.get(url, timeout=30).json()["answered_by"])


def interrupt(harness: Harness, number: int = signal.SIGINT) -> None:
    """End it as Ctrl-C in a terminal does, and expect that it ends well and tidily."""
    os.killpg(harness.process.pid, number)
    outcome = harness.wait()
    assert (outcome.code, outcome.stderr) == (0, "")
    assert harness.leftovers() == []
    assert {path.name for path in harness.directory.iterdir()} <= {
        "home",
        "tmp",
        "stdout",
        "stderr",
    }


def test_several_workers_answer_and_give_evidence_to_who_has_the_token(harness: Harness) -> None:
    port = free_port()
    harness.start("serve", "throttle", "--workers", "2", "--port", str(port), *FEW)
    reported = endpoint_info(harness)
    assert reported["url"] == f"http://127.0.0.1:{port}"
    assert reported["pages"] == [f"{reported['url']}/search/me/"]
    assert reported["trial"] == "locmem, 2 workers"

    first = answered_by(reported["pages"][0])
    harness.wait_until(lambda: answered_by(reported["pages"][0]) != first)
    *_, header, page = shlex.split(reported["curl"])
    evidence = requests.get(page, headers=dict([header.split(": ")]), timeout=30).headers
    assert evidence["X-Harness-Worker"].startswith("server=0, slot=")
    assert not [name for name in requests.get(page, timeout=30).headers if "Harness" in name]
    interrupt(harness)


def test_what_stands_behind_the_caches_comes_and_goes_with_it(harness: Harness) -> None:
    harness.start("serve", "throttle", "--workers", "2", "--backend", "redis", *FEW)
    url = endpoint_info(harness)["pages"][0]
    limit = requests.get(url, timeout=30).json()["limit"]
    statuses = [requests.get(url, timeout=30).status_code for _ in range(limit)]
    assert statuses == [200] * (limit - 1) + [429]
    interrupt(harness, signal.SIGTERM)


@pytest.mark.skipif(not find_nginx({}).executable, reason="no nginx here")
def test_several_servers_stand_behind_one_address(harness: Harness) -> None:
    port = free_port()
    two = ("--set", "server.servers=2", "--port", str(port))
    harness.start("serve", "throttle", "--workers", "1", *two, *FEW)
    reported = endpoint_info(harness)
    assert reported["url"] == f"http://127.0.0.1:{port}"
    assert len({answered_by(reported["pages"][0]) for _ in range(4)}) == 2
    interrupt(harness)


def test_a_port_that_is_taken_is_an_error_with_a_way_out(harness: Harness) -> None:
    with closing(listen()) as taken:
        port = str(taken.getsockname()[1])
        outcome = harness.run("serve", "throttle", "--workers", "1", "--port", port, *FEW)
    assert outcome.code == 3
    assert outcome.stderr.startswith(f"HX308 port {port}: unavailable")
    assert harness.processes() == {}


def test_a_server_that_ends_ends_it_and_its_log_stays(harness: Harness) -> None:
    harness.start("serve", "throttle", "--workers", "1", *FEW)
    endpoint_info(harness)
    harness.kill("gunicorn", "demo_app")
    outcome = harness.wait()
    assert outcome.code == 3
    assert "HX313" in outcome.stderr
    assert harness.processes() == {}
    assert [path.is_dir() for path in harness.temporary.glob("harness-logs-*")] == [True]
