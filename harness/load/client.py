"""The harness's end of the Locust process: orders rounds and follows their progress."""

import json
import queue
import socket
import sys
import threading
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from harness.errors import InfrastructureError, Problem
from harness.load.protocol import MALFORMED, MAX_LINE_BYTES, Message, Round, parse_message
from harness.scenario.plan import Turn, milestones
from harness.servers.child import Child, ProcessSpec
from harness.servers.reaper import Reaper

_START_TIMEOUT_S = 60.0
_STOP_TIMEOUT_S = 15.0
_POLL_S = 0.1


class Locust:
    """A Locust process that serves rounds with the token of a run, started once for the run.

    The two talk through a socket of their own: what the Locust file prints goes to the log, and
    its standard input is empty.
    """

    def __init__(
        self, locustfile: Path, *, token: str, environ: Mapping[str, str], log: Path, reaper: Reaper
    ) -> None:
        self._token = token
        self._milestones: Collection[int] = ()
        self._messages: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        self._socket, theirs = socket.socketpair()
        with theirs:
            self._child = Child(
                ProcessSpec(
                    name="locust",
                    command=[
                        sys.executable,
                        "-P",  # a package in the current directory replaces no installed one
                        *("-m", "harness.load.driver", str(locustfile), str(theirs.fileno())),
                    ],
                    environ={**environ, "PYTHONUNBUFFERED": "1"},
                    log=log,
                    pass_fds=(theirs.fileno(),),
                ),
                reaper,
            )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def wait_until_ready(self) -> None:
        """Return once Locust has loaded its file. Raises InfrastructureError HX321."""
        if self._await("ready", _START_TIMEOUT_S, "did not start") is None:
            raise self._child.error("HX321", "did not start")

    def serve(
        self, turn: Turn, url: str, *, out: Path, watch: Callable[[Message], None]
    ) -> Message:
        """Serve a turn to `url`, write its samples to `out`, return its cost (`wall_s`, `cpu_s`).

        `watch` is called with each progress message, and with an empty one several times a
        second; what it raises stops the round. Raises InfrastructureError HX322 after the
        scenario's time limit, HX321 if Locust ends or breaks the protocol. A round that is stopped
        early writes what it has.
        """
        order, scenario = round_of(turn, url, token=self._token, out=out), turn.trial.scenario
        self._milestones = order.milestones
        self._send(asdict(order))
        try:
            served = self._await("served", scenario.load.time_limit_s, "ended", watch)
            if served is None:
                raise InfrastructureError(
                    Problem(
                        code="HX322",
                        where="load",
                        what="did not end within load.time_limit_s",
                        hint="raise load.time_limit_s, or ask for fewer requests",
                    )
                )
            return served
        except BaseException:
            # Its samples are written all the same, if Locust still can; what stopped the round
            # is the error to report.
            with suppress(InfrastructureError):
                self._send(None)
                self._await("served", _STOP_TIMEOUT_S, "did not stop")
            raise

    def stop(self) -> None:
        """End the process."""
        self._child.stop()
        self._socket.close()

    def _await(
        self,
        event: str,
        time_limit_s: float,
        failure: str,
        watch: Callable[[Message], None] = lambda message: None,  # noqa: ARG005
    ) -> Message | None:
        """Return the first message of an event, None if there is none within the time limit."""
        deadline = time.monotonic() + time_limit_s
        while (message := self._next(failure)).get("event") != event:
            watch(message)
            if time.monotonic() > deadline:
                return None
        return message

    def _next(self, failure: str) -> Message:
        """Return the next message, an empty one after a moment without any."""
        try:
            message = self._messages.get(timeout=_POLL_S)
        except queue.Empty:
            if self._child.running:
                return {}
            # What it forked may keep the connection open.
            self._reader.join(_POLL_S)
            message = None if self._messages.empty() else self._messages.get()
        if message is None:
            self._messages.put(None)  # the next call must not wait for what cannot come
            raise self._child.error("HX321", failure)
        if message is MALFORMED or message.get("step") not in (None, *self._milestones):
            raise self._child.error(
                "HX321", "wrote to the harness's connection, which is not for Locust files"
            )
        return message

    def _send(self, order: object) -> None:
        try:
            self._socket.sendall(json.dumps(order).encode() + b"\n")
        except OSError:
            raise self._child.error("HX321", "ended") from None

    def _read(self) -> None:
        with suppress(OSError), self._socket.makefile("rb") as lines:
            while line := lines.readline(MAX_LINE_BYTES):
                self._messages.put(parse_message(line))
        self._messages.put(None)


def round_of(turn: Turn, url: str, *, token: str, out: Path) -> Round:
    """Return the order to serve a turn to `url`."""
    scenario = turn.trial.scenario
    load = scenario.load
    return Round(
        host=url,
        token=token,
        users=load.users,
        trace={
            "keys": load.keys,
            "zipf": load.zipf,
            "requests": max(load.requests, turn.last),
            "seed": scenario.seed,
        },
        number=turn.round,
        options=load.options,
        first=turn.first,
        last=turn.last,
        rate_per_second=load.arrival_rate_per_second,
        milestones=tuple(milestones(scenario)),
        out=str(out),
    )
