"""Locust's end: serves one round after another as the harness orders, and saves samples.

What is sent is described in `protocol`. Run as `python -m harness.load.driver FILE DESCRIPTOR`,
where DESCRIPTOR is the process's end of a socket.

Keeps the load on the server under test: Locust's own clients refuse every other address. A request
to another host would load a server that is not ours, and take the run's token there.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

import gevent
from geventhttpclient.client import HTTPClient
from locust import events
from locust.clients import HttpSession
from locust.env import Environment
from locust.util.load_locustfile import is_user_class
from requests import PreparedRequest, RequestException, Response, Session
from requests.utils import resolve_proxies, select_proxy
from urllib3.util import parse_url

from harness import wire
from harness.load.evidence import Answer, parse_answers
from harness.load.protocol import Round
from harness.load.trace import key_sequence
from harness.load.users import Feed, TraceUser
from harness.record.samples import write_samples

_PROGRESS_INTERVAL_S = 0.2
_log_once = lru_cache(maxsize=1000)(print)


class Recorder:
    """Keeps what Locust reports of each request of a round; its evidence is parsed afterwards."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self._hits = self._lookups = self._counted = 0

    def progress(self) -> dict[str, int]:
        """Return counts until now; `hits` and `lookups` are answers with at least one."""
        new = self.answers[self._counted :]
        statuses = [answer.cache_status for answer in new if answer.cache_status]
        self._counted += len(new)
        self._lookups += len(statuses)
        self._hits += sum("; hit;" in status for status in statuses)
        return {"done": self._counted, "hits": self._hits, "lookups": self._lookups}

    def add(
        self,
        start_time: float,
        response_time: float,
        response: Any,
        context: Any,
        exception: Exception | None,
        **request: Any,
    ) -> None:
        """Record one request; the parameters are those of Locust's event."""
        header = (response.headers or {}).get
        self.answers.append(
            Answer(
                context.get("step"),
                context.get("due_s"),
                start_time,
                start_time + response_time / 1000,
                response.status_code or 0,
                header(wire.WORKER_HEADER),
                header(wire.CACHE_STATUS),
                header(wire.SERVER_TIMING),
                header(wire.WRITES_HEADER),
                exception is not None,
                context.get("fields"),
            )
        )
        if exception is not None:
            _log_once(f"{request['request_type']} {request['name']} failed: {exception}")


class Driver:
    """Owns the Locust environment; serves one round at a time."""

    def __init__(self, locustfile: str, descriptor: int) -> None:
        os.set_inheritable(descriptor, False)  # the Locust file may start processes
        self._channel = open(descriptor, "r+b", buffering=0)  # noqa: SIM115 - open until the end
        self._recorder, self._host = Recorder(), ""
        guard_clients(lambda: self._host)
        self._user_classes = load_users(Path(locustfile))
        if not self._user_classes:
            sys.exit(f"{locustfile} has no TraceUser, and only such users follow the trace")
        self._environment = Environment(user_classes=[*self._user_classes], events=events)
        self._runner = self._environment.create_local_runner()
        events.request.add_listener(lambda **request: self._recorder.add(**request))

    def run(self) -> None:
        """Follow the harness until it closes the connection."""
        self._send(event="ready")
        while line := gevent.get_hub().threadpool.apply(self._channel.readline):
            order = json.loads(line)
            if order is None:
                self._runner.stop()
            else:
                _spawn(self._serve, Round(**order))

    def _serve(self, order: Round) -> None:
        self._prepare(order)
        started_s, cpu_s = time.monotonic(), time.process_time()
        progress = _spawn(self._report_progress)
        self._runner.start(order.users, spawn_rate=order.users)
        if self._runner.spawning_greenlet:
            self._runner.spawning_greenlet.join()
        self._runner.user_greenlets.join()
        wall_s, cpu_s = time.monotonic() - started_s, time.process_time() - cpu_s
        progress.kill()
        self._runner.stop()
        answers = [answer for answer in self._recorder.answers if answer.step is not None]
        write_samples(Path(order.out), parse_answers(answers, order.number), compressed=False)
        self._send(event="served", wall_s=wall_s, cpu_s=cpu_s)

    def _prepare(self, order: Round) -> None:
        self._recorder, self._host = Recorder(), order.host
        self._environment.host = order.host
        TraceUser.trace_options = order.options
        TraceUser.trace_feed = Feed(
            key_sequence(**order.trace)[order.first : order.last].tolist(),
            order.first,
            order.rate_per_second,
            order.milestones,
            lambda step: self._send(event="milestone", step=step),
        )
        for user_class in self._user_classes:
            user_class.default_headers = {wire.TOKEN_HEADER: order.token}

    def _report_progress(self) -> None:
        while True:
            gevent.sleep(_PROGRESS_INTERVAL_S)
            self._send(event="progress", **self._recorder.progress())

    def _send(self, **message: object) -> None:
        self._channel.write(json.dumps(message).encode() + b"\n")


def guard_clients(allowed: Callable[[], str]) -> None:
    """Let Locust's clients send to nothing but the address that `allowed` returns.

    An address is scheme, host and port, such as "http://127.0.0.1:8000". Each request is checked
    where it is about to be sent, so that redirects are seen as well. What is refused raises an
    error of connecting, and so becomes a failed request. Replaces methods of the clients' classes.
    """
    send_fast, send = HTTPClient.request, Session.send

    def check_fast(client: HTTPClient, *arguments: Any, **options: Any) -> Any:
        address = f"{'https' if client.ssl else 'http'}://{client.host}:{client.port}"
        if address != allowed() or client.use_proxy:
            raise ConnectionError(_refusal(address, client.use_proxy, allowed()))
        return send_fast(client, *arguments, **options)

    def check(client: HttpSession, request: PreparedRequest, **options: Any) -> Response:
        url = parse_url(request.url or "")
        address = f"{url.scheme}://{url.netloc}"
        proxies = resolve_proxies(request, options.get("proxies", client.proxies), False)
        proxied = bool(select_proxy(url.url, proxies))
        if address != allowed() or proxied:
            raise RequestException(_refusal(address, proxied, allowed()))
        return send(client, request, **options)

    HTTPClient.request = check_fast  # type: ignore[method-assign, assignment]
    HttpSession.send = check  # type: ignore[method-assign, assignment]


def _refusal(address: str, proxied: bool, allowed: str) -> str:
    return f"not sent to {address}{proxied * ' through a proxy'}: only {allowed} is under test"


def load_users(locustfile: Path) -> list[type[TraceUser]]:
    """Return the users of a Locust file that follow the trace.

    The file may import its neighbors. Locust's own loader puts their directory and the current
    one first, so that a neighbor called `queue` replaces the standard library's; here they come
    last, and the file has a name that replaces no module.
    """
    sys.path.append(str(locustfile.resolve().parent))
    name = f"locustfile {locustfile.stem}"
    module = sys.modules[name] = ModuleType(name)
    module.__file__ = str(locustfile)
    exec(compile(locustfile.read_bytes(), locustfile, "exec"), vars(module))
    return [
        found
        for found in vars(module).values()
        if is_user_class(found) and issubclass(found, TraceUser)
    ]


def _spawn(function: Any, *arguments: object) -> Any:
    """Return a greenlet whose failure ends the process: the harness then reports the log."""
    greenlet = gevent.spawn(function, *arguments)
    greenlet.link_exception(lambda _: os._exit(1))
    return greenlet


if __name__ == "__main__":
    Driver(sys.argv[1], int(sys.argv[2])).run()
