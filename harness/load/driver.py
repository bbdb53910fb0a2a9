"""Locust's end: serves one round after another as the harness orders, and saves samples.

What is sent is described in `protocol`. Run as `python -m harness.load.driver FILE DESCRIPTOR`,
where DESCRIPTOR is the process's end of a socket.
"""

from __future__ import annotations

import importlib.util
import json
import os
import resource
import sys
import time
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Any

import gevent
from locust import events
from locust.env import Environment
from locust.event import Events
from locust.util.load_locustfile import is_user_class

from harness import wire
from harness.load.evidence import Answer, parse_answers
from harness.load.guard import HostGuard
from harness.load.protocol import Round
from harness.load.trace import key_sequence
from harness.load.users import Feed, TraceUser
from harness.record.samples import write_samples

_PROGRESS_INTERVAL_S = 0.2
_MOST_REASONS = 100


class Recorder:
    """Keeps what Locust reports of each request; its evidence is parsed after the round.

    Prints each reason for which a request failed, once.
    """

    def __init__(self, events: Events) -> None:
        self._answers: list[Answer] = []
        self._reasons: set[str] = set()
        self._hits = self._lookups = self._counted = 0
        events.request.add_listener(self._on_request)

    def clear(self) -> None:
        """Begin a round."""
        self._answers.clear()
        self._hits = self._lookups = self._counted = 0

    def progress(self) -> dict[str, int]:
        """Return counts of the round until now; hits are answers with at least one."""
        new = self._answers[self._counted :]
        statuses = [answer.cache_status for answer in new if answer.cache_status]
        self._counted += len(new)
        self._lookups += len(statuses)
        self._hits += sum("; hit;" in cache_status for cache_status in statuses)
        return {"done": self._counted, "hits": self._hits, "lookups": self._lookups}

    def answers(self) -> list[Answer]:
        """Return the requests that were made for a step of the trace."""
        return [answer for answer in self._answers if answer.step is not None]

    def _on_request(
        self,
        start_time: float,
        response_time: float,
        response: Any,
        context: Any,
        exception: Exception | None,
        **request: Any,
    ) -> None:
        header = (response.headers or {}).get
        self._answers.append(
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
                context.get("marks"),
            )
        )
        if exception is not None and len(self._reasons) < _MOST_REASONS:
            reason = f"{request['request_type']} {request['name']} failed: {exception}"
            if reason not in self._reasons:
                self._reasons.add(reason)
                print(reason)


class Driver:
    """Owns the Locust environment; serves one round at a time."""

    def __init__(self, locustfile: str, descriptor: int) -> None:
        os.set_inheritable(descriptor, False)  # the Locust file may start processes
        self._channel = open(descriptor, "r+b", buffering=0)  # noqa: SIM115 - open until the end
        self._user_classes = load_users(Path(locustfile))
        if not self._user_classes:
            sys.exit(f"{locustfile} has no TraceUser, and only such users follow the trace")
        self._environment = Environment(user_classes=[*self._user_classes], events=events)
        self._runner = self._environment.create_local_runner()
        self._recorder = Recorder(events)
        self._guard = HostGuard()

    def run(self) -> None:
        """Follow the harness until it closes the connection."""
        self._send(event="ready")
        reader = gevent.get_hub().threadpool
        while line := reader.apply(self._channel.readline):
            order = json.loads(line)
            if order is None:
                self._runner.stop()
            else:
                gevent.spawn(self._serve, Round(**order)).link_exception(_die)

    def _serve(self, order: Round) -> None:
        self._prepare(order)
        started_s, cpu_s = time.monotonic(), _cpu_s()
        progress = gevent.spawn(self._report_progress)
        progress.link_exception(_die)
        self._runner.start(order.users, spawn_rate=order.users)
        if self._runner.spawning_greenlet:
            self._runner.spawning_greenlet.join()
        self._runner.user_greenlets.join()
        wall_s, cpu_s = time.monotonic() - started_s, _cpu_s() - cpu_s
        progress.kill()
        self._runner.stop()
        samples = parse_answers(self._recorder.answers(), order.number)
        write_samples(Path(order.out), samples, compressed=False)
        self._send(event="served", wall_s=wall_s, cpu_s=cpu_s)

    def _prepare(self, order: Round) -> None:
        trace = key_sequence(
            keys=order.keys, zipf=order.zipf, requests=order.requests, seed=order.seed
        )
        self._environment.host = order.host
        self._guard.allow(order.host)
        feed = Feed(
            trace[order.first : order.last].tolist(),
            order.first,
            rate_per_second=order.rate_per_second,
            milestones=order.milestones,
            on_milestone=lambda step: self._send(event="milestone", step=step),
        )
        self._environment.feed = feed  # type: ignore[attr-defined]
        self._environment.options = order.options  # type: ignore[attr-defined]
        for user_class in self._user_classes:
            user_class.default_headers = {wire.TOKEN_HEADER: order.token}
        self._recorder.clear()

    def _report_progress(self) -> None:
        while True:
            gevent.sleep(_PROGRESS_INTERVAL_S)
            self._send(event="progress", **self._recorder.progress())

    def _send(self, **message: object) -> None:
        self._channel.write(json.dumps(message).encode() + b"\n")


def load_users(locustfile: Path) -> list[type[TraceUser]]:
    """Return the users of a Locust file that follow the trace.

    The file may import its neighbors. Locust's own loader puts their directory and the current
    one first, so that a neighbor called `queue` replaces the standard library's; here they come
    last, and the file has a name that replaces no module.
    """
    sys.path.append(str(locustfile.resolve().parent))
    name = f"locustfile {locustfile.stem}"
    loader = SourceFileLoader(name, str(locustfile))
    spec = importlib.util.spec_from_loader(name, loader)
    assert spec
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    found = [value for value in vars(module).values() if is_user_class(value)]
    return [user_class for user_class in found if issubclass(user_class, TraceUser)]


def _cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _die(_: object) -> None:
    os._exit(1)


if __name__ == "__main__":
    Driver(sys.argv[1], int(sys.argv[2])).run()
