"""The orchestrator of the measuring half: for each trial start, load, save.

Reports progress through a callback and prints nothing. Whatever ends the run early, what had
been measured until then is written.
"""

from __future__ import annotations

import os
import secrets
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from harness import wire
from harness.errors import HarnessError
from harness.load.client import Locust, Message
from harness.machine import surroundings
from harness.plan import Trial, expand_plan
from harness.progress import Listener, LoadProgress, Phase, TrialEnded, TrialStarted
from harness.record.facts import LoadFacts, TrialFacts
from harness.record.rundir import (
    LOGS,
    RunRecord,
    cannot_write,
    create_run_dir,
    write_run,
    write_scenario,
)
from harness.record.samples import Samples
from harness.record.store import read_samples
from harness.scenario.load import scenario_content
from harness.scenario.schema import BACKENDS, Scenario
from harness.servers.app import AppSettings, prepare_app
from harness.servers.gunicorn import Gunicorn, GunicornSettings
from harness.servers.redis import RedisServer, start_redis
from harness.servers.warden import Warden


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where a scenario's files are: its Locust file, and the directory to import the app from."""

    locustfile: Path
    app: Path


@dataclass(slots=True)
class Measured:
    """What a run has brought so far."""

    trials: list[TrialFacts] = field(default_factory=list)
    samples: dict[int, Samples] = field(default_factory=dict)
    servers: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def run_scenario(scenario: Scenario, sources: Sources, out: Path, notify: Listener) -> None:
    """Measure every trial of the scenario into the new run directory `out`.

    Raises UsageError if `out` exists and SurroundingsError if a server, the load or the disk
    fails; what had been measured by then is in the run directory.
    """
    started_s = time.monotonic()
    create_run_dir(out)
    write_scenario(out, scenario_content(scenario))
    measured = Measured()
    try:
        notify(Phase(text="starting servers and load"))
        _measure(scenario, sources, out / LOGS, measured, notify)
    except HarnessError as error:
        measured.problems.append(str(error))
        raise
    except KeyboardInterrupt:
        measured.problems.append("interrupted")
        raise
    finally:
        record = _record(scenario, measured, time.monotonic() - started_s)
        write_run(out, record, measured.samples)


def _measure(
    scenario: Scenario, sources: Sources, logs: Path, measured: Measured, notify: Listener
) -> None:
    """Serve all trials. Raises SurroundingsError, HX301 where a file could not be written."""
    try:
        with ExitStack() as stack:
            stage = _Stage(scenario, sources, logs, stack, measured)
            for trial in expand_plan(scenario):
                stage.run_trial(trial, notify)
    except OSError as error:
        raise cannot_write(Path(error.filename or logs), error) from error


def _record(scenario: Scenario, measured: Measured, wall_s: float) -> RunRecord:
    return RunRecord(
        scenario=scenario.name,
        question=scenario.question,
        lesson=scenario.lesson,
        seed=scenario.seed,
        wall_s=wall_s,
        environment={**surroundings(), "servers": measured.servers},
        trials=measured.trials,
        problems=measured.problems,
    )


class _Stage:
    """What all trials of a run share, set up once: Locust, the app, the servers behind caches."""

    def __init__(
        self, scenario: Scenario, sources: Sources, logs: Path, stack: ExitStack, measured: Measured
    ) -> None:
        self._scenario, self._logs, self._measured = scenario, logs, measured
        self._token, self._run = secrets.token_urlsafe(24), secrets.token_hex(4)
        self._warden = Warden()
        stack.callback(self._warden.close)
        self._scratch = Path(tempfile.gettempdir(), f"harness-{secrets.token_hex(8)}")
        self._warden.watch_path(self._scratch)
        self._scratch.mkdir(mode=0o700)
        # Locust takes its time to start; the database is filled meanwhile.
        self._locust = Locust(
            sources.locustfile, environ=os.environ, log=logs / "locust.log", warden=self._warden
        )
        stack.callback(self._locust.stop)
        self._redis = self._start_redis(stack)
        self._app = AppSettings(
            path=sources.app, env=scenario.app.env, prepare=scenario.app.prepare
        )
        prepare_app(
            self._app,
            self._environ(expand_plan(scenario)[0]),
            log=logs / "app.log",
            warden=self._warden,
        )
        self._locust.wait_until_ready()

    def run_trial(self, trial: Trial, notify: Listener) -> None:
        """Serve one trial; add its facts and samples to what has been measured, even on failure."""
        load = self._scenario.load
        total = len(expand_plan(self._scenario))
        notify(
            TrialStarted(
                number=trial.number + 1,
                total=total,
                backend=trial.backend,
                workers=trial.workers,
                requests=load.requests,
            )
        )
        server = self._start_server(trial)
        out = self._scratch / f"{trial.slug}.npz"
        cost: Message = {"wall_s": 0.0, "cpu_s": 0.0}
        problem = ""
        try:
            server.wait_until_ready()
            notify(Phase(text="loading"))
            cost = self._locust.serve(
                self._order(server),
                out=out,
                time_limit_s=load.time_limit_s,
                watch=_watch(trial, server, notify),
            )
        except (HarnessError, KeyboardInterrupt) as error:
            problem = str(error) or "interrupted"
            raise
        finally:
            notify(Phase(text="stopping"))
            server.stop()
            self._keep(trial, server, out, cost, problem)
            notify(TrialEnded(number=trial.number + 1))
            if self._redis:
                self._redis.delete_prefix(self._prefix(trial))

    def _start_redis(self, stack: ExitStack) -> RedisServer | None:
        if "redis" not in {BACKENDS[backend] for backend in self._scenario.matrix.backend}:
            return None
        redis = start_redis(
            os.environ, scratch=self._scratch, log=self._logs / "redis.log", warden=self._warden
        )
        stack.callback(redis.stop)
        self._measured.servers["redis"] = redis.display
        return redis

    def _start_server(self, trial: Trial) -> Gunicorn:
        server = self._scenario.server
        return Gunicorn(
            f"gunicorn ({trial.name})",
            GunicornSettings(
                wsgi=self._scenario.app.wsgi,
                workers=trial.workers,
                worker_class=server.worker_class,
                threads=server.threads,
                options=("--graceful-timeout", "5"),
                boot_timeout_s=server.boot_timeout_s,
            ),
            environ=self._environ(trial),
            lives=self._lives(trial),
            log=self._logs / f"gunicorn-{trial.slug}.log",
            warden=self._warden,
        )

    def _environ(self, trial: Trial) -> dict[str, str]:
        cache, load = self._scenario.cache, self._scenario.load
        told = self._app.environ(
            backend=trial.backend,
            cache_url=self._redis.url if self._redis else "",
            cache_prefix=self._prefix(trial),
            timeout=cache.timeout_s or "none",
            max_entries=cache.max_entries,
            keys=load.keys,
            scratch=self._scratch,
        )
        return {**told, wire.ENV_TOKEN: self._token}

    def _order(self, server: Gunicorn) -> dict[str, object]:
        load = self._scenario.load
        return {
            "host": server.url,
            "token": self._token,
            "users": load.users,
            "keys": load.keys,
            "zipf": load.zipf,
            "requests": load.requests,
            "seed": self._scenario.seed,
            "first": 0,
            "last": load.requests,
        }

    def _prefix(self, trial: Trial) -> str:
        return f"harness-{self._run}-{trial.slug}"

    def _lives(self, trial: Trial) -> Path:
        return self._scratch / "lives" / trial.slug

    def _keep(self, trial: Trial, server: Gunicorn, out: Path, cost: Message, problem: str) -> None:
        if not out.exists():
            return
        scenario = self._scenario
        facts = TrialFacts(
            number=trial.number,
            backend=trial.backend,
            workers=trial.workers,
            worker_class=scenario.server.worker_class,
            threads=scenario.server.threads,
            servers=1,
            timeout_s=scenario.cache.timeout_s or None,
            max_entries=scenario.cache.max_entries,
            lives=server.lives(),
            load=LoadFacts(
                asked=scenario.load.requests,
                users=scenario.load.users,
                wall_s=cost["wall_s"],
                cpu_s=cost["cpu_s"],
            ),
            problem=problem,
        )
        self._measured.trials.append(facts)
        self._measured.samples[trial.number] = read_samples(out)[0]


def _watch(trial: Trial, server: Gunicorn, notify: Listener) -> Callable[[Message], None]:
    """Return what to do while the load runs: pass its progress on, see that the server lives."""

    def watch(message: Message) -> None:
        server.check()
        if message.get("event") == "progress":
            counts = {name: message[name] for name in ("done", "hits", "lookups")}
            notify(LoadProgress(number=trial.number + 1, **counts))

    return watch
