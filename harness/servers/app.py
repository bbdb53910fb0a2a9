"""The app under test as processes see it: its environment for a trial, and its preparation."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.errors import InfrastructureError, Problem
from harness.servers.child import Child, ProcessSpec
from harness.servers.reaper import Reaper

_PREPARE_TIMEOUT_S = 120.0

# They would change the server behind the scenario's back.
_NOT_INHERITED = ("GUNICORN_CMD_ARGS", "WEB_CONCURRENCY", "FORWARDED_ALLOW_IPS")


@dataclass(frozen=True, slots=True, kw_only=True)
class AppSettings:
    """Where the app is.

    It is told what to use by its environment: templates in which `{backend}`, `{cache_url}`, …
    are filled in for each trial. `prepare` are arguments to Python, run once before all trials.
    It may write to `scratch`, and works in the directory `cwd`, None for the current one.
    """

    path: Path
    scratch: Path
    cwd: Path | None = None
    prepare: Sequence[str] = ()
    secret: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)

    def environ(self, env: Mapping[str, str], **values: object) -> dict[str, str]:
        """Return the environment of a process that runs the app, with the templates of `env`."""
        inherited = {name: text for name, text in os.environ.items() if name not in _NOT_INHERITED}
        path = os.pathsep.join(filter(None, (str(self.path), inherited.get("PYTHONPATH"))))
        told = {
            name: template.format(secret=self.secret, **values) for name, template in env.items()
        }
        return {**inherited, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1", **told}


def prepare_app(app: AppSettings, environ: Mapping[str, str], *, log: Path, reaper: Reaper) -> None:
    """Run the app's preparation, as in filling its database.

    Raises SurroundingsError HX304 if it fails or takes too long.
    """
    if not app.prepare:
        return
    # Where Python would search the current directory first: the app's own one is in PYTHONPATH.
    safe = ["-P"] if app.prepare[0] in ("-m", "-c") else []
    command = [sys.executable, *safe, *app.prepare]
    process = ProcessSpec(name="app", command=command, environ=environ, cwd=app.cwd, log=log)
    child = Child(process, reaper)
    try:
        status = child.process.wait(_PREPARE_TIMEOUT_S)
        outcome = f"ended with status {status}"
    except subprocess.TimeoutExpired:
        status, outcome = -1, f"did not end within {_PREPARE_TIMEOUT_S:g} s"
    finally:
        child.stop()
    if status != 0:
        raise InfrastructureError(
            Problem(
                code="HX304",
                where=f"python {' '.join(app.prepare)}",
                what=f"{outcome}; its last lines:",
                details=child.last_lines(),
                hint=f"the whole log is {log}",
            )
        )
