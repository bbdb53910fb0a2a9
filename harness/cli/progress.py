"""A run's events as one live line on a terminal; nothing where there is none."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from harness.measure.progress import (
    Event,
    Listener,
    LoadProgress,
    Phase,
    RunEndedEarly,
    TrialStarted,
)
from harness.text import count, number_of, percent


@contextmanager
def live_progress(console: Console) -> Iterator[Listener]:
    """Yield what to call with each event of a run.

    The console is the one for stderr; the line is gone when the run is over. What is kept of a run
    that ended early is printed below.
    """
    progress = Progress(
        TextColumn("[dim]{task.fields[number]}"),
        TextColumn("{task.description}", markup=False),
        TextColumn("[dim]{task.fields[phase]}"),
        BarColumn(bar_width=20),
        TextColumn("{task.fields[served]}"),
        TextColumn("{task.fields[rate]}"),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    blank: dict[str, Any] = {"number": "", "phase": "", "served": "", "rate": ""}
    task = progress.add_task("", total=None, visible=False, **blank)
    kept: list[str] = []

    def notify(event: Event) -> None:
        match event:
            case TrialStarted(requests=requests):
                label = f"{event.backend}, {number_of(event.workers, 'worker')}"
                number, served = f"{event.number}/{event.total}", f"0 of {count(requests)}"
                fields = blank | {"number": number, "served": served}
                progress.reset(task, total=requests, visible=True, description=label, **fields)
            case Phase(text=text):
                progress.update(task, phase=text, visible=True)
            case LoadProgress(done=done, hits=hits, lookups=lookups):
                served = f"{count(done)} of {count(progress.tasks[task].total)}"
                rate = f"{percent(hits / lookups)} hits" if lookups else ""
                progress.update(task, completed=done, served=served, rate=rate)
            case RunEndedEarly(run_dir=run_dir, trials=trials):
                kept.append(f"kept {number_of(trials, 'trial')} in {run_dir}")

    try:
        with progress:
            yield notify
    finally:
        for line in kept:
            click.echo(line, err=True)
