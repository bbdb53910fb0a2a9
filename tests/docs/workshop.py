"""The directory that the commands of the documentation are run in."""

from __future__ import annotations

from pathlib import Path

from tests.docs.console import ROOT, files_in

RUNS = ("first", "hit-rate", "second")
"""Runs below `runs/` that pages talk of; all are the recorded one of `hit-rate`."""


def furnish(directory: Path, *texts: str) -> None:
    """Put the recorded runs, and the files that pages show, into a directory."""
    (directory / "runs").mkdir(exist_ok=True)
    for link, target in {
        "tests": "tests",
        **{f"runs/{name}": "tests/runs/hit-rate" for name in RUNS},
    }.items():
        if not (directory / link).exists():
            (directory / link).symlink_to(ROOT / target)
    for text in texts:
        for name, content in files_in(text).items():
            (directory / name).parent.mkdir(parents=True, exist_ok=True)
            (directory / name).write_text(content, encoding="utf-8")
