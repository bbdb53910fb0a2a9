"""Two runs side by side: every figure before and after, with its verdict."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from harness.analysis.metrics import METRICS
from harness.gate.change import Change
from harness.gate.changes import Changes
from harness.report.blocks import Table
from harness.report.drawing.layout import Lines, heading, prose
from harness.report.drawing.tables import draw_table
from harness.text import number_of, quantity
from harness.verdicts import Verdict

STYLES = {
    Verdict.PASS: "green",
    Verdict.IMPROVED: "green",
    Verdict.FAIL: "bold red",
    Verdict.INCONCLUSIVE: "yellow",
    Verdict.NO_DATA: "bold red",
    Verdict.INCOMPARABLE: "bold red",
}
HEADS = ("before", "now", "no change within", "verdict")
TIMES = "Times of two runs drift with the machine: they are told and judge nothing"


def render_changes(changes: Changes, width: int) -> Lines:
    """Return both runs side by side; what makes them incomparable in place of figures."""
    lines = heading("Compared", f"{changes.base} -> {changes.found}", width)
    lines += prose(verdict_words(changes), width, style=STYLES[changes.verdict])
    for difference in (*changes.differences, *changes.settings):
        lines += prose(difference, width)
    if changes.differences:
        return lines
    lines += prose(times_words(changes), width)
    for trial in dict.fromkeys(change.trial for change in changes.changes):
        rows = [one for one in changes.changes if one.trial == trial]
        lines += [Text(), *_trial(trial, rows, width)]
    return lines


def verdict_words(changes: Changes) -> str:
    """Return the verdict with the figures behind it: "regressed: 2 of 24 figures are worse"."""
    if changes.differences:
        return f"{changes.verdict}: these runs cannot be compared"
    judged = number_of(len(changes.judged), "figure")
    counted = [
        f"{sum(one.verdict is verdict for one in changes.judged)} {verdict}"
        for verdict in Verdict
        if any(one.verdict is verdict for one in changes.judged)
    ]
    return f"{changes.verdict}: {judged} judged, {', '.join(counted) or 'none told'}"


def times_words(changes: Changes) -> str:
    """Return what times stand on, and where the two runs were taken on different things."""
    if not changes.environment_facts:
        return f"{TIMES}."
    return f"{TIMES}; here {', '.join(changes.environment_facts)}."


def cells(change: Change) -> tuple[str, str, str, str]:
    """Return the figures of a change, as under `HEADS`."""
    unit = METRICS[change.metric].unit
    allowed = "" if change.allowed is None else quantity(unit, change.allowed)
    if change.allowed == 0:
        allowed = "exact"
    verdict = "told" if change.verdict is None or change.advisory else str(change.verdict)
    return (
        quantity(unit, change.base),
        quantity(unit, change.found),
        allowed,
        verdict,
    )


def notes(change: Change) -> str:
    """Return why a verdict is as it is, and which causes a loss of hits has; "" where it passes."""
    causes = f"more {' and '.join(change.causes)}" if change.causes else ""
    why = "" if METRICS[change.metric].timed else change.why  # the same for all times
    return "; ".join(filter(None, (causes, why)))


def _trial(name: str, changes: Sequence[Change], width: int) -> Lines:
    lines = prose(name, width, style="bold")
    lines += draw_table(Table(HEADS, [(one.metric, cells(one)) for one in changes]), width)
    for one in changes:
        if told := notes(one):
            style = STYLES[one.verdict] if one.verdict else ""
            lines += prose(f"{one.metric}: {told}", width, style=style)
    return lines
