"""Recorded runs for tests of the gate: the figures of a real run, with overrides by trial."""

from __future__ import annotations

from typing import Any

from harness.analysis.summary import Prediction, TrialSummary
from harness.gate.baseline import RunFigures, recorded
from harness.scenario.schema import Cache, Load, Matrix, Scenario
from tests.summaries import make_summary, make_trial

QUIET = {"explained": None, "latency": None}


def scenario(**overrides: Any) -> Scenario:
    """Return the scenario of the runs that `run` makes."""
    plain: dict[str, Any] = {
        "name": "hit-rate",
        "question": "?",
        "matrix": Matrix(backend=("locmem",), workers=(1, 4)),
        "load": Load(requests=3000),
        "cache": Cache(),
    }
    return Scenario(**{**plain, **overrides})


def trial(workers: int = 4, hits: int | None = None, **overrides: Any) -> TrialSummary:
    """Return a LocMem trial with this many of its 3,000 lookups hit, the rest by `cause`."""
    usual = make_trial("locmem", workers)
    if hits is None:
        return make_trial("locmem", workers, **overrides)
    cause = overrides.pop("cause", "fragmentation")
    more = usual.hits - hits
    misses = {**usual.misses, cause: usual.misses[cause] + more}
    return make_trial(
        "locmem", workers, hits=hits, hit_rate=hits / 3000, misses=misses, **overrides
    )


def prediction(rate: float, room: float = 0.0, closed_form: float | None = None) -> Prediction:
    return Prediction(value=rate, low=rate - room, high=rate + room, closed_form=closed_form)


def run(*trials: TrialSummary, of: Scenario | None = None, **overrides: Any) -> RunFigures:
    """Return a recorded run of these trials, of one and four workers without any."""
    summary = make_summary(*(trials or (trial(1), trial(4))), **overrides)
    return recorded(summary, of or scenario())
