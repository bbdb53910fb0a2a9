"""Git revisions of a project, each checked out into a directory of its own during a duel.

The project's own files are not touched, nor are worktrees that exist already.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from harness.errors import Problem, UsageError
from harness.servers.reaper import Reaper, git


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
