"""Bars over all lookups of each trial, and curves: hit rates over a trace, costs by worker count.

Marks differ in shape, so that no color is needed. In a cost curve each doubling has one width.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, log2

from rich.text import Text

from harness.report.blocks import Bars, CostCurve, Timeline
from harness.report.drawing.layout import GAP, HEADING, INDENT, QUIET, Cell, Lines, prose, row
from harness.text import count, duration

NARROWEST_BAR = 24
GLYPHS: Mapping[str, tuple[str, str]] = {
    "hit": ("─", "green"),
    "first": ("░", "blue"),
    "fragmentation": ("█", "red"),
    "restart": ("▚", "magenta"),
    "expired": ("=", "cyan"),
    "evicted": ("▼", "yellow"),
    "deleted": ("x", "white"),
    "unexplained": ("?", "bold"),
}
"""Glyph and style of each part: distinguished without color, in the terminal's own sixteen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Widths and heads that all bars share."""

    label_width: int
    bar_width: int
    heads: Mapping[str, Cell]


def draw_bars(bars: Bars, width: int) -> Lines:
    """Return a bar per row with its counts, and a legend of the parts that occur."""
    frame = _frame(bars, width)
    blanks = [Cell("", frame.label_width), Cell("", frame.bar_width)]
    lines = [row([*blanks, *frame.heads.values()])]
    for name, rows in bars.groups:
        lines += prose(name, width, style="bold")
        lines += [_line(label, counts, frame) for label, counts in rows]
    return [*lines, Text(), *_legend(bars.meanings, width)]


def apportioned(counts: Sequence[int], width: int) -> list[int]:
    """Return cells of a bar for each count: `width` in all, and at least one for what occurs.

    All zero if every count is. `width` must be at least the number of counts.
    """
    total = sum(counts)
    if not total:
        return [0] * len(counts)
    exact = [number * width / total for number in counts]
    cells = [max(int(part), number > 0) for part, number in zip(exact, counts, strict=True)]
    while sum(cells) < width:
        short = [part - cell for part, cell in zip(exact, cells, strict=True)]
        cells[short.index(max(short))] += 1
    while sum(cells) > width:
        cells[cells.index(max(cells))] -= 1
    return cells


def _frame(bars: Bars, width: int) -> Frame:
    """Return heads with glyph and name, or with the glyph alone where room is short."""
    rows = [row for _, rows in bars.groups for row in rows]
    label_width = max(len(label) for label, _ in rows)
    for with_name in (True, False):
        heads = {
            name: _head(name, max(len(count(counts[name])) for _, counts in rows), with_name)
            for name in bars.meanings
        }
        taken = len(INDENT) + label_width + GAP + sum(GAP + head.width for head in heads.values())
        if width - taken >= NARROWEST_BAR:
            break
    bar_width = max(width - taken, len(GLYPHS))
    return Frame(label_width=label_width, bar_width=bar_width, heads=heads)


def _head(name: str, longest: int, with_name: bool) -> Cell:
    glyph, style = GLYPHS[name]
    text = f"{glyph} {name}" if with_name else glyph * 2
    return Cell(text, max(len(text), longest), style)


def _line(label: str, counts: Mapping[str, int], frame: Frame) -> Text:
    bar, cells = Text(), apportioned([counts[name] for name in frame.heads], frame.bar_width)
    for name, length in zip(frame.heads, cells, strict=True):
        glyph, style = GLYPHS[name]
        bar.append(glyph * length, style)
    bar.pad_right(frame.bar_width - len(bar))
    numbers = (
        Cell(count(counts[name]), head.width, "" if counts[name] else QUIET)
        for name, head in frame.heads.items()
    )
    return row([Cell(label, frame.label_width), bar, *numbers])


def _legend(meanings: Mapping[str, str], width: int) -> Lines:
    """Return what each part means, in plain words."""
    name_width = max(map(len, meanings))
    margin = len(INDENT) + len("░░") + name_width + GAP * 2
    lines: Lines = []
    for name, meaning in meanings.items():
        first, *rest = prose(meaning, width, indent=" " * margin)
        glyph, style = GLYPHS[name]
        swatch, label = Cell(glyph * 2, style=style), Cell(name, name_width, left=True)
        lines += [row([swatch, label, first[margin:]]), *rest]
    return lines


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
    windows = timeline.points[:: ceil(len(timeline.points) / room)]
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
    mark, below = f"{' ' * column}{MARK} {text}", Lines()
    if len(mark) > width:
        mark = f"{text} {MARK}".rjust(column + 1)
    if len(mark) > width:
        mark, below = f"{' ' * min(column, width - 1)}{MARK}", prose(text, width)
    return [Text(mark, MARK_STYLE, overflow="fold"), *below]


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
    texts = [Text(f"{mark} {label}", STYLES[mark]) for mark, label in legend]
    return [
        *lines,
        Text(f"{margin} └─{''.join(axis)}", QUIET),
        Text(f"{margin}   {_scale(curve.workers, columns)}", QUIET),
        Text(f"{margin}   ").append_text(Text("   ").join(texts)),
    ]


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
