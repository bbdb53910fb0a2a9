"""`harness report`: a recorded run, analyzed again."""

import sys
from pathlib import Path

import click

from harness import runs
from harness.cli import measure
from harness.cli.options import FAIL_ON, format_option, run_argument
from harness.record.samples import write_csv
from harness.verdicts import exit_code


@click.command(name="report")
@run_argument("run_dir")
@format_option(*measure.FORMATS, "csv")
@FAIL_ON
def verb(run_dir: Path, style: str, fail_on: str | None) -> int:
    """Analyze the recorded run in RUN_DIR again and report it.

    The format csv has no figures: it is a row for each cache lookup.
    """
    run = runs.read(run_dir)
    if style == "csv":
        write_csv(run.lookups, sys.stdout)
        measure.demand_validity(run.summary)
    else:
        measure.conclude(run, style)
    return exit_code(run.duel.verdict, fail_on_inconclusive=bool(fail_on)) if run.duel else 0
