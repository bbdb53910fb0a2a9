"""Servers behind caches, and what each trial gets of one: a lease.

A service is the module of this package that a backend's row names. Its `start` looks for the
server and returns a `Service`; whatever trials leave behind goes with their leases.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Protocol

from harness.servers.reaper import Reaper


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """What one trial has of a service, empty when it begins; without a service it has nothing.

    `urls` may hold a password: pass them on, never print or store them. `shared`: other leases
    have the same database. `close` removes what the
    trial left, and returns how many keys of others the trial's database has gained since the run
    began, None where no others can write to it. `restart` stops the server and starts it empty.
    `close` raises InfrastructureError HX303 or HX305 if the server has ended, `restart` HX314 if
    it does not come back.
    """

    urls: Mapping[str, str] = field(default_factory=lambda: {"": ""}, repr=False)
    shared: bool = False
    close: Callable[[], int | None] = lambda: None
    restart: Callable[[], None] = lambda: None


class Service(Protocol):
    """A server behind caches. `addresses` are the names of its URLs, `display` has no secrets."""

    @property
    def addresses(self) -> Collection[str]: ...

    @property
    def display(self) -> str: ...

    def open(self, prefix: str) -> Lease:
        """Return a lease for a trial whose keys begin with `prefix`."""

    def stop(self) -> None:
        """End all leases, and the server if the harness started it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceContext:
    """What services start with. `run` is 8 random hexadecimal digits, in the prefix of each key."""

    environ: Mapping[str, str]
    run: str
    scratch: Path
    logs: Path
    reaper: Reaper


def key_prefix(run: str, slug: str) -> str:
    """Return how each key of a trial begins."""
    return f"harness-{run}-{slug}"


def start_service(name: str, context: ServiceContext) -> Service:
    """Return a service that answers. Raises InfrastructureError if it is unavailable."""
    service: Service = import_module(f"harness.servers.{name}").start(context)
    return service
