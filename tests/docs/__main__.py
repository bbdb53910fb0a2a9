"""Write what is made from the code into the documentation: `python -m tests.docs`."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

from tests.docs.commands import RUN
from tests.docs.console import ROOT, pages
from tests.docs.house import picture
from tests.docs.reference import PAGES
from tests.docs.refresh import refreshed
from tests.docs.workshop import furnish


def write_made() -> None:
    """Write each reference page, and the picture in CONTRIBUTING.md."""
    for name, text in PAGES.items():
        (ROOT / "docs" / "reference" / name).write_text(text(), encoding="utf-8")
    path = ROOT / "CONTRIBUTING.md"
    block = re.compile(r"^```mermaid\n.*?^```$", re.MULTILINE | re.DOTALL)
    drawn = block.sub(f"```mermaid\n{picture()}```", path.read_text(encoding="utf-8"))
    path.write_text(drawn, encoding="utf-8")


def update_output() -> None:
    """Write below the commands that pages show what they print now."""
    with tempfile.TemporaryDirectory() as directory:

        @cache
        def printed(command: str) -> str:
            if command not in RUN or ">" in command:
                return ""
            program, *words = shlex.split(command)
            module = [] if program == "python" else ["-m", program]
            environ = {**os.environ, "COLUMNS": "80", "PYTHONPATH": str(ROOT)}
            return subprocess.run(
                [sys.executable, *module, *words],
                cwd=directory,
                env=environ,
                capture_output=True,
                text=True,
                check=True,
            ).stdout

        for page, text in pages().items():
            furnish(Path(directory), text)
            (ROOT / page).write_text(refreshed(page, text, printed), encoding="utf-8")


write_made()
if "--update-output" in sys.argv:
    update_output()
