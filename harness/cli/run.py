"""`harness run`: measure a scenario and report it."""

from pathlib import Path

import click

from harness import runs
from harness.cli import measure
from harness.cli.options import (
    aa_option,
    format_option,
    load_options,
    out_option,
    overrides,
    scenario_argument,
)
from harness.cli.signals import end_on_signals
from harness.errors import GateError
from harness.gate.check import checked
from harness.verdicts import Verdict


@click.command(name="run")
@scenario_argument
@load_options
@out_option("runs/SCENARIO-TIME")
@aa_option
@format_option(*measure.FORMATS)
def verb(
    scenario: str,
    out: Path | None,
    aa: bool,
    style: str,
    settings: tuple[str, ...],
    **options: str | None,
) -> None:
    """Measure SCENARIO and report it.

    SCENARIO is a name from `harness list`, or a TOML file of your own.
    """
    end_on_signals()
    plan = runs.resolve(scenario, overrides(settings, **options), aa=aa)
    run = measure.measured(plan, out)
    measure.conclude(run, style)
    cases = checked(run.summary).cases
    if problems := [one.problem for one in cases if one.problem and one.outcome is Verdict.FAIL]:
        raise GateError(*problems)
