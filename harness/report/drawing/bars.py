"""Bars over all lookups of each trial, with their counts and a legend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.text import Text

from harness.report.blocks import Bars
from harness.report.drawing.layout import GAP, INDENT, QUIET, Cell, Lines, prose, row
from harness.text import count

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
"""Glyph and style of each part: told apart without color, in the terminal's own sixteen."""


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
    numbers = [
        Cell(count(counts[name]), head.width, "" if counts[name] else QUIET)
        for name, head in frame.heads.items()
    ]
    bar, cells = Text(), apportioned([counts[name] for name in frame.heads], frame.bar_width)
    for name, length in zip(frame.heads, cells, strict=True):
        glyph, style = GLYPHS[name]
        bar.append(glyph * length, style)
    bar.pad_right(frame.bar_width - len(bar))
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
