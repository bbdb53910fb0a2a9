"""A GitHub Actions workflow that runs `harness check` in a user's repository, as text."""

from __future__ import annotations

import json
import shlex
from pathlib import PurePosixPath

WORKFLOW = PurePosixPath(".github/workflows/harness.yml")

_TEMPLATE = """\
# Written by `harness init-ci`: fails when caching got worse, see `harness check --help`.
name: harness

on:
  pull_request:
  push:
    branches: [main]

permissions:
  contents: read

jobs:
  check:
    runs-on: ubuntu-latest
    timeout-minutes: 20
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with:
          python-version: "3.13"
      - name: Install
        run: {install}
      - name: Check
        # The summary of the job and the annotations need no option.
        run: {check}
      - name: Keep the run
        if: always()
        uses: actions/upload-artifact@v4
        with:
          name: harness
          path: harness-out/
          if-no-files-found: ignore
"""


def workflow_text(scenario: str, *, install: str, baseline: str | None = None) -> str:
    """Return the workflow; `scenario` is a name or a file, `install` a command of the shell."""
    words = ["harness", "check", scenario, "--out", "harness-out/run"]
    words += ["--junit", "harness-out/junit.xml"]
    words += ["--baseline", baseline] if baseline else []
    # JSON strings are YAML strings, whatever they hold.
    return _TEMPLATE.format(install=json.dumps(install), check=json.dumps(shlex.join(words)))
