"""`Scenario` -> the trials of a run, in the order in which they are served."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

from harness.scenario.schema import Scenario


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One server set-up that serves the whole trace. `number` counts from 0."""

    number: int
    backend: str
    workers: int

    @property
    def name(self) -> str:
        noun = "worker" if self.workers == 1 else "workers"
        return f"{self.backend}, {self.workers} {noun}"

    @property
    def slug(self) -> str:
        """Return a name fit for files and key prefixes."""
        return f"{self.number:02d}-{self.backend}-{self.workers}"


def expand_plan(scenario: Scenario) -> tuple[Trial, ...]:
    """Return one trial for each combination of the matrix, backends beside each other."""
    combinations = product(scenario.matrix.workers, scenario.matrix.backend)
    return tuple(
        Trial(number=number, backend=backend, workers=workers)
        for number, (workers, backend) in enumerate(combinations)
    )
