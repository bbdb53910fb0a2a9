"""Text laid out in lines of a known width: cells side by side, and prose that wraps.

Widths are characters. Every line is built whole here, so that nothing is cut off later.
"""

import re
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rich.console import Console, Group
from rich.text import Text

Lines = list[Text]
INDENT = "  "
GAP = 2
HEADING = "bold"
QUIET = "dim"
STYLES = {
    "": "",
    "strong": HEADING,
    "quiet": QUIET,
    "good": "green",
    "bad": "bold red",
    "doubt": "bold magenta",
    "warning": "yellow",
}
"""How each tone of a block looks on a terminal."""
ASCII = str.maketrans("─│┼━░█▚▼└●·µ▲▁▂▃▄▅▆▇", "-|+=:#%v+o.u^_..--==")
"""What a terminal that has no Unicode gets instead."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One piece of text in a field of `width`; a text longer than its field pushes the rest."""

    text: str
    width: int = 0
    style: str = ""
    left: bool = False

    @property
    def padded(self) -> str:
        return self.text.ljust(self.width) if self.left else self.text.rjust(self.width)


def row(cells: Iterable[Cell | Text], gap: int = GAP) -> Text:
    """Return the cells as one line, without blanks at its end; a `Text` brings its own width."""
    line = Text(INDENT, overflow="fold")
    for number, cell in enumerate(cells):
        line.append(" " * gap if number else "")
        if isinstance(cell, Text):
            line.append_text(cell)
        else:
            line.append(cell.padded, cell.style)
    line.rstrip()
    return line


def print_lines(lines: Lines, console: Console, *, unbroken: bool = False) -> None:
    """Write whole lines to `console` in what its encoding can say.

    `unbroken` lines go on past its width, as what is to be copied must.
    """
    if console.options.ascii_only:
        lines = [_in_ascii(line) for line in lines]
    console.print(Group(*lines), highlight=False, soft_wrap=unbroken)


def heading(title: str, caption: str, width: int) -> Lines:
    """Return a block's title, and beneath it what its figures mean."""
    return [Text(title, HEADING), *prose(caption, width, style=QUIET)]


def prose(text: str, width: int, *, style: str = "", indent: str = INDENT) -> Lines:
    """Return text wrapped to `width`; its own line breaks stay. No line for an empty text."""
    return [Text(line, style, overflow="fold") for line in _wrapped(text, width, indent)]


def _wrapped(text: str, width: int, indent: str) -> Iterator[str]:
    for clean in clean_lines(text):
        # The figure and its percent sign stay together: textwrap does not break at \u00a0.
        tied = re.sub(r"(?<=\d) (?=%)", "\u00a0", clean.strip())
        margin = indent + " " * (len(clean) - len(clean.lstrip()))
        for piece in textwrap.wrap(tied, max(width - len(margin), 20), break_on_hyphens=False):
            yield margin + piece.replace("\u00a0", " ")


def clean_lines(text: str) -> Iterator[str]:
    """Yield the lines of a text without escape codes, which a child's log may well carry."""
    for line in Text.from_ansi(text).plain.splitlines():
        yield "".join(mark for mark in line.expandtabs() if mark.isprintable())


def _in_ascii(line: Text) -> Text:
    plain = line.copy()
    plain.plain = line.plain.translate(ASCII).encode("ascii", "replace").decode()
    return plain
