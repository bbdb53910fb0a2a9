"""What trials stand on, set up once: the app, the servers behind the caches, and who cleans up.

Starts and stops servers, with or without a load on them; what is served when is the business of
`session`.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Container, Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from harness import wire
from harness.errors import HarnessError
from harness.measure.actions import Targets
from harness.scenario.plan import Trial
from harness.scenario.schema import Scenario
from harness.servers.app import AppSettings, inherited, prepare_app
from harness.servers.child import ProcessSpec
from harness.servers.fleet import Fleet
from harness.servers.gunicorn import Gunicorn, GunicornSettings
from harness.servers.nginx import Nginx, NginxChoice, require_nginx
from harness.servers.reaper import Reaper
from harness.servers.redis import RedisServer
from harness.servers.services import BACKENDS, START, Service


class Testbed:
    """What is up from the first trial to the last. Closing `stack` takes it all down.

    `app` is the directory to import the app from where a trial's scenario names none, `work` in
    which one an app works, by the one it is imported from. `token` makes its workers give evidence.
    `gaps` names optional backends without their server, and why; `passed_on` the variables of the
    user's shell that apps inherit. Raises SurroundingsError where any other part cannot be had.
    """

    def __init__(
        self,
        scenario: Scenario,
        trials: Sequence[Trial],
        app: Path,
        logs: Path,
        stack: ExitStack,
        *,
        work: Mapping[Path, Path] | None = None,
    ) -> None:
        balanced = any(trial.balanced for trial in trials)
        self._nginx = require_nginx(os.environ) if balanced else None
        self._logs = logs
        self.token, self._run = secrets.token_urlsafe(24), secrets.token_hex(4)
        self.reaper = Reaper()
        stack.callback(self.reaper.close)
        self.scratch = self.reaper.make_directory()
        self.gaps: dict[str, str] = {}
        backends = dict.fromkeys(trial.backend for trial in trials)
        self._services = self._start_services(backends, scenario.matrix.optional, stack)
        self._default_app, self._work = app, work or {}
        self._apps: dict[Path, AppSettings] = {}
        self.passed_on = set[str]()

    @property
    def servers(self) -> dict[str, str]:
        """Return product, version and origin of each server beside Gunicorn, by its kind."""
        nginx = {"nginx": _display(self._nginx)} if self._nginx else {}
        return nginx | {name: service.display for name, service in self._services.items()}

    def by_app(self, trials: Iterable[Trial]) -> list[list[Trial]]:
        """Return the trials whose app is imported from the same directory together."""
        groups: dict[Path, list[Trial]] = {}
        for trial in trials:
            groups.setdefault(self._path(trial), []).append(trial)
        return list(groups.values())

    def prepare(self, trial: Trial) -> None:
        """Prepare the app of `trial`, as for it. Raises SurroundingsError HX304."""
        prepare_app(
            self._app(trial), self._environ(trial), log=self._logs / "app.log", reaper=self.reaper
        )

    def start_fleet(self, trial: Trial, port: int = 0) -> Fleet:
        """Return servers that are still booting, behind a balancer where the trial has one.

        `port` is where they answer, 0 for any that is free. Raises SurroundingsError HX308 if it
        cannot be had.
        """
        server, log = trial.scenario.server, self._logs / f"gunicorn-{trial.slug}.log"

        def start(number: int) -> Gunicorn:
            one = server.servers == 1
            process = ProcessSpec(
                name=f"gunicorn{'' if one else f', server {number}'} ({trial.name})",
                command=(),
                environ=self._environ(trial),
                cwd=self._app(trial).cwd,
                log=log if one else log.with_stem(f"{log.stem}-server-{number}"),
            )
            return Gunicorn(
                process,
                _gunicorn_settings(trial),
                lives=self.scratch / "lives" / trial.slug / str(number),
                reaper=self.reaper,
                number=number,
                port=0 if trial.balanced else port,
            )

        def balance(upstreams: Sequence[str]) -> Nginx:
            assert self._nginx
            process = ProcessSpec(
                name="nginx",
                command=[self._nginx.executable],
                environ={},
                log=self._logs / f"nginx-{trial.slug}.log",
                cwd=self.scratch / f"nginx-{trial.slug}",
            )
            return Nginx(process, upstreams, routing=server.routing, reaper=self.reaper, port=port)

        return Fleet(server.servers, start, balance if trial.balanced else None)

    def targets(self, fleet: Fleet) -> Targets:
        """Return what actions on these servers can be done to."""
        redis = self._services.get("redis")
        return Targets(fleet=fleet, redis=redis if isinstance(redis, RedisServer) else None)

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
                    reaper=self.reaper,
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
        return Path(named).resolve() if named else self._default_app

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
                inherited=inherited(os.environ, closed=not trial.scenario.app.path),
                cwd=self._work.get(path),
            )
            self.passed_on.update(self._apps[path].inherited)
        return self._apps[path]

    def _environ(self, trial: Trial) -> dict[str, str]:
        scenario, backend = trial.scenario, BACKENDS[trial.backend]
        service = self._services.get(backend.service)
        app = self._app(trial)
        told = app.environ(
            scenario.app.environ,
            backend=backend.app,
            cache_url=service.urls[backend.url or trial.backend] if service else "",
            cache_prefix=self._prefix(trial),
            timeout=scenario.cache.timeout_s or "none",
            max_entries=scenario.cache.max_entries,
            keys=scenario.load.keys,
            scratch=app.scratch,
        )
        return {**told, wire.ENV_TOKEN: self.token}

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
    return f"nginx {nginx.version} ({nginx.display})"
