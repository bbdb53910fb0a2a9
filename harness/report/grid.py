"""A plain table: labelled rows under heads, its columns broken up where the width demands it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.text import Text

from harness.report.layout import GAP, INDENT, QUIET, Cell, Lines, prose, row

Row = tuple[str, Sequence[str]]


def render_grid(heads: Sequence[str], rows: Sequence[Row], width: int) -> Lines:
    """Return the rows, with as many columns beside each other as fit, the others below.

    Labels that would take half of the width stand on lines of their own. No line without a row.
    """
    if not rows:
        return []
    label_width = max(len(label) for label, _ in rows)
    if label_width > width // 2:
        label_width = 0
    columns = zip(heads, *(cells for _, cells in rows), strict=True)
    sizes = [max(map(len, column)) for column in columns]
    lines: Lines = []
    for part in _parts(sizes, width - len(INDENT) - label_width):
        lines.append(_line("", label_width, heads[part], sizes[part], QUIET))
        for label, cells in rows:
            lines += [] if label_width else prose(label, width)
            own = label if label_width else ""
            lines.append(_line(own, label_width, cells[part], sizes[part]))
    return lines


def _parts(sizes: Sequence[int], room: int) -> Iterator[slice]:
    """Yield the columns that stand beside each other, at least one at a time."""
    start, taken = 0, 0
    for number, size in enumerate(sizes):
        taken += GAP + size
        if taken > room and number > start:
            yield slice(start, number)
            start, taken = number, GAP + size
    yield slice(start, len(sizes))


def _line(
    label: str, label_width: int, texts: Sequence[str], sizes: Sequence[int], style: str = ""
) -> Text:
    cells = [Cell(text, size, style, left=True) for text, size in zip(texts, sizes, strict=True)]
    return row([Cell(label, label_width, left=True), *cells])
