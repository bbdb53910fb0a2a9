"""What all trials of a run share, set up once: Locust, the app, the servers behind the caches.

Starts and stops; what is served when is the business of `session`.
"""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Container, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from harness import wire
from harness.actions import Targets, milestones
from harness.errors import HarnessError
from harness.load.client import Locust
from harness.plan import Trial, Turn
from harness.scenario.schema import Scenario
from harness.servers.app import AppSettings, prepare_app
from harness.servers.fleet import Fleet
from harness.servers.gunicorn import Gunicorn, GunicornSettings
from harness.servers.nginx import Nginx, demand_nginx
from harness.servers.nginx_discovery import NginxChoice, nginx_version
from harness.servers.redis import RedisServer
from harness.servers.services import BACKENDS, START, Service
from harness.servers.warden import Warden


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where a scenario's files are.

    Its Locust file, and the directory to import the app from where the scenario names none.
    `work` tells for a directory that an app is imported from in which one its processes work;
    those of all others work where the harness does.
    """

    locustfile: Path
    app: Path
    work: Mapping[Path, Path] = field(default_factory=dict)


class Stage:
    """Everything that is up for a whole run. Closing `stack` takes it all down.

    Raises SurroundingsError where a part cannot be had; `gaps` names optional backends without
    their server, and why.
    """

    def __init__(
        self,
        scenario: Scenario,
        trials: Sequence[Trial],
        sources: Sources,
        logs: Path,
        stack: ExitStack,
    ) -> None:
        balanced = any(trial.balanced for trial in trials)
        self._nginx = demand_nginx(os.environ) if balanced else None
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
        backends = dict.fromkeys(trial.backend for trial in trials)
        self._services = self._start_services(backends, scenario.matrix.optional, stack)
        self._sources = sources
        self._apps: dict[Path, AppSettings] = {}

    @property
    def servers(self) -> dict[str, str]:
        """Return product, version and origin of each server beside Gunicorn, by its kind."""
        nginx = {"nginx": _display(self._nginx)} if self._nginx else {}
        return nginx | {name: service.display for name, service in self._services.items()}

    def prepare(self, trials: Sequence[Trial]) -> None:
        """Prepare each app, as for the first of its trials, and wait until Locust is there."""
        for trial in {self._path(trial): trial for trial in reversed(trials)}.values():
            prepare_app(
                self._app(trial),
                self._environ(trial),
                log=self._logs / "app.log",
                warden=self._warden,
            )
        self.locust.wait_until_ready()

    def start_fleet(self, trial: Trial) -> Fleet:
        """Return servers that are still booting, behind a balancer where the trial has one."""
        server, log = trial.scenario.server, self._logs / f"gunicorn-{trial.slug}.log"

        def start(number: int) -> Gunicorn:
            return Gunicorn(
                f"gunicorn ({trial.name})"
                if server.servers == 1
                else f"gunicorn, server {number} ({trial.name})",
                _gunicorn_settings(trial),
                environ=self._environ(trial),
                cwd=self._app(trial).cwd,
                lives=self.scratch / "lives" / trial.slug / str(number),
                log=log if server.servers == 1 else log.with_stem(f"{log.stem}-server-{number}"),
                warden=self._warden,
                number=number,
            )

        def balance(upstreams: Sequence[str]) -> Nginx:
            assert self._nginx
            return Nginx(
                self._nginx,
                upstreams,
                routing=server.routing,
                directory=self.scratch / f"nginx-{trial.slug}",
                log=self._logs / f"nginx-{trial.slug}.log",
                warden=self._warden,
            )

        return Fleet(server.servers, start, balance if trial.balanced else None)

    def targets(self, fleet: Fleet) -> Targets:
        """Return what actions on these servers can be done to."""
        redis = self._services.get("redis")
        return Targets(fleet=fleet, redis=redis if isinstance(redis, RedisServer) else None)

    def order(self, turn: Turn, url: str) -> dict[str, object]:
        """Return what Locust is asked to serve, as fields of its `Round`."""
        scenario = turn.trial.scenario
        load = scenario.load
        return {
            "host": url,
            "token": self._token,
            "users": load.users,
            "keys": load.keys,
            "zipf": load.zipf,
            "requests": max(load.requests, turn.last),
            "seed": scenario.seed,
            "number": turn.round,
            "options": dict(load.options),
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

    def _start_services(
        self, backends: Iterable[str], optional: Container[str], stack: ExitStack
    ) -> dict[str, Service]:
        services: dict[str, Service] = {}
        for backend in backends:
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
                if backend not in optional:
                    raise
                self.gaps[backend] = str(error)
            else:
                stack.callback(services[name].stop)
        return services

    def _path(self, trial: Trial) -> Path:
        named = trial.scenario.app.path
        return Path(named).resolve() if named else self._sources.app

    def _app(self, trial: Trial) -> AppSettings:
        """Return the app of a trial; what apps write to their scratch directory stays apart."""
        path = self._path(trial)
        if path not in self._apps:
            scratch = self.scratch / "apps" / str(len(self._apps))
            scratch.mkdir(parents=True)
            self._apps[path] = AppSettings(
                path=path,
                prepare=trial.scenario.app.prepare,
                scratch=scratch,
                cwd=self._sources.work.get(path),
            )
        return self._apps[path]

    def _environ(self, trial: Trial) -> dict[str, str]:
        scenario, backend = trial.scenario, BACKENDS[trial.backend]
        service = self._services.get(backend.service)
        app = self._app(trial)
        told = app.environ(
            scenario.app.environ,
            backend=backend.app,
            cache_url=service.urls[trial.backend] if service else "",
            cache_prefix=self._prefix(trial),
            timeout=scenario.cache.timeout_s or "none",
            max_entries=scenario.cache.max_entries,
            keys=scenario.load.keys,
            scratch=app.scratch,
        )
        return {**told, wire.ENV_TOKEN: self._token}

    def _prefix(self, trial: Trial) -> str:
        return f"harness-{self._run}-{trial.slug}"


def _gunicorn_settings(trial: Trial) -> GunicornSettings:
    server = trial.scenario.server
    return GunicornSettings(
        wsgi=trial.scenario.app.wsgi,
        workers=trial.workers,
        worker_class=server.worker_class,
        threads=server.threads,
        options=(
            *("--graceful-timeout", "5"),
            *("--keep-alive", str(server.keep_alive_s)),
            *("--max-requests", str(server.max_requests)),
            *("--max-requests-jitter", str(server.max_requests_jitter)),
            *(("--preload",) if server.preload else ()),
        ),
        boot_timeout_s=server.boot_timeout_s,
    )


def _display(nginx: NginxChoice) -> str:
    return f"nginx {nginx_version(nginx)} ({nginx.display})"
