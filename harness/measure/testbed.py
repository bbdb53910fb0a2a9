"""What the trials of a run need, set up once: the app, servers behind caches, and the reaper.

Starts and stops servers, with or without a load on them, and does to them under load what a
scenario's actions say, one function for each `do`. When each is served is decided by `session`.
"""

import os
import secrets
import time
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path

from harness import wire
from harness.backends import BACKENDS, BackendRow
from harness.errors import HarnessError, InfrastructureError, Problem, UsageError
from harness.measure.protocols import RunningServers, Targets
from harness.record.facts import ActionFacts
from harness.scenario.plan import Trial
from harness.scenario.schema import Action
from harness.servers.app import AppSettings, inherited, prepare_app
from harness.servers.child import ProcessSpec
from harness.servers.gunicorn import Fleet, Gunicorn, GunicornSettings
from harness.servers.nginx import Nginx, require_nginx
from harness.servers.reaper import Reaper
from harness.servers.redis import redacted
from harness.servers.services import Lease, Service, ServiceContext, key_prefix, start_service
from harness.wire import ENV_REDIS_URL


class Testbed:
    """What is up from the first trial to the last. Closing `stack` takes all of it down.

    `app` is the directory to import the app from where a trial's scenario names none; `work` is
    where an app works, by the directory that it is imported from. `token` makes the app's workers
    give evidence. `skipped` is why each `optional` backend without its server was left out;
    `passed_on` the variables of the user's shell that apps inherit. Raises InfrastructureError
    where any other part is unavailable.
    """

    def __init__(
        self,
        trials: Sequence[Trial],
        app: Path,
        logs: Path,
        stack: ExitStack,
        *,
        work: Mapping[Path, Path] | None = None,
        optional: Container[str] = (),
    ) -> None:
        self._nginx = require_nginx(os.environ) if any(trial.balanced for trial in trials) else None
        self._logs, self._stack = logs, stack
        self.token, self._run = secrets.token_urlsafe(24), secrets.token_hex(4)
        self.reaper = Reaper()
        stack.callback(self.reaper.close)
        self.scratch = self.reaper.make_directory()
        self._services: dict[str, Service] = {}
        self._leases: dict[int, Lease] = {}
        self.skipped: dict[str, str] = {}
        for backend in dict.fromkeys(trial.backend for trial in trials):
            try:
                self._demand(BACKENDS[backend])
            except HarnessError as error:
                if backend not in optional:
                    raise
                self.skipped[backend] = str(error)
        self._default_app, self._work = app, work or {}
        self._apps: dict[Path, AppSettings] = {}
        self.passed_on = set[str]()

    @property
    def servers(self) -> dict[str, str]:
        """Return product, version and origin of each server except Gunicorn, by name."""
        version = self._nginx and f"nginx {self._nginx.version} ({self._nginx.display})"
        nginx = {"nginx": version} if version else {}
        return nginx | {name: service.display for name, service in self._services.items()}

    def prepare(self, trials: Iterable[Trial]) -> None:
        """Prepare each app once, for that of its trials with the most keys which is not skipped.

        What this leaves in a cache's server is removed. Raises InfrastructureError HX304.
        """
        for trial in {
            self._path(trial): trial
            for trial in sorted(trials, key=lambda trial: trial.scenario.load.keys)
            if trial.backend not in self.skipped
        }.values():
            with closing(self._open(trial)) as lease:
                app, environ = self._app(trial), self._environ(trial, lease)
                prepare_app(app, environ, log=self._logs / "app.log", reaper=self.reaper)

    def start_fleet(self, trial: Trial, port: int = 0) -> Fleet:
        """Return servers that are still booting, behind a balancer where the trial has one.

        `port` is where they answer, 0 for any free one. Raises InfrastructureError HX308 if it is
        unavailable. The trial has its part of a cache's server until `release`.
        """
        lease = self._leases[trial.number] = self._open(trial)
        environ = self._environ(trial, lease)
        server, log = trial.scenario.server, self._logs / f"gunicorn-{trial.slug}.log"

        def start(number: int) -> Gunicorn:
            one = server.servers == 1
            return Gunicorn(
                ProcessSpec(
                    name=f"gunicorn{'' if one else f', server {number}'} ({trial.name})",
                    command=(),
                    environ=environ,
                    cwd=self._app(trial).cwd,
                    log=log if one else log.with_stem(f"{log.stem}-server-{number}"),
                ),
                _gunicorn_settings(trial),
                lives=self.scratch / "lives" / trial.slug / str(number),
                reaper=self.reaper,
                number=number,
                port=0 if trial.balanced else port,
            )

        def balance(upstreams: Sequence[str]) -> Nginx:
            assert self._nginx
            return Nginx(
                ProcessSpec(
                    name="nginx",
                    command=[self._nginx.executable],
                    environ={},
                    log=self._logs / f"nginx-{trial.slug}.log",
                    cwd=self.scratch / f"nginx-{trial.slug}",
                ),
                upstreams,
                routing=server.routing,
                reaper=self.reaper,
                port=port,
            )

        return Fleet(server.servers, start, balance if trial.balanced else None)

    def targets(self, trial: Trial, servers: RunningServers) -> Targets:
        """Return what actions on a trial's servers may change."""
        return Targets(servers=servers, cache=self._leases[trial.number])

    def shares_database(self, trial: Trial) -> bool:
        """Return whether a trial's entries are in the same database as those of other trials."""
        return self._leases.get(trial.number, Lease()).shared

    def release(self, trial: Trial) -> int | None:
        """Remove what the trial left in a cache's server; return as `Lease.close` does.

        Raises InfrastructureError HX303 or HX305 if that server has ended.
        """
        return self._leases.pop(trial.number, Lease()).close()

    def _demand(self, backend: BackendRow) -> None:
        """Start the service that a backend needs, unless it is up."""
        if not (name := backend.service):
            return
        if name not in self._services:
            self._services[name] = start_service(
                name,
                ServiceContext(
                    environ=os.environ,
                    run=self._run,
                    scratch=self.scratch,
                    logs=self._logs,
                    reaper=self.reaper,
                ),
            )
            self._stack.callback(self._services[name].stop)
        service = self._services[name]
        if backend.url not in service.addresses:
            raise InfrastructureError(
                Problem(
                    code="HX302",
                    where=f"{name}, {service.display}",
                    what=f"has no {backend.url} address, which {backend.name} needs",
                    hint=f"leave {backend.name} out, or name the server's socket as in"
                    f" {wire.ENV_REDIS_URL}=unix:///run/redis.sock",
                )
            )

    def _open(self, trial: Trial) -> Lease:
        service = self._services.get(BACKENDS[trial.backend].service)
        return service.open(key_prefix(self._run, trial.slug)) if service else Lease()

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

    def _environ(self, trial: Trial, lease: Lease) -> dict[str, str]:
        scenario, backend, app = trial.scenario, BACKENDS[trial.backend], self._app(trial)
        return {
            **app.environ(
                scenario.app.environ,
                backend=backend.app or backend.name,
                cache_url=lease.urls.get(backend.url, ""),
                cache_prefix=key_prefix(self._run, trial.slug),
                timeout=scenario.cache.timeout_s or "none",
                max_entries=scenario.cache.max_entries,
                keys=scenario.load.keys,
                scratch=app.scratch,
            ),
            wire.ENV_TOKEN: self.token,
        }


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


def perform(
    action: Action, step: int, targets: Targets, clock: Callable[[], float] = time.time
) -> ActionFacts:
    """Perform an action, wait until it is complete, and return what happened when.

    Raises InfrastructureError HX314 where a server does not come back.
    """
    started_s = clock()
    server, slot = _PERFORM[action.do](action, targets) or (None, None)
    return ActionFacts(
        do=action.do,
        at=action.at,
        step=step,
        started_s=started_s,
        ended_s=clock(),
        server=server,
        slot=slot,
    )


def refuse_foreign(actions: Iterable[Action], environ: Mapping[str, str]) -> None:
    """Raise UsageError HX105 if an action would restart a Redis that the harness did not start."""
    url = environ.get(ENV_REDIS_URL)
    if url and any(action.do == "restart-cache" for action in actions):
        raise UsageError(
            Problem(
                code="HX105",
                where=f"restart-cache on the Redis at {redacted(url)}",
                what="was not started by the harness, which therefore never restarts it",
                hint=f"unset {ENV_REDIS_URL} to let the harness start a Redis of its own",
            )
        )


_PERFORM: Mapping[str, Callable[[Action, Targets], tuple[int, int] | None]] = {
    "reload": lambda _, targets: targets.servers.reload(),
    "kill-worker": lambda action, targets: targets.servers.kill_worker(
        action.slot if isinstance(action.slot, int) else None
    ),
    "restart": lambda _, targets: targets.servers.restart(),
    "scale": lambda action, targets: targets.servers.scale(action.workers or 0),
    "restart-cache": lambda _, targets: targets.cache.restart(),
}
"""What each action does, with server and slot of the worker that it was aimed at, if at one."""
