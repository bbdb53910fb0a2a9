"""The verbs that bring numbers: measure a scenario, or read a recorded run again."""

from __future__ import annotations

import sys
from pathlib import Path

from rich.console import Console

from harness import runs
from harness.analysis.summary import Summary
from harness.cli.progress import LiveProgress
from harness.errors import GateError, MeasurementError, Problem
from harness.gate.check import invalidity
from harness.gate.duel import DuelResult
from harness.measure.plan import Plan
from harness.report.document import run_document
from harness.report.duel import duel_document
from harness.report.formats import Report, write_report
from harness.scenario.load import Overrides
from harness.verdicts import Verdict


def run(name: str, overrides: Overrides, out: Path | None, style: str, *, aa: bool = False) -> None:
    """Measure a scenario and print its report. Raises HarnessError; what was measured is kept."""
    found = measured(runs.resolve(name, overrides, aa=aa), out)
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
    duel, summary = found.duel, found.summary
    document = duel_document(duel, summary) if duel else run_document(summary)
    report = Report(summary=summary, document=document, result={"duel": duel} if duel else {})
    write_report(report, "terminal" if style == "table" else style, Console(file=sys.stdout))
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
