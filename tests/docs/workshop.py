"""The directory that the commands of the documentation are run in."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.docs.console import ROOT, files_in

LINKS = {
    "tests": "tests",
    "runs/first": "tests/runs/hit-rate",
    "runs/hit-rate": "tests/runs/hit-rate",
}
COPY = "runs/second"
"""A run that may be deleted."""


def furnish(directory: Path, *texts: str) -> None:
    """Put the recorded runs, and the files that pages show, into a directory."""
    (directory / "runs").mkdir(exist_ok=True)
    for link, target in LINKS.items():
        if not (directory / link).exists():
            (directory / link).symlink_to(ROOT / target)
    shutil.copytree(ROOT / "tests" / "runs" / "hit-rate", directory / COPY, dirs_exist_ok=True)
    for text in texts:
        for name, content in files_in(text).items():
            (directory / name).parent.mkdir(parents=True, exist_ok=True)
            (directory / name).write_text(content, encoding="utf-8")
