"""A report for a person at a terminal: blocks as lines of text, in the width of the console."""

from collections.abc import Callable, Mapping
from typing import Any

from rich.console import Console
from rich.text import Text

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
from harness.report.drawing.charts import draw_bars, draw_cost_curve, draw_timeline
from harness.report.drawing.layout import INDENT, STYLES, Lines, print_lines, prose
from harness.report.drawing.tables import draw_side_by_side, draw_table, draw_workers
from harness.report.formats import Report


def write(report: Report, console: Console) -> None:
    """Write the report in the console's width, and in what its encoding can express."""
    print_lines(document_lines(report.document, console.width), console)


def document_lines(document: Document, width: int) -> Lines:
    """Return a document in lines of at most `width` characters, its sections a blank line apart."""
    sections = [[line for block in section for line in draw(block, width)] for section in document]
    return [line for lines in sections if lines for line in [*lines, Text()]][:-1]


def draw(block: Block, width: int) -> Lines:
    """Return a block in lines of at most `width` characters."""
    return DRAWINGS[type(block)](block, width)


def _heading(block: Heading, width: int) -> Lines:
    indent, style = INDENT * block.level, STYLES[block.tone]
    title = [Text()] * bool(block.level) + prose(block.text, width, style=style, indent=indent)
    return [*title, *prose(block.caption, width, style=STYLES["quiet"])]


def _prose(block: Prose, width: int) -> Lines:
    indent, style = INDENT * block.level, STYLES[block.tone]
    if not block.verbatim:
        return prose(block.text, width, style=style, indent=indent)
    # What is to be copied is not broken; where it does not fit, its last word gets its own line.
    text = indent + block.text
    words, _, last = text.rpartition(" ")
    parts = [text] if len(text) <= width or not words.strip() else [words, last]
    return [Text(part, style, overflow="fold") for part in parts]


def _alarm(block: Alarm, width: int) -> Lines:
    rule = Text("━" * width, STYLES["bad"])
    reasons = [line for text in block.reasons for line in prose(text, width)]
    return [rule, *prose(block.title, width, style=STYLES["bad"]), *reasons, rule]


DRAWINGS: Mapping[type, Callable[[Any, int], Lines]] = {
    Heading: _heading,
    Prose: _prose,
    Alarm: _alarm,
    Table: draw_table,
    SideBySide: draw_side_by_side,
    Bars: draw_bars,
    Workers: draw_workers,
    Timeline: draw_timeline,
    CostCurve: draw_cost_curve,
}
"""How each kind of block is drawn; a test holds that none is missing."""
