"""Findings of the doctor -> a table for people, or plain values for JSON."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from harness.servers.doctor import Component


def render_doctor(findings: Sequence[Component]) -> RenderableType:
    """Return a table of what is here, and below it what each absence costs."""
    table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False)
    for heading in ("part", "found", "where"):
        table.add_column(heading, no_wrap=heading != "where", overflow="fold")
    for finding in findings:
        style = "yellow" if finding.costs else ""
        table.add_row(finding.name, finding.found or "no", finding.where, style=style)
    advice = [f"{finding.name}: {finding.costs}" for finding in findings if finding.costs]
    return Group(table, "", Text("\n".join(advice or ["Nothing is missing."])))


def as_dict(findings: Sequence[Component]) -> dict[str, dict[str, str]]:
    """Return the findings by name, as plain values."""
    return {
        finding.name: {"found": finding.found, "where": finding.where, "costs": finding.costs}
        for finding in findings
    }
