"""A trial while it is served: its servers, and what its rounds have brought."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from harness.measure.actions import ActionServers
from harness.record.facts import ActionFacts, LifeFacts, LoadFacts, RoundFacts, TrialFacts
from harness.record.samples import Samples
from harness.scenario.plan import Trial
from harness.servers.gunicorn import round_facts


class RunningServers(ActionServers, Protocol):
    """The servers of a trial; `url` answers once `wait_until_ready` has returned."""

    url: str

    def wait_until_ready(self) -> None: ...

    def lives(self) -> tuple[LifeFacts, ...]: ...

    def check(self) -> None: ...

    def stop(self) -> None: ...


@dataclass(slots=True)
class RunningTrial:
    """A trial whose servers are up. `requested` is the end of the trace that it was to serve."""

    trial: Trial
    servers: RunningServers
    lives: Sequence[LifeFacts] = ()
    rounds: list[Samples] = field(default_factory=list)
    costs: list[RoundFacts] = field(default_factory=list)
    actions: list[ActionFacts] = field(default_factory=list)
    requested: int = 0
    wall_s: float = 0.0
    cpu_s: float = 0.0
    foreign_keys: int | None = None
    shared_clears: int = 0

    def add_round(self, number: int, samples: Samples) -> None:
        """Add the samples of a round that is over, whole or not."""
        before, self.lives = self.lives, self.servers.lives()
        self.rounds.append(samples)
        self.costs.append(round_facts(number, before, self.lives))

    def add_cost(self, cost: Mapping[str, Any]) -> None:
        """Add what a round cost the load generator."""
        self.wall_s += cost["wall_s"]
        self.cpu_s += cost["cpu_s"]

    def counts(self) -> dict[str, int]:
        """Return requests done, hits and lookups of all rounds that are over."""
        return {
            "done": sum(part.requests for part in self.rounds),
            "hits": sum(int(part.hit.sum()) for part in self.rounds),
            "lookups": sum(part.lookups for part in self.rounds),
        }

    def facts(self, problem: str) -> TrialFacts:
        """Return the facts of the trial; `problem` is the error that ended it early, or ""."""
        trial, scenario = self.trial, self.trial.scenario
        return TrialFacts(
            number=trial.number,
            setup=trial.setup,
            lives=self.servers.lives(),
            load=LoadFacts(
                asked=max(scenario.load.requests, self.requested),
                users=scenario.load.users,
                wall_s=self.wall_s,
                cpu_s=self.cpu_s,
                arrival_rate_per_second=scenario.load.arrival_rate_per_second,
            ),
            actions=tuple(self.actions),
            rounds=tuple(self.costs),
            problem=problem,
            foreign_keys=self.foreign_keys,
            shared_clears=self.shared_clears,
        )
