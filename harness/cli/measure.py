"""What the verbs that report runs share: measuring, live progress, printing, validity."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from harness import runs
from harness.analysis.summary import Summary
from harness.errors import MeasurementError
from harness.gate.check import invalidity
from harness.gate.duel import DuelResult
from harness.measure.plan import (
    Event,
    Listener,
    LoadProgress,
    Phase,
    Plan,
    RunEndedEarly,
    TrialStarted,
)
from harness.report.document import run_document
from harness.report.duel import duel_document
from harness.report.formats import Report, format_names, write_report
from harness.text import count, number_of, percent

TERMINAL = "terminal"
FORMATS = ["table", *(name for name in format_names() if name != TERMINAL)]
"""The formats of a report; the one for a terminal is called "table"."""


def measured(plan: Plan, out: Path | None = None) -> runs.Run:
    """Measure a plan and show its progress. Raises HarnessError; what was measured is kept."""
    with live_progress(Console(stderr=True)) as notify:
        return runs.measure(plan, out, notify)


def conclude(found: runs.Run, style: str) -> DuelResult | None:
    """Print a run, and return the result if it was a duel.

    Raises MeasurementError if it is not valid.
    """
    print_run(found, style)
    demand_validity(found.summary)
    return found.duel


def print_run(found: runs.Run, style: str) -> None:
    """Print the report of a run in one of the formats."""
    duel, summary = found.duel, found.summary
    document = duel_document(duel, summary) if duel else run_document(summary)
    write_report(
        Report(summary=summary, document=document, result={"duel": duel} if duel else {}),
        TERMINAL if style == "table" else style,
        Console(file=sys.stdout),
    )


def demand_validity(summary: Summary) -> None:
    """Raise MeasurementError for each reason why a run is no valid measurement."""
    if problems := invalidity(summary):
        raise MeasurementError(*problems)


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
