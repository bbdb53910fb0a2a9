"""How verbs print: documents, and text in columns or JSON where there is no document."""

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import click
from rich.console import Console, RenderableType
from rich.table import Table

from harness.report.blocks import Document
from harness.report.drawing.layout import print_lines
from harness.report.formats.terminal import document_lines


def print_result(content: Any, style: str, *parts: RenderableType) -> None:
    """Print `content` as JSON, or for the format "table" the parts, one below the other."""
    if style == "json":
        click.echo(json.dumps(content, indent=2, ensure_ascii=False))
    else:
        Console(file=sys.stdout, markup=False, emoji=False, highlight=False).print(*parts, sep="\n")


def print_document(document: Document, style: str = "table", json_text: str = "") -> None:
    """Print a document in the width of the terminal, or for the format "json" its text."""
    if style == "json":
        click.echo(json_text, nl=False)
    else:
        console = Console(file=sys.stdout)
        print_lines(document_lines(document, console.width), console)


def grid(rows: Iterable[Sequence[RenderableType]], *heads: str) -> Table:
    """Return rows in as many columns as there are heads; the last column wraps."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_header=any(heads))
    for number, head in enumerate(heads, start=1):
        table.add_column(head, no_wrap=number < len(heads), overflow="fold", header_style="dim")
    for row in rows:
        table.add_row(*row)
    return table
