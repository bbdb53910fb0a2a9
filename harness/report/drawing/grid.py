"""A plain table: labeled rows under heads, its columns broken up where the width demands it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.text import Text

from harness.report.blocks import Table
from harness.report.drawing.layout import GAP, INDENT, QUIET, Cell, Lines, prose, row

NUMBERS_GAP = 3


def draw_table(table: Table, width: int) -> Lines:
    """Return the rows, with as many columns next to each other as fit, the others below.

    Labels that would take half of the width stand on lines of their own. No line without a row.
    """
    rows = [cells for _, cells in table.rows if cells]
    if not rows:
        return []
    label_width = max(len(label) for label, cells in table.rows if cells)
    if label_width > width // 2:
        label_width = 0
    sizes = [max(map(len, column)) for column in zip(table.heads, *rows, strict=True)]
    gap = NUMBERS_GAP if table.numbers else GAP
    lines: Lines = []
    for part in _parts(sizes, width - len(INDENT) - label_width, gap):

        def line(label: str, cells: Sequence[str], style: str, part: slice = part) -> Text:
            fields = [
                Cell(text, size, style, left=not table.numbers)
                for text, size in zip(cells[part], sizes[part], strict=True)
            ]
            return row([Cell(label, label_width, left=not table.numbers), *fields], gap)

        lines.append(line("", table.heads, QUIET))
        for label, cells in table.rows:
            if not cells:
                lines += prose(label, width, style="bold")
            else:
                lines += [] if label_width else prose(label, width)
                lines.append(line(label if label_width else "", cells, ""))
    return lines


def _parts(sizes: Sequence[int], room: int, gap: int) -> Iterator[slice]:
    """Yield the columns that stand next to each other, at least one at a time."""
    start, taken = 0, 0
    for number, size in enumerate(sizes):
        taken += gap + size
        if taken > room and number > start:
            yield slice(start, number)
            start, taken = number, gap + size
    yield slice(start, len(sizes))
