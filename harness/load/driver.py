"""Locust's end: serves one round after another as its standard input asks, and saves samples.

Lines of JSON both ways. In: `{"do": "serve", …}` (fields of `Round`), `{"do": "stop"}` to end the
round early. Out: `{"event": "ready"}`, `{"event": "progress", …}`, `{"event": "served", …}`.
The end of standard input is the end of the process. Run as `python -m harness.load.driver FILE`.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gevent
from locust import events
from locust.env import Environment
from locust.event import Events
from locust.util.load_locustfile import load_locustfile

from harness import wire
from harness.load.evidence import Answer, parse_answers
from harness.load.trace import key_sequence
from harness.load.users import Feed, TraceUser
from harness.record.samples import write_samples

_PROGRESS_INTERVAL_S = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One order: positions `first` to `last` (excluded) of a trace, served to `host`.

    Passing one of the `milestones` is told at once. `options` are for the Locust file.
    """

    host: str
    token: str
    users: int
    keys: int
    zipf: float
    requests: int
    seed: int
    number: int
    options: dict[str, Any]
    first: int
    last: int
    rate_per_second: float | None
    milestones: list[int]
    out: str


class Recorder:
    """Keeps what Locust tells of each request; the evidence in it is read after the round."""

    def __init__(self, events: Events) -> None:
        self._answers: list[Answer] = []
        self._hits = self._lookups = self._looked_at = 0
        events.request.add_listener(self._on_request)

    def clear(self) -> None:
        """Begin a round."""
        self._answers.clear()
        self._hits = self._lookups = self._looked_at = 0

    def progress(self) -> dict[str, int]:
        """Return counts so far; the hits are those of answers with one lookup or more."""
        fresh = self._answers[self._looked_at :]
        told = [answer.cache_status for answer in fresh if answer.cache_status]
        self._looked_at += len(fresh)
        self._lookups += len(told)
        self._hits += sum("; hit;" in cache_status for cache_status in told)
        return {"done": self._looked_at, "hits": self._hits, "lookups": self._lookups}

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
        **_: object,
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


class Driver:
    """Owns the Locust environment; one round at a time."""

    def __init__(self, locustfile: str) -> None:
        found = load_locustfile(locustfile)[0].values()
        self._user_classes = [user for user in found if issubclass(user, TraceUser)]
        if not self._user_classes:
            sys.exit(f"{locustfile} has no TraceUser, so that nobody would follow the trace")
        self._environment = Environment(user_classes=[*self._user_classes], events=events)
        self._runner = self._environment.create_local_runner()
        self._recorder = Recorder(events)

    def run(self) -> None:
        """Follow standard input until it ends."""
        _tell(event="ready")
        reader = gevent.get_hub().threadpool
        while line := reader.apply(sys.stdin.readline):
            order = json.loads(line)
            if order.pop("do") == "serve":
                gevent.spawn(self._serve, Round(**order)).link_exception(_die)
            else:
                self._runner.stop()

    def _serve(self, order: Round) -> None:
        self._prepare(order)
        started_s, cpu_s = time.monotonic(), _cpu_s()
        progress = gevent.spawn(self._report_progress)
        self._runner.start(order.users, spawn_rate=order.users)
        if self._runner.spawning_greenlet:
            self._runner.spawning_greenlet.join()
        self._runner.user_greenlets.join()
        wall_s, cpu_s = time.monotonic() - started_s, _cpu_s() - cpu_s
        progress.kill()
        self._runner.stop()
        samples = parse_answers(self._recorder.answers(), order.number)
        write_samples(Path(order.out), samples, compressed=False)
        _tell(event="served", wall_s=wall_s, cpu_s=cpu_s)

    def _prepare(self, order: Round) -> None:
        trace = key_sequence(
            keys=order.keys, zipf=order.zipf, requests=order.requests, seed=order.seed
        )
        self._environment.host = order.host
        feed = Feed(
            trace[order.first : order.last].tolist(),
            order.first,
            rate_per_second=order.rate_per_second,
            milestones=order.milestones,
            on_milestone=lambda step: _tell(event="milestone", step=step),
        )
        self._environment.feed = feed  # type: ignore[attr-defined]
        self._environment.options = order.options  # type: ignore[attr-defined]
        for user_class in self._user_classes:
            user_class.default_headers = {wire.TOKEN_HEADER: order.token}
        self._recorder.clear()

    def _report_progress(self) -> None:
        while True:
            gevent.sleep(_PROGRESS_INTERVAL_S)
            _tell(event="progress", **self._recorder.progress())


def _cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _tell(**message: object) -> None:
    print(json.dumps(message), flush=True)


def _die(_: object) -> None:
    os._exit(1)


if __name__ == "__main__":
    Driver(sys.argv[1]).run()
