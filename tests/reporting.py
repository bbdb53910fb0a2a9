"""Reports as the tests look at them."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from harness.analysis.summary import Summary
from harness.report.blocks import Section
from harness.report.document import run_document
from harness.report.formats import Report, write_report
from harness.report.formats.terminal import document_lines


def report_of(summary: Summary) -> Report:
    return Report(summary=summary, document=run_document(summary), result={})


def print_report(summary: Summary, console: Console) -> None:
    """Write a run's report as at a terminal."""
    write_report(report_of(summary), "terminal", console)


def lines_of(section: Section, width: int) -> list[Text]:
    """Return one section as at a terminal."""
    return document_lines([section], width)
