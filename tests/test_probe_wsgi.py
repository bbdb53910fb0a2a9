"""Only a request with the right token is measured, and only its headers show it."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from django.core.cache.backends.base import BaseCache

from harness import wire
from harness.load.evidence import Answer, parse_answers
from harness.probe.evidence import ProbedApp
from harness.probe.notes import current
from harness.servers.gunicorn import read_lives
from tests.probing import LIFE, Probe, locmem

TOKEN = "the token of this run"
KEY = "HTTP_X_HARNESS_TOKEN"
Headers = list[tuple[str, str]]


class Server:
    """Calls a probed app as Gunicorn does, and gets at its headers."""

    def __init__(self, probe: Probe, app: Any, token: str = TOKEN) -> None:
        self.app = ProbedApp(app, probe.tally, token)
        self.started: list[tuple[str, Headers]] = []

    def start_response(self, status: str, headers: Headers, _: Any = None) -> str:
        self.started.append((status, headers))
        return "the write callable"

    def call(self, **environ: str) -> Iterable[bytes]:
        return self.app(environ, self.start_response)

    def answer(self, **environ: str) -> Headers:
        """Serve a whole request and return its headers."""
        list(self.call(**environ))
        self.app.request_ended(whole=True)
        return self.started[-1][1]


@pytest.fixture
def probe(tmp_path: Path) -> Probe:
    return Probe(tmp_path)


@pytest.fixture
def cache(probe: Probe) -> BaseCache:
    bare = locmem("wsgi")
    bare.set("held", 1)
    return probe.wrap(bare)


@pytest.fixture
def server(probe: Probe, cache: BaseCache) -> Server:
    """An app that reads two keys, as a list of one part."""

    def app(_: Any, start_response: Any) -> list[bytes]:
        cache.get("held"), cache.get("a")
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"body"]

    return Server(probe, app)


def read(headers: Headers) -> Any:
    sent = dict(headers)
    worker, status = sent.get(wire.WORKER_HEADER), sent.get(wire.CACHE_STATUS)
    return parse_answers([Answer(0, 0, 0, 0, 200, worker, status, sent.get(wire.SERVER_TIMING))])


def test_an_answer_to_the_right_token_reports_worker_and_lookups(
    probe: Probe, server: Server
) -> None:
    headers = server.answer(**{KEY: TOKEN})
    assert headers[0] == ("Content-Type", "text/plain")
    samples = read(headers)
    assert samples.lives.tolist() == [[LIFE.server, LIFE.slot, LIFE.generation, LIFE.pid]]
    assert [str(samples.keys[key]) for key in samples.key] == ["held", "a"]
    assert samples.hit.tolist() == [True, False]
    assert probe.counts() == {"started": 1, "finished": 1, "hits": 1, "misses": 1}


@pytest.mark.parametrize("token", [None, "", "wrong", TOKEN + " ", TOKEN.upper(), "é\xff"])
def test_an_answer_to_any_other_token_has_only_the_apps_headers(
    probe: Probe, server: Server, token: str | None
) -> None:
    environ = {} if token is None else {KEY: token}
    assert server.answer(**environ) == [("Content-Type", "text/plain")]
    assert probe.counts() == {"outside": 2}


def test_without_a_token_of_its_own_a_server_measures_nobody(probe: Probe, server: Server) -> None:
    open_server = Server(probe, lambda *_: server.app._app(*_), token="")
    for environ in ({}, {KEY: ""}):
        assert open_server.answer(**environ) == [("Content-Type", "text/plain")]


def test_the_apps_own_list_of_headers_is_left_alone(probe: Probe) -> None:
    own = [("X-Own", "1")]

    def app(_: Any, start_response: Any) -> list[bytes]:
        assert start_response("200 OK", own) == "the write callable"
        return []

    assert len(Server(probe, app).answer(**{KEY: TOKEN})) > 1
    assert own == [("X-Own", "1")]


class FileWrapper:
    """Gunicorn sends such a response by sendfile, if it is the very object."""


def test_the_body_is_the_very_object_that_the_app_returned(probe: Probe) -> None:
    for body in (FileWrapper(), iter([b"part"]), [b"whole"]):

        def app(_: Any, start_response: Any, body: Any = body) -> Any:
            start_response("200 OK", [])
            return body

        assert Server(probe, app).call(**{KEY: TOKEN}) is body


def test_what_a_streamed_body_reads_is_late_and_in_no_header(probe: Probe, cache: Any) -> None:
    def body() -> Iterable[bytes]:
        yield b"1"
        cache.get("held")
        yield b"2"

    def app(_: Any, start_response: Any) -> Iterable[bytes]:
        cache.get("held")
        start_response("200 OK", [])
        return body()

    headers = Server(probe, app).answer(**{KEY: TOKEN})
    assert read(headers).lookups == 1
    assert probe.counts() == {"started": 1, "finished": 1, "hits": 1, "late": 1}


def test_an_app_that_starts_its_answer_late_reports_all_that_it_read(
    probe: Probe, cache: Any
) -> None:
    def app(_: Any, start_response: Any) -> Iterable[bytes]:
        cache.get("held")
        start_response("200 OK", [])
        yield b"body"

    assert read(Server(probe, app).answer(**{KEY: TOKEN})).lookups == 1


def test_an_error_page_reports_what_was_read_before_the_error(probe: Probe, cache: Any) -> None:
    def app(_: Any, start_response: Any) -> list[bytes]:
        cache.get("held")
        start_response("500 Internal Server Error", [], ("exc", "info", None))
        return [b"sorry"]

    server = Server(probe, app)
    assert read(server.answer(**{KEY: TOKEN})).lookups == 1
    assert server.started[0][0] == "500 Internal Server Error"


def test_a_request_that_died_is_started_and_not_finished(probe: Probe, cache: Any) -> None:
    def app(*_: Any) -> list[bytes]:
        cache.get("held")
        raise ValueError("no answer")

    server = Server(probe, app)
    with pytest.raises(ValueError, match="no answer"):
        server.call(**{KEY: TOKEN})
    server.app.request_ended(whole=False)
    assert current.get() is None
    assert probe.counts() == {"started": 1, "hits": 1}


def test_the_end_of_a_measured_request_records_the_cpu_time_of_the_process(
    probe: Probe, server: Server
) -> None:
    before_ns = time.process_time_ns()
    server.answer(**{KEY: TOKEN})
    between_ns = time.process_time_ns()
    server.answer()
    (life,) = read_lives(probe.directory)
    assert before_ns <= life.tally["cpu_ns"] <= between_ns


def test_a_request_that_is_not_measured_ends_the_recording_of_the_one_before(
    probe: Probe, server: Server
) -> None:
    """On a kept-alive connection the same thread serves both."""
    server.answer(**{KEY: TOKEN})
    server.answer()
    server.app.request_ended(whole=True)
    assert current.get() is None
    counts = {"started": 1, "finished": 1, "hits": 1, "misses": 1, "outside": 2}
    assert probe.counts() == counts
