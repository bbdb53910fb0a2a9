"""Facts of one trial, next to its samples: its set-up, its worker lives, the cost of the load.

Plain values only, so that they can be written as JSON and read again by a later version. Also the
environment of a measurement: versions and size of the machine, nothing that names it. No host name,
no user and no path, so that a result can be shown to anyone.
"""

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from harness.setup import HasSetup, Setup


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheFacts:
    """One alias of `CACHES` as the worker configured it. `timeout_s` None: entries never expire.

    Aliases with the same `store`, an opaque name, read and write the same entries; "": unknown.
    """

    alias: str
    backend: str
    timeout_s: float | None
    max_entries: int
    cull_frequency: int
    store: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InheritedFacts:
    """The E entries of one alias in a worker's own memory when the worker became ready.

    The least recently used comes first. `ttl_s` are their lifetimes from `at_s` on, seconds since
    the epoch; None: never expires, below 0: expired, but still in place.
    """

    alias: str
    at_s: float
    keys: tuple[str, ...]  # [E]
    ttl_s: tuple[float | None, ...]  # [E]


@dataclass(frozen=True, slots=True, kw_only=True)
class LifeFacts:
    """One worker life: its identity, and its counts by the names of `wire.TALLY_COUNTS`.

    `held` are the entries that it began with: from before the fork, or from loading the app.
    """

    server: int
    slot: int
    generation: int
    pid: int
    tally: Mapping[str, int]
    caches: tuple[CacheFacts, ...] = ()
    held: tuple[InheritedFacts, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadFacts:
    """What the load generator did: requests that were planned, its own wall and CPU seconds.

    `arrival_rate_per_second` None: a closed loop, each user waits for the response.
    """

    asked: int
    users: int
    wall_s: float
    cpu_s: float
    arrival_rate_per_second: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundFacts:
    """What one round cost the server: CPU seconds of its workers, requests that they finished.

    Only workers from before the round count: the boot of a new one is no cost of a request.
    """

    round: int
    cpu_s: float
    requests: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionFacts:
    """One action as it happened under load. Times are seconds since the epoch.

    `at` is the share of the trace at which it was due, `step` the position at which it fired.
    `server` and `slot` name the worker that it was aimed at, if at one.
    """

    do: str
    at: float
    step: int
    started_s: float
    ended_s: float
    slot: int | None = None
    server: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DuelFacts:
    """The purpose of a run of two trials: trial 0 is the base, trial 1 the candidate.

    Their names for people, and the terms: the time limit of the load, and the minimum effect sizes.
    `min_relative_effect` is that of every time, `min_effects` are by metric, in its unit.
    """

    base: str
    candidate: str
    budget_s: float
    min_relative_effect: float
    min_effects: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialFacts(HasSetup):
    """One trial as it was served, by `workers` on each of its `servers`.

    `rounds` are in the order in which they were served. `problem` is the error that ended the trial
    early, or empty. On a user's Redis, `foreign_keys` is how many keys of others its database had
    gained by the end of the trial since the run began, and `shared_clears` how often it was cleared
    by trials that were up together; on a server for the trial alone they are None and 0.
    """

    number: int
    setup: Setup
    lives: tuple[LifeFacts, ...]
    load: LoadFacts
    actions: tuple[ActionFacts, ...] = ()
    rounds: tuple[RoundFacts, ...] = ()
    problem: str = ""
    foreign_keys: int | None = None
    shared_clears: int = 0


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
    return {
        "python": platform.python_version(),
        "platform": f"{platform.system()} {'.'.join(platform.release().split('.')[:2])}",
        "machine": platform.machine(),
        "cores": cores(),
        **{name: installed_version(dist) for name, dist in _VERSIONS.items()},
    }
