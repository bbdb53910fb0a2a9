"""Measure a scenario and read recorded runs, from a notebook or any other program.

    from harness import runs

    plan = runs.resolve("hit-rate", {"matrix.workers": [1, 4]})
    run = runs.measure(plan)            # or: run = runs.read("runs/hit-rate-20261126-101500")
    run.trial(backend="locmem", workers=4).hit_rate
    run.lookups["hit"].mean()
    run.write_csv("lookups.csv")

Errors are those of `harness.errors`, each with its HX code. Prints nothing.
"""

import shutil
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy.typing as npt

from harness.analysis.analyze import analyze_run, summarize
from harness.analysis.summary import Summary, TrialSummary
from harness.errors import GateUsageError, HarnessError, Problem, UsageError
from harness.gate.duel import DuelResult, duel_result
from harness.gate.expect import judge, refuse_unfit, refuse_unknown
from harness.measure.plan import Listener, Plan, RunEndedEarly, Sources, TrialGroup
from harness.record.facts import TrialFacts
from harness.record.rundir import (
    RUN_FILE,
    SCENARIO_FILE,
    create_run_dir,
    demand_run,
    directory_name,
    read_run,
    write_result,
)
from harness.record.samples import Samples, lookup_rows, write_csv
from harness.report.formats.json import render_json
from harness.scenario.load import (
    Overrides,
    app_path,
    find_scenario,
    load_plan,
    locustfile_path,
    read_scenario,
)
from harness.scenario.plan import expand_plan
from harness.scenario.schema import Scenario

RUNS = Path("runs")
"""Where runs are kept unless another directory is named."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """A recorded run: what was asked, its figures, and every lookup. `duel` is None without one."""

    run_dir: Path
    scenario: Scenario = field(repr=False)
    summary: Summary = field(repr=False)
    duel: DuelResult | None = field(repr=False)
    recorded: tuple[tuple[TrialFacts, Samples], ...] = field(repr=False)

    def trial(self, **where: Any) -> TrialSummary:
        """Return the figures of the one trial that is as described, by axis or by what varies.

        A dotted key may be shortened to its last word. Raises LookupError for none or several.
        """
        found = [trial for trial in self.summary.trials if trial.setup.matches(where)]
        if len(found) != 1:
            words = ", ".join(f"{name}={value!r}" for name, value in where.items()) or "anything"
            labels = "; ".join(trial.setup.label for trial in self.summary.trials) or "none"
            raise LookupError(f"{len(found)} trials match {words}, need one; there are {labels}")
        return found[0]

    @cached_property
    def lookups(self) -> npt.NDArray[Any]:
        """Return a structured array with one row for each lookup of all trials.

        `harness.record.samples.LOOKUP_COLUMNS` describes the fields: `run.lookups["hit"]` says
        which were hits, `run.lookups["trial"]` in which trial.
        """
        return lookup_rows(self.recorded)

    def write_csv(self, file: str | Path) -> None:
        """Write the lookups as CSV, one line each below a header. Raises OSError."""
        with Path(file).open("w", encoding="utf-8", newline="") as stream:
            write_csv(self.lookups, stream)


def resolve(name: str, overrides: Mapping[str, Any] | None = None, *, aa: bool = False) -> Plan:
    """Return what a run of a scenario would measure; starts nothing.

    `name` is a bundled scenario or a file. `overrides` sets its dotted keys to values, or to pairs
    of a value and the option that errors name. `aa` makes an A/A run of it: the first backend
    against itself. Raises UsageError HX101 for an unknown scenario,
    HX102 for an override or an A/A run that does not fit it, ScenarioError for a mistake in it,
    GateUsageError for an expectation that no run could be checked against.
    """
    path = find_scenario(name)
    pairs = {
        key: value if isinstance(value, tuple) else (value, key)
        for key, value in (overrides or {}).items()
    }
    plan = _plan(path, pairs)
    refuse_unknown(plan.scenario, str(path))
    try:
        refuse_unfit(plan.scenario, plan.trials, str(path))
    except GateUsageError:
        if not pairs:
            raise
        # An override may have taken the trials away that an expectation is about.
        whole = _plan(path, {})
        refuse_unfit(whole.scenario, whole.trials, str(path))
    return _aa_plan(plan) if aa else plan


def measure(plan: Plan, out: Path | None = None, notify: Listener = lambda _event: None) -> Run:
    """Measure a plan into the new directory `out`, analyze it, and return it.

    Without `out` it is `runs/SCENARIO-TIME`, with a number behind it where that exists. `notify` is
    called with each event of the run. Raises UsageError HX103 if `out` exists, HX105 for an action
    on a server that is not ours, InfrastructureError HX3xx if a server, the load or the disk fails.
    Whatever ends it early, the trials measured by then are kept, and `notify` gets RunEndedEarly.
    """
    # Reading a run needs none of what starts servers.
    from harness.measure.session import refuse_actions, run_session

    refuse_actions(plan)
    prefix = "duel-" if plan.purpose else ""
    run_dir = create_run_dir(out or default_dir(prefix + plan.scenario.name), numbered=out is None)
    try:
        run_session(plan, run_dir, notify)
    except BaseException:
        with suppress(HarnessError):  # the error that ended the run is the one to report
            notify(RunEndedEarly(run_dir=run_dir, trials=len(_analyzed(run_dir).summary.trials)))
        raise
    return _analyzed(run_dir)


def read(run_dir: str | Path) -> Run:
    """Return a recorded run with its figures, valid or not (`run.summary.valid`).

    Of a run that was killed it has the trials that were complete. Raises UsageError HX104 if the
    directory holds no run, MeasurementError HX403 if a newer version wrote it, HX404 if it is
    damaged, ScenarioError or GateUsageError if its scenario was changed to one that is not valid.
    """
    path = Path(run_dir)
    record, samples = read_run(path)
    scenario = read_scenario(path / SCENARIO_FILE)
    refuse_unknown(scenario, str(path / SCENARIO_FILE))
    recorded = tuple((facts, samples[facts.number]) for facts in record.trials)
    found = analyze_run(recorded)
    duel = duel_result(record.duel, recorded, found.trials) if record.duel else None
    summary = summarize(
        found, record, str(run_dir), claim=scenario.claim, evidence=scenario.evidence
    )
    return Run(
        run_dir=path,
        scenario=scenario,
        summary=replace(
            summary, expectations=() if duel else judge(scenario.expect, summary.trials)
        ),
        duel=duel,
        recorded=recorded,
    )


def default_dir(name: str) -> Path:
    """Return where a run of this name is kept unless another directory is named."""
    return RUNS / f"{directory_name(name)}-{time.strftime('%Y%m%d-%H%M%S')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEntry:
    """A run in a list; `trials` is None where the directory is damaged or of a newer version."""

    path: Path
    scenario: str
    trials: int | None
    size_bytes: int


def entries(directory: Path = RUNS) -> list[RunEntry]:
    """Return the runs in a directory and in its subdirectories, by name; [] if there is none."""
    return [
        entry(file.parent)
        for file in sorted({*directory.glob(f"*/{RUN_FILE}"), *directory.glob(f"*/*/{RUN_FILE}")})
    ]


def entry(run_dir: Path) -> RunEntry:
    """Return what a list shows of a run directory. Raises UsageError HX104 for any other."""
    demand_run(run_dir)
    size_bytes = sum(file.lstat().st_size for file in run_dir.rglob("*") if file.is_file())
    try:
        record, _ = read_run(run_dir)
    except HarnessError:
        return RunEntry(path=run_dir, scenario="", trials=None, size_bytes=size_bytes)
    return RunEntry(
        path=run_dir,
        scenario=record.scenario,
        trials=len(record.trials),
        size_bytes=size_bytes,
    )


def remove(run_dir: Path) -> None:
    """Delete a recorded run. Raises UsageError HX104 for any other directory, and OSError.

    Of a symbolic link to one only the link is removed.
    """
    demand_run(run_dir)
    if run_dir.is_symlink():
        run_dir.unlink()
    else:
        shutil.rmtree(run_dir)


def _plan(path: Path, overrides: Overrides) -> Plan:
    scenario, groups = load_plan(path, overrides)
    return Plan(
        scenario=scenario,
        path=path,
        sources=Sources(locustfile=locustfile_path(scenario, path), app=app_path(scenario)),
        groups=tuple(TrialGroup(trials=group) for group in groups),
    )


def _aa_plan(plan: Plan) -> Plan:
    """Return a plan in which the first backend is compared with itself. Raises HX102."""
    scenario = plan.scenario
    if scenario.load.rounds == 1:
        raise UsageError(
            Problem(
                code="HX102",
                where="--aa",
                what=f"{scenario.name} is served in 1 round, need one that compares in rounds",
                hint="latency does, or --set load.rounds=24",
            )
        )
    matrix = replace(scenario.matrix, backend=scenario.matrix.backend[:1], copies=2)
    scenario = replace(scenario, matrix=matrix)
    groups = (TrialGroup(trials=trials) for trials in expand_plan(scenario, str(plan.path)))
    return replace(plan, scenario=scenario, groups=tuple(groups))


def _analyzed(run_dir: Path) -> Run:
    """Return a run that has ended, and write its `result.json`."""
    run = read(run_dir)
    write_result(run_dir, render_json(run.summary, {"duel": run.duel} if run.duel else None))
    return run
