"""The harness's end of the Locust process: orders rounds, follows their progress, gets samples."""

from __future__ import annotations

import json
import queue
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from harness.errors import InfrastructureError, Problem
from harness.servers.child import Child, ProcessSpec
from harness.servers.reaper import Reaper

_START_TIMEOUT_S = 60.0
_STOP_TIMEOUT_S = 15.0
_POLL_S = 0.1

Message = Mapping[str, Any]


class Locust:
    """A Locust process that serves rounds, started once for a run."""

    def __init__(
        self, locustfile: Path, *, environ: Mapping[str, str], log: Path, reaper: Reaper
    ) -> None:
        process = ProcessSpec(
            name="locust",
            command=[sys.executable, "-m", "harness.load.driver", str(locustfile)],
            environ=environ,
            log=log,
            pipes=True,
        )
        self._child = Child(process, reaper)
        self._messages: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()

    def wait_until_ready(self) -> None:
        """Return once Locust has loaded its file. Raises SurroundingsError HX321."""
        deadline = time.monotonic() + _START_TIMEOUT_S
        while self._next(deadline, "did not start")["event"] != "ready":
            continue

    def serve(
        self,
        order: Mapping[str, Any],
        *,
        out: Path,
        time_limit_s: float,
        watch: Callable[[Message], None],
    ) -> Message:
        """Serve one round, write its samples to `out`, return what it cost (`wall_s`, `cpu_s`).

        `watch` is called with each progress message, and with an empty one several times a
        second; what it raises stops the round. Raises SurroundingsError HX322 after
        `time_limit_s`, HX321 if Locust ends. A round that is stopped early writes what it has.
        """
        self._say(do="serve", out=str(out), **order)
        try:
            return self._follow(time.monotonic() + time_limit_s, watch)
        except BaseException:
            self._stop_round()
            raise

    def stop(self) -> None:
        """End the process."""
        self._child.stop()

    def _follow(self, deadline: float, watch: Callable[[Message], None]) -> Message:
        while True:
            message = self._poll()
            if message.get("event") == "served":
                return message
            watch(message)
            if time.monotonic() > deadline:
                raise InfrastructureError(
                    Problem(
                        code="HX322",
                        where="load",
                        what="did not end within load.time_limit_s",
                        hint="raise load.time_limit_s, or ask for fewer requests",
                    )
                )

    def _stop_round(self) -> None:
        """End a round early; its samples are written all the same, if Locust still can."""
        try:
            self._say(do="stop")
            deadline = time.monotonic() + _STOP_TIMEOUT_S
            while self._next(deadline, "did not stop")["event"] != "served":
                continue
        except (InfrastructureError, OSError):
            pass  # what stopped the round is the error to tell

    def _poll(self) -> Message:
        try:
            return self._checked(self._messages.get(timeout=_POLL_S), "ended")
        except queue.Empty:
            return {}

    def _next(self, deadline: float, failure: str) -> Message:
        try:
            timeout_s = max(0.0, deadline - time.monotonic())
            return self._checked(self._messages.get(timeout=timeout_s), failure)
        except queue.Empty:
            raise self._failed(failure) from None

    def _checked(self, message: Message | None, failure: str) -> Message:
        if message is None:
            self._messages.put(None)  # whoever asks next must not wait for what cannot come
            raise self._failed(failure)
        return message

    def _failed(self, what: str) -> InfrastructureError:
        return InfrastructureError(
            Problem(
                code="HX321",
                where="locust",
                what=f"{what}; its last lines:",
                details=self._child.last_lines(),
                hint=f"the whole log is {self._child.log}",
            )
        )

    def _say(self, **message: object) -> None:
        stdin = self._child.process.stdin
        assert stdin
        try:
            stdin.write(json.dumps(message).encode() + b"\n")
            stdin.flush()
        except OSError:
            raise self._failed("ended") from None

    def _read(self) -> None:
        stdout = self._child.process.stdout
        assert stdout
        with stdout:
            for line in stdout:
                if line.startswith(b"{"):
                    self._messages.put(json.loads(line))
        self._messages.put(None)
