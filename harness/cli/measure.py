"""The verbs that bring numbers: measure a scenario, or read a recorded run again."""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path

import click
from rich.console import Console

from harness.analysis.analyse import analyse_run, summarise
from harness.analysis.summary import Summary
from harness.cli.progress import LiveProgress
from harness.errors import GateError, HarnessError, MeasurementError, Problem, UsageError
from harness.gate.duel import DuelResult, duel_result
from harness.gate.expect import judge, refuse_unfit, refuse_unknown
from harness.gate.validity import invalidity
from harness.measure.session import Sources, run_scenario
from harness.record.rundir import SCENARIO_FILE, read_run, write_result
from harness.report.document import run_document
from harness.report.drawing.layout import print_lines
from harness.report.duel import render_duel
from harness.report.formats import Report, write_report
from harness.report.formats.json import render_json
from harness.report.formats.svg import render_svg
from harness.scenario.load import (
    Overrides,
    app_path,
    find_scenario,
    load_scenario,
    locustfile_path,
    read_scenario,
)
from harness.scenario.schema import Scenario
from harness.verdicts import Verdict


def run(
    name: str, overrides: Overrides, out: Path | None, style: str, *, control: bool = False
) -> None:
    """Measure, analyse, keep and print. Raises HarnessError; what was measured is kept."""
    path = find_scenario(name)
    if control:
        overrides = {**overrides, **control_overrides(load_scenario(path, overrides))}
    summary = measured(path, overrides, out)
    _print(summary, None, style)
    _demand_validity(summary)
    _demand_expectations(summary)


def measured(path: Path, overrides: Overrides, out: Path | None = None) -> Summary:
    """Measure a scenario's file into the new directory `out`, and return its numbers.

    Raises HarnessError; what was measured is kept.
    """
    refuse_unfit(load_scenario(path), str(path))
    scenario = load_scenario(path, overrides)
    refuse_unknown(scenario, str(path))
    sources = Sources(locustfile=locustfile_path(scenario, path), app=app_path(scenario))
    out = out or fresh_run_dir(scenario.name)
    try:
        with LiveProgress(Console(stderr=True)) as notify:
            run_scenario(scenario, sources, out, notify)
    except (HarnessError, KeyboardInterrupt):
        keep_what_there_is(out)
        raise
    summary = summary_of(out)
    write_result(out, render_json(summary))
    return summary


def conclude(out: Path, style: str) -> DuelResult | None:
    """Analyse a run, keep its figures, print them; return the result if it was a duel.

    Raises MeasurementError if it is not valid.
    """
    summary, duel = analysed(out)
    write_result(out, render_json(summary, {"duel": duel} if duel else None))
    _print(summary, duel, style)
    _demand_validity(summary)
    return duel


def report(run_dir: Path, style: str) -> DuelResult | None:
    """Analyse a recorded run and print it; return the result if it was a duel.

    Raises MeasurementError if it is not valid.
    """
    summary, duel = analysed(run_dir)
    _print(summary, duel, style)
    _demand_validity(summary)
    return duel


def control_overrides(scenario: Scenario) -> Overrides:
    """Return what makes a scenario compare its first backend with itself. Raises HX102."""
    if scenario.load.rounds == 1:
        raise UsageError(
            Problem(
                code="HX102",
                where="--control",
                what=f"{scenario.name} is served in 1 round, need one that compares in rounds",
                hint="latency does, or --set load.rounds=24",
            )
        )
    first = [scenario.matrix.backend[0]]
    return {"matrix.backend": (first, "--control"), "matrix.copies": (2, "--control")}


def fresh_run_dir(scenario: str) -> Path:
    return Path("runs") / f"{scenario}-{time.strftime('%Y%m%d-%H%M%S')}"


def summary_of(run_dir: Path) -> Summary:
    """Return the numbers of a recorded run, valid or not. Raises HarnessError."""
    return analysed(run_dir)[0]


def analysed(run_dir: Path) -> tuple[Summary, DuelResult | None]:
    """Return the numbers of a recorded run, and its result if it was a duel."""
    record, samples = read_run(run_dir)
    scenario = read_scenario(run_dir / SCENARIO_FILE)
    refuse_unknown(scenario, str(run_dir / SCENARIO_FILE))
    trials = [(facts, samples[facts.number]) for facts in record.trials]
    found = analyse_run(trials)
    duel = duel_result(record.duel, trials, found.trials) if record.duel else None
    summary = summarise(
        found.trials,
        comparisons=found.comparisons,
        break_even=found.break_even,
        scenario=record.scenario,
        question=record.question,
        lesson=record.lesson,
        run_dir=str(run_dir),
        environment=record.environment,
        seed=record.seed,
        wall_s=record.wall_s,
        problems=record.problems,
        claim=scenario.claim,
        evidence=scenario.evidence,
    )
    expectations = () if duel else judge(scenario.expect, summary.trials)
    return replace(summary, expectations=expectations), duel


def keep_what_there_is(out: Path) -> None:
    """After a run that ended early: write `result.json` for what was measured, and say where."""
    try:
        summary, duel = analysed(out)
        write_result(out, render_json(summary, {"duel": duel} if duel else None))
    except HarnessError:
        return  # the error that ended the run is the one to tell
    count = len(summary.trials)
    click.echo(f"kept {count} trial{'' if count == 1 else 's'} in {out}", err=True)


def _print(summary: Summary, duel: DuelResult | None, style: str) -> None:
    console = Console(file=sys.stdout)
    if style == "json":
        click.echo(render_json(summary, {"duel": duel} if duel else None), nl=False)
    elif style == "svg":
        click.echo(render_svg(run_document(summary)), nl=False)
    elif duel:
        print_lines(render_duel(duel, summary, console.width), console)
    else:
        document = run_document(summary)
        write_report(Report(summary=summary, document=document, result={}), "terminal", console)


def _demand_expectations(summary: Summary) -> None:
    """Raise GateError for each expectation that failed; what was not measured is only told."""
    problems = [
        Problem(
            code="HX510",
            where=f"{one.metric}, {one.trial}",
            what=f"got {one.value:.4g}, need {one.wanted} ({one.why})",
            hint=f"`harness report {summary.run_dir}` shows the run again",
        )
        for one in summary.expectations
        if one.verdict is Verdict.FAIL
    ]
    if problems:
        raise GateError(*problems)


def _demand_validity(summary: Summary) -> None:
    problems = invalidity(summary)
    if problems:
        raise MeasurementError(*problems)
