"""Tables: labeled rows under heads, groups of columns that share their rows, and worker lives.

Columns that do not fit next to each other stand below.
"""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rich.text import Text

from harness.analysis.summary import LifeSummary
from harness.report.blocks import Columns, SideBySide, Table, Workers
from harness.report.drawing.layout import GAP, HEADING, INDENT, QUIET, Cell, Lines, prose, row
from harness.text import count, points

NUMBERS_GAP = 3


def draw_table(table: Table, width: int) -> Lines:
    """Return the rows, with as many columns next to each other as fit, the others below.

    Labels that would take half of the width stand on lines of their own. No line without a row.
    """
    if not (rows := [cells for _, cells in table.rows if cells]):
        return []
    label_width = max(len(label) for label, cells in table.rows if cells)
    if label_width > width // 2:
        label_width = 0
    sizes = [max(map(len, column)) for column in zip(table.heads, *rows, strict=True)]
    gap = NUMBERS_GAP if table.numbers else GAP
    lines: Lines = []
    for part in _parts(sizes, width - len(INDENT) - label_width, gap):

        def line(label: str, cells: Sequence[str], style: str, part: slice = part) -> Text:
            fields = zip((label, *cells[part]), (label_width, *sizes[part]), strict=True)
            return row([Cell(*one, style, left=not table.numbers) for one in fields], gap)

        lines.append(line("", table.heads, QUIET))
        for label, cells in table.rows:
            if not cells:
                lines += prose(label, width, style="bold")
            elif label_width:
                lines.append(line(label, cells, ""))
            else:
                lines += [*prose(label, width), line("", cells, "")]
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


SEPARATION = " │ "
GAPS = (0, 2, 1)
"""Blanks before each column of a group: two groups of hit rates just fit in 80 characters."""
STYLES = ("bold", "", QUIET)


@dataclass(frozen=True, slots=True)
class Group:
    """Columns with their widths; the first column stands out, texts of the second lean left."""

    columns: Columns
    widths: Sequence[int]

    @property
    def width(self) -> int:
        return sum(self.widths) + sum(GAPS[: len(self.widths)])

    def cells(self, texts: Sequence[str], styles: Sequence[str]) -> list[Cell]:
        lefts = (False, len(self.widths) == len(GAPS), False)
        fields = zip(texts, self.widths, styles, lefts, strict=False)
        return [
            cell
            for gap, field in zip(GAPS, fields, strict=False)
            for cell in (Cell("", gap), Cell(*field))
        ]


def draw_side_by_side(block: SideBySide, width: int) -> Lines:
    """Return the groups, those that do not fit next to each other below."""
    groups = _groups(block)
    widest = len(SEPARATION) + max(group.width for group in groups)
    room = width - len(INDENT) - 1  # the rule is longer than the rows by one
    longest = max(map(len, [block.corner, *block.labels]))
    label_width = max(len(block.corner), min(longest, room - widest))
    fitting = max((room - label_width) // widest, 1)
    lines: Lines = []
    for start in range(0, len(groups), fitting):
        lines += [Text()] * bool(start)
        lines += _section(block, groups[start : start + fitting], label_width)
    return lines


def _groups(block: SideBySide) -> list[Group]:
    """Return the groups; columns of the same heads have the same width in all of them."""
    widths: dict[tuple[str, ...], list[int]] = {}
    for group in block.groups:
        columns = zip(group.heads, *filter(None, group.rows), strict=True)
        found = [max(map(len, column)) for column in columns]
        known = widths.get(tuple(group.heads), found)
        widths[tuple(group.heads)] = list(map(max, known, found))
    return [Group(group, widths[tuple(group.heads)]) for group in block.groups]


def _section(block: SideBySide, groups: Sequence[Group], label_width: int) -> Lines:
    """Return heads, rule and rows of the groups that stand next to each other."""
    heads = [group.cells(group.columns.heads, (QUIET,) * len(GAPS)) for group in groups]
    rules = ["─" * (group.width + len(SEPARATION) - 1) for group in groups]
    lines = [
        *_names(groups, label_width),
        _joined(Cell(block.corner, label_width, QUIET), heads),
        Text(INDENT + "┼".join(["─" * (label_width + 1), *rules]), QUIET),
    ]
    for number, label in enumerate(block.labels):
        rows = [group.columns.rows[number] for group in groups]
        if any(rows):
            cells = [
                group.cells(texts or group.columns.blanks, STYLES)
                for group, texts in zip(groups, rows, strict=True)
            ]
            # A label with no room next to its figures stands above them.
            if len(label) > label_width:
                lines += prose(label, label_width + len(SEPARATION) + groups[0].width)
                label = ""
            lines.append(_joined(Cell(label, label_width), cells))
    return lines


def _names(groups: Sequence[Group], label_width: int) -> Lines:
    """Return the names, each over its group; a long one takes several lines."""
    names = [textwrap.wrap(group.columns.name, group.width) for group in groups]
    return [
        _joined(
            Cell("", label_width),
            [
                [Cell(part[level] if level < len(part) else "", group.width, "bold", left=True)]
                for part, group in zip(names, groups, strict=True)
            ],
        )
        for level in range(max(map(len, names), default=0))
    ]


def _joined(label: Cell, groups: Sequence[Sequence[Cell]]) -> Text:
    """Return one line: the label, then each group behind a quiet bar."""
    bar = Cell(SEPARATION, style=QUIET)
    return row([label, *(cell for group in groups for cell in (bar, *group))], gap=0)


CELL_WIDTH = len(" 100.0")
LABEL_WIDTH = len("server 0, gen. 1")
KIND_WIDTH = len("hit rate %")
MOST_ROWS = 8
"""Rows of lives per trial; workers that are recycled often would fill the screen."""

Row = Mapping[int, LifeSummary]
RowKey = tuple[int, int, int]


def draw_workers(block: Workers, width: int) -> Lines:
    """Return a table of lives for every trial, as many slots in a row as fit."""
    slots = max(life.slot for _, trials in block.groups for *_, lives in trials for life in lives)
    room = width - len(INDENT) - LABEL_WIDTH - KIND_WIDTH - 1
    across = max(min(room // CELL_WIDTH, slots), 1)
    lines = [_line("", "slot", [str(slot) for slot in range(1, across + 1)], QUIET)]
    for name, trials in block.groups:
        lines += prose(name, width, style=HEADING)
        lines += [line for trial in trials for line in _trial(*trial, across)]
    return lines


def _trial(label: str, note: str, lives: Sequence[LifeSummary], across: int) -> Lines:
    """Return the rows of one trial, at most `MOST_ROWS` of them and a note about the rest."""
    rows = _rows(lives, across)
    if len(rows) == 1:
        return _pair((label, note), next(iter(rows.values())), across)
    lines = [row([Cell(f"{label}, {note}")])]
    for key, mine in list(rows.items())[:MOST_ROWS]:
        lines += _pair(_place(key, rows, across), mine, across)
    if left_out := sum(map(len, list(rows.values())[MOST_ROWS:])):
        lines.append(row([Cell(f"and {count(left_out)} more, in result.json", style=QUIET)]))
    return lines


def _rows(lives: Sequence[LifeSummary], across: int) -> dict[RowKey, dict[int, LifeSummary]]:
    """Return lives by row (server, generation, block of `across` slots) and by slot."""
    rows: dict[RowKey, dict[int, LifeSummary]] = {}
    for life in lives:
        key = (life.server, life.generation, (life.slot - 1) // across)
        rows.setdefault(key, {})[life.slot] = life
    return dict(sorted(rows.items()))


def _place(key: RowKey, rows: Mapping[RowKey, Row], across: int) -> tuple[str, str]:
    """Return in two labels what distinguishes a row from the trial's others."""
    server, generation, block = key
    servers, generations, blocks = (len(set(values)) > 1 for values in zip(*rows, strict=True))
    life = ", ".join([f"server {server}"] * servers + [f"gen. {generation}"] * generations)
    slots = f"from slot {block * across + 1}" * blocks
    return (life, slots) if life else (slots, "")


def _pair(labels: tuple[str, str], lives: Row, across: int) -> Lines:
    """Return two lines: hit rates, and beneath them shares of the requests."""
    first = (min(lives) - 1) // across * across + 1 if lives else 1
    places = [lives.get(slot) for slot in range(first, first + across)]
    rates, shares = (
        [points(getattr(life, name)) if life else "" for life in places]
        for name in ("hit_rate", "share")
    )
    return [
        _line(labels[0], "hit rate %", rates, HEADING),
        _line(labels[1], "share %", shares, QUIET),
    ]


def _line(label: str, kind: str, figures: Sequence[str], style: str) -> Text:
    start = [Cell(label, LABEL_WIDTH + 1, left=True), Cell(kind, KIND_WIDTH, QUIET, left=True)]
    return row([*start, *(Cell(figure, CELL_WIDTH, style) for figure in figures)], gap=0)
