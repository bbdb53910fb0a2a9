"""`harness init-ci`: write a GitHub Actions workflow that checks a scenario."""

import json
import shlex
from pathlib import Path, PurePosixPath

import click

from harness import runs
from harness.cli.shared import FILE, make_room, refuse_existing, scenario_argument, write_text
from harness.gate.baseline import read_comparable
from harness.gate.expect import refuse_without_criteria

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


@click.command(name="init-ci")
@scenario_argument
@click.option(
    "--baseline", type=FILE, metavar="FILE", help="Compare the run with this baseline too."
)
@click.option(
    "--install",
    metavar="COMMAND",
    default="python -m pip install django-cache-harness",
    show_default=True,
    help="What installs the harness, and the project if SCENARIO measures it.",
)
def verb(scenario: str, baseline: Path | None, install: str) -> None:
    """Write .github/workflows/harness.yml, which checks SCENARIO for every change."""
    plan = runs.resolve(scenario)
    if baseline:
        read_comparable(baseline, plan.scenario)
    else:
        refuse_without_criteria(plan.scenario, str(plan.path))
    file = Path(WORKFLOW)
    refuse_existing(file, "remove it first, or edit it by hand")
    make_room(file)
    path = baseline.as_posix() if baseline else None
    write_text(file, workflow_text(scenario, baseline=path, install=install))
    click.echo(f"wrote {file}: commit it, with the files that it names", err=True)


def workflow_text(scenario: str, *, install: str, baseline: str | None = None) -> str:
    """Return the workflow; `scenario` is a name or a file, `install` a command of the shell."""
    words = [
        *("harness", "check", scenario, "--out", "harness-out/run"),
        *("--junit", "harness-out/junit.xml"),
        *(("--baseline", baseline) if baseline else ()),
    ]
    # JSON strings are YAML strings, whatever they hold.
    return _TEMPLATE.format(install=json.dumps(install), check=json.dumps(shlex.join(words)))
