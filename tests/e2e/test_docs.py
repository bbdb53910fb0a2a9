"""The commands of the documentation that measure, run on real servers, with smaller numbers."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys

import pytest

from tests.docs.commands import SHORTENED
from tests.docs.console import files_in, pages, shown_in
from tests.e2e.processes import ROOT, Harness

pytestmark = pytest.mark.e2e

TEXTS = pages()
PAGES = [
    name
    for name, text in TEXTS.items()
    if any(shown.command in SHORTENED for shown in shown_in(name, text))
]


@pytest.mark.parametrize("page", PAGES)
def test_the_commands_of_a_page_do_what_it_says(page: str, harness: Harness) -> None:
    for name, content in files_in(TEXTS[page]).items():
        (harness.directory / name).parent.mkdir(parents=True, exist_ok=True)
        (harness.directory / name).write_text(content, encoding="utf-8")
    for command in dict.fromkeys(shown.command for shown in shown_in(page, TEXTS[page])):
        if command in SHORTENED:
            program, *words = [*shlex.split(command), *SHORTENED[command]]
            if program == "harness":
                outcome = harness.run(*words)
                assert outcome.code == 0, outcome.stderr
            else:
                run_pytest(words, harness)
    assert harness.leftovers() == []


def run_pytest(words: list[str], harness: Harness) -> None:
    """Run pytest in the directory of a harness, with nothing of our configuration."""
    for directory in (harness.temporary, harness.directory / "home"):
        directory.mkdir()
    (harness.directory / "pytest.ini").write_text("[pytest]\n")
    own = ("-p", "no:cacheprovider", "--basetemp", str(harness.directory / "pytest"))
    command = [sys.executable, "-m", "pytest", "-q", *own, *words]
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(harness.temporary)}
    done = subprocess.run(
        command, cwd=harness.directory, env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
