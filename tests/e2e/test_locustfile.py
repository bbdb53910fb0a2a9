"""Bundled Locust files work alone, against a plain Gunicorn without the probe."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.load.trace import key_sequence
from tests.e2e.processes import ROOT
from tests.waiting import wait_until

pytestmark = pytest.mark.e2e

PRODUCTS = 10
ANSWERED = re.compile(r"GET (/products/\d+/|/inside/) 200")


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[str]:
    """Return the URL of the shop under plain Gunicorn; its access log is `access` in tmp_path."""
    environ = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "DJANGO_SETTINGS_MODULE": "demo_app.settings",
        "SHOP_DATABASE": str(tmp_path / "shop.sqlite3"),
        "SHOP_PRODUCTS": str(PRODUCTS),
        "SHOP_JOB_MS": "1",
        "SHOP_ORIGIN_MS": "1",
    }
    seed = [sys.executable, "-m", "django", "seed_shop"]
    subprocess.run(seed, env=environ, check=True, capture_output=True)
    with (
        socket.create_server(("127.0.0.1", 0)) as listening,
        (tmp_path / "gunicorn.log").open("wb") as log,
    ):
        server = subprocess.Popen(
            [
                *(sys.executable, "-m", "gunicorn", "--bind", f"fd://{listening.fileno()}"),
                *("--access-logfile", str(tmp_path / "access")),
                *("--access-logformat", "%(m)s %(U)s %(s)s", "demo_app.wsgi"),
            ],
            env={**environ, "HOME": str(tmp_path)},
            pass_fds=[listening.fileno()],
            stdout=log,
            stderr=log,
        )
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.terminate()
            server.wait(30)


def load(locustfile: str, shop: str, tmp_path: Path, requests: int) -> tuple[list[Any], str]:
    """Run plain Locust until it has sent a trace; return what it reports and the access log."""
    access, reported = tmp_path / "access", tmp_path / "locust.json"
    with reported.open("wb") as stdout, (tmp_path / "locust.log").open("wb") as stderr:
        locust = subprocess.Popen(
            [
                *(sys.executable, "-m", "locust", "-f", str(ROOT / "locustfiles" / locustfile)),
                *("--headless", "--host", shop, "-u", "4", "-r", "4", "--json"),
                *("--requests", str(requests), "--keys", str(PRODUCTS), "--seed", "3"),
            ],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
        )
        try:
            wait_until(lambda: access.exists() and len(access.read_text().splitlines()) >= requests)
            locust.send_signal(signal.SIGTERM)  # plain Locust waits for more after a trace's end
            assert locust.wait(30) == 0
        finally:
            locust.kill()
            locust.wait()
    return json.loads(reported.read_text()), access.read_text()


@pytest.mark.parametrize(("locustfile", "looks_every"), [("catalog.py", None), ("inside.py", 10)])
def test_locust_alone_serves_the_trace_once(
    locustfile: str, looks_every: int | None, shop: str, tmp_path: Path
) -> None:
    reported, access = load(locustfile, shop, tmp_path, 50)
    trace = key_sequence(keys=PRODUCTS, zipf=1.0, requests=50, seed=3)
    paths = [f"/products/{key + 1}/" for key in trace]
    if looks_every:
        paths[::looks_every] = ["/inside/"] * len(paths[::looks_every])
    assert sorted(ANSWERED.findall(access)) == sorted(paths)
    lines = {line["name"]: line for line in reported}
    assert set(lines) == {"/products/[id]/"} | ({"/inside/"} if looks_every else set())
    assert sum(line["num_requests"] for line in lines.values()) == 50
    assert not any(line["num_failures"] for line in lines.values())


def test_a_burst_begins_when_the_one_before_is_over_even_with_few_users(
    shop: str, tmp_path: Path
) -> None:
    (line,), access = load("reports.py", shop, tmp_path, 24)
    assert re.findall(r"/reports/(\d)/ 200", access) == [*"1" * 8, *"2" * 8, *"3" * 8]
    assert line["num_failures"] == 0


def test_jobs_are_asked_for_in_turn(shop: str, tmp_path: Path) -> None:
    lines, access = load("jobs.py", shop, tmp_path, 20)
    assert {line["name"]: line["num_requests"] for line in lines} == {
        "/jobs/[job]/alone/": 10,
        "/jobs/[job]/once/": 10,
    }
    assert sum(line["num_failures"] for line in lines) == 0
    assert len(re.findall(r"/jobs/stock-taking/alone/ 200", access)) == 10


def test_every_visit_is_counted_by_one_worker(shop: str, tmp_path: Path) -> None:
    (line,), access = load("counters.py", shop, tmp_path, 20)
    assert (line["name"], line["num_failures"]) == ("/counters/[page]/incr/", 0)
    assert len(re.findall(r"/counters/page-\d/incr/ 200", access)) == 20
