"""A run's events as one live line on a terminal; nothing at all where there is none."""

from __future__ import annotations

from types import TracebackType

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from harness.measure.progress import (
    Event,
    LoadProgress,
    Phase,
    RunEndedEarly,
    TrialEnded,
    TrialStarted,
)
from harness.text import count, number_of, percent


class LiveProgress:
    """A context manager that is called with each event of a run.

    The console is the one for stderr; the line is gone when the run is over.
    """

    def __init__(self, console: Console) -> None:
        self._requests, self._kept = 0, ""
        self._progress = Progress(
            TextColumn("[dim]{task.fields[place]}"),
            TextColumn("{task.description}", markup=False),
            TextColumn("[dim]{task.fields[phase]}"),
            BarColumn(bar_width=20),
            TextColumn("{task.fields[served]}"),
            TextColumn("{task.fields[rate]}"),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._progress.add_task(
            "", total=None, visible=False, place="", phase="", served="", rate=""
        )

    def __enter__(self) -> LiveProgress:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()
        if self._kept:
            click.echo(self._kept, err=True)

    def __call__(self, event: Event) -> None:
        match event:
            case TrialStarted():
                self._start(event)
            case Phase(text=text):
                self._progress.update(self._task, phase=text, visible=True)
            case LoadProgress():
                self._advance(event)
            case TrialEnded():
                self._progress.update(self._task, phase="done")
            case RunEndedEarly(run_dir=run_dir, trials=trials):
                self._kept = f"kept {number_of(trials, 'trial')} in {run_dir}"

    def _start(self, trial: TrialStarted) -> None:
        self._progress.reset(
            self._task,
            total=trial.requests,
            visible=True,
            description=f"{trial.backend}, {number_of(trial.workers, 'worker')}",
            place=f"{trial.number}/{trial.total}",
            phase="",
            served=f"0 of {count(trial.requests)}",
            rate="",
        )
        self._requests = trial.requests

    def _advance(self, load: LoadProgress) -> None:
        rate = f"{percent(load.hits / load.lookups)} hits" if load.lookups else ""
        served = f"{count(load.done)} of {count(self._requests)}"
        self._progress.update(self._task, completed=load.done, served=served, rate=rate)
