"""`harness run`: measure a scenario and report it, or show what that would take."""

from pathlib import Path

import click
from rich.text import Text

from harness import runs
from harness.cli import measure
from harness.cli.shared import (
    aa_option,
    format_option,
    grid,
    load_options,
    out_option,
    overrides,
    print_result,
    scenario_argument,
)
from harness.cli.signals import end_on_signals
from harness.errors import GateError
from harness.gate.check import checked
from harness.measure.estimate import estimate
from harness.measure.plan import Plan
from harness.text import number_of, size
from harness.verdicts import Verdict


@click.command(name="run")
@scenario_argument
@load_options
@out_option("runs/SCENARIO-TIME")
@aa_option
@click.option("--dry-run", is_flag=True, help="Only show trials, time, disk space and servers.")
@format_option(*measure.FORMATS)
def verb(
    scenario: str,
    out: Path | None,
    aa: bool,
    dry_run: bool,
    style: str,
    settings: tuple[str, ...],
    **options: str | None,
) -> None:
    """Measure SCENARIO and report it.

    SCENARIO is a name from `harness list`, or a TOML file of your own.
    """
    end_on_signals()
    plan = runs.resolve(scenario, overrides(settings, **options), aa=aa)
    if dry_run:
        print_estimate(plan, style)
        return
    run = measure.measured(plan, out)
    measure.conclude(run, style)
    if problems := [
        one.problem
        for one in checked(run.summary).cases
        if one.problem and one.outcome is Verdict.FAIL
    ]:
        raise GateError(*problems)


def print_estimate(plan: Plan, style: str) -> None:
    """Print the trials of a plan and what they take; the JSON has the fields of `Estimate`."""
    found = estimate(plan)
    trials = [
        (f"  {trial.setup.label}", number_of(trial.scenario.load.requests, "request"))
        for trial in found.trials
    ]
    started = [number_of(most, name) for name, most in found.processes.items() if most]
    rows = [
        ("time", f"about {found.seconds:.0f} s; longer if the app takes long to answer"),
        ("disk space", f"about {size(found.megabytes * 1e6)}"),
        ("started", f"{', '.join(started)} at the same time"),
        *found.origins.items(),
    ]
    content = {
        "scenario": plan.scenario.name,
        "trials": [trial.setup.label for trial in found.trials],
        "requests": found.requests,
        "seconds": found.seconds,
        "megabytes": found.megabytes,
        "processes": dict(found.processes),
        "origins": dict(found.origins),
    }
    print_result(
        content,
        style,
        Text(f"{plan.scenario.name}: {number_of(len(trials), 'trial')}", "bold"),
        grid(trials, "", ""),
        "",
        grid(rows, "", ""),
    )
