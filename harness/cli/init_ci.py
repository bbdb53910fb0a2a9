"""`harness init-ci`: write a GitHub Actions workflow that checks a scenario."""

from pathlib import Path

import click

from harness import runs
from harness.cli.options import FILE, scenario_argument
from harness.cli.outputs import make_room, refuse_existing, write_text
from harness.gate.baseline import read_comparable
from harness.gate.expect import refuse_without_criteria
from harness.gate.workflow import WORKFLOW, workflow_text


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
