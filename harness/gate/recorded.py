"""The figures of a run as a comparison takes them, from a run directory or from a baseline file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.analysis.metrics import METRICS, figure
from harness.analysis.summary import Figure, Summary, TrialSummary
from harness.gate.identity import Identity, identity_label, identity_of, plain, settings_of
from harness.scenario.schema import Scenario


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialFigures:
    """One trial. `settled`: nothing about its hits is left to chance or to the time it takes.

    `figures` holds every metric that the trial could tell, by name.
    """

    setup: Mapping[str, Any]
    requests: int
    lookups: int
    settled: bool
    figures: Mapping[str, Figure]

    @property
    def name(self) -> str:
        return identity_label(self.setup)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFigures:
    """One run: what it was, on what, and its figures. `settings` are the keys that may differ."""

    name: str
    identity: Identity
    settings: Mapping[str, Any]
    environment: Mapping[str, Any]
    trials: tuple[TrialFigures, ...]


def recorded(summary: Summary, scenario: Scenario) -> RunFigures:
    """Return the figures of a run of this scenario."""
    return RunFigures(
        name=summary.run_dir,
        identity=identity_of(scenario),
        settings=settings_of(scenario),
        environment=plain(
            {k: v for k, v in summary.environment.items() if k not in ("gaps", "passed_on")}
        ),
        trials=tuple(map(_trial, summary.trials)),
    )


def _trial(trial: TrialSummary) -> TrialFigures:
    found = {name: figure(trial, name) for name in METRICS}
    return TrialFigures(
        setup=plain(trial.setup.identity),
        requests=trial.requests,
        lookups=trial.lookups,
        settled=_is_settled(trial),
        figures={name: one for name, one in found.items() if one.value is not None},
    )


def _is_settled(trial: TrialSummary) -> bool:
    predicted = trial.predicted
    if predicted is None or predicted.closed_form is None:
        return False
    return predicted.low == predicted.high
