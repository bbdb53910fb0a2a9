"""What all trials of a run share, set up once: Locust, the app, the servers behind the caches.

Starts and stops; what is served when is the business of `session`.
"""

from __future__ import annotations

import os
import secrets
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from harness import wire
from harness.actions import Targets, milestones
from harness.errors import HarnessError
from harness.load.client import Locust
from harness.plan import Trial, Turn
from harness.scenario.schema import Scenario
from harness.servers.app import AppSettings, prepare_app
from harness.servers.gunicorn import Gunicorn, GunicornSettings
from harness.servers.redis import RedisServer
from harness.servers.services import BACKENDS, START, Service
from harness.servers.warden import Warden


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where a scenario's files are: its Locust file, and the directory to import the app from."""

    locustfile: Path
    app: Path


class Stage:
    """Everything that is up for a whole run. Closing `stack` takes it all down.

    Raises SurroundingsError where a part cannot be had; `gaps` names optional backends without
    their server, and why.
    """

    def __init__(self, scenario: Scenario, sources: Sources, logs: Path, stack: ExitStack) -> None:
        self._logs = logs
        self._token, self._run = secrets.token_urlsafe(24), secrets.token_hex(4)
        self._warden = Warden()
        stack.callback(self._warden.close)
        self.scratch = Path(tempfile.gettempdir(), f"harness-{secrets.token_hex(8)}")
        self._warden.watch_path(self.scratch)
        self.scratch.mkdir(mode=0o700)
        # Locust takes its time to start; the database is filled meanwhile.
        self.locust = Locust(
            sources.locustfile, environ=os.environ, log=logs / "locust.log", warden=self._warden
        )
        stack.callback(self.locust.stop)
        self.gaps: dict[str, str] = {}
        self._services = self._start_services(scenario, stack)
        self._app = AppSettings(path=sources.app, prepare=scenario.app.prepare)

    @property
    def servers(self) -> dict[str, str]:
        """Return product, version and origin of each server behind a cache, by its kind."""
        return {name: service.display for name, service in self._services.items()}

    def prepare(self, trial: Trial) -> None:
        """Prepare the app, as for `trial`, and wait until Locust is there."""
        prepare_app(
            self._app, self._environ(trial), log=self._logs / "app.log", warden=self._warden
        )
        self.locust.wait_until_ready()

    def start_server(self, trial: Trial) -> Gunicorn:
        """Return a server that is still booting."""
        server, app = trial.scenario.server, trial.scenario.app
        return Gunicorn(
            f"gunicorn ({trial.name})",
            GunicornSettings(
                wsgi=app.wsgi,
                workers=trial.workers,
                worker_class=server.worker_class,
                threads=server.threads,
                options=(
                    *("--graceful-timeout", "5"),
                    *("--max-requests", str(server.max_requests)),
                    *("--max-requests-jitter", str(server.max_requests_jitter)),
                ),
                boot_timeout_s=server.boot_timeout_s,
            ),
            environ=self._environ(trial),
            lives=self.scratch / "lives" / trial.slug,
            log=self._logs / f"gunicorn-{trial.slug}.log",
            warden=self._warden,
        )

    def targets(self, server: Gunicorn) -> Targets:
        """Return what actions on this server can be done to."""
        redis = self._services.get("redis")
        return Targets(server=server, redis=redis if isinstance(redis, RedisServer) else None)

    def order(self, turn: Turn, server: Gunicorn) -> dict[str, object]:
        """Return what Locust is asked to serve, as fields of its `Round`."""
        scenario = turn.trial.scenario
        load = scenario.load
        return {
            "host": server.url,
            "token": self._token,
            "users": load.users,
            "keys": load.keys,
            "zipf": load.zipf,
            "requests": max(load.requests, turn.last),
            "seed": scenario.seed,
            "number": turn.round,
            "first": turn.first,
            "last": turn.last,
            "rate_per_second": load.arrival_rate_per_second,
            "milestones": list(milestones(scenario)),
        }

    def clear(self, trial: Trial) -> None:
        """Delete what the trial left in a server behind caches, and nothing else."""
        service = self._services.get(BACKENDS[trial.backend].service)
        if service:
            service.delete_prefix(self._prefix(trial))

    def _start_services(self, scenario: Scenario, stack: ExitStack) -> dict[str, Service]:
        services: dict[str, Service] = {}
        for backend in scenario.matrix.backend:
            name = BACKENDS[backend].service
            if name in services or not name:
                continue
            try:
                services[name] = START[name](
                    os.environ,
                    scratch=self.scratch,
                    log=self._logs / f"{name}.log",
                    warden=self._warden,
                )
            except HarnessError as error:
                if backend not in scenario.matrix.optional:
                    raise
                self.gaps[backend] = str(error)
            else:
                stack.callback(services[name].stop)
        return services

    def _environ(self, trial: Trial) -> dict[str, str]:
        scenario, backend = trial.scenario, BACKENDS[trial.backend]
        service = self._services.get(backend.service)
        told = self._app.environ(
            scenario.app.env,
            backend=backend.app,
            cache_url=service.urls[trial.backend] if service else "",
            cache_prefix=self._prefix(trial),
            timeout=scenario.cache.timeout_s or "none",
            max_entries=scenario.cache.max_entries,
            keys=scenario.load.keys,
            scratch=self.scratch,
        )
        return {**told, wire.ENV_TOKEN: self._token}

    def _prefix(self, trial: Trial) -> str:
        return f"harness-{self._run}-{trial.slug}"
