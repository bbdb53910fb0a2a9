"""The numbers of a run, computed once and for all renderers. Fractions lie in 0..1.

`None` says that a number cannot be told; it is never replaced by a zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Cause(StrEnum):
    """Why a lookup missed, by the replay that explains the trial better."""

    FIRST = "first"  # nobody had stored the key
    FRAGMENTATION = "fragmentation"  # another living worker held it
    RESTART = "restart"  # an earlier life held it and would hold it still
    EXPIRED = "expired"  # its timeout had passed
    EVICTED = "evicted"  # MAX_ENTRIES had pushed it out
    UNEXPLAINED = "unexplained"  # the replay says it should have been a hit


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """Expected hit rate with its 95 % interval, and the closed form where one holds."""

    hit_rate: float
    low: float
    high: float
    closed_form: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """Share of lookups whose outcome a replay gets right: N separate caches, or one shared."""

    per_process: float
    shared: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LifeSummary:
    """One worker life. `share` is its share of the trial's answered requests."""

    server: int
    slot: int
    generation: int
    pid: int
    requests: int
    lookups: int
    hits: int
    hit_rate: float | None
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounted:
    """Lookups seen in answers, lookups the workers counted, and those of requests that died.

    It holds when samples + lost == tallies, for each life.
    """

    samples: int
    tallies: int
    lost: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Caveat:
    """A reason to distrust a trial: a code for programs, a sentence for people."""

    code: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialSummary:
    """All numbers of one trial. `server` is Gunicorn's worker class."""

    backend: str
    server: str
    servers: int
    workers: int
    threads: int
    requests: int
    failures: int
    lookups: int
    hits: int
    hit_rate: float | None
    predicted: Prediction | None
    explained: Explained | None
    misses: Mapping[str, int]
    effective_workers: float | None
    origin_s: float
    wall_s: float
    requests_per_second: float | None
    lives: tuple[LifeSummary, ...]
    accounted: Accounted
    caveats: tuple[Caveat, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """All numbers of a run. `valid` is False where a trial cannot stand as a measurement."""

    format: int
    scenario: str
    question: str
    lesson: str
    run_dir: str
    valid: bool
    problems: tuple[str, ...]
    environment: Mapping[str, Any]
    seed: int
    trials: tuple[TrialSummary, ...]
    wall_s: float
