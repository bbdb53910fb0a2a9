"""A report as Markdown, for an issue, a comment or a page: the same blocks, figures as text."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console

from harness.report.blocks import (
    Alarm,
    Bars,
    Block,
    CostCurve,
    Document,
    Heading,
    Prose,
    SideBySide,
    Table,
    Timeline,
    Workers,
)
from harness.report.drawing.layout import clean_lines
from harness.report.formats import Report
from harness.text import count, duration, percent

TONES = {"strong": "**", "bad": "**", "doubt": "**"}
WINDOWS_SHOWN = 12
"""Windows of a timeline in its table; `result.json` has all of them."""


def write(report: Report, console: Console) -> None:
    """Write the report, ending in a newline."""
    console.file.write(render_markdown(report.document) + "\n")


def render_markdown(document: Document) -> str:
    """Return a document as Markdown, its blocks a blank line apart."""
    texts = (text for section in document for block in section for text in render(block))
    return "\n\n".join(filter(None, texts))


def render(block: Block) -> Iterator[str]:
    """Yield a block as paragraphs and tables of Markdown."""
    return RENDERINGS[type(block)](block)


def _heading(block: Heading) -> Iterator[str]:
    yield f"{'#' * (3 + block.level)} {escaped(block.text)}"
    yield escaped(block.caption)


def _prose(block: Prose) -> Iterator[str]:
    mark = TONES.get(block.tone, "")
    yield f"`{block.text}`" if block.verbatim else f"{mark}{escaped(block.text)}{mark}"


def _alarm(block: Alarm) -> Iterator[str]:
    lines = [line for text in block.reasons for line in clean_lines(text)]
    yield "\n".join(f"> {line}" for line in (f"**{block.title}**", *map(escaped, lines)))


def _table(block: Table) -> Iterator[str]:
    yield table(("", *block.heads), [(label, *cells) for label, cells in block.rows])


def _side_by_side(block: SideBySide) -> Iterator[str]:
    heads = [f"{group.name}: {head}" for group in block.groups for head in group.heads]
    rows = [
        (label, *(text for group in block.groups for text in group.rows[row] or group.blanks))
        for row, label in enumerate(block.labels)
    ]
    yield table((block.corner, *heads), rows)


def _bars(block: Bars) -> Iterator[str]:
    rows = [
        (f"{name}, {label}", *(count(counts[part]) for part in block.meanings))
        for name, rows in block.groups
        for label, counts in rows
    ]
    yield table(("", *block.meanings), rows)
    yield "\n".join(f"* {name}: {escaped(text)}" for name, text in block.meanings.items())


def _workers(block: Workers) -> Iterator[str]:
    rows = [
        (
            f"{name} {label}".strip(),
            f"{life.server}.{life.slot}.{life.generation}",
            percent(life.hit_rate),
            percent(life.share),
        )
        for name, trials in block.groups
        for label, _, lives in trials
        for life in lives
    ]
    yield table(("", "server.slot.generation", "hit rate", "share of requests"), rows)


def _timeline(block: Timeline) -> Iterator[str]:
    shown = block.points[:: max(1, -(-len(block.points) // WINDOWS_SHOWN))]
    action = "" if block.mark is None else f"; {block.action} at request {count(block.mark)}"
    yield escaped(f"{block.label}: hit rate over the trace{action}")
    heads = ["request", *(count(step) for step, _ in shown)]
    yield table(heads, [("hit rate", *(percent(rate) for _, rate in shown))])


def _cost_curve(block: CostCurve) -> Iterator[str]:
    rows = [
        (count(workers), *(duration(cost_s, block.unit) for cost_s in (local_s, block.shared_s)))
        for workers, local_s in zip(block.workers, block.local_s, strict=True)
    ]
    yield table(("workers", *(f"{name} [{block.unit}]" for name in block.names)), rows)


RENDERINGS: Mapping[type, Callable[[Any], Iterator[str]]] = {
    Heading: _heading,
    Prose: _prose,
    Alarm: _alarm,
    Table: _table,
    SideBySide: _side_by_side,
    Bars: _bars,
    Workers: _workers,
    Timeline: _timeline,
    CostCurve: _cost_curve,
}
"""How each kind of block is written; a test holds that none is missing."""


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table of Markdown."""
    return "\n".join(
        f"| {' | '.join(map(escaped, cells))} |" for cells in (heads, ["---"] * len(heads), *rows)
    )


def escaped(text: str) -> str:
    """Return text on one line that ends no cell, opens no tag and paints nothing."""
    return " ".join(" ".join(clean_lines(text)).split()).replace("|", r"\|").replace("<", "&lt;")
