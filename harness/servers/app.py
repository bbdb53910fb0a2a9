"""The app under test as processes see it: its environment, its preparation, and its revisions.

A revision of a project is checked out into a directory of its own during a duel. The project's own
files are not touched, nor are worktrees that exist already.
"""

import os
import re
import secrets
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from harness.errors import Problem, UsageError
from harness.servers.child import Child, ProcessSpec
from harness.servers.reaper import Reaper, git

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """One revision: its commit, the directory to import the app from, and the one to work in."""

    commit: str
    app: Path
    work: Path


@contextmanager
def checkouts(app: Path, refs: Sequence[str]) -> Iterator[Mapping[str, Checkout]]:
    """Check out each revision of the repository that contains `app`; remove all at the end.

    They are removed however the harness ends. If the harness works in a directory of the
    repository, processes of a revision work in the same directory of their checkout, else where
    their app is.

    Raises UsageError HX106 if there is no repository, no such revision, or no app in it.
    """
    if not refs:
        yield {}
        return
    top = Path(_git(app, "rev-parse", "--show-toplevel", where=str(app))).resolve()
    commits = {
        ref: _git(top, "rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}", where=ref)
        for ref in refs
    }
    with closing(Reaper()) as reaper:
        scratch = reaper.make_directory()
        yield {
            ref: _check_out(reaper, top, app, scratch / f"{number}-{reaper.run}", ref, commit)
            for number, (ref, commit) in enumerate(commits.items())
        }


def _check_out(reaper: Reaper, top: Path, app: Path, tree: Path, ref: str, commit: str) -> Checkout:
    reaper.track_worktree(top, tree)
    # The hooks of the project are for its people, and may do anything.
    _git(
        top,
        *("-c", f"core.hooksPath={os.devnull}"),
        *("worktree", "add", "--quiet", "--detach", str(tree), commit),
        where=ref,
    )
    folder, here = app.resolve().relative_to(top), Path.cwd()
    if not (tree / folder).is_dir():
        raise _problem(ref, f"has no {folder}")
    work = tree / here.relative_to(top) if here.is_relative_to(top) else tree / folder
    return Checkout(commit=commit, app=tree / folder, work=work if work.is_dir() else tree / folder)


def _git(directory: Path, *arguments: str, where: str) -> str:
    """Return the output of git. Raises UsageError HX106 if it fails."""
    try:
        done = git(directory, *arguments)
    except OSError as error:
        raise _problem(where, f"git cannot be started: {error.strerror}") from error
    if done.returncode:
        raise _problem(where, done.stderr.strip() or "git knows no such revision")
    return done.stdout.removesuffix("\n")


def _problem(where: str, what: str) -> UsageError:
    return UsageError(
        Problem(
            code="HX106",
            where=where,
            what=what,
            hint="name a branch, tag or commit of the repository that contains app.path",
        )
    )
