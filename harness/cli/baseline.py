"""`harness baseline`: keep the figures of a run in a file, and show such a file."""

from pathlib import Path

import click

from harness import runs
from harness.cli import measure
from harness.cli.shared import (
    FILE,
    format_option,
    print_document,
    refuse_existing,
    run_argument,
    write_text,
)
from harness.gate.baseline import RunFigures, baseline_text, read_baseline, recorded
from harness.report.gate import baseline_document


@click.group(name="baseline")
def verb() -> None:
    """Keep the figures of a run in a file, for `harness check --baseline`."""


@verb.command()
@run_argument("run_dir")
@click.argument("file", type=FILE)
@click.option("--replace", is_flag=True, help="Overwrite FILE.")
def save(run_dir: Path, file: Path, replace: bool) -> None:
    """Write the figures of the recorded run in RUN_DIR to FILE."""
    if not replace:
        refuse_existing(file, "--replace overwrites it")
    write_text(file, baseline_text(recorded_run(run_dir)))
    click.echo(f"saved {run_dir} in {file}", err=True)


@verb.command()
@click.argument("file", type=FILE)
@format_option()
def show(file: Path, style: str) -> None:
    """Show what the baseline in FILE holds."""
    base = read_baseline(file)
    print_document(baseline_document(base), style, baseline_text(base))


def recorded_run(run_dir: Path) -> RunFigures:
    """Return the figures of a run directory. Raises MeasurementError if it is not valid."""
    run = runs.read(run_dir)
    measure.demand_validity(run.summary)
    return recorded(run.summary, run.scenario)
