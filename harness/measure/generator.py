"""The load of a run: one Locust that serves every round, told what to ask for and of whom.

What a hit means, and when a round is due, is known elsewhere.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from harness.load.client import Locust, Message
from harness.measure.actions import milestones
from harness.scenario.plan import Turn
from harness.servers.reaper import Reaper


class LoadGenerator:
    """A Locust that is still loading its file; it carries the run's token with each request."""

    def __init__(self, locustfile: Path, *, token: str, log: Path, reaper: Reaper) -> None:
        self._token = token
        self._locust = Locust(locustfile, environ=os.environ, log=log, reaper=reaper)

    def wait_until_ready(self) -> None:
        """Return once rounds can be served. Raises SurroundingsError HX321."""
        self._locust.wait_until_ready()

    def serve(
        self, turn: Turn, url: str, *, out: Path, watch: Callable[[Message], None]
    ) -> Message:
        """Serve one round to `url`, as `Locust.serve` does."""
        return self._locust.serve(
            self._order(turn, url),
            out=out,
            time_limit_s=turn.trial.scenario.load.time_limit_s,
            watch=watch,
        )

    def stop(self) -> None:
        """End Locust."""
        self._locust.stop()

    def _order(self, turn: Turn, url: str) -> dict[str, object]:
        """Return what Locust is asked to serve, as fields of its `Round`."""
        scenario = turn.trial.scenario
        load = scenario.load
        return {
            "host": url,
            "token": self._token,
            "users": load.users,
            "keys": load.keys,
            "zipf": load.zipf,
            "requests": max(load.requests, turn.last),
            "seed": scenario.seed,
            "number": turn.round,
            "options": dict(load.options),
            "first": turn.first,
            "last": turn.last,
            "rate_per_second": load.arrival_rate_per_second,
            "milestones": list(milestones(scenario)),
        }
