"""The harness's end of Locust: what it orders, when it gives up, what it reports then.

What stands in for Locust is a real child process that speaks as the driver does.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.errors import InfrastructureError
from harness.load.client import Locust, round_of
from harness.scenario.plan import Turn, expand_plan
from harness.scenario.schema import Action, Load, Matrix, Scenario
from harness.servers.reaper import Reaper

pytestmark = pytest.mark.slow

Start = Callable[[str], Locust]

# A Locust file is Python that the driver runs: so it may take the driver's place.
SPEAKS = """
import json, os, sys, time
descriptor = int(sys.argv[2])
def send(**message):
    os.write(descriptor, json.dumps(message).encode() + b"\\n")
def receive():
    return json.loads(os.read(descriptor, 1 << 16) or "0")
def wait():
    while receive():
        pass
"""
READY = 'send(event="ready")\n'
ORDERED = READY + "order = receive()\n"
SERVES = (
    ORDERED
    + """
json.dump(order, open("order", "w"))
send(event="progress", done=1, hits=0, lookups=1)
print({"a": 1}, flush=True)
send(event="served", wall_s=1.5, cpu_s=0.5)
os._exit(0)
"""
)
STOPS = (
    ORDERED
    + """
send(event="progress", done=1, hits=0, lookups=1)
open("received", "w").write(str(receive()))
send(event="served", wall_s=1, cpu_s=1)
os._exit(0)
"""
)
DIES = (
    ORDERED
    + """
print("out of memory", file=sys.stderr, flush=True)
os._exit(9)
"""
)
LEAVES_A_CHILD = (
    ORDERED
    + """
if child := os.fork():
    open("child", "w").write(str(child))
    os._exit(9)
os.setsid()
time.sleep(600)
"""
)
CLOSES_IN_A_TASK = """
import os
from locust import task
from harness.load.users import TraceUser
class Closer(TraceUser):
    @task
    def close_all(self):
        self.next_key()
        os.closerange(3, 1024)
"""
NO_TRACE_USER = """
from locust import HttpUser, task
class Shopper(HttpUser):
    @task
    def open_page(self):
        self.client.get("/")
"""


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    monkeypatch.chdir(tmp_path)
    reaper = Reaper()
    started = []

    def start(code: str) -> Locust:
        file = tmp_path / "locustfile.py"
        file.write_text(SPEAKS + code)
        log = tmp_path / "locust.log"
        environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
        started.append(Locust(file, token="secret", environ=environ, log=log, reaper=reaper))
        return started[-1]

    yield start
    for locust in started:
        locust.stop()
    reaper.close()


def turn(time_limit_s: float = 60) -> Turn:
    scenario = Scenario(
        name="x",
        question="?",
        matrix=Matrix(backend=("locmem",), workers=(1,)),
        load=Load(requests=6, time_limit_s=time_limit_s),
        actions=(Action(at=0.5, do="reload"),),
    )
    ((trial,),) = expand_plan(scenario)
    return Turn(trial=trial, round=0, first=3, last=6)


def serve(locust: Locust, watch: Callable[[Any], None], time_limit_s: float = 60) -> Any:
    locust.wait_until_ready()
    return locust.serve(turn(time_limit_s), "http://x", out=Path("out"), watch=watch)


def ignore(_: Any) -> None:
    """Watch nothing."""


def test_a_round_is_ordered_watched_and_its_cost_returned(start: Start, tmp_path: Path) -> None:
    seen: list[Any] = []
    served = serve(start(SERVES), seen.append)
    assert served == {"event": "served", "wall_s": 1.5, "cpu_s": 0.5}
    assert [message for message in seen if message] == [
        {"event": "progress", "done": 1, "hits": 0, "lookups": 1}
    ]
    order = (tmp_path / "order").read_text()
    for part in ('"first": 3, "last": 6', '"milestones": [3]', '"out": "out"', '"token": "secret"'):
        assert part in order


def test_an_order_covers_a_turn_that_goes_beyond_the_scenarios_requests() -> None:
    longer = replace(turn(), last=9)
    order = round_of(longer, "http://x", token="t", out=Path("out"))
    assert (order.trace["requests"], order.first, order.last) == (9, 3, 9)


def test_what_a_locust_file_prints_is_in_the_log_and_no_message(
    start: Start, tmp_path: Path
) -> None:
    serve(start(SERVES), ignore)
    assert (tmp_path / "locust.log").read_text() == "{'a': 1}\n"


def test_what_the_watcher_raises_stops_the_round_and_is_raised(
    start: Start, tmp_path: Path
) -> None:
    def watch(message: Any) -> None:
        if message:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        serve(start(STOPS), watch)
    assert (tmp_path / "received").read_text() == "None"


def test_a_round_that_takes_too_long_is_stopped(start: Start, tmp_path: Path) -> None:
    with pytest.raises(InfrastructureError, match="HX322 load: did not end") as caught:
        serve(start(STOPS), ignore, time_limit_s=1e-9)
    assert "hint: raise load.time_limit_s" in str(caught.value)
    assert (tmp_path / "received").read_text() == "None"


def test_a_locust_that_ends_is_reported_with_its_last_lines_and_not_waited_for(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.load.client._STOP_TIMEOUT_S", 3600)  # waiting would hang
    locust = start(DIES)
    with pytest.raises(InfrastructureError, match="HX321 locust: ended") as caught:
        serve(locust, ignore)
    assert "out of memory" in str(caught.value)
    assert "hint: the whole log is" in str(caught.value)
    with pytest.raises(InfrastructureError, match="HX321 locust: did not start"):
        locust.wait_until_ready()


def test_a_locust_that_ends_is_reported_although_a_child_keeps_its_connection(
    start: Start, tmp_path: Path
) -> None:
    try:
        with pytest.raises(InfrastructureError, match="HX321 locust: ended"):
            serve(start(LEAVES_A_CHILD), ignore)
    finally:
        os.kill(int((tmp_path / "child").read_text()), signal.SIGKILL)


@pytest.mark.parametrize(
    "line", [b"{'a': 1}\n", b"x" * (1 << 17), b'{"event": "milestone", "step": 4}\n']
)
def test_what_is_no_message_is_an_error_and_no_traceback(line: bytes, start: Start) -> None:
    locust = start(ORDERED + f"os.write(descriptor, {line!r})\nwait()\n")
    with pytest.raises(InfrastructureError, match="HX321 locust: wrote to the harness's"):
        serve(locust, ignore)


@pytest.mark.parametrize("when", [READY, ORDERED], ids=["before a round", "in a round"])
def test_a_locust_file_that_closes_every_descriptor_does_not_hang_the_harness(
    when: str, start: Start
) -> None:
    with pytest.raises(InfrastructureError, match="HX321 locust: ended"):
        serve(start(when + "os.closerange(3, 1024)\ntime.sleep(600)\n"), ignore)


def test_a_task_that_closes_every_descriptor_ends_the_round_with_an_error(start: Start) -> None:
    with pytest.raises(InfrastructureError, match=r"HX32[12]"):
        serve(start(CLOSES_IN_A_TASK), ignore, time_limit_s=10)


def test_a_file_that_cannot_be_loaded_is_reported_with_its_error(start: Start) -> None:
    with pytest.raises(InfrastructureError, match="HX321 locust: did not start") as caught:
        start("import nothere\n").wait_until_ready()
    assert "ModuleNotFoundError: No module named 'nothere'" in str(caught.value)


def test_a_file_without_a_user_who_follows_the_trace_is_refused(start: Start) -> None:
    with pytest.raises(InfrastructureError, match="has no TraceUser"):
        start(NO_TRACE_USER).wait_until_ready()
