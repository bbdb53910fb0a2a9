"""What a run was measured with, and where it is kept: the last lines of a report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.text import Text

from harness.analysis.summary import Summary
from harness.report.layout import QUIET, Lines, prose
from harness.text import number_of

_SOFTWARE = ("Python", "Django", "Gunicorn", "Locust")


def render_surroundings(summary: Summary, width: int) -> Lines:
    """Return what was left out, the software of the run, and its directory on its own line."""
    gaps = summary.environment.get("gaps", {})
    left_out = [
        line
        for backend, why in gaps.items()
        for line in prose(f"Left out: {backend}. {why}", width, style="yellow", indent="")
    ]
    told = ", ".join(_parts(summary.environment))
    measured = prose(f"Measured with {told}.", width, style=QUIET, indent="") if told else []
    kept = f"Kept in {summary.run_dir}"
    where = [Text(kept)]
    if len(kept) > width:
        where = [Text("Kept in"), Text(summary.run_dir, overflow="fold")]
    return [*left_out, *measured, *where]


def _parts(environment: Mapping[str, Any]) -> list[str]:
    software = [
        f"{name} {environment[name.lower()]}" for name in _SOFTWARE if environment.get(name.lower())
    ]
    servers = environment.get("servers", {}).values()
    cores = environment.get("cores")
    return [*software, *servers, *([number_of(cores, "core")] if cores else [])]
