"""The figures that carry a scenario's claim, each next to what theory expects of it."""

from __future__ import annotations

from collections.abc import Mapping

from harness.analysis.metrics import METRICS, figure
from harness.analysis.series import named_trials
from harness.analysis.summary import ExpectationResult, Figure, Summary
from harness.report.blocks import Heading, Prose, Section, Table, Tone
from harness.text import quantity

CAPTION = "Measured, and in brackets what theory expects of these requests at random workers."
VERDICTS = {"pass": "holds", "fail": "FAILS", "no-data": "not known"}
TONES: Mapping[str, Tone] = {"pass": "good", "fail": "bad", "no-data": "doubt"}


def measures_section(summary: Summary) -> Section:
    """Return the scenario's evidence for each trial; empty for a scenario that names none."""
    names = summary.evidence
    if not names or not summary.trials:
        return []
    rows = [
        (label, [_with_expected(name, figure(trial, name)) for name in names])
        for label, trial in named_trials(summary.trials)
    ]
    meanings = [Prose(f"{name}: {METRICS[name].meaning}") for name in names]
    return [Heading("Evidence for the claim", CAPTION), *meanings, Table(names, rows)]


def expectations_section(summary: Summary) -> Section:
    """Return each expectation with its verdict; empty for a scenario without any."""
    found = [Prose(expectation(one), TONES[one.verdict]) for one in summary.expectations]
    return [Heading("Expectations", summary.claim), *found] if found else []


def expectation(one: ExpectationResult) -> str:
    """Return one verdict as a sentence."""
    told = f"{VERDICTS[one.verdict]}: {one.metric}"
    told += f", {one.trial}: {quantity(one.unit, one.value)}" if one.trial else ""
    told += f" (wanted {one.wanted}"
    told += f"; {quantity(one.unit, one.absent)} without the fault" if _known(one.absent) else ""
    return told + (f"; {one.why})" if one.why else ")")


def _with_expected(name: str, found: Figure) -> str:
    unit = METRICS[name].unit
    told = quantity(unit, found.value)
    expected = found.expected
    if expected is None or found.value is None:
        return told
    low, high = quantity(unit, expected.low), quantity(unit, expected.high)
    return f"{told} ({low})" if low == high else f"{told} ({low} to {high})"


def _known(value: float | None) -> bool:
    return value is not None
