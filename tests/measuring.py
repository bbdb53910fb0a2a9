"""A testbed, servers and a load that are none: what a session needs, in milliseconds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from harness.errors import InfrastructureError, Problem
from harness.load.protocol import Message
from harness.measure.plan import Event, Listener, Plan, Sources, TrialGroup
from harness.measure.protocols import Targets
from harness.measure.session import run_session
from harness.record.facts import LifeFacts
from harness.record.rundir import create_run_dir
from harness.record.samples import write_samples
from harness.scenario.parse import parse_scenario
from harness.scenario.plan import Trial, Turn, expand_plan
from harness.servers.services import Lease
from tests.factories import in_rounds, life_facts, routed_samples, zipf_keys

Step = tuple[str, str]
"""What was done, and with which trial."""


def failure(code: str, where: str) -> InfrastructureError:
    return InfrastructureError(Problem(code=code, where=where, what="is gone"))


def plan_of(**content: object) -> Plan:
    """Return a plan of 60 requests to one and two LocMem workers, with these tables in place."""
    tables: dict[str, object] = {
        "name": "mine",
        "question": "Why?",
        "matrix": {"backend": ["locmem"], "workers": [1, 2]},
        "load": {"requests": 60},
        **content,
    }
    scenario = parse_scenario(tables, where="mine.toml")
    return Plan(
        scenario=scenario,
        path=Path("mine.toml"),
        sources=Sources(locustfile=Path("lf.py"), app=Path()),
        groups=tuple(TrialGroup(trials=group) for group in expand_plan(scenario)),
    )


@dataclass
class FakeServers:
    """Servers of one trial: what is done to them is noted in `steps`."""

    trial: Trial
    steps: list[Step]
    url: str = "http://127.0.0.1:1"

    def note(self, step: str) -> None:
        self.steps.append((step, self.trial.slug))

    def wait_until_ready(self) -> None:
        self.note("ready")

    def lives(self) -> tuple[LifeFacts, ...]:
        return (life_facts(),)

    def check(self) -> None: ...

    def stop(self) -> None:
        self.note("stop")

    def reload(self) -> None:
        self.note("reload")

    def kill_worker(self, slot: int | None) -> tuple[int, int]:
        self.note(f"kill {slot}")
        return 0, slot or 1

    def restart(self) -> None:
        self.note("restart")

    def scale(self, by: int) -> None:
        self.note(f"scale {by:+d}")


@dataclass
class FakeTestbed:
    """Starts `FakeServers`; the release of the trials in `unreleased` raises HX303."""

    scratch: Path
    steps: list[Step] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)
    servers: dict[str, str] = field(default_factory=dict)
    passed_on: set[str] = field(default_factory=set)
    unreleased: set[str] = field(default_factory=set)
    unstarted: dict[str, BaseException] = field(default_factory=dict)

    def prepare(self, trials: Iterable[Trial]) -> None:
        self.steps += [("prepare", trial.slug) for trial in trials]

    def start_fleet(self, trial: Trial) -> FakeServers:
        if trial.slug in self.unstarted:
            raise self.unstarted[trial.slug]
        self.steps.append(("start", trial.slug))
        return FakeServers(trial, self.steps)

    def targets(self, trial: Trial, servers: Any) -> Targets:
        restart = lambda: self.steps.append(("restart cache", trial.slug))  # noqa: E731
        return Targets(servers=servers, cache=Lease(restart=restart))

    def shares_database(self, trial: Trial) -> bool:
        return trial.backend == "redis"

    def release(self, trial: Trial) -> int | None:
        self.steps.append(("release", trial.slug))
        if trial.slug in self.unreleased:
            raise failure("HX303", "redis")
        return 0 if trial.backend == "redis" else None


@dataclass
class FakeLoad:
    """Serves a turn by writing its samples; `errors` are raised half-way through a turn."""

    steps: list[Step]
    errors: dict[tuple[str, int], BaseException] = field(default_factory=dict)
    messages: Sequence[Message] = ({"event": "progress", "done": 1, "hits": 0, "lookups": 1},)

    def wait_until_ready(self) -> None: ...

    def stop(self) -> None:
        self.steps.append(("stop", "load"))

    def serve(
        self, turn: Turn, url: str, *, out: Path, watch: Callable[[Message], None]
    ) -> Message:
        assert url == FakeServers.url
        self.steps.append(("serve", turn.trial.slug))
        error = self.errors.get((turn.trial.slug, turn.round))
        last = turn.last if error is None else (turn.first + turn.last) // 2
        for message in self.messages:
            watch(message)
        count = last - turn.first
        played = routed_samples(zipf_keys(count, 10), np.zeros(count, np.int64))
        steps, rounds = played.step + turn.first, played.round + turn.round
        write_samples(out, replace(in_rounds(played, 1), step=steps, round=rounds))
        if error:
            raise error
        return {"event": "served", "wall_s": 1.0, "cpu_s": 0.1}


@dataclass
class Bench:
    """One session on fakes: set the errors, then `run`."""

    run_dir: Path
    testbed: FakeTestbed
    load: FakeLoad
    events: list[Event] = field(default_factory=list)

    def run(self, plan: Plan, notify: Listener | None = None) -> None:
        def start(_plan: Plan, _logs: Path, stack: ExitStack) -> tuple[Any, Any]:
            stack.callback(self.load.stop)
            return self.testbed, self.load

        ticks = iter(range(1000))
        clock = lambda: float(next(ticks))  # noqa: E731
        run_session(plan, self.run_dir, notify or self.events.append, start, clock)


def bench(directory: Path) -> Bench:
    """Return a session on fakes that writes its run to a new directory."""
    (directory / "scratch").mkdir()
    testbed = FakeTestbed(directory / "scratch")
    return Bench(create_run_dir(directory / "run"), testbed, FakeLoad(testbed.steps))
