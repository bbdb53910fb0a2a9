"""Formats of a report. Each module here is one: its `write(report, console)` writes it whole.

A new format is one file: the command line finds it by its name.
"""

import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from harness.analysis.summary import Summary
from harness.report.blocks import Document

if TYPE_CHECKING:
    from rich.console import Console


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What there is to report: the numbers of a run, and the same as blocks.

    `result` holds what `result.json` has beside the summary, such as the result of a duel.
    """

    summary: Summary
    document: Document
    result: Mapping[str, object]


def format_names() -> list[str]:
    """Return the names of all formats, in alphabetical order."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def write_report(report: Report, name: str, console: "Console") -> None:
    """Write a report to the file of `console` in the format of this name."""
    import_module(f"{__name__}.{name}").write(report, console)
