"""The environment of a measurement: versions and size of the machine, nothing that names it.

No host name, no user and no path, so that a result can be shown to anyone.
"""

import os
import platform
from importlib.metadata import PackageNotFoundError, version

DISTRIBUTION = "django-cache-harness"
_VERSIONS = {
    "harness": DISTRIBUTION,
    "django": "django",
    "gunicorn": "gunicorn",
    "locust": "locust",
    "redis": "redis",
    "numpy": "numpy",
}


def cores() -> int:
    """Return how many cores this process may use, at least 1."""
    affinity = getattr(os, "sched_getaffinity", None)  # not on macOS
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def installed_version(distribution: str) -> str:
    """Return the version of an installed distribution, "" if there is none; imports nothing."""
    try:
        return version(distribution)
    except PackageNotFoundError:
        return ""


def environment_facts() -> dict[str, str | int]:
    """Return the facts of machine and software that go with a result; "" for what is absent."""
    facts: dict[str, str | int] = {
        "python": platform.python_version(),
        "platform": f"{platform.system()} {'.'.join(platform.release().split('.')[:2])}",
        "machine": platform.machine(),
        "cores": cores(),
    }
    return facts | {name: installed_version(dist) for name, dist in _VERSIONS.items()}
