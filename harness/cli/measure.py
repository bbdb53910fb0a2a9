"""What the verbs that report runs share: measuring with progress, printing, validity."""

import sys
from pathlib import Path

from rich.console import Console

from harness import runs
from harness.analysis.summary import Summary
from harness.cli.progress import live_progress
from harness.errors import MeasurementError
from harness.gate.check import invalidity
from harness.gate.duel import DuelResult
from harness.measure.plan import Plan
from harness.report.document import run_document
from harness.report.duel import duel_document
from harness.report.formats import Report, format_names, write_report

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
    report = Report(summary=summary, document=document, result={"duel": duel} if duel else {})
    write_report(report, TERMINAL if style == "table" else style, Console(file=sys.stdout))


def demand_validity(summary: Summary) -> None:
    """Raise MeasurementError for each reason why a run is no valid measurement."""
    if problems := invalidity(summary):
        raise MeasurementError(*problems)
