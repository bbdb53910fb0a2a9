"""The verbs that bring numbers: measure a scenario, or read a recorded run again."""

from __future__ import annotations

import sys
from pathlib import Path

from rich.console import Console

from harness import runs
from harness.analysis.summary import Summary
from harness.cli.progress import LiveProgress
from harness.errors import GateError, MeasurementError, Problem
from harness.gate.duel import DuelResult
from harness.gate.validity import invalidity
from harness.measure.plan import Plan
from harness.report.document import run_document
from harness.report.drawing.layout import print_lines
from harness.report.duel import render_duel
from harness.report.formats import Report, write_report
from harness.scenario.load import Overrides
from harness.verdicts import Verdict


def run(
    name: str, overrides: Overrides, out: Path | None, style: str, *, control: bool = False
) -> None:
    """Measure a scenario and print its report. Raises HarnessError; what was measured is kept."""
    found = measured(runs.resolve(name, overrides, aa=control), out)
    conclude(found, style)
    _demand_expectations(found.summary)


def measured(plan: Plan, out: Path | None = None) -> runs.Run:
    """Measure a plan and show its progress. Raises HarnessError; what was measured is kept."""
    with LiveProgress(Console(stderr=True)) as notify:
        return runs.measure(plan, out, notify)


def report(run_dir: Path, style: str) -> DuelResult | None:
    """Print a recorded run, and return the result if it was a duel. Raises HarnessError."""
    return conclude(runs.read(run_dir), style)


def conclude(found: runs.Run, style: str) -> DuelResult | None:
    """Print a run, and return the result if it was a duel.

    Raises MeasurementError if it is not valid.
    """
    console = Console(file=sys.stdout)
    if found.duel and style == "table":
        print_lines(render_duel(found.duel, found.summary, console.width), console)
    else:
        result = {"duel": found.duel} if found.duel else {}
        document = run_document(found.summary)
        report = Report(summary=found.summary, document=document, result=result)
        write_report(report, "terminal" if style == "table" else style, console)
    demand_validity(found.summary)
    return found.duel


def demand_validity(summary: Summary) -> None:
    """Raise MeasurementError for each reason why a run is no valid measurement."""
    problems = invalidity(summary)
    if problems:
        raise MeasurementError(*problems)


def _demand_expectations(summary: Summary) -> None:
    """Raise GateError for each expectation that failed; what was not measured is only shown."""
    problems = [
        Problem(
            code="HX510",
            where=f"{one.metric}, {one.trial}",
            what=f"got {one.value:.4g}, need {one.wanted} ({one.why})",
            hint=f"`harness report {summary.run_dir}` shows the run again",
        )
        for one in summary.expectations
        if one.verdict is Verdict.FAIL
    ]
    if problems:
        raise GateError(*problems)
