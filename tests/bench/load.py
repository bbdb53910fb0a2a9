"""What recording every sample costs Locust: the harness's driver against a bare Locust.

Both ask the same server for the same pages; compared is the CPU time of the Locust process, with
the reading of the evidence and the writing of the samples in it.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from harness.record.samples import read_samples
from harness.scenario.bundled import bundled
from harness.servers.gunicorn import GunicornSettings
from tests.bench.figures import Figure, median, side_by_side
from tests.bench.processes import cpu_s
from tests.bench.servers import ROOT, TOKEN, environment_facts, probed_server

BAR = 0.9
USERS, KEYS = 8, 300
DRIVER = ["harness.load.driver", str(bundled("locustfiles") / "catalog.py")]
SERVERS: Mapping[str, GunicornSettings] = {
    "sync": GunicornSettings(
        wsgi="tests.bench.page:application", workers=2, worker_class="sync", threads=1
    ),
    "gthread": GunicornSettings(
        wsgi="tests.bench.page:application", workers=1, worker_class="gthread", threads=8
    ),
}
"""Gunicorn's sync workers close each connection, as in a run; with threads they stay open."""


def measure(rounds: int, requests: int) -> list[Figure]:
    """Return requests per CPU second, recorded / bare, for each kind of server."""
    return [_figure(kind, rounds, requests) for kind in SERVERS]


def _figure(kind: str, rounds: int, requests: int) -> Figure:
    with TemporaryDirectory() as directory:
        scratch = Path(directory)
        environ = environment_facts(DJANGO_SETTINGS_MODULE="tests.bench.page")
        with (
            probed_server(SERVERS[kind], environ, scratch) as address,
            _locust(["tests.bench.bare_locust"], scratch) as bare,
            _locust(DRIVER, scratch) as driver,
        ):
            order = _order(address, requests, scratch / "samples.npz")
            driver.serve(order), bare.serve(order)  # the first round of each loads modules
            ratios = side_by_side(
                lambda: bare.serve(order), lambda: _recorded_cpu_s(driver, order), rounds
            )
    what = f"requests per CPU s ({kind}), recorded / bare"
    return median(what, ratios, at_least=BAR)


def _order(address: str, requests: int, out: Path) -> dict[str, Any]:
    trace = {"trace": {"keys": KEYS, "zipf": 1.0, "requests": requests, "seed": 1}}
    pace: dict[str, Any] = {"users": USERS, "rate_per_second": None, "milestones": []}
    part = {"number": 0, "options": {}, "first": 0, "last": requests, "out": str(out)}
    return {"host": f"http://{address}", "token": TOKEN, **pace, **trace, **part}


def _recorded_cpu_s(driver: _Locust, order: Mapping[str, Any]) -> float:
    seconds = driver.serve(order)
    samples = read_samples(Path(order["out"]))
    assert samples.requests == len(samples.request) == order["last"]
    assert np.all(samples.status == 200)
    return seconds


class _Locust:
    """A Locust process that takes orders; `serve` returns the CPU seconds of one."""

    def __init__(self, pid: int, connection: socket.socket, log: Path) -> None:
        self._pid, self._connection, self._log = pid, connection, log
        self._messages = connection.makefile("rb")

    def serve(self, order: Mapping[str, Any]) -> float:
        before = cpu_s(self._pid)
        self._connection.sendall(json.dumps(order).encode() + b"\n")
        for line in self._messages:
            message = json.loads(line)
            if message["event"] == "served":
                assert message.get("answered", order["last"]) == order["last"]
                return cpu_s(self._pid) - before
        raise RuntimeError(f"Locust ended: {self._log.read_text()[-1000:]}")

    def close(self) -> None:
        self._messages.close()


@contextmanager
def _locust(module: list[str], scratch: Path) -> Iterator[_Locust]:
    """Yield a Locust that ends with the block: its connection ends then, also by a kill."""
    path = scratch / f"{module[0]}.log"
    ours, theirs = socket.socketpair()
    with ours, path.open("ab") as log:
        with theirs:
            process = subprocess.Popen(
                [sys.executable, "-m", *module, str(theirs.fileno())],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[theirs.fileno()],
            )
        locust = _Locust(process.pid, ours, path)
        try:
            yield locust
        finally:
            locust.close()
            ours.shutdown(socket.SHUT_RDWR)
            process.wait()
