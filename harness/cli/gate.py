"""The verbs that judge: check a scenario, keep a baseline, compare two runs, set up a pipeline."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click
from rich.console import Console

from harness import runs
from harness.analysis.summary import Summary
from harness.cli import measure
from harness.cli.outputs import Outputs, make_room, write_text
from harness.errors import (
    BaselineError,
    GateUsageError,
    HarnessError,
    Problem,
    UsageError,
)
from harness.gate.baseline import baseline_text, read_baseline
from harness.gate.changes import Changes, compare
from harness.gate.check import CheckResult, baseline_problems, broken, checked, incomparable
from harness.gate.expect import refuse_unfit
from harness.gate.identity import differences, identity_of
from harness.gate.recorded import RunFigures, recorded
from harness.gate.workflow import WORKFLOW, workflow_text
from harness.measure.plan import Plan
from harness.report.document import run_document
from harness.report.drawing.layout import print_lines
from harness.report.formats import Report, write_report
from harness.report.gate.as_json import render_changes_json, render_check_json
from harness.report.gate.baseline import render_baseline
from harness.report.gate.changes import render_changes
from harness.report.gate.last_line import last_line
from harness.scenario.load import Overrides
from harness.scenario.schema import Scenario
from harness.verdicts import exit_code


def check(
    name: str,
    overrides: Overrides,
    out: Path | None,
    style: str,
    *,
    baseline: Path | None,
    outputs: Outputs,
    control: bool = False,
) -> int:
    """Measure a scenario, hold it to its expectations and a baseline, and return the exit code.

    Raises HarnessError where there is nothing to hold it to; from then on every failure is told
    in the outputs as well.
    """
    plan = runs.resolve(name, overrides, aa=control)
    scenario = plan.scenario
    refuse_unfit(scenario, plan.trials, str(plan.path))
    _refuse_idle(plan, baseline)
    outputs.make_room()
    try:
        base = _comparable(baseline, scenario) if baseline else None
        summary = measure.measured(plan, out).summary
    except HarnessError as error:
        return _conclude(broken(scenario.name, error), None, style, outputs)
    changes = compare(base, recorded(summary, scenario)) if base else None
    return _conclude(checked(summary, changes), summary, style, outputs)


def save_baseline(run_dir: Path, file: Path, *, replace: bool) -> None:
    """Write the figures of a recorded run to a baseline file.

    Raises MeasurementError for a run that is not valid, UsageError HX107 if the file exists.
    """
    if not replace:
        _refuse_existing(file, "--replace overwrites it")
    write_text(file, baseline_text(_recorded_run(run_dir)))
    click.echo(f"saved {run_dir} in {file}", err=True)


def show_baseline(file: Path, style: str) -> None:
    """Print what a baseline file holds."""
    base = read_baseline(file)
    if style == "json":
        click.echo(baseline_text(base), nl=False)
    else:
        console = Console(file=sys.stdout)
        print_lines(render_baseline(base, console.width), console)


def compare_runs(base: Path, found: Path, style: str, *, fail_on_inconclusive: bool) -> int:
    """Print two recorded runs side by side and return the exit code. Raises HX523."""
    changes = compare(_recorded_run(base), _recorded_run(found))
    _print_changes(changes, style)
    if changes.differences:
        raise BaselineError(*incomparable(changes))
    for problem in baseline_problems(changes):
        click.echo(str(problem), err=True)
    return exit_code(changes.verdict, fail_on_inconclusive=fail_on_inconclusive)


def init_ci(name: str, baseline: Path | None, install: str) -> None:
    """Write the workflow of a check below the current directory.

    Raises UsageError HX107 if there is one, and what `check` raises before it measures.
    """
    plan = runs.resolve(name)
    _refuse_idle(plan, baseline)
    if baseline:
        _comparable(baseline, plan.scenario)
    file = Path(WORKFLOW)
    _refuse_existing(file, "remove it first, or edit it by hand")
    make_room(file)
    told = baseline.as_posix() if baseline else None
    write_text(file, workflow_text(name, baseline=told, install=install))
    click.echo(f"wrote {file}: commit it, with the files that it names", err=True)


def _refuse_existing(file: Path, hint: str) -> None:
    if file.exists():
        raise UsageError(Problem(code="HX107", where=str(file), what="exists already", hint=hint))


def _refuse_idle(plan: Plan, baseline: Path | None) -> None:
    if plan.scenario.expect or baseline:
        return
    raise GateUsageError(
        Problem(
            code="HX504",
            where=str(plan.path),
            what="has no [[expect]], and there is no --baseline: every run would pass",
            hint="`harness run` measures without judging",
        )
    )


def _comparable(baseline: Path, scenario: Scenario) -> RunFigures:
    """Return a baseline that a run of the scenario can be compared with. Raises HX52x."""
    base = read_baseline(baseline)
    apart = differences(base.identity, identity_of(scenario))
    if apart:
        hint = "save a baseline of this scenario, seed, load and matrix"
        raise BaselineError(
            *(Problem(code="HX523", where=str(baseline), what=one, hint=hint) for one in apart)
        )
    return base


def _recorded_run(run_dir: Path) -> RunFigures:
    """Return the figures of a run directory. Raises MeasurementError if it is not valid."""
    run = runs.read(run_dir)
    measure.demand_validity(run.summary)
    return recorded(run.summary, run.scenario)


def _conclude(check: CheckResult, summary: Summary | None, style: str, outputs: Outputs) -> int:
    """Print the report, what does not hold and the last line; write the outputs."""
    code = check.exit_code(fail_on_inconclusive=outputs.fail_on_inconclusive)
    if style == "json":
        click.echo(render_check_json(check, summary, code), nl=False)
    elif summary:
        report = Report(summary=summary, document=run_document(summary), result={})
        write_report(report, "terminal", Console(file=sys.stdout))
        if check.changes:
            click.echo()
            _print_changes(check.changes, style)
    for problem in check.problems:
        click.echo(str(problem), err=True)
    outputs.write(check, summary, os.environ)
    click.echo(last_line(check, code), err=True)
    return code


def _print_changes(changes: Changes, style: str) -> None:
    if style == "json":
        click.echo(render_changes_json(changes), nl=False)
    else:
        console = Console(file=sys.stdout)
        print_lines(render_changes(changes, console.width), console)
