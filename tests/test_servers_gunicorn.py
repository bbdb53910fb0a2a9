"""A Gunicorn serves the app that it is given, whatever lies in the current directory."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from harness import wire
from harness.errors import InfrastructureError
from harness.servers.child import ProcessSpec
from harness.servers.gunicorn import Gunicorn, GunicornSettings
from harness.servers.reaper import Reaper

pytestmark = pytest.mark.servers

Start = Callable[..., Gunicorn]

APP = """
import os, queue, django
def app(environ, start_response):
    start_response("200 OK", [])
    return [" ".join([os.getcwd(), queue.__file__, django.__file__]).encode()]
"""


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Return a starter of servers that have one worker and a current directory of their own."""
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "tiny.py").write_text(APP)
    (tmp_path / "here").mkdir()
    path = os.pathsep.join([str(tmp_path / "app"), *filter(None, sys.path)])
    reaper, servers = Reaper(), list[Gunicorn]()

    def start(wsgi: str = "tiny:app", boot_timeout_s: float = 30) -> Gunicorn:
        process = ProcessSpec(
            name="gunicorn",
            command=(),
            environ={**os.environ, "PYTHONPATH": path, wire.ENV_TOKEN: "token"},
            log=tmp_path / "log",
            cwd=tmp_path / "here",
        )
        settings = GunicornSettings(
            wsgi=wsgi, workers=1, worker_class="sync", threads=1, boot_timeout_s=boot_timeout_s
        )
        servers.append(Gunicorn(process, settings, lives=tmp_path / "lives", reaper=reaper))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()
    reaper.close()


def test_a_package_in_the_current_directory_replaces_no_real_one(
    tmp_path: Path, start: Start
) -> None:
    here = tmp_path / "here"
    for name in ("queue", "django", "gunicorn", "harness", "tiny"):
        (here / f"{name}.py").write_text(f"raise SystemExit('not the real {name}')\n")
    server = start()
    server.wait_until_ready()
    server.reload()
    cwd, *imported = requests.get(server.url, timeout=10).text.split()
    assert cwd == str(here)
    assert not [file for file in imported if file.startswith(str(here))]


def test_a_slot_that_stays_silent_is_named(start: Start) -> None:
    server = start(boot_timeout_s=0.0)
    with pytest.raises(InfrastructureError) as caught:
        server.wait_until_ready()
    (problem,) = caught.value.problems
    assert problem.code == "HX311"
    assert problem.what == "0 of 1 worker reported within 0 s; silent: slot 1; last lines:"


def test_a_server_that_ends_shows_why(start: Start) -> None:
    with pytest.raises(
        InfrastructureError, match=r"HX312 gunicorn: ended while .* status 3"
    ) as end:
        start("nothere:app").wait_until_ready()
    assert any("No module named 'nothere'" in line for line in end.value.problems[0].details)
