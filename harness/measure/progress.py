"""Events of a run that is under way, one for each step.

The session emits them through a callback; what shows them, if anything, is not its business.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


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
