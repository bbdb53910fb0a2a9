"""Revisions of a project are checked out beside it, and leave nothing in its repository."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.servers.app import checkouts
from tests.waiting import wait_until

IDENTITY = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")


def git(directory: Path, *words: str) -> str:
    command = ["git", "-C", str(directory), *IDENTITY, *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a repository with two commits, the first tagged v1, and an app in `src`."""
    top = tmp_path / "a project"
    (top / "src").mkdir(parents=True)
    git(top, "init", "--quiet", "--initial-branch=main")
    for text in ("one", "two"):
        (top / "src" / "app.py").write_text(text)
        git(top, "add", "--all")
        git(top, "commit", "--quiet", "--message", text)
        if text == "one":
            git(top, "tag", "v1")
    return top


def worktrees(project: Path) -> int:
    return git(project, "worktree", "list", "--porcelain").count("worktree ")


def test_each_revision_lies_in_a_directory_of_its_own_until_the_end(project: Path) -> None:
    app = project / "src"
    (app / "app.py").write_text("not committed")
    with checkouts(app, ["v1", "main"]) as trees:
        texts = {ref: (tree.app / "app.py").read_text() for ref, tree in trees.items()}
        assert worktrees(project) == 3
        assert all(tree.work == tree.app for tree in trees.values())
        assert git(project, "rev-parse", "v1").strip() == trees["v1"].commit
    assert texts == {"v1": "one", "main": "two"}
    assert not any(tree.app.exists() for tree in trees.values())
    assert worktrees(project) == 1
    assert (app / "app.py").read_text() == "not committed"


def test_who_works_inside_of_the_project_does_so_in_the_revision(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    with checkouts(project / "src", ["v1"]) as trees:
        assert trees["v1"].work == trees["v1"].app.parent


def test_worktrees_of_others_are_left_alone(project: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    git(project, "worktree", "add", "--quiet", "--detach", str(other))
    missing = tmp_path / "missing"
    git(project, "worktree", "add", "--quiet", "--detach", str(missing))
    missing.rename(tmp_path / "moved")
    with checkouts(project / "src", ["v1"]):
        assert worktrees(project) == 4
    assert worktrees(project) == 3
    assert other.is_dir()


def test_a_path_with_a_newline_removes_nothing_of_anybody_else(tmp_path: Path) -> None:
    # Read line by line, the second half of this path was a command to remove /…/precious.
    precious = tmp_path / "precious"
    precious.mkdir()
    top = Path(f"{tmp_path}/a\npath {precious}")
    (top / "app").mkdir(parents=True)
    git(top, "init", "--quiet", "--initial-branch=main")
    (top / "app" / "app.py").write_text("one")
    git(top, "add", "--all")
    git(top, "commit", "--quiet", "--message", "one")
    with checkouts(top / "app", ["main"]) as trees:
        assert (trees["main"].app / "app.py").read_text() == "one"
    assert not trees["main"].app.exists()
    assert worktrees(top) == 1
    assert precious.is_dir()


def test_hooks_of_the_project_do_not_run(project: Path, tmp_path: Path) -> None:
    hook = project / ".git" / "hooks" / "post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch '{tmp_path}/ran'\n")
    hook.chmod(0o755)
    with checkouts(project / "src", ["v1"]):
        assert not (tmp_path / "ran").exists()


def test_a_revision_that_is_not_there_is_refused_before_anything_is_made(project: Path) -> None:
    with (
        pytest.raises(UsageError, match="HX106 v9: git knows no such revision"),
        checkouts(project / "src", ["v1", "v9"]),
    ):
        pass
    assert worktrees(project) == 1


def test_an_app_that_lies_in_no_repository_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="HX106"), checkouts(tmp_path, ["main"]):
        pass


def test_an_app_that_the_revision_does_not_have_is_refused_and_leaves_nothing(
    project: Path,
) -> None:
    (project / "new").mkdir()
    with (
        pytest.raises(UsageError, match="HX106 v1: has no new"),
        checkouts(project / "new", ["v1"]),
    ):
        pass
    assert worktrees(project) == 1


def test_without_a_revision_nothing_happens(tmp_path: Path) -> None:
    with checkouts(tmp_path, []) as trees:
        assert trees == {}


KILLED = """
import sys
from pathlib import Path
from harness.servers.app import checkouts
with checkouts(Path(sys.argv[1]), ["v1"]) as trees:
    print(trees["v1"].app, flush=True)
    sys.stdin.read()
"""


def test_a_harness_that_is_killed_leaves_no_worktree(project: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(project / "src")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout
    assert child.stdin
    with child.stdout, child.stdin:
        tree = Path(child.stdout.readline().strip())
        assert tree.is_dir()
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
    wait_until(lambda: worktrees(project) == 1 and not tree.exists())
