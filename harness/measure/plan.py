"""What a run measures, and the events that report its progress.

A plan has the trials of a scenario in groups, and the files that they need. It starts nothing, and
knows nothing of run directories. The session emits an event for each step through a callback; what
shows them, if anything, is not its business.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harness.record.facts import DuelFacts, RoundFacts
from harness.record.samples import Samples
from harness.scenario.plan import Trial, Turn, turns
from harness.scenario.schema import Scenario


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where a scenario's files are: its Locust file, and the directory to import the app from.

    `work` maps a directory that an app is imported from to the one in which its processes work;
    those of all others work where the harness does.
    """

    locustfile: Path
    app: Path
    work: Mapping[Path, Path] = field(default_factory=dict)


StopEarly = Callable[[Trial, Samples, RoundFacts], bool]
"""Called with each round that a trial has served; returns whether the group may stop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialGroup:
    """Trials whose servers are up at the same time, the turns in which they serve the trace, and
    what ends them early."""

    trials: tuple[Trial, ...]
    turns: Callable[[tuple[Trial, ...]], Iterable[Turn]] = turns
    stop_early: StopEarly = lambda _trial, _samples, _cost: False


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One run before it starts. `path` is the scenario's file; `purpose` is None without a duel."""

    scenario: Scenario
    path: Path
    sources: Sources
    groups: tuple[TrialGroup, ...]
    purpose: DuelFacts | None = None

    @property
    def trials(self) -> tuple[Trial, ...]:
        return tuple(trial for group in self.groups for trial in group.trials)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialStarted:
    """Trial `number` of `total` (from 1) begins; `requests` is how many it will make."""

    number: int
    total: int
    backend: str
    workers: int
    requests: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """What the current trial is doing: starting, loading, stopping."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadProgress:
    """Counts of trial `number` until now: requests done, hits among lookups."""

    number: int
    done: int
    hits: int
    lookups: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialEnded:
    """Trial `number` is over, complete or not."""

    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEndedEarly:
    """An error or an interruption ended the run; `trials` of it can be read in `run_dir`."""

    run_dir: Path
    trials: int


Event = TrialStarted | Phase | LoadProgress | TrialEnded | RunEndedEarly
Listener = Callable[[Event], None]
