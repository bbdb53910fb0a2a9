"""A baseline file for a person: what it was taken from, and its figures."""

from __future__ import annotations

from rich.text import Text

from harness.analysis.metrics import METRICS
from harness.analysis.summary import Figure
from harness.gate.identity import flat
from harness.gate.recorded import RunFigures
from harness.report.blocks import Table
from harness.report.drawing.layout import Lines, heading, prose
from harness.report.drawing.tables import draw_table
from harness.text import quantity


def render_baseline(base: RunFigures, width: int) -> Lines:
    """Return the baseline, trial by trial, each figure with what chance leaves room for."""
    identity = base.identity
    about = f"{identity.scenario}, seed {identity.seed}, trace {identity.trace}"
    lines = heading(f"Baseline {base.name}", about, width)
    taken = ", ".join(f"{name} {value}" for name, value in flat(base.environment).items() if value)
    lines += prose(f"Taken with {taken}.", width)
    for trial in base.trials:
        rows = [
            (name, (quantity(METRICS[name].unit, one.value), _expected(METRICS[name].unit, one)))
            for name, one in trial.figures.items()
            if name in METRICS and (one.value or one.expected)
        ]
        lines += [Text(), *prose(trial.name, width, style="bold")]
        lines += draw_table(Table(("measured", "predicted"), rows), width)
    return lines


def _expected(unit: str, figure: Figure) -> str:
    if figure.expected is None:
        return ""
    low, high = quantity(unit, figure.expected.low), quantity(unit, figure.expected.high)
    return low if low == high else f"{low} to {high}"
