"""`harness compare`: two recorded runs side by side."""

from pathlib import Path

import click

from harness.cli.baseline import recorded_run
from harness.cli.shared import FAIL_ON, format_option, print_document, run_argument
from harness.errors import BaselineError
from harness.gate.check import baseline_problems, incomparable
from harness.gate.compare import compare
from harness.report.gate import changes_document, render_changes_json
from harness.verdicts import exit_code


@click.command(name="compare")
@run_argument("base", "RUN_A")
@run_argument("found", "RUN_B")
@FAIL_ON
@format_option()
def verb(base: Path, found: Path, fail_on: str | None, style: str) -> int:
    """Compare two recorded runs: what is better or worse in RUN_B than in RUN_A."""
    changes = compare(recorded_run(base), recorded_run(found))
    print_document(changes_document(changes), style, render_changes_json(changes))
    if changes.differences:
        raise BaselineError(*incomparable(changes))
    for problem in baseline_problems(changes):
        click.echo(str(problem), err=True)
    return exit_code(changes.verdict, fail_on_inconclusive=bool(fail_on))
