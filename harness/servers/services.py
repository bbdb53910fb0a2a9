"""The backends an app can be told to use, and the servers that stand behind them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from harness.servers.memcached import start_memcached
from harness.servers.redis import start_redis


class Service(Protocol):
    """A server behind caches: `urls` has one for each backend it can serve."""

    @property
    def urls(self) -> Mapping[str, str]: ...

    @property
    def display(self) -> str: ...

    def delete_prefix(self, prefix: str) -> None: ...

    def stop(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """What the app calls a backend, and the service it needs, "" for none.

    `url` is the backend whose URL of that service it takes, "" for its own.
    """

    app: str
    service: str = ""
    url: str = ""


BACKENDS: Mapping[str, Backend] = {
    "locmem": Backend(app="locmem"),
    "redis": Backend(app="redis", service="redis"),
    "redis-unix": Backend(app="redis", service="redis"),
    "memcached": Backend(app="memcached", service="memcached"),
    "database": Backend(app="database"),
    "files": Backend(app="files"),
    "two-level": Backend(app="two-level", service="redis", url="redis"),
    "dummy": Backend(app="dummy"),
    "unset": Backend(app="unset"),
}

START: Mapping[str, Callable[..., Service]] = {
    "redis": start_redis,
    "memcached": start_memcached,
}
"""How each service is started: `start(environ, scratch=…, log=…, warden=…)`."""
