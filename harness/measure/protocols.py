"""What a session needs of servers and load: the seams at which tests put stand-ins.

`Fleet`, `Testbed` and `Locust` are the real ones. Each method raises InfrastructureError where its
part fails.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from harness.load.protocol import Message
from harness.record.facts import LifeFacts
from harness.scenario.plan import Trial, Turn
from harness.servers.services import Lease


class RunningServers(Protocol):
    """The servers of a trial, which answer at `url` once they are ready, and what changes them."""

    url: str

    def wait_until_ready(self) -> None:
        """Return once every worker has reported."""

    def lives(self) -> tuple[LifeFacts, ...]:
        """Return every worker life until now, with what it has counted."""

    def check(self) -> None:
        """Raise if a server has ended."""

    def reload(self) -> None:
        """Replace every worker, server after server."""

    def kill_worker(self, slot: int | None) -> tuple[int, int]:
        """Kill a worker of the first server, or the busiest of all; return its server and slot."""

    def restart(self) -> None:
        """Stop and start again, server after server."""

    def scale(self, by: int) -> None:
        """Add workers to each server, or take them away."""

    def stop(self) -> None:
        """End them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """What an action may change: a trial's servers, and its part of a cache server."""

    servers: RunningServers
    cache: Lease


class ServerHost(Protocol):
    """Starts the servers of trials on what all of them share.

    `scratch` lives as long as the run, `skipped` are optional backends without a server here, and
    `passed_on` names the variables that apps inherit from the shell.
    """

    scratch: Path
    skipped: dict[str, str]
    passed_on: set[str]

    @property
    def servers(self) -> Mapping[str, str]:
        """Return product, version and origin of each server except Gunicorn."""

    def prepare(self, trials: Iterable[Trial]) -> None:
        """Prepare the app of each trial, each app once."""

    def start_fleet(self, trial: Trial) -> RunningServers:
        """Return servers that are still booting."""

    def targets(self, trial: Trial, servers: RunningServers) -> Targets:
        """Return what actions on the servers of a trial may change."""

    def shares_database(self, trial: Trial) -> bool:
        """Return whether other trials have their entries in the same database."""

    def release(self, trial: Trial) -> int | None:
        """Remove what a trial left on a cache server; return the foreign keys that were added."""


class LoadSource(Protocol):
    """Serves rounds of a trace."""

    def wait_until_ready(self) -> None:
        """Return once rounds can be served."""

    def serve(
        self, turn: Turn, url: str, *, out: Path, watch: Callable[[Message], None]
    ) -> Message:
        """Serve one round into the file `out`, and return what it cost."""
