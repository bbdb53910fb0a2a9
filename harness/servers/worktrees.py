"""Git revisions of a project, each checked out beside it for as long as a duel takes.

The project's own files are not touched, nor any worktree that was there before.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from harness.errors import Problem, UsageError
from harness.servers.reaper import Reaper


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """One revision: its commit, the directory to import the app from, and the one to work in."""

    commit: str
    app: Path
    work: Path


@contextmanager
def checkouts(app: Path, refs: Sequence[str]) -> Iterator[Mapping[str, Checkout]]:
    """Check out each revision of the repository that `app` lies in; remove all in the end.

    They are removed however the harness ends. Where it works in a directory of the repository,
    processes of a revision are to work in the same one of theirs, else where the app is.

    Raises UsageError HX106 where there is no repository or no such revision, or the app is not
    in it.
    """
    if not refs:
        yield {}
        return
    top = Path(_git(app, "rev-parse", "--show-toplevel", where=str(app)))
    commits = {ref: _commit(top, ref) for ref in refs}
    reaper = Reaper()
    scratch = Path(tempfile.gettempdir(), f"harness-{secrets.token_hex(8)}")
    reaper.watch_path(scratch)
    try:
        scratch.mkdir(mode=0o700)
        yield {
            ref: _checked_out(reaper, top, app, scratch / str(number), ref, commit)
            for number, (ref, commit) in enumerate(commits.items())
        }
    finally:
        reaper.close()


def _checked_out(
    reaper: Reaper, top: Path, app: Path, tree: Path, ref: str, commit: str
) -> Checkout:
    reaper.watch_worktree(top, tree)
    # The hooks of the project are for its people, and may do anything.
    no_hooks = ("-c", f"core.hooksPath={os.devnull}")
    add = ("worktree", "add", "--quiet", "--detach", str(tree), commit)
    _git(top, *no_hooks, *add, where=ref)
    there = tree / app.resolve().relative_to(top.resolve())
    if not there.is_dir():
        raise _problem(ref, f"has no {app.resolve().relative_to(top.resolve())}")
    here = Path.cwd()
    inside = here.is_relative_to(top.resolve())
    work = tree / here.relative_to(top.resolve()) if inside else there
    return Checkout(commit=commit, app=there, work=work if work.is_dir() else there)


def _commit(top: Path, ref: str) -> str:
    return _git(top, "rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}", where=ref)


def _git(directory: Path, *words: str, where: str) -> str:
    """Return what git says. Raises UsageError HX106 if it says no."""
    # A git hook that calls us names its own repository to all that it starts.
    environ = {name: text for name, text in os.environ.items() if not name.startswith("GIT_")}
    try:
        done = subprocess.run(
            ["git", "-C", str(directory), *words],
            env=environ,
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError as error:
        raise _problem(where, f"git cannot be started: {error.strerror}") from error
    if done.returncode:
        raise _problem(where, done.stderr.strip() or "git knows no such revision")
    return done.stdout.strip()


def _problem(where: str, what: str) -> UsageError:
    hint = "name a branch, tag or commit of the repository that app.path lies in"
    return UsageError(Problem(code="HX106", where=where, what=what, hint=hint))
