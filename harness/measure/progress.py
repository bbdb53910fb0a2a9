"""What a run tells while it is under way: one small event per step.

The session emits them through a callback; who shows them, and whether, is not its business.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialStarted:
    """Trial `number` of `total` (from 1) begins; `requests` is what it will ask for."""

    number: int
    total: int
    backend: str
    workers: int
    requests: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """What the current trial is busy with: starting, loading, stopping."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadProgress:
    """Counts of trial `number` so far: requests done, hits among lookups."""

    number: int
    done: int
    hits: int
    lookups: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialEnded:
    """Trial `number` is over, well or not."""

    number: int


Event = TrialStarted | Phase | LoadProgress | TrialEnded
Listener = Callable[[Event], None]
