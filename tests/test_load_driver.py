"""Locust's end, with the real Locust: where its requests go, and what its file may do.

The servers are two threads of this process: the one under test, and another that nobody may reach.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from harness.load.client import Locust
from harness.record.samples import Samples, read_samples
from harness.scenario.plan import Turn, expand_plan
from harness.scenario.schema import Load, Matrix, Scenario
from harness.servers.reaper import Reaper

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
REQUESTS = 3

LOCUSTFILE = """
import neighbor, queue, statistics
import django, harness, locust
from geventhttpclient.client import HTTPClientPool
from locust import task
from locust.clients import HttpSession
from locust.contrib.fasthttp import FastHttpSession
from harness.load.users import TraceUser

assert neighbor.PRESENT
assert not any(hasattr(each, "PRESENT") for each in (queue, statistics, django, harness, locust))

class U(TraceUser):
    host = "http://127.0.0.1:9"  # as a file of one's own may have it for running alone

    @task
    def go(self):
        self.next_key()
        print({"a": 1}, flush=True)
        print("{}", flush=True)
        getattr(self, self.option("how", "relative"))(self.option("other", ""))

    def relative(self, other):
        self.ask("/", name="x")
    def own_address(self, other):
        self.ask(self.host.upper() + "/", name="x")
    def ask_other(self, other):
        self.ask(other + "/", name="x")
    def client_other(self, other):
        self.client.get(other + "/", name="x")
    def user_part(self, other):
        self.client.get(other.replace("//", "@").partition(":")[2], name="x")
    def redirect(self, other):
        self.client.get("/redirect?" + other, name="x")
    def base_url(self, other):
        self.client.base_url = other
        self.client.get("/", name="x")
    def proxy(self, other):
        self.client.client.clientpool = HTTPClientPool(
            proxy_host="127.0.0.1", proxy_port=int(other.rpartition(":")[2])
        )
        self.client.get("/", name="x")
    def session(self):
        session = HttpSession(self.host, self.environment.events.request, self)
        session.headers.update(self.default_headers)
        session.trust_env = False
        return session
    def session_relative(self, other):
        self.session().get("/", name="x")
    def session_other(self, other):
        self.session().get(other + "/", name="x")
    def session_other_scheme(self, other):
        self.session().get(self.host.replace("http:", "https:") + "/", name="x")
    def session_redirect(self, other):
        self.session().get("/redirect?" + other, name="x")
    def session_proxy(self, other):
        self.session().get("/", name="x", proxies={"http": other})
"""
REPLACEMENTS = ("neighbor", "queue", "statistics", "django", "harness", "locust", "gevent")


@dataclass(slots=True)
class Server:
    """An HTTP server that notes the path and token of each request; /redirect?URL goes to URL."""

    seen: list[tuple[str, str | None]] = field(default_factory=list)
    url: str = ""

    def start(self) -> ThreadingHTTPServer:
        seen = self.seen

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                seen.append((self.path, self.headers.get("X-Harness-Token")))
                _, _, location = self.path.partition("?")
                self.send_response(302 if location else 200)
                self.send_header("Location", location)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                return

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        return server


@dataclass(frozen=True, slots=True)
class Bench:
    """A Locust that is ready, and the two servers."""

    locust: Locust
    ours: Server
    other: Server
    directory: Path

    def serve(self, how: str) -> Samples:
        """Serve a round in which the Locust file sends its requests like this."""
        scenario = Scenario(
            name="x",
            question="?",
            matrix=Matrix(backend=("locmem",), workers=(1,)),
            load=Load(requests=REQUESTS, users=2, options={"how": how, "other": self.other.url}),
        )
        ((trial,),) = expand_plan(scenario)
        turn = Turn(trial=trial, round=0, first=0, last=REQUESTS)
        out = self.directory / "samples.npz"
        self.ours.seen.clear()
        self.locust.serve(turn, self.ours.url, out=out, watch=lambda _: None)
        return read_samples(out)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    directory = tmp_path_factory.mktemp("load")
    for name in REPLACEMENTS:
        (directory / f"{name}.py").write_text("PRESENT = True\n")
    file = directory / "locustfile.py"
    file.write_text(LOCUSTFILE)
    ours, other, reaper = Server(), Server(), Reaper()
    before = Path.cwd()
    os.chdir(directory)  # what the current directory holds replaces nothing either
    try:
        environ = {**os.environ, "PYTHONPATH": str(ROOT)}
        log = directory / "locust.log"
        locust = Locust(file, token="secret", environ=environ, log=log, reaper=reaper)
    finally:
        os.chdir(before)
    with ours.start() as first, other.start() as second:
        try:
            locust.wait_until_ready()
            yield Bench(locust, ours, other, directory)
        finally:
            locust.stop()
            reaper.close()
            first.shutdown()
            second.shutdown()


@pytest.mark.parametrize("how", ["relative", "own_address", "session_relative"])
def test_requests_to_the_server_under_test_carry_the_token(how: str, bench: Bench) -> None:
    samples = bench.serve(how)
    assert samples.status.tolist() == [200] * REQUESTS
    assert not samples.failed.any()
    assert bench.ours.seen == [("/", "secret")] * REQUESTS


@pytest.mark.parametrize(
    "how",
    [
        *("ask_other", "client_other", "user_part", "redirect", "base_url", "proxy"),
        *("session_other", "session_other_scheme", "session_redirect", "session_proxy"),
    ],
)
def test_a_request_to_any_other_address_is_failed_and_never_sent(how: str, bench: Bench) -> None:
    samples = bench.serve(how)
    assert samples.failed.tolist() == [True] * REQUESTS
    assert samples.status.tolist() == [0] * REQUESTS
    assert bench.other.seen == []
    assert len(bench.ours.seen) == (REQUESTS if "redirect" in how else 0)
    log = (bench.directory / "locust.log").read_text()
    assert "GET x failed: not sent to http" in log
    assert log.count(f"GET x failed: not sent to {bench.other.url}:") <= 1


def test_what_a_locust_file_prints_is_in_its_log(bench: Bench) -> None:
    bench.serve("relative")
    assert "{'a': 1}\n{}\n" in (bench.directory / "locust.log").read_text()
