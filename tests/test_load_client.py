"""The harness's end of Locust: what it orders, when it gives up, what it says then.

What stands in for Locust is a real child process that speaks as the driver does.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.errors import InfrastructureError
from harness.load.client import Locust
from harness.servers.reaper import Reaper

pytestmark = pytest.mark.slow

Start = Callable[[str], Locust]

# A locustfile is Python that the driver runs: so it may take the driver's place.
SPEAKS = """
import json, os, sys
def tell(**message):
    print(json.dumps(message), flush=True)
def hear():
    return json.loads(sys.stdin.readline() or '{"do": "end"}')
"""
SERVES = """
tell(event="ready")
order = hear()
tell(event="progress", done=1, hits=0, lookups=1)
print("noise on the wrong stream", flush=True)
tell(event="served", wall_s=1.5, cpu_s=0.5, order=order)
os._exit(0)
"""
STOPS = """
tell(event="ready")
hear()
tell(event="progress", done=1, hits=0, lookups=1)
heard = hear()
open("heard", "w").write(heard["do"])
tell(event="served", wall_s=1, cpu_s=1)
os._exit(0)
"""
DIES = """
tell(event="ready")
hear()
print("out of memory", file=sys.stderr, flush=True)
os._exit(9)
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
        started.append(Locust(file, environ=environ, log=log, reaper=reaper))
        return started[-1]

    yield start
    for locust in started:
        locust.stop()
    reaper.close()


def serve(locust: Locust, watch: Callable[[Any], None], time_limit_s: float = 60) -> Any:
    locust.wait_until_ready()
    return locust.serve({"first": 3}, out=Path("out"), time_limit_s=time_limit_s, watch=watch)


def ignore(_: Any) -> None:
    """Watch nothing."""


def test_a_round_is_ordered_watched_and_its_cost_returned(start: Start) -> None:
    seen: list[Any] = []
    served = serve(start(SERVES), seen.append)
    assert served["order"] == {"do": "serve", "out": "out", "first": 3}
    assert (served["wall_s"], served["cpu_s"]) == (1.5, 0.5)
    assert [message for message in seen if message] == [
        {"event": "progress", "done": 1, "hits": 0, "lookups": 1}
    ]


def test_what_the_watcher_raises_stops_the_round_and_is_told(start: Start, tmp_path: Path) -> None:
    def watch(message: Any) -> None:
        if message:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        serve(start(STOPS), watch)
    assert (tmp_path / "heard").read_text() == "stop"


def test_a_round_that_takes_too_long_is_stopped(start: Start, tmp_path: Path) -> None:
    with pytest.raises(InfrastructureError, match="HX322 load: did not end") as caught:
        serve(start(STOPS), ignore, time_limit_s=0)
    assert "hint: raise load.time_limit_s" in str(caught.value)
    assert (tmp_path / "heard").read_text() == "stop"


def test_a_locust_that_ends_is_told_with_its_last_lines_and_not_waited_for(
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


def test_a_file_that_cannot_be_loaded_is_told_with_its_error(start: Start) -> None:
    with pytest.raises(InfrastructureError, match="HX321 locust: did not start") as caught:
        start("import nothere\n").wait_until_ready()
    assert "ModuleNotFoundError: No module named 'nothere'" in str(caught.value)


def test_a_file_without_a_user_who_follows_the_trace_is_refused(start: Start) -> None:
    with pytest.raises(InfrastructureError, match="has no TraceUser"):
        start(NO_TRACE_USER).wait_until_ready()
