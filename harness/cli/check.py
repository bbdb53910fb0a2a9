"""`harness check`: measure a scenario, and check the run for a pipeline."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import click

from harness import runs
from harness.analysis.summary import Summary
from harness.cli import measure
from harness.cli.shared import (
    FAIL_ON,
    FILE,
    aa_option,
    format_option,
    load_options,
    make_room,
    out_option,
    overrides,
    print_document,
    scenario_argument,
    write_text,
)
from harness.cli.signals import end_on_signals
from harness.errors import HarnessError
from harness.gate.baseline import read_comparable, recorded
from harness.gate.check import CheckResult, broken, checked
from harness.gate.compare import compare
from harness.gate.expect import refuse_unfit, refuse_without_criteria
from harness.report.formats.markdown import render_markdown
from harness.report.gate import (
    changes_document,
    check_document,
    last_line,
    render_annotations,
    render_check_json,
    render_junit,
)

ON_GITHUB, STEP_SUMMARY = "GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outputs:
    """Where to write a check in which form, None for not at all, and what makes it fail."""

    junit: Path | None = None
    markdown: Path | None = None
    json: Path | None = None
    fail_on_inconclusive: bool = False

    def write(
        self, check: CheckResult, summary: Summary | None, environ: Mapping[str, str]
    ) -> None:
        """Write all files, and for GitHub what it reads. Raises InfrastructureError HX307."""
        strict = self.fail_on_inconclusive
        code = check.exit_code(fail_on_inconclusive=strict)
        markdown = render_markdown(check_document(check, summary, code)) + "\n"
        if self.junit:
            write_text(self.junit, render_junit(check, fail_on_inconclusive=strict))
        if self.markdown:
            write_text(self.markdown, markdown)
        if self.json:
            write_text(self.json, render_check_json(check, summary, code))
        if environ.get(STEP_SUMMARY):
            write_text(Path(environ[STEP_SUMMARY]), markdown, append=True)
        if environ.get(ON_GITHUB) == "true":
            for line in render_annotations(check):
                click.echo(line, err=True)


@click.command(name="check")
@scenario_argument
@load_options
@out_option("runs/SCENARIO-TIME")
@aa_option
@click.option(
    "--baseline",
    type=FILE,
    metavar="FILE",
    help="Compare with this file, from `harness baseline save`.",
)
@FAIL_ON
@click.option("--junit", type=FILE, metavar="FILE", help="Write the verdicts as JUnit XML.")
@click.option(
    "--markdown",
    type=FILE,
    metavar="FILE",
    help="Write a summary as Markdown; GITHUB_STEP_SUMMARY gets it in any case.",
)
@click.option(
    "--json",
    "json_file",
    type=FILE,
    metavar="FILE",
    help="Write what --format json prints, and print the table all the same.",
)
@format_option()
def verb(
    scenario: str,
    out: Path | None,
    aa: bool,
    baseline: Path | None,
    fail_on: str | None,
    junit: Path | None,
    markdown: Path | None,
    json_file: Path | None,
    style: str,
    settings: tuple[str, ...],
    **options: str | None,
) -> int:
    """Measure SCENARIO and check it against its expectations and a baseline.

    It passes only on what was measured: what is unknown is exit code 4.
    """
    end_on_signals()
    outputs = Outputs(
        junit=junit, markdown=markdown, json=json_file, fail_on_inconclusive=bool(fail_on)
    )
    plan = runs.resolve(scenario, overrides(settings, **options), aa=aa)
    refuse_unfit(plan.scenario, plan.trials, str(plan.path))
    if not baseline:
        refuse_without_criteria(plan.scenario, str(plan.path))
    for path in filter(None, (junit, markdown, json_file)):
        make_room(path)
    try:
        base = read_comparable(baseline, plan.scenario) if baseline else None
        run = measure.measured(plan, out)
    except HarnessError as error:
        return _conclude(broken(plan.scenario.name, error), None, style, outputs)
    changes = compare(base, recorded(run.summary, plan.scenario)) if base else None
    return _conclude(checked(run.summary, changes), run, style, outputs)


def _conclude(check: CheckResult, run: runs.Run | None, style: str, outputs: Outputs) -> int:
    """Print the report, what does not pass and the last line; write the outputs."""
    summary = run.summary if run else None
    code = check.exit_code(fail_on_inconclusive=outputs.fail_on_inconclusive)
    if style == "json":
        click.echo(render_check_json(check, summary, code), nl=False)
    elif run:
        measure.print_run(run, style)
        if check.changes:
            click.echo()
            print_document(changes_document(check.changes))
    for problem in check.problems:
        click.echo(str(problem), err=True)
    outputs.write(check, summary, os.environ)
    click.echo(last_line(check, code), err=True)
    return code
