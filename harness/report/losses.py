"""What restarts lost, one sentence for each action or setting."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.analysis.summary import RestartSummary, TrialSummary
from harness.text import count, number_of


def loss_sentences(trials: Sequence[TrialSummary]) -> Iterator[str]:
    """Yield a sentence for each action, with the trial of most workers of each backend."""
    groups: dict[str, dict[str, TrialSummary]] = {}
    for trial in sorted(trials, key=lambda trial: trial.workers):
        if trial.restart:
            group = groups.setdefault(trial.setup.varied_label or trial.restart.do, {})
            group[trial.backend] = trial
    for title, group in groups.items():
        told = [_loss(name, trial.restart) for name, trial in group.items() if trial.restart]
        yield f"With {title}, {', and '.join(told)}."


def _loss(backend: str, restart: RestartSummary) -> str:
    if not restart.entries_lost:
        return f"{backend} lost nothing"
    entries = number_of(restart.entries_lost, "cached answer")
    return f"{backend} lost {entries}, for which {count(restart.misses_by_cause)} lookups missed"
