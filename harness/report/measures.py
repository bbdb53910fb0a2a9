"""The figures that carry a scenario's claim, each beside what theory expects of it."""

from __future__ import annotations

from harness.analysis.metrics import METRICS, figure
from harness.analysis.summary import ExpectationResult, Figure, Summary
from harness.report.grid import render_grid
from harness.report.layout import Lines, heading, prose
from harness.report.series import named_trials
from harness.text import quantity

CAPTION = "Measured, and in brackets what theory expects of these requests at random workers."
VERDICTS = {"pass": "holds", "fail": "FAILS", "no-data": "not known"}
STYLES = {"pass": "green", "fail": "bold red", "no-data": "magenta"}


def render_measures(summary: Summary, width: int) -> Lines:
    """Return the scenario's evidence for each trial; no line for a scenario that names none."""
    if not summary.evidence or not summary.trials:
        return []
    lines = heading("Evidence for the claim", CAPTION, width)
    for name in summary.evidence:
        lines += prose(f"{name}: {METRICS[name].meaning}", width)
    rows = [
        (label, [_told(name, figure(trial, name)) for name in summary.evidence])
        for label, trial in named_trials(summary.trials)
    ]
    return [*lines, *render_grid(list(summary.evidence), rows, width)]


def render_expectations(summary: Summary, width: int) -> Lines:
    """Return each expectation with its verdict; no line for a scenario without any."""
    if not summary.expectations:
        return []
    lines = heading("Expectations", summary.claim, width)
    for one in summary.expectations:
        lines += prose(expectation(one), width, style=STYLES[one.verdict])
    return lines


def expectation(one: ExpectationResult) -> str:
    """Return one verdict as a sentence."""
    told = f"{VERDICTS[one.verdict]}: {one.metric}"
    told += f", {one.trial}: {quantity(one.unit, one.value)}" if one.trial else ""
    told += f" (wanted {one.wanted}"
    told += f"; {quantity(one.unit, one.absent)} without the fault" if _known(one.absent) else ""
    return told + (f"; {one.why})" if one.why else ")")


def _told(name: str, found: Figure) -> str:
    unit = METRICS[name].unit
    told = quantity(unit, found.value)
    expected = found.expected
    if expected is None or found.value is None:
        return told
    low, high = quantity(unit, expected.low), quantity(unit, expected.high)
    return f"{told} ({low})" if low == high else f"{told} ({low} to {high})"


def _known(value: float | None) -> bool:
    return value is not None
