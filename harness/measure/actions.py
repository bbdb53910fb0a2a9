"""What a scenario does to the servers under load, one function for each `do`."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from harness.errors import Problem, UsageError
from harness.record.facts import ActionFacts
from harness.scenario.schema import Action
from harness.servers.redis import redacted
from harness.wire import ENV_REDIS_URL


class ActionServers(Protocol):
    """The servers of a trial, as far as actions change them.

    Each action returns when it is complete. Raises InfrastructureError HX314 where a server does
    not come back.
    """

    def reload(self) -> None:
        """Replace every worker, server after server."""

    def kill_worker(self, slot: int | None) -> tuple[int, int]:
        """Kill a worker of the first server, or the busiest of all; return its server and slot."""

    def restart(self) -> None:
        """Stop and start again, server after server."""

    def scale(self, by: int) -> None:
        """Add workers to each server, or take them away."""


class CacheServer(Protocol):
    """A server that holds caches, as far as actions change it."""

    @property
    def restart(self) -> Callable[[], None]:
        """Return what stops the server and starts it empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """What an action may change: a trial's servers, and its part of a cache server."""

    servers: ActionServers
    cache: CacheServer


def perform(
    action: Action, step: int, targets: Targets, clock: Callable[[], float] = time.time
) -> ActionFacts:
    """Perform an action, wait until it is complete, and return what happened when.

    Raises InfrastructureError HX314 where a server does not come back.
    """
    started_s = clock()
    server, slot = _PERFORM[action.do](action, targets) or (None, None)
    return ActionFacts(
        do=action.do,
        at=action.at,
        step=step,
        started_s=started_s,
        ended_s=clock(),
        server=server,
        slot=slot,
    )


def refuse_foreign(actions: Iterable[Action], environ: Mapping[str, str]) -> None:
    """Raise UsageError HX105 if an action would restart a Redis that the harness did not start."""
    url = environ.get(ENV_REDIS_URL)
    if url and any(action.do == "restart-cache" for action in actions):
        raise UsageError(
            Problem(
                code="HX105",
                where=f"restart-cache on the Redis at {redacted(url)}",
                what="was not started by the harness, which therefore never restarts it",
                hint=f"unset {ENV_REDIS_URL} to let the harness start a Redis of its own",
            )
        )


def _kill_worker(action: Action, targets: Targets) -> tuple[int, int]:
    return targets.servers.kill_worker(action.slot if isinstance(action.slot, int) else None)


_PERFORM: Mapping[str, Callable[[Action, Targets], tuple[int, int] | None]] = {
    "reload": lambda _, targets: targets.servers.reload(),
    "kill-worker": _kill_worker,
    "restart": lambda _, targets: targets.servers.restart(),
    "scale": lambda action, targets: targets.servers.scale(action.workers or 0),
    "restart-cache": lambda _, targets: targets.cache.restart(),
}
"""What each action does, with server and slot of the worker that it was aimed at, if at one."""
