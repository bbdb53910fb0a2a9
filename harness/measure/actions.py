"""What a scenario does to the servers while the load goes on, one function for each `do`."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from harness.errors import Problem, UsageError
from harness.record.facts import ActionFacts
from harness.scenario.schema import Action
from harness.servers.fleet import Fleet
from harness.servers.redis import redacted
from harness.servers.services import Lease
from harness.wire import ENV_REDIS_URL


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """What an action can be done to: a trial's servers, and its part of a cache's server."""

    fleet: Fleet
    lease: Lease


def perform(action: Action, step: int, targets: Targets) -> ActionFacts:
    """Do it, wait until it is done, and return what happened when.

    Raises SurroundingsError HX314 where a server does not come back.
    """
    started_s = time.time()
    server, slot = _PERFORM[action.do](action, targets) or (None, None)
    return ActionFacts(
        do=action.do,
        at=action.at,
        step=step,
        started_s=started_s,
        ended_s=time.time(),
        server=server,
        slot=slot,
    )


def refuse_foreign(actions: tuple[Action, ...], environ: Mapping[str, str]) -> None:
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


def _reload(_action: Action, targets: Targets) -> None:
    targets.fleet.reload()


def _kill_worker(action: Action, targets: Targets) -> tuple[int, int]:
    return targets.fleet.kill_worker(action.slot if isinstance(action.slot, int) else None)


def _restart(_action: Action, targets: Targets) -> None:
    targets.fleet.restart()


def _scale(action: Action, targets: Targets) -> None:
    targets.fleet.scale(action.workers or 0)


def _restart_cache(_action: Action, targets: Targets) -> None:
    targets.lease.restart()


_PERFORM: Mapping[str, Callable[[Action, Targets], tuple[int, int] | None]] = {
    "reload": _reload,
    "kill-worker": _kill_worker,
    "restart": _restart,
    "scale": _scale,
    "restart-cache": _restart_cache,
}
"""What each action is, with (server, slot) of the worker it was aimed at, if at one."""
