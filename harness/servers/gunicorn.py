"""One probed Gunicorn: started on a socket that the harness has bound, ready when all report.

Knows nothing of keys or hits; what the traffic means is the business of `analysis`.
"""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness import wire
from harness.errors import Problem, SurroundingsError
from harness.record.facts import LifeFacts
from harness.servers.child import Child
from harness.servers.lives import read_lives
from harness.servers.warden import Warden

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
    """A started server. `url` answers once `wait_until_ready` has returned."""

    def __init__(
        self,
        name: str,
        settings: GunicornSettings,
        *,
        environ: Mapping[str, str],
        lives: Path,
        log: Path,
        warden: Warden,
        number: int = 0,
    ) -> None:
        self._settings = settings
        self._lives = lives
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=2048)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        lives.mkdir(parents=True, exist_ok=True)
        descriptor = self._socket.fileno()
        try:
            self._child = Child(
                name,
                _command(settings, descriptor),
                environ={
                    **environ,
                    wire.ENV_LIVES: str(lives),
                    wire.ENV_SERVER: str(number),
                },
                log=log,
                warden=warden,
                pass_fds=(descriptor,),
            )
        except BaseException:
            self._socket.close()
            raise

    def lives(self) -> tuple[LifeFacts, ...]:
        """Return every worker life so far, with what it has counted."""
        return read_lives(self._lives)

    def wait_until_ready(self) -> None:
        """Return once every slot has reported.

        A first answer is no proof: while workers still boot, one of them answers everything.

        Raises SurroundingsError HX312 if Gunicorn ends, HX311 if a slot stays silent.
        """
        settings = self._settings
        deadline = time.monotonic() + settings.boot_timeout_s
        while True:
            ready = {life.slot for life in self.lives() if life.tally["ready"]}
            if len(ready) >= settings.workers:
                return
            if not self._child.running:
                raise self._ended("HX312", "ended while it was booting")
            if time.monotonic() > deadline:
                raise self._silent(ready)
            time.sleep(POLL_S)

    def check(self) -> None:
        """Raise SurroundingsError HX313 if the server has ended."""
        if not self._child.running:
            raise self._ended("HX313", "ended in the middle of the load")

    def stop(self) -> None:
        """Stop the server and every worker, and close the socket."""
        self._child.stop()
        self._socket.close()

    def _ended(self, code: str, what: str) -> SurroundingsError:
        status = self._child.process.returncode
        return SurroundingsError(
            Problem(
                code=code,
                where=self._child.name,
                what=f"{what}, with status {status}; its last lines:",
                details=self._child.last_lines(),
                hint=f"the whole log is {self._child.log}",
            )
        )

    def _silent(self, ready: set[int]) -> SurroundingsError:
        settings = self._settings
        missing = [str(slot) for slot in range(1, settings.workers + 1) if slot not in ready]
        return SurroundingsError(
            Problem(
                code="HX311",
                where=self._child.name,
                what=f"{len(ready)} of {settings.workers} workers reported within "
                f"{settings.boot_timeout_s:g} s; silent: slot {', '.join(missing)}; last lines:",
                details=self._child.last_lines(),
                hint="see the lines above, or raise server.boot_timeout_s",
            )
        )


def _command(settings: GunicornSettings, descriptor: int) -> list[str]:
    return [
        *(sys.executable, "-m", "gunicorn"),
        *("--config", "python:harness.probe.gunicorn_conf"),
        *("--bind", f"fd://{descriptor}"),
        *("--workers", str(settings.workers)),
        *("--worker-class", settings.worker_class),
        *("--threads", str(settings.threads)),
        *settings.options,
        settings.wsgi,
    ]
