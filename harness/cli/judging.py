"""The verbs that judge, as the command line shows them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from harness.cli.options import FORMATS, load_options, out_option, overrides, scenario_argument
from harness.cli.signals import end_on_signals

FILE = click.Path(path_type=Path, dir_okay=False)

FAIL_ON = click.option(
    "--fail-on",
    type=click.Choice(["inconclusive"]),
    help="End with exit code 6 where it cannot be told whether a figure is worse.",
)


def check_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add what a check is held to, and the files that it writes for a pipeline."""
    decorators = (
        click.option(
            "--baseline",
            type=FILE,
            metavar="FILE",
            help="Compare with this file, from `harness baseline save`.",
        ),
        FAIL_ON,
        click.option("--junit", type=FILE, metavar="FILE", help="Write the verdicts as JUnit XML."),
        click.option(
            "--markdown",
            type=FILE,
            metavar="FILE",
            help="Write a summary as Markdown; GITHUB_STEP_SUMMARY gets it in any case.",
        ),
        click.option(
            "--json",
            "json_file",
            type=FILE,
            metavar="FILE",
            help="Write what --format json prints, and print the table all the same.",
        ),
    )
    for decorate in reversed(decorators):
        command = decorate(command)
    return command


@click.command()
@scenario_argument
@load_options
@out_option("runs/SCENARIO-TIME")
@click.option("--control", is_flag=True, help="Compare the first backend with itself.")
@check_options
@click.option("--format", "style", type=FORMATS, default="table", show_default=True)
def check(
    scenario: str,
    out: Path | None,
    control: bool,
    baseline: Path | None,
    fail_on: str | None,
    junit: Path | None,
    markdown: Path | None,
    json_file: Path | None,
    style: str,
    settings: tuple[str, ...],
    **options: str | None,
) -> int:
    """Measure SCENARIO and judge it by its expectations, and against a baseline if there is one.

    It passes only on what was measured: what could not be told is exit code 4.
    """
    from harness.cli import gate
    from harness.cli.outputs import Outputs

    end_on_signals()
    return gate.check(
        scenario,
        overrides(settings, **options),
        out,
        style,
        baseline=baseline,
        control=control,
        outputs=Outputs(
            junit=junit, markdown=markdown, json=json_file, fail_on_inconclusive=bool(fail_on)
        ),
    )


@click.group()
def baseline() -> None:
    """Keep the figures of a run in a file, for `harness check --baseline`."""


@baseline.command(name="save")
@click.argument("run_dir", type=click.Path(path_type=Path))
@click.argument("file", type=FILE)
@click.option("--replace", is_flag=True, help="Overwrite FILE.")
def save_baseline(run_dir: Path, file: Path, replace: bool) -> None:
    """Write the figures of the recorded run in RUN_DIR to FILE."""
    from harness.cli import gate

    gate.save_baseline(run_dir, file, replace=replace)


@baseline.command(name="show")
@click.argument("file", type=FILE)
@click.option("--format", "style", type=FORMATS, default="table", show_default=True)
def show_baseline(file: Path, style: str) -> None:
    """Show what the baseline in FILE holds."""
    from harness.cli import gate

    gate.show_baseline(file, style)


@click.command()
@click.argument("base", type=click.Path(path_type=Path), metavar="RUN_A")
@click.argument("found", type=click.Path(path_type=Path), metavar="RUN_B")
@FAIL_ON
@click.option("--format", "style", type=FORMATS, default="table", show_default=True)
def compare(base: Path, found: Path, fail_on: str | None, style: str) -> int:
    """Set two recorded runs side by side: what is better or worse in RUN_B than in RUN_A."""
    from harness.cli import gate

    return gate.compare_runs(base, found, style, fail_on_inconclusive=bool(fail_on))


@click.command(name="init-ci")
@scenario_argument
@click.option("--baseline", type=FILE, metavar="FILE", help="Hold the run to this baseline too.")
@click.option(
    "--install",
    metavar="COMMAND",
    default="python -m pip install django-cache-harness",
    show_default=True,
    help="What installs the harness, and the project if SCENARIO measures it.",
)
def init_ci(scenario: str, baseline: Path | None, install: str) -> None:
    """Write .github/workflows/harness.yml, which checks SCENARIO for every change."""
    from harness.cli import gate

    gate.init_ci(scenario, baseline, install)
