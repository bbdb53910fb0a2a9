"""The app under test as processes see it: its environment for a trial, and its preparation."""

import os
import re
import secrets
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from harness.servers.child import Child, ProcessSpec
from harness.servers.reaper import Reaper

_PREPARE_TIMEOUT_S = 120.0

# What any process may need to find its files, its modules and the user's language.
_NEEDED = re.compile(
    "PATH|HOME|USER|LOGNAME|SHELL|TZ|LANG|LANGUAGE|LC_.*|TMPDIR|TEMP|TMP|VIRTUAL_ENV"
    "|LD_LIBRARY_PATH|DYLD_.*|OBJC_.*|NIX_.*"
    "|PYTHON(PATH|HOME|USERBASE|NOUSERSITE|UTF8|IOENCODING|DONTWRITEBYTECODE|PYCACHEPREFIX)"
)
# What would change the servers, the load or the interpreter without the scenario's knowledge.
_DENIED = re.compile(
    "GUNICORN_.*|WEB_CONCURRENCY|FORWARDED_ALLOW_IPS|SENDFILE|LISTEN_.*"
    "|LOCUST_.*|HARNESS_.*|PYTHON.*|GIT_.*"
)


def inherited(shell: Mapping[str, str], *, closed: bool) -> dict[str, str]:
    """Return the variables of the user's shell that are passed on to a process.

    Into a `closed` environment go only those that any process may need, else all but those that
    would change how something is measured. The current directory is never on Python's path by
    chance: blank parts of PYTHONPATH, which mean it, are removed.
    """
    passed_on = {
        name: text
        for name, text in shell.items()
        if _NEEDED.fullmatch(name) or not (closed or _DENIED.fullmatch(name))
    }
    parts = passed_on.pop("PYTHONPATH", "").split(os.pathsep)
    path = os.pathsep.join(os.path.abspath(part) for part in parts if part)
    return {**passed_on, "PYTHONPATH": path} if path else passed_on


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
        path = filter(None, (str(self.path), self.inherited.get("PYTHONPATH")))
        return {
            **self.inherited,
            "PYTHONPATH": os.pathsep.join(path),
            "PYTHONUNBUFFERED": "1",
            **{name: text.format(secret=self.secret, **values) for name, text in env.items()},
        }


def prepare_app(app: AppSettings, environ: Mapping[str, str], *, log: Path, reaper: Reaper) -> None:
    """Run the app's preparation, such as filling its database.

    Raises InfrastructureError HX304 if it fails or takes too long.
    """
    if not app.prepare:
        return
    # Where Python would search the current directory first: the app's own one is in PYTHONPATH.
    safe = ["-P"] if app.prepare[0] in ("-m", "-c") else []
    child = Child(
        ProcessSpec(
            name=f"python {' '.join(app.prepare)}",
            command=[sys.executable, *safe, *app.prepare],
            environ=environ,
            cwd=app.cwd,
            log=log,
        ),
        reaper,
    )
    outcome = f"did not end within {_PREPARE_TIMEOUT_S:g} s"
    try:
        with suppress(subprocess.TimeoutExpired):
            outcome = f"ended with status {child.process.wait(_PREPARE_TIMEOUT_S)}"
    finally:
        child.stop()
    if outcome != "ended with status 0":
        raise child.error("HX304", outcome)
