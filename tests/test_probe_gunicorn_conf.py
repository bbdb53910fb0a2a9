"""The hooks give each worker its life, wrap what it loads, and see every request to its end."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests
from django.core.cache import CacheHandler, caches

from harness import wire
from harness.probe import gunicorn_conf as hooks
from harness.probe.tally import Slots
from harness.servers.child import ProcessSpec
from harness.servers.gunicorn import Gunicorn, GunicornSettings, read_lives
from harness.servers.reaper import Reaper

TOKEN = "token"


@pytest.fixture
def lives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The directory of lives of a probed server; what the hooks change is taken back."""
    for name, value in [
        (wire.ENV_LIVES, str(tmp_path)),
        (wire.ENV_SERVER, "3"),
        (wire.ENV_TOKEN, TOKEN),
    ]:
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(hooks, "_slots", Slots())
    monkeypatch.setattr(CacheHandler, "create_connection", CacheHandler.create_connection)
    yield tmp_path
    if hasattr(caches._connections, "default"):  # type: ignore[attr-defined]
        del caches["default"]


def worker(age: int, app: Any = None) -> Any:
    return SimpleNamespace(age=age, wsgi=app)


def arbiter(*workers: Any) -> Any:
    return SimpleNamespace(WORKERS={100 + one.age: one for one in workers})


def serve(app: Any, **environ: str) -> Any:
    """Boot a worker by its hooks, let it serve one request as Gunicorn does, return the worker."""
    one = worker(1, app)
    hooks.pre_fork(arbiter(), one)
    hooks.post_fork(arbiter(), one)
    hooks.post_worker_init(one)
    try:
        list(one.wsgi(environ, lambda *_: None))
    finally:
        hooks.post_request(one, None, environ, None)
    return one


def test_workers_take_slots_and_a_reload_hands_them_on(lives: Path) -> None:
    first, second, third, fourth = map(worker, (1, 2, 3, 4))
    hooks.pre_fork(arbiter(), first)
    hooks.pre_fork(arbiter(first), second)
    hooks.on_reload(arbiter(first, second))
    hooks.pre_fork(arbiter(first, second), third)
    hooks.pre_fork(arbiter(first, second, third), fourth)
    slots = [one.harness_slot for one in (first, second, third, fourth)]
    assert slots == [(1, 1), (2, 1), (1, 2), (2, 2)]
    assert read_lives(lives) == (), "the arbiter opens no tally"


def test_a_worker_reports_its_identity_and_that_it_is_ready_only_once_it_is(lives: Path) -> None:
    one = worker(1)
    hooks.pre_fork(arbiter(), one)
    hooks.post_fork(arbiter(), one)
    (life,) = read_lives(lives)
    assert (life.server, life.slot, life.generation, life.pid) == (3, 1, 1, os.getpid())
    assert life.tally["ready"] == 0
    hooks.post_worker_init(one)
    assert read_lives(lives)[0].tally["ready"] == 1


def test_caches_that_a_preloaded_app_had_built_are_wrapped_too(lives: Path) -> None:
    caches["default"].set("preloaded", 1)

    def app(_: Any, start_response: Any) -> list[bytes]:
        assert caches["default"].get("preloaded") == 1
        start_response("200 OK", [])
        return []

    serve(app, HTTP_X_HARNESS_TOKEN=TOKEN)
    (life,) = read_lives(lives)
    assert (life.tally["hits"], life.tally["finished"]) == (1, 1)
    assert [cache.alias for cache in life.caches] == ["default"]
    caches["default"].clear()


def test_a_request_whose_app_raised_is_not_finished(lives: Path) -> None:
    def app(*_: Any) -> list[bytes]:
        raise ValueError("no answer")

    with pytest.raises(ValueError, match="no answer"):
        serve(app, HTTP_X_HARNESS_TOKEN=TOKEN)
    (life,) = read_lives(lives)
    assert (life.tally["started"], life.tally["finished"]) == (1, 0)


APP = """
import io

def body(path):
    yield b"first part"
    if path == "/dies":
        raise ValueError("in the middle")
    yield b", second part"

def application(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/raises":
        raise ValueError("before the answer")
    start_response("200 OK", [("Content-Type", "text/plain")])
    if path == "/file":
        return environ["wsgi.file_wrapper"](io.BytesIO(b"of a file"))
    return body(path)
"""


@pytest.mark.servers
@pytest.mark.parametrize("worker_class", ["sync", "gthread"])
def test_a_real_gunicorn_serves_as_ever_and_counts_what_it_handed_over(
    tmp_path: Path, worker_class: str
) -> None:
    (tmp_path / "tiny.py").write_text(APP)
    path = os.pathsep.join([str(tmp_path), str(Path(__file__).parent.parent)])
    environ = {**os.environ, "PYTHONPATH": path, wire.ENV_TOKEN: TOKEN}
    reaper = Reaper()
    server = Gunicorn(
        ProcessSpec(name="gunicorn", command=(), environ=environ, log=tmp_path / "log"),
        GunicornSettings(wsgi="tiny:application", workers=1, worker_class=worker_class, threads=2),
        lives=tmp_path / "lives",
        reaper=reaper,
    )
    try:
        server.wait_until_ready()
        with requests.Session() as client:
            client.headers[wire.TOKEN_HEADER] = TOKEN
            answers = {path: _get(client, server.url + path) for path in PATHS}
            plain = requests.get(server.url + "/", timeout=10)
    finally:
        server.stop()
        reaper.close()
    assert answers == PATHS
    assert not [name for name in plain.headers if name.lower().startswith("x-harness")]
    (life,) = server.lives()
    assert (life.tally["started"], life.tally["finished"]) == (4, 2)


PATHS = {
    "/": "200 first part, second part, from a worker",
    "/file": "200 of a file, from a worker",
    "/raises": "500",
    "/dies": "broken off",
}


def _get(client: requests.Session, url: str) -> str:
    try:
        answer = client.get(url, timeout=10)
    except requests.exceptions.ChunkedEncodingError:
        return "broken off"
    origin = ", from a worker" if wire.WORKER_HEADER in answer.headers else ""
    return "500" if answer.status_code == 500 else f"200 {answer.text}{origin}"
