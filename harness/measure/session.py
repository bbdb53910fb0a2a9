"""The orchestrator of the measuring half: what is served when, and what is kept of it.

Reports progress through a callback and prints nothing. Whatever ends the run early, what had
been measured until then is written.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from harness import wire
from harness.errors import HarnessError, infrastructure_error
from harness.load.client import Locust
from harness.load.protocol import Message
from harness.measure.actions import perform, refuse_foreign
from harness.measure.progress import Listener, LoadProgress, Phase, TrialEnded, TrialStarted
from harness.measure.testbed import Testbed
from harness.record.facts import (
    ActionFacts,
    DuelFacts,
    LifeFacts,
    LoadFacts,
    RoundFacts,
    TrialFacts,
)
from harness.record.machine import environment_facts
from harness.record.merge import merge_rounds
from harness.record.rundir import (
    LOGS,
    RunRecord,
    create_run_dir,
    write_run,
    write_scenario,
)
from harness.record.samples import Samples
from harness.record.store import read_samples
from harness.scenario.bundled import bundled
from harness.scenario.parse import scenario_content
from harness.scenario.plan import Trial, Turn, expand_plan, milestones, most_keys, turns
from harness.scenario.schema import Scenario
from harness.servers.app import inherited
from harness.servers.fleet import Fleet
from harness.servers.lives import round_facts


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where a scenario's files are: its Locust file, and the directory to import the app from.

    `work` tells for a directory that an app is imported from in which one its processes work;
    those of all others work where the harness does.
    """

    locustfile: Path
    app: Path
    work: Mapping[Path, Path] = field(default_factory=dict)


Enough = Callable[[Trial, Samples, RoundFacts], bool]
"""Told of each round as a trial has served it; returns whether the group may stop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialGroup:
    """One group of trials: in which turns it is served, and until when."""

    group: tuple[Trial, ...]
    turns: Callable[[tuple[Trial, ...]], Iterable[Turn]] = turns
    enough: Enough = lambda _trial, _samples, _cost: False


@dataclass(slots=True)
class Measured:
    """What a run has brought so far."""

    trials: list[TrialFacts] = field(default_factory=list)
    samples: dict[int, Samples] = field(default_factory=dict)
    servers: dict[str, str] = field(default_factory=dict)
    gaps: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    passed_on: set[str] = field(default_factory=set)


@dataclass(slots=True)
class RunningTrial:
    """A trial whose servers are up, with what its rounds have brought."""

    trial: Trial
    fleet: Fleet
    lives: Sequence[LifeFacts] = ()
    rounds: list[Samples] = field(default_factory=list)
    costs: list[RoundFacts] = field(default_factory=list)
    actions: list[ActionFacts] = field(default_factory=list)
    asked: int = 0
    done: int = 0
    hits: int = 0
    lookups: int = 0
    wall_s: float = 0.0
    cpu_s: float = 0.0
    foreign_keys: int | None = None


def run_scenario(
    scenario: Scenario,
    sources: Sources,
    out: Path,
    notify: Listener,
    *,
    instead: TrialGroup | None = None,
    duel: DuelFacts | None = None,
) -> None:
    """Measure every trial of the scenario into the new run directory `out`.

    `instead` is served in place of the scenario's own plan; `duel` is what for, and is kept.

    Raises UsageError if `out` exists or an action is aimed at a server that is not ours, and
    SurroundingsError if a server, the load or the disk fails; what had been measured by then is
    in the run directory.
    """
    started_s = time.monotonic()
    all_series = (
        [instead] if instead else [TrialGroup(group=group) for group in expand_plan(scenario)]
    )
    for series in all_series:
        refuse_foreign(series.group[0].scenario.actions, os.environ)
    create_run_dir(out)
    write_scenario(out, scenario_content(scenario))
    measured = Measured()
    try:
        notify(Phase(text="starting servers and load"))
        _measure(scenario, all_series, sources, out / LOGS, measured, notify)
    except HarnessError as error:
        measured.problems.append(str(error))
        raise
    except KeyboardInterrupt:
        measured.problems.append("interrupted")
        raise
    finally:
        record = _record(scenario, measured, time.monotonic() - started_s, duel)
        write_run(out, record, measured.samples)


def _record(
    scenario: Scenario, measured: Measured, wall_s: float, duel: DuelFacts | None
) -> RunRecord:
    return RunRecord(
        scenario=scenario.name,
        question=scenario.question,
        lesson=scenario.lesson,
        seed=scenario.seed,
        wall_s=wall_s,
        environment={
            **environment_facts(),
            "servers": measured.servers,
            "gaps": measured.gaps,
            "passed_on": sorted(measured.passed_on),
        },
        trials=sorted(measured.trials, key=lambda facts: facts.number),
        problems=measured.problems,
        duel=duel,
    )


def _measure(
    scenario: Scenario,
    all_series: Sequence[TrialGroup],
    sources: Sources,
    logs: Path,
    measured: Measured,
    notify: Listener,
) -> None:
    """Serve all trials. Raises InfrastructureError, HX301 if a file could not be written."""
    trials = [trial for series in all_series for trial in series.group]
    try:
        with ExitStack() as stack:
            stage = Testbed(
                trials,
                sources.app,
                logs,
                stack,
                work=sources.work,
                optional=scenario.matrix.optional,
            )
            measured.servers, measured.gaps = stage.servers, stage.skipped
            environ = inherited(
                os.environ, closed=sources.locustfile.parent == bundled("locustfiles")
            )
            measured.passed_on = stage.passed_on
            measured.passed_on.update(environ)
            traffic = Locust(
                sources.locustfile,
                token=stage.token,
                environ=environ,
                log=logs / "locust.log",
                reaper=stage.reaper,
            )
            stack.callback(traffic.stop)
            # Locust takes its time to start; the database is filled meanwhile.
            for same_app in stage.by_app(trials):
                stage.prepare(most_keys(same_app))
            traffic.wait_until_ready()
            for series in all_series:
                present = tuple(one for one in series.group if one.backend not in stage.skipped)
                if present:
                    here = replace(series, group=present)
                    _serve_series(here, len(trials), stage, traffic, measured, notify)
    except OSError as error:
        if not (meaning := infrastructure_error(error, logs.parent)):
            raise
        raise meaning from error


def _serve_series(
    series: TrialGroup,
    total: int,
    stage: Testbed,
    traffic: Locust,
    measured: Measured,
    notify: Listener,
) -> None:
    """Serve the trials of a group in turns; keep what each has brought, even on failure."""
    group, problem, serving = series.group, "", dict[int, RunningTrial]()
    with ExitStack() as stack:
        try:
            notify(_started(group[0], total, 0))
            for trial in group:
                serving[trial.number] = RunningTrial(trial, stage.start_fleet(trial))
                stack.callback(serving[trial.number].fleet.stop)
            for one in serving.values():
                one.fleet.wait_until_ready()
            for one in serving.values():
                one.lives = one.fleet.lives()
            for turn in series.turns(group):
                one = serving[turn.trial.number]
                _serve_turn(turn, one, total, stage, traffic, notify)
                if series.enough(one.trial, one.rounds[-1], one.costs[-1]):
                    break
        except (HarnessError, KeyboardInterrupt) as error:
            problem = str(error) or "interrupted"
            raise
        finally:
            notify(Phase(text="stopping"))
            stack.close()
            sharing = [one for one in serving.values() if stage.shares_database(one.trial)]
            for one in serving.values():
                try:
                    one.foreign_keys = stage.release(one.trial)
                finally:
                    _keep(one, measured, problem, _clears(sharing) if one in sharing else 0)
                    notify(TrialEnded(number=one.trial.number + 1))


def _serve_turn(
    turn: Turn,
    serving: RunningTrial,
    total: int,
    stage: Testbed,
    traffic: Locust,
    notify: Listener,
) -> None:
    out = stage.scratch / f"{turn.trial.slug}-{turn.round}.npz"
    notify(_started(turn.trial, total, turn.last))
    notify(Phase(text="loading"))
    serving.asked = turn.last
    try:
        cost = traffic.serve(turn, serving.fleet.url, out=out, watch=_watch(serving, stage, notify))
        serving.wall_s += cost["wall_s"]
        serving.cpu_s += cost["cpu_s"]
    finally:
        if out.exists():
            samples = read_samples(out)[0]
            serving.rounds.append(samples)
            before, serving.lives = serving.lives, serving.fleet.lives()
            serving.costs.append(round_facts(turn.round, before, serving.lives))
            serving.done += samples.requests
            serving.hits += int(samples.hit.sum())
            serving.lookups += samples.lookups


def _started(trial: Trial, total: int, asked: int) -> TrialStarted:
    return TrialStarted(
        number=trial.number + 1,
        total=total,
        backend=trial.backend,
        workers=trial.workers,
        requests=max(trial.scenario.load.requests, asked),
    )


def _watch(serving: RunningTrial, stage: Testbed, notify: Listener) -> Callable[[Message], None]:
    """Return what to do while a round runs: act at its milestones, tell its progress."""
    due = milestones(serving.trial.scenario)

    def watch(message: Message) -> None:
        serving.fleet.check()
        match message.get("event"):
            case "milestone":
                step = message["step"]
                notify(Phase(text=due[step].do))
                targets = stage.targets(serving.trial, serving.fleet)
                serving.actions.append(perform(due[step], step, targets))
                notify(Phase(text="loading"))
            case "progress":
                notify(
                    LoadProgress(
                        number=serving.trial.number + 1,
                        done=serving.done + message["done"],
                        hits=serving.hits + message["hits"],
                        lookups=serving.lookups + message["lookups"],
                    )
                )

    return watch


def _clears(sharing: Sequence[RunningTrial]) -> int:
    """Return how often trials that share a database cleared it; 0 for a trial alone."""
    kind = wire.WRITE_KINDS.index("clear")
    rounds = [samples for one in sharing for samples in one.rounds] if len(sharing) > 1 else []
    return sum(int(np.count_nonzero(samples.write_kind == kind)) for samples in rounds)


def _keep(serving: RunningTrial, measured: Measured, problem: str, clears: int) -> None:
    """Add a trial to what has been measured, unless it never got to serve a round."""
    if not serving.rounds:
        return
    trial, scenario = serving.trial, serving.trial.scenario
    measured.samples[trial.number] = merge_rounds(serving.rounds)
    measured.trials.append(
        TrialFacts(
            number=trial.number,
            setup=trial.setup,
            lives=serving.fleet.lives(),
            load=LoadFacts(
                asked=max(scenario.load.requests, serving.asked),
                users=scenario.load.users,
                wall_s=serving.wall_s,
                cpu_s=serving.cpu_s,
                arrival_rate_per_second=scenario.load.arrival_rate_per_second,
            ),
            actions=tuple(serving.actions),
            rounds=tuple(serving.costs),
            problem=problem,
            foreign_keys=serving.foreign_keys,
            shared_clears=clears,
        )
    )
