"""`harness report`: a recorded run, analyzed again."""

from pathlib import Path

import click

from harness import runs
from harness.cli import measure
from harness.cli.shared import FAIL_ON, format_option, run_argument


@click.command(name="report")
@run_argument("run_dir")
@format_option(*measure.FORMATS, "csv")
@FAIL_ON
def verb(run_dir: Path, style: str, fail_on: str | None) -> int:
    """Analyze the recorded run in RUN_DIR again and report it.

    The format csv has no figures: it is a row for each cache lookup.
    """
    return measure.conclude(runs.read(run_dir), style, fail_on)
