"""The terminal report as a picture for a page, complete in itself: no font or link from outside."""

import io

from rich.console import Console, Group
from rich.padding import Padding
from rich.terminal_theme import TerminalTheme

from harness.report.blocks import Document
from harness.report.formats import Report
from harness.report.formats.terminal import document_lines

BACKGROUND, INK = (30, 33, 39), (205, 210, 218)
COLORS = [
    (60, 64, 72),  # black
    (232, 106, 96),  # red
    (112, 158, 110),  # green
    (216, 174, 92),  # yellow
    (106, 156, 214),  # blue
    (190, 132, 204),  # magenta
    (100, 178, 180),  # cyan
    (205, 210, 218),  # white
]
MARGIN = 2
THEME = TerminalTheme(BACKGROUND, INK, COLORS)

# Rich's own template without its web font, its window and its window's buttons.
TEMPLATE = """\
<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
    <style>
    .{unique_id}-matrix {{
        font-family: "DejaVu Sans Mono", "Cascadia Mono", Menlo, Consolas, monospace;
        font-size: {char_height}px;
        line-height: {line_height}px;
        white-space: pre;
    }}
    {styles}
    </style>
    <defs>
    <clipPath id="{unique_id}-clip-terminal">
      <rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
    </clipPath>
    {lines}
    </defs>
    <rect width="{width}" height="{height}" rx="12" fill="rgb(30,33,39)" />
    <g transform="translate({terminal_x}, {terminal_y})"
       clip-path="url(#{unique_id}-clip-terminal)">
    {backgrounds}
    <g class="{unique_id}-matrix" xml:space="preserve">
    {matrix}
    </g>
    </g>
</svg>
"""


def write(report: Report, console: Console) -> None:
    """Write the report as an SVG picture."""
    console.file.write(render_svg(report.document))


def render_svg(document: Document, width: int = 100) -> str:
    """Return the report as an SVG picture, `width` characters wide; the same for equal input."""
    console = Console(
        file=io.StringIO(),
        record=True,
        width=width + 2 * MARGIN,
        color_system="truecolor",
        force_terminal=True,
        no_color=False,
        legacy_windows=False,
    )
    console.print(
        Padding(Group(*document_lines(document, width)), (0, MARGIN, 1, MARGIN)), highlight=False
    )
    return console.export_svg(theme=THEME, code_format=TEMPLATE, unique_id="harness-report")
