"""Worker by worker: hit rate and share of requests of each life, in rows of slots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.text import Text

from harness.analysis.summary import LifeSummary
from harness.report.blocks import Workers
from harness.report.drawing.layout import HEADING, INDENT, QUIET, Cell, Lines, prose, row
from harness.text import count, points

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
    left_out = sum(map(len, list(rows.values())[MOST_ROWS:]))
    if left_out:
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
    life = [f"server {server}"] * servers + [f"gen. {generation}"] * generations
    slots = [f"from slot {block * across + 1}"] * blocks
    labels = [*[", ".join(life)] * bool(life), *slots, "", ""]
    return labels[0], labels[1]


def _pair(labels: tuple[str, str], lives: Row, across: int) -> Lines:
    """Return two lines: hit rates, and beneath them shares of the requests."""
    first = (min(lives) - 1) // across * across + 1 if lives else 1
    places = [lives.get(slot) for slot in range(first, first + across)]
    rates = [points(life.hit_rate) if life else "" for life in places]
    shares = [points(life.share) if life else "" for life in places]
    return [
        _line(labels[0], "hit rate %", rates, HEADING),
        _line(labels[1], "share %", shares, QUIET),
    ]


def _line(label: str, kind: str, figures: Sequence[str], style: str) -> Text:
    start = [Cell(label, LABEL_WIDTH + 1, left=True), Cell(kind, KIND_WIDTH, QUIET, left=True)]
    return row([*start, *(Cell(figure, CELL_WIDTH, style) for figure in figures)], gap=0)
