"""The hit rate over a trace as small curves, one below the other, all on one scale."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from rich.text import Text

from harness.report.blocks import Timeline
from harness.report.drawing.layout import INDENT, QUIET, Lines, prose
from harness.text import count

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
