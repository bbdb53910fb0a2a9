"""The servers of a trial: probed Gunicorns, and with the balancer in front of them all as one.

A Gunicorn is started on a socket that the harness has bound, and ready when all its workers report
in the tallies that the probe keeps, one per worker life. Knows nothing of keys or hits; what the
load means is the business of `analysis`.
"""

import json
import os
import signal
import struct
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from operator import attrgetter
from pathlib import Path
from typing import Any

from harness import wire
from harness.record.facts import CacheFacts, InheritedFacts, LifeFacts, RoundFacts
from harness.servers.child import POLL_S, Child, ProcessSpec, listen
from harness.servers.nginx import Nginx
from harness.servers.reaper import Reaper
from harness.text import number_of

# `-P` keeps the current directory off the import path, where Gunicorn would put it again: a
# package in it must not replace a real one. The app's own directory is in PYTHONPATH.
_LAUNCH = (
    "import gunicorn.app.wsgiapp as app; app.WSGIApplication.chdir = lambda self: None; app.run()"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GunicornSettings:
    """Gunicorn's own settings; `options` are further command line arguments."""

    wsgi: str
    workers: int
    worker_class: str
    threads: int
    options: Sequence[str] = ()
    boot_timeout_s: float = 30.0


class Gunicorn:
    """A started server. `url` answers once `wait_until_ready` has returned.

    `process` has everything but the command. Tallies are written to the directory `lives`.
    Raises InfrastructureError HX308 if `port` is unavailable; 0 is any free one.
    """

    def __init__(
        self,
        process: ProcessSpec,
        settings: GunicornSettings,
        *,
        lives: Path,
        reaper: Reaper,
        number: int = 0,
        port: int = 0,
    ) -> None:
        lives.mkdir(parents=True, exist_ok=True)
        self._settings, self._workers = settings, settings.workers
        self._lives, self._reaper = lives, reaper
        self._socket = listen(port)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._process = replace(
            process,
            environ={
                **process.environ,
                wire.ENV_LIVES: str(lives),
                wire.ENV_SERVER: str(number),
            },
            pass_fds=(self._socket.fileno(),),
        )
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
        """Return every worker life until now, with its counts."""
        return read_lives(self._lives)

    def wait_until_ready(self) -> None:
        """Return once every slot has reported.

        A first answer proves nothing: while workers are booting, one of them answers everything.

        Raises InfrastructureError HX312 if Gunicorn ends, HX311 if a slot stays silent.
        """
        self._wait(lambda: self._silent(dict.fromkeys(self._slots, 1)), "HX312", "HX311")

    def check(self) -> None:
        """Raise InfrastructureError HX313 if the server has ended."""
        self._child.require_running("HX313", "ended in the middle of the load")

    def reload(self) -> None:
        """Let the arbiter replace every worker (SIGHUP); return once all successors serve.

        Like the other actions below it raises InfrastructureError HX314 if they do not.
        """
        awaited = {slot: life.generation + 1 for slot, life in self._current().items()}
        self._child.process.send_signal(signal.SIGHUP)
        self._wait(lambda: self._silent(awaited))

    def kill_worker(self, slot: int | None) -> int:
        """Kill the worker of a slot, the busiest for None; return the slot once it is refilled."""
        current = self._current()
        if slot is None:
            slot = max(current, key=lambda one: current[one].tally["started"])
        os.kill(current[slot].pid, signal.SIGKILL)
        self._wait(lambda: self._silent({slot: current[slot].generation + 1}))
        return slot

    def restart(self) -> None:
        """Stop the server and start it again on the same socket, as a deploy does."""
        generation = 1 + max(life.generation for life in self.lives())
        self._child.stop()
        self._child = self._start(generation)
        self._wait(lambda: self._silent(dict.fromkeys(self._slots, generation)))

    def scale(self, by: int) -> None:
        """Add workers (SIGTTIN) or remove some (SIGTTOU); return once that is done."""
        # One by one: a signal that is still pending swallows another of its kind.
        for _ in range(abs(by)):
            self._workers += 1 if by > 0 else -1
            self._child.process.send_signal(signal.SIGTTIN if by > 0 else signal.SIGTTOU)
            self._wait(self._unscaled)

    def stop(self) -> None:
        """Stop the server and every worker, and close the socket."""
        self._child.stop()
        self._socket.close()

    @property
    def _slots(self) -> Iterable[int]:
        return range(1, self._workers + 1)

    def _start(self, generation: int) -> Child:
        command = [
            *(sys.executable, "-P", "-c", _LAUNCH),
            *("--config", "python:harness.probe.gunicorn_conf"),
            *("--bind", f"fd://{self._socket.fileno()}"),
            *("--workers", str(self._workers)),
            *("--worker-class", self._settings.worker_class),
            *("--threads", str(self._settings.threads)),
            *self._settings.options,
            self._settings.wsgi,
        ]
        return Child(
            replace(
                self._process,
                command=command,
                environ={**self._process.environ, wire.ENV_GENERATION: str(generation)},
            ),
            self._reaper,
        )

    def _current(self) -> dict[int, LifeFacts]:
        """Return the latest life of each slot whose process is alive."""
        return {slot: life for slot, life in self._ready().items() if _is_running(life.pid)}

    def _ready(self) -> dict[int, LifeFacts]:
        """Return the latest life of each slot that has reported."""
        return {life.slot: life for life in self.lives() if life.tally["ready"]}

    def _silent(self, awaited: Mapping[int, int]) -> str:
        """Return which slots have no ready life of the awaited generation or a later one yet.

        "" if all have.
        """
        ready = self._ready()
        silent = [
            str(slot)
            for slot, first in awaited.items()
            if slot not in ready or ready[slot].generation < first
        ]
        if not silent:
            return ""
        return (
            f"{len(awaited) - len(silent)} of {number_of(len(awaited), 'worker')} reported within"
            f" {self._settings.boot_timeout_s:g} s; silent: slot {', '.join(silent)}"
        )

    def _unscaled(self) -> str:
        """Return how the number of workers differs from the wanted one, "" if it does not."""
        if (workers := len(self._current())) == self._workers:
            return ""
        return f"workers after scaling: got {workers}, need {self._workers}"

    def _wait(self, missing: Callable[[], str], ended: str = "HX314", late: str = "HX314") -> None:
        """Return once nothing is missing. Raises `ended` if Gunicorn ends, `late` after a while."""
        deadline = time.monotonic() + self._settings.boot_timeout_s
        while what := missing():
            self._child.require_running(ended, "ended while workers were booting")
            if time.monotonic() > deadline:
                raise self._child.error(
                    late, what, "see the lines above, or raise server.boot_timeout_s"
                )
            time.sleep(POLL_S)


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


_identity = attrgetter("server", "slot", "generation")
_HEAD, _WIDTH = len(wire.TALLY_IDENTITY), len(wire.TALLY_COUNTS)


def read_lives(directory: Path) -> tuple[LifeFacts, ...]:
    """Return every life that has opened its tally, by server, slot and generation."""
    return tuple(sorted(map(_read_life, directory.glob("*.tally")), key=_identity))


def round_facts(number: int, before: Sequence[LifeFacts], after: Sequence[LifeFacts]) -> RoundFacts:
    """Return what round `number` cost, from all lives before and after it."""
    starts = {_identity(life): life.tally for life in before}
    spans = [(starts[one], life.tally) for life in after if (one := _identity(life)) in starts]
    return RoundFacts(
        round=number,
        cpu_s=sum(end["cpu_ns"] - start["cpu_ns"] for start, end in spans) / 1e9,
        requests=sum(end["finished"] - start["finished"] for start, end in spans),
    )


def _read_life(path: Path) -> LifeFacts:
    content = path.read_bytes()
    numbers = struct.unpack(f"={len(content) // 8}Q", content)
    identity = dict(zip(wire.TALLY_IDENTITY, numbers, strict=False))
    return LifeFacts(
        server=identity["server"],
        slot=identity["slot"],
        generation=identity["generation"],
        pid=identity["pid"],
        tally={
            name: sum(numbers[_HEAD + at :: _WIDTH]) for at, name in enumerate(wire.TALLY_COUNTS)
        },
        caches=tuple(
            CacheFacts(alias=alias, **facts)
            for alias, facts in _by_alias(path.with_suffix(".caches.json"))
        ),
        held=tuple(
            InheritedFacts(
                alias=alias,
                at_s=facts["at_s"],
                keys=tuple(key for key, _ in facts["entries"]),
                ttl_s=tuple(ttl_s for _, ttl_s in facts["entries"]),
            )
            for alias, facts in _by_alias(path.with_suffix(".inherited.json"))
        ),
    )


def _by_alias(path: Path) -> Sequence[tuple[str, dict[str, Any]]]:
    """Return what a file of the probe has for each cache alias, () without the file."""
    return tuple(json.loads(path.read_text()).items()) if path.exists() else ()


StartServer = Callable[[int], Gunicorn]
"""Number of a server, from 0 -> that server, still booting."""
StartBalancer = Callable[[Sequence[str]], Nginx]
"""URLs of the servers -> a balancer that accepts connections."""


class Fleet:
    """Started servers. `url` answers once `wait_until_ready` has returned."""

    def __init__(
        self, servers: int, start: StartServer, balance: StartBalancer | None = None
    ) -> None:
        with ExitStack() as undo:
            self._servers: list[Gunicorn] = []
            for number in range(servers):
                self._servers.append(start(number))
                undo.callback(self._servers[number].stop)
            self._balancer = balance([one.url for one in self._servers]) if balance else None
            self._stack = undo.pop_all()
        if self._balancer:
            self._stack.callback(self._balancer.stop)
        self.url = self._balancer.url if self._balancer else self._servers[0].url

    def lives(self) -> tuple[LifeFacts, ...]:
        """Return every worker life until now, with its counts, server by server."""
        return tuple(life for server in self._servers for life in server.lives())

    def wait_until_ready(self) -> None:
        """Return once every worker of every server has reported.

        Raises InfrastructureError HX312 if a server ends, HX311 if a worker stays silent.
        """
        for server in self._servers:
            server.wait_until_ready()

    def check(self) -> None:
        """Raise InfrastructureError HX313 or HX315 if a server or the balancer has ended."""
        for server in self._servers:
            server.check()
        if self._balancer:
            self._balancer.check()

    def reload(self) -> None:
        """Replace every worker, server after server, as a rolling deploy does.

        Like the other actions below it raises InfrastructureError HX314 if one does not come back.
        """
        for server in self._servers:
            server.reload()

    def kill_worker(self, slot: int | None) -> tuple[int, int]:
        """Kill a worker of the first server, or for None the busiest of all.

        Return its server and slot once it is replaced.
        """
        servers = self._servers if slot is None else self._servers[:1]
        server = max(servers, key=lambda one: one.busiest)
        return self._servers.index(server), server.kill_worker(slot)

    def restart(self) -> None:
        """Stop and start again, server after server."""
        for server in self._servers:
            server.restart()

    def scale(self, by: int) -> None:
        """Add `by` workers to each server, or remove them."""
        for server in self._servers:
            server.scale(by)

    def stop(self) -> None:
        """Stop the balancer and every server, even if one of them fails to stop."""
        self._stack.close()
