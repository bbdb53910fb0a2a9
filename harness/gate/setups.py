"""Trials described in words: which of them a `where` means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.analysis.summary import TrialSummary
from harness.scenario.plan import Trial

Setup = Mapping[str, Any]
"""What a trial was set up with, by name; varied keys are dotted."""


def setup_of_plan(trial: Trial) -> Setup:
    """Return the set-up of a trial that has yet to be served."""
    server = trial.scenario.server
    plain = {
        "backend": trial.backend,
        "workers": trial.workers,
        "worker_class": server.worker_class,
        "threads": server.threads,
        "servers": server.servers,
    }
    return {**trial.varied, **plain}


def setup_of_summary(trial: TrialSummary) -> Setup:
    """Return the set-up of a trial that was served."""
    plain = {
        "backend": trial.backend,
        "workers": trial.workers,
        "worker_class": trial.server,
        "threads": trial.threads,
        "servers": trial.servers,
    }
    return {**trial.varied, **plain}


def matches(where: Mapping[str, Any], setup: Setup) -> bool:
    """Return whether a set-up is as described; a name may be the last word of a dotted key.

    Nothing matches a name that the set-up does not have.
    """
    return all(_has(setup, name, wanted) for name, wanted in where.items())


def _has(setup: Setup, name: str, wanted: Any) -> bool:
    named = [key for key in setup if key == name or key.rpartition(".")[2] == name]
    return any(setup[key] == wanted for key in named)
