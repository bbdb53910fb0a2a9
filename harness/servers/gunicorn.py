"""One probed Gunicorn: started on a socket that the harness has bound, ready when all report.

Knows nothing of keys or hits; what the traffic means is the business of `analysis`.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness import wire
from harness.errors import InfrastructureError, Problem
from harness.record.facts import LifeFacts
from harness.servers.child import Child
from harness.servers.lives import read_lives
from harness.servers.ports import listen
from harness.servers.reaper import Reaper

POLL_S = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class GunicornSettings:
    """What is asked of Gunicorn, in its own terms; `options` are further command line words."""

    wsgi: str
    workers: int
    worker_class: str
    threads: int
    options: Sequence[str] = ()
    boot_timeout_s: float = 30.0


class Gunicorn:
    """A started server. `url` answers once `wait_until_ready` has returned.

    Raises SurroundingsError HX308 if `port` cannot be had; 0 is any that is free.
    """

    def __init__(
        self,
        name: str,
        settings: GunicornSettings,
        *,
        environ: Mapping[str, str],
        cwd: Path | None = None,
        lives: Path,
        log: Path,
        reaper: Reaper,
        number: int = 0,
        port: int = 0,
    ) -> None:
        self._settings = settings
        self._lives = lives
        self._workers = settings.workers
        self._socket = listen(port)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        lives.mkdir(parents=True, exist_ok=True)
        told = {**environ, wire.ENV_LIVES: str(lives), wire.ENV_SERVER: str(number)}
        descriptor = self._socket.fileno()

        def start(generation: int) -> Child:
            return Child(
                name,
                _command(settings, self._workers, descriptor),
                environ={**told, wire.ENV_GENERATION: str(generation)},
                cwd=cwd,
                log=log,
                reaper=reaper,
                pass_fds=(descriptor,),
            )

        self._start = start
        try:
            self._child = self._start(1)
        except BaseException:
            self._socket.close()
            raise

    @property
    def busiest(self) -> int:
        """Return how many requests the busiest living worker has begun, 0 without any."""
        return max((life.tally["started"] for life in self._current().values()), default=0)

    def lives(self) -> tuple[LifeFacts, ...]:
        """Return every worker life so far, with what it has counted."""
        return read_lives(self._lives)

    def wait_until_ready(self) -> None:
        """Return once every slot has reported.

        A first answer is no proof: while workers still boot, one of them answers everything.

        Raises SurroundingsError HX312 if Gunicorn ends, HX311 if a slot stays silent.
        """
        self._wait_for(dict.fromkeys(range(1, self._workers + 1), 1), "HX312", "HX311")

    def check(self) -> None:
        """Raise SurroundingsError HX313 if the server has ended."""
        if not self._child.running:
            raise self._ended("HX313", "ended in the middle of the load")

    def reload(self) -> None:
        """Have the arbiter replace every worker (SIGHUP); return once all successors serve.

        Like the other actions below it raises SurroundingsError HX314 if they do not come.
        """
        awaited = {slot: life.generation + 1 for slot, life in self._current().items()}
        self._child.process.send_signal(signal.SIGHUP)
        self._wait_for(awaited, "HX314", "HX314")

    def kill_worker(self, slot: int | None) -> int:
        """Kill the worker of a slot, the busiest for None; return the slot once it is refilled."""
        current = self._current()
        if slot is None:
            slot = max(current, key=lambda place: current[place].tally["started"])
        os.kill(current[slot].pid, signal.SIGKILL)
        self._wait_for({slot: current[slot].generation + 1}, "HX314", "HX314")
        return slot

    def restart(self) -> None:
        """Stop the server and start it again on the same socket, as a deploy does."""
        generation = 1 + max(life.generation for life in self.lives())
        self._child.stop()
        self._child = self._start(generation)
        slots = range(1, self._workers + 1)
        self._wait_for(dict.fromkeys(slots, generation), "HX314", "HX314")

    def scale(self, by: int) -> None:
        """Add workers (SIGTTIN), or take some away (SIGTTOU); return once that is done."""
        # One by one: a signal that is still pending swallows another of its kind.
        for _ in range(abs(by)):
            self._workers += 1 if by > 0 else -1
            self._child.process.send_signal(signal.SIGTTIN if by > 0 else signal.SIGTTOU)
            self._wait(lambda: len(self._current()) == self._workers, "HX314", self._not_scaled)

    def stop(self) -> None:
        """Stop the server and every worker, and close the socket."""
        self._child.stop()
        self._socket.close()

    def _current(self) -> dict[int, LifeFacts]:
        """Return the latest life of each slot whose process is there."""
        lives = {life.slot: life for life in self.lives() if life.tally["ready"]}
        return {slot: life for slot, life in lives.items() if _is_running(life.pid)}

    def _wait_for(self, awaited: Mapping[int, int], ended: str, silent: str) -> None:
        """Return once each slot has a ready life of the awaited generation or a later one."""

        def missing() -> list[int]:
            ready = {life.slot: life.generation for life in self.lives() if life.tally["ready"]}
            return [slot for slot, generation in awaited.items() if ready.get(slot, 0) < generation]

        self._wait(
            lambda: not missing(), ended, lambda: self._silent(silent, len(awaited), missing())
        )

    def _wait(
        self,
        done: Callable[[], bool],
        ended: str,
        failure: Callable[[], InfrastructureError],
    ) -> None:
        deadline = time.monotonic() + self._settings.boot_timeout_s
        while not done():
            if not self._child.running:
                raise self._ended(ended, "ended while workers were booting")
            if time.monotonic() > deadline:
                raise failure()
            time.sleep(POLL_S)

    def _silent(self, code: str, awaited: int, missing: Sequence[int]) -> InfrastructureError:
        slots = ", ".join(map(str, missing))
        return self._problem(
            code,
            f"{awaited - len(missing)} of {awaited} workers reported within "
            f"{self._settings.boot_timeout_s:g} s; silent: slot {slots}; last lines:",
            "see the lines above, or raise server.boot_timeout_s",
        )

    def _not_scaled(self) -> InfrastructureError:
        return self._problem(
            "HX314",
            f"{len(self._current())} workers after scaling, need {self._workers}; last lines:",
            "see the lines above, or raise server.boot_timeout_s",
        )

    def _ended(self, code: str, what: str) -> InfrastructureError:
        status = self._child.process.returncode
        return self._problem(
            code,
            f"{what}, with status {status}; its last lines:",
            f"the whole log is {self._child.log}",
        )

    def _problem(self, code: str, what: str, hint: str) -> InfrastructureError:
        return InfrastructureError(
            Problem(
                code=code,
                where=self._child.name,
                what=what,
                details=self._child.last_lines(),
                hint=hint,
            )
        )


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _command(settings: GunicornSettings, workers: int, descriptor: int) -> list[str]:
    return [
        *(sys.executable, "-m", "gunicorn"),
        *("--config", "python:harness.probe.gunicorn_conf"),
        *("--bind", f"fd://{descriptor}"),
        *("--workers", str(workers)),
        *("--worker-class", settings.worker_class),
        *("--threads", str(settings.threads)),
        *settings.options,
        settings.wsgi,
    ]
