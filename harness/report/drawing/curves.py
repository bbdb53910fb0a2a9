"""Curves: the hit rate over a trace, and the mean cost of a lookup by worker count.

Marks differ in shape, so that no color is needed. In a cost curve each doubling has one width.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, log2

from rich.text import Text

from harness.report.blocks import CostCurve, Timeline
from harness.report.drawing.layout import HEADING, INDENT, QUIET, Lines, prose
from harness.text import count, duration

HEIGHT = 4
LEVELS = " ▁▂▃▄▅▆▇█"
WIDEST_WINDOW = 2  # characters
SCALE = {HEIGHT - 1: "100 %", 0: "0 %"}
MARGIN = INDENT + " " * (len(SCALE[HEIGHT - 1]) + 1)
MARK, STYLE, MARK_STYLE = "▲", "green", "magenta"


def draw_timeline(timeline: Timeline, width: int) -> Lines:
    """Return a curve from 0 to 100 % under its name, the action marked beneath."""
    lines = [Text(), *prose(f"{timeline.label}: hit rate over the trace", width, style=QUIET)]
    room = max(width - len(MARGIN), 1)
    every = ceil(len(timeline.points) / room)
    windows = timeline.points[::every]
    wide = max(1, min(WIDEST_WINDOW, room // len(windows)))
    for level in reversed(range(HEIGHT)):
        label = SCALE.get(level, "").rjust(len(MARGIN) - len(INDENT) - 1)
        lines.append(Text(f"{INDENT}{label} ", QUIET))
        lines[-1].append("".join(_glyph(rate, level) * wide for _, rate in windows), STYLE)
        lines[-1].rstrip()
    return lines + _mark(timeline, [step for step, _ in windows], wide, width)


def _glyph(rate: float, level: int) -> str:
    """Return what a window's bar shows in the row `level`, counted from the bottom."""
    eighths = round(rate * HEIGHT * (len(LEVELS) - 1)) - level * (len(LEVELS) - 1)
    return LEVELS[min(max(eighths, 0), len(LEVELS) - 1)]


def _mark(timeline: Timeline, steps: Sequence[int], wide: int, width: int) -> Lines:
    """Return the action below its window, with words on the side that has room for them."""
    if timeline.mark is None:
        return []
    column = len(MARGIN) + wide * sum(step < timeline.mark for step in steps)
    text = f"{timeline.action} at request {count(timeline.mark)}"
    line = f"{' ' * column}{MARK} {text}"
    if len(line) > width:
        line = f"{text} {MARK}".rjust(column + 1)
    if len(line) > width:
        return [*_marked(f"{' ' * min(column, width - 1)}{MARK}"), *prose(text, width)]
    return _marked(line)


def _marked(line: str) -> Lines:
    return [Text(line, MARK_STYLE, overflow="fold")]


COST_HEIGHT = 9
WIDEST = 72
POINT, BETWEEN, SHARED, CROSSING = "●", "·", "─", "▼"
STYLES = {POINT: "cyan", BETWEEN: "cyan", SHARED: "magenta", CROSSING: "bold"}


def draw_cost_curve(curve: CostCurve, width: int) -> Lines:
    """Return title, plot from 0 up, axis and legend. At least two worker counts."""
    labels = {COST_HEIGHT - 1: duration(curve.highest_s, curve.unit), 0: "0"}
    room = max(map(len, labels.values()))
    across = min(width, WIDEST) - len(INDENT) - room - len(" │ ") - len(count(curve.workers[-1]))
    doublings = [log2(number / curve.workers[0]) for number in curve.workers]
    columns = [round(each / doublings[-1] * (across - 1)) for each in doublings]
    lines = [Text(f"Mean cost of a lookup in {curve.unit}, by number of workers in all", HEADING)]
    for level in reversed(range(COST_HEIGHT)):
        lines.append(Text(f"{INDENT}{labels.get(level, ''):>{room}} │ ", QUIET))
        lines[-1].append_text(_marks(curve, columns, level))
        lines[-1].rstrip()
    margin = INDENT + " " * room
    axis = ["─"] * across
    legend = [(POINT, curve.names[0]), (SHARED, curve.names[1])]
    if curve.crossing in curve.workers:
        axis[columns[curve.workers.index(curve.crossing)]] = CROSSING
        legend.append((CROSSING, f"cheaper from here on: {curve.names[1]}"))
    lines.append(Text(f"{margin} └─{''.join(axis)}", QUIET))
    lines.append(Text(f"{margin}   {_scale(curve.workers, columns)}", QUIET))
    texts = [Text(f"{mark} {label}", STYLES[mark]) for mark, label in legend]
    return [*lines, Text(f"{margin}   ").append_text(Text("   ").join(texts))]


def _marks(curve: CostCurve, columns: Sequence[int], level: int) -> Text:
    """Return one line of the plot; LocMem's mark covers the other."""
    line = [SHARED if _level(curve.shared_s, curve) == level else " "] * (columns[-1] + 1)
    for column, cost_s in enumerate(_between(columns, curve.local_s)):
        if _level(cost_s, curve) == level:
            line[column] = POINT if column in columns else BETWEEN
    return Text.assemble(*((mark, STYLES.get(mark, "")) for mark in line))


def _level(cost_s: float, curve: CostCurve) -> int:
    return round(cost_s / (curve.highest_s or 1.0) * (COST_HEIGHT - 1))


def _between(columns: Sequence[int], costs: Sequence[float]) -> list[float]:
    """Return a cost for each column, on straight lines from point to point."""
    drawn = [costs[0]]
    for start, end, low, high in zip(columns, columns[1:], costs, costs[1:], strict=False):
        drawn += [low + (high - low) * step / (end - start) for step in range(1, end - start + 1)]
    return drawn


def _scale(workers: Sequence[int], columns: Sequence[int]) -> str:
    """Return the worker counts under their points, as many as have room; always the last one."""
    last = columns[-1]
    line = ""
    for number, column in zip(workers, columns, strict=True):
        free = len(line) + bool(line)
        if column == last or (column >= free and column + len(count(number)) < last):
            line = line.ljust(column) + count(number)
    return line
