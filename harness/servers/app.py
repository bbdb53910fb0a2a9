"""The app under test as processes see it: its environment for a trial, and its preparation."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from harness.errors import InfrastructureError, Problem
from harness.servers.child import Child, ProcessSpec
from harness.servers.reaper import Reaper

_PREPARE_TIMEOUT_S = 120.0

_NEEDED = (
    *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "TZ", "LANG", "LANGUAGE", "LC_*"),
    *("TMPDIR", "TEMP", "TMP", "VIRTUAL_ENV", "LD_LIBRARY_PATH", "DYLD_*", "OBJC_*", "NIX_*"),
    *("PYTHONPATH", "PYTHONHOME", "PYTHONUSERBASE", "PYTHONNOUSERSITE", "PYTHONUTF8"),
    *("PYTHONIOENCODING", "PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX"),
)
"""What any process may need to find its files, its modules and the user's language."""

_DENIED = (
    *("GUNICORN_*", "WEB_CONCURRENCY", "FORWARDED_ALLOW_IPS", "SENDFILE", "LISTEN_*"),
    *("LOCUST_*", "HARNESS_*", "PYTHON*", "GIT_*"),
)
"""What would change the servers, the load or the interpreter without the scenario's knowledge."""


def inherited(shell: Mapping[str, str], *, closed: bool) -> dict[str, str]:
    """Return the variables of the user's shell that are passed on to a process.

    Into a `closed` environment go only those that any process may need, else all but those that
    would change how something is measured. The current directory is never on Python's path by
    chance: blank parts of PYTHONPATH, which mean it, are removed.
    """
    passed_on = {
        name: text
        for name, text in shell.items()
        if _is_like(name, _NEEDED) or not (closed or _is_like(name, _DENIED))
    }
    path = [os.path.abspath(part) for part in _parts(passed_on.pop("PYTHONPATH", ""))]
    return {**passed_on, "PYTHONPATH": os.pathsep.join(path)} if path else passed_on


@dataclass(frozen=True, slots=True, kw_only=True)
class AppSettings:
    """Where the app is and what its processes inherit.

    A trial's settings reach it through its environment: templates in which `{backend}`,
    `{cache_url}`, … are filled in. `prepare` are arguments to Python, run once before all trials.
    It may write to `scratch`, and works in the directory `cwd`, None for the current one.
    """

    path: Path
    scratch: Path
    inherited: Mapping[str, str]
    cwd: Path | None = None
    prepare: Sequence[str] = ()
    secret: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)

    def environ(self, env: Mapping[str, str], **values: object) -> dict[str, str]:
        """Return the environment of a process that runs the app, with the templates of `env`."""
        path = os.pathsep.join([str(self.path), *_parts(self.inherited.get("PYTHONPATH", ""))])
        filled_in = {
            name: template.format(secret=self.secret, **values) for name, template in env.items()
        }
        return {**self.inherited, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1", **filled_in}


def prepare_app(app: AppSettings, environ: Mapping[str, str], *, log: Path, reaper: Reaper) -> None:
    """Run the app's preparation, such as filling its database.

    Raises InfrastructureError HX304 if it fails or takes too long.
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


def _is_like(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _parts(path: str) -> list[str]:
    return [part for part in path.split(os.pathsep) if part]
