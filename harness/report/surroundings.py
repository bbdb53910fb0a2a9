"""What a run was measured with, and where it is kept: the last lines of a report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.text import Text

from harness.analysis.summary import Summary
from harness.report.figures import number_of
from harness.report.layout import QUIET, Lines, prose

_SOFTWARE = ("Python", "Django", "Gunicorn", "Locust")


def render_surroundings(summary: Summary, width: int) -> Lines:
    """Return the software and servers of the run, and its directory on a line of its own."""
    told = ", ".join(_parts(summary.environment))
    measured = prose(f"Measured with {told}.", width, style=QUIET, indent="") if told else []
    kept = f"Kept in {summary.run_dir}"
    if len(kept) <= width:
        return [*measured, Text(kept)]
    return [*measured, Text("Kept in"), Text(summary.run_dir, overflow="fold")]


def _parts(environment: Mapping[str, Any]) -> list[str]:
    software = [
        f"{name} {environment[name.lower()]}" for name in _SOFTWARE if environment.get(name.lower())
    ]
    servers = environment.get("servers", {}).values()
    cores = environment.get("cores")
    return [*software, *servers, *([number_of(cores, "core")] if cores else [])]
