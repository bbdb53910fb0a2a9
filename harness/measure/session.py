"""The orchestrator of the measuring half: what is served when, and what is kept of it.

Reports progress through a callback and prints nothing. Each trial is written when it ends, so
that whatever ends the run early, the trials before it are kept.
"""

import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from harness import wire
from harness.errors import HarnessError, infrastructure_error
from harness.load.client import Locust
from harness.load.protocol import Message
from harness.measure.plan import (
    Listener,
    LoadProgress,
    Phase,
    Plan,
    TrialEnded,
    TrialGroup,
    TrialStarted,
)
from harness.measure.protocols import LoadSource, RunningServers, ServerHost
from harness.measure.testbed import Testbed, perform, refuse_foreign
from harness.record.facts import (
    ActionFacts,
    LifeFacts,
    LoadFacts,
    RoundFacts,
    TrialFacts,
    environment_facts,
)
from harness.record.rundir import (
    LOGS,
    RunRecord,
    write_run,
    write_scenario,
    write_trial,
)
from harness.record.samples import Samples, merge_rounds, read_samples
from harness.scenario.bundled import bundled
from harness.scenario.parse import scenario_content
from harness.scenario.plan import Trial, Turn, milestones
from harness.servers.app import inherited
from harness.servers.gunicorn import round_facts


@dataclass(slots=True)
class RunningTrial:
    """A trial whose servers are up. `requested` is the end of the trace that it was to serve."""

    trial: Trial
    servers: RunningServers
    lives: Sequence[LifeFacts] = ()
    rounds: list[Samples] = field(default_factory=list)
    costs: list[RoundFacts] = field(default_factory=list)
    actions: list[ActionFacts] = field(default_factory=list)
    requested: int = 0
    wall_s: float = 0.0
    cpu_s: float = 0.0
    foreign_keys: int | None = None
    shared_clears: int = 0

    def add_round(self, number: int, samples: Samples) -> None:
        """Add the samples of a round that is over, whole or not."""
        before, self.lives = self.lives, self.servers.lives()
        self.rounds.append(samples)
        self.costs.append(round_facts(number, before, self.lives))

    def counts(self) -> dict[str, int]:
        """Return requests done, hits and lookups of all rounds that are over."""
        return {
            "done": sum(part.requests for part in self.rounds),
            "hits": sum(int(part.hit.sum()) for part in self.rounds),
            "lookups": sum(part.lookups for part in self.rounds),
        }

    def facts(self, problem: str) -> TrialFacts:
        """Return the facts of the trial; `problem` is the error that ended it early, or ""."""
        trial, scenario = self.trial, self.trial.scenario
        return TrialFacts(
            number=trial.number,
            setup=trial.setup,
            lives=self.servers.lives(),
            load=LoadFacts(
                asked=max(scenario.load.requests, self.requested),
                users=scenario.load.users,
                wall_s=self.wall_s,
                cpu_s=self.cpu_s,
                arrival_rate_per_second=scenario.load.arrival_rate_per_second,
            ),
            actions=tuple(self.actions),
            rounds=tuple(self.costs),
            problem=problem,
            foreign_keys=self.foreign_keys,
            shared_clears=self.shared_clears,
        )


Start = Callable[[Plan, Path, ExitStack], tuple[ServerHost, LoadSource]]
"""Plan, directory for logs, stack that ends both -> testbed and load."""


def start_tools(plan: Plan, logs: Path, stack: ExitStack) -> tuple[ServerHost, LoadSource]:
    """Start testbed and Locust; closing `stack` ends both. Raises InfrastructureError."""
    sources = plan.sources
    testbed = Testbed(
        plan.trials,
        sources.app,
        logs,
        stack,
        work=sources.work,
        optional=plan.scenario.matrix.optional,
    )
    environ = inherited(os.environ, closed=sources.locustfile.parent == bundled("locustfiles"))
    testbed.passed_on.update(environ)
    load = Locust(
        sources.locustfile,
        token=testbed.token,
        environ=environ,
        log=logs / "locust.log",
        reaper=testbed.reaper,
    )
    stack.callback(load.stop)
    return testbed, load


def refuse_actions(plan: Plan, environ: Mapping[str, str] = os.environ) -> None:
    """Raise UsageError HX105 if an action is aimed at a server that is not ours."""
    refuse_foreign([action for trial in plan.trials for action in trial.scenario.actions], environ)


def run_session(
    plan: Plan,
    run_dir: Path,
    notify: Listener,
    start: Start = start_tools,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Measure every trial of a plan into a run directory that is empty yet.

    `start` and `clock` are what tests replace.

    Raises InfrastructureError if a server, the load or the disk fails. What had been measured by
    then is in the run directory, and it says what ended the run.
    """
    writer = RunWriter(plan, run_dir, clock)
    notify(Phase(text="starting servers and load"))
    try:
        with ExitStack() as stack:
            testbed, load = start(plan, run_dir / LOGS, stack)
            writer.update(testbed)
            # Locust takes its time to start; databases are filled meanwhile.
            testbed.prepare(plan.trials)
            load.wait_until_ready()
            session = Session(testbed, load, writer, notify)
            for group in plan.groups:
                session.serve(group, len(plan.trials))
    except BaseException as error:
        known = infrastructure_error(error, run_dir) if isinstance(error, OSError) else None
        with suppress(HarnessError):  # the first error is the one to report
            writer.update(ended=True, problems=(text_of(known or error),))
        if known:
            raise known from error
        raise
    writer.update(ended=True)


class RunWriter:
    """Writes a run directory while the run goes on: `run.json` at each step, trials as they end."""

    def __init__(self, plan: Plan, run_dir: Path, clock: Callable[[], float]) -> None:
        scenario = plan.scenario
        self._run_dir, self._clock, self._started_s = run_dir, clock, clock()
        self._record = RunRecord(
            scenario=scenario.name,
            question=scenario.question,
            lesson=scenario.lesson,
            seed=scenario.seed,
            wall_s=0.0,
            environment=environment_facts(),
            duel=plan.purpose,
            planned=len(plan.trials),
            ended=False,
        )
        write_scenario(run_dir, scenario_content(scenario))
        self.update()

    def update(self, testbed: ServerHost | None = None, **changes: Any) -> None:
        """Write `run.json` with these fields, and with what the trials run on.

        Raises InfrastructureError HX301.
        """
        if testbed:
            changes["environment"] = {
                **self._record.environment,
                "servers": testbed.servers,
                "gaps": testbed.skipped,
                "passed_on": sorted(testbed.passed_on),
            }
        wall_s = self._clock() - self._started_s
        self._record = replace(self._record, wall_s=wall_s, **changes)
        write_run(self._run_dir, self._record)

    def add(self, running: RunningTrial, problem: str) -> None:
        """Write a trial, unless it never served a round. Raises InfrastructureError HX301."""
        if running.rounds:
            write_trial(
                self._run_dir,
                running.trial.slug,
                running.facts(problem),
                merge_rounds(running.rounds),
            )


class Session:
    """Serves groups of trials on one testbed, with one load."""

    def __init__(
        self, testbed: ServerHost, load: LoadSource, writer: RunWriter, notify: Listener
    ) -> None:
        self._testbed, self._load = testbed, load
        self._writer, self._notify = writer, notify

    def serve(self, group: TrialGroup, total: int) -> None:
        """Serve the trials of a group but those of skipped backends, and keep what they bring."""
        skipped = self._testbed.skipped
        trials = tuple(trial for trial in group.trials if trial.backend not in skipped)
        if not trials:
            return
        running: dict[int, RunningTrial] = {}
        problem = ""
        self._notify(_started(trials[0], total))
        try:
            with ExitStack() as stack:
                self._start(trials, running, stack)
                for turn in group.turns(trials):
                    one = running[turn.trial.number]
                    self._notify(_started(turn.trial, total, turn.last))
                    self._serve_turn(turn, one)
                    if group.stop_early(one.trial, one.rounds[-1], one.costs[-1]):
                        break
        except BaseException as error:
            problem = text_of(error)
            raise
        finally:
            self._keep(list(running.values()), problem)

    def _start(
        self, trials: Iterable[Trial], running: dict[int, RunningTrial], stack: ExitStack
    ) -> None:
        """Start the servers of all trials, then wait until all are ready."""
        for trial in trials:
            servers = self._testbed.start_fleet(trial)
            stack.callback(servers.stop)
            running[trial.number] = RunningTrial(trial, servers)
        stack.callback(self._notify, Phase(text="stopping"))
        for one in running.values():
            one.servers.wait_until_ready()
        for one in running.values():
            one.lives = one.servers.lives()

    def _serve_turn(self, turn: Turn, running: RunningTrial) -> None:
        out = self._testbed.scratch / f"{turn.trial.slug}-{turn.round}.npz"
        self._notify(Phase(text="loading"))
        running.requested = turn.last
        try:
            url, watch = running.servers.url, self._watch(running)
            cost = self._load.serve(turn, url, out=out, watch=watch)
            running.wall_s += cost["wall_s"]
            running.cpu_s += cost["cpu_s"]
        finally:
            if out.exists():
                running.add_round(turn.round, read_samples(out))

    def _watch(self, running: RunningTrial) -> Callable[[Message], None]:
        """Return what to do while a round runs: act at its milestones, report its progress."""
        due, before = milestones(running.trial.scenario), running.counts()

        def watch(message: Message) -> None:
            running.servers.check()
            match message.get("event"):
                case "milestone":
                    step = message["step"]
                    self._notify(Phase(text=due[step].do))
                    running.actions.append(
                        perform(
                            due[step], step, self._testbed.targets(running.trial, running.servers)
                        )
                    )
                    self._notify(Phase(text="loading"))
                case "progress":
                    self._notify(
                        LoadProgress(
                            number=running.trial.number + 1,
                            **{name: count + message[name] for name, count in before.items()},
                        )
                    )

        return watch

    def _keep(self, running: Sequence[RunningTrial], problem: str) -> None:
        """Delete what the trials of a group left on cache servers, and write all of them.

        A cache server that has died cannot be cleaned: then the trials are written all the same.
        """
        sharing = [one for one in running if self._testbed.shares_database(one.trial)]
        failed: list[HarnessError] = []
        try:
            cleared = clears(sharing)
            for one in sharing:
                one.shared_clears = cleared
            for one in running:
                try:
                    one.foreign_keys = self._testbed.release(one.trial)
                except HarnessError as error:
                    failed.append(error)
        finally:
            for one in running:
                self._writer.add(one, problem)
                self._notify(TrialEnded(number=one.trial.number + 1))
            self._writer.update(self._testbed)
        if failed and not problem:  # the first error is the one to report
            raise failed[0]


def clears(sharing: Sequence[RunningTrial]) -> int:
    """Return how often trials that share a database cleared it; 0 for a trial alone."""
    kind = wire.WRITE_KINDS.index("clear")
    rounds = [samples for one in sharing for samples in one.rounds] if len(sharing) > 1 else []
    return sum(int(np.count_nonzero(samples.write_kind == kind)) for samples in rounds)


def text_of(error: BaseException) -> str:
    """Return the text of an error as a run directory keeps it."""
    name = type(error).__name__
    return str(error) or ("interrupted" if name == "KeyboardInterrupt" else name)


def _started(trial: Trial, total: int, requested: int = 0) -> TrialStarted:
    return TrialStarted(
        number=trial.number + 1,
        total=total,
        backend=trial.backend,
        workers=trial.workers,
        requests=max(trial.scenario.load.requests, requested),
    )
