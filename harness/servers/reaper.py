"""Ends what a killed harness left behind: a small process that outlives it.

It reads lines from a pipe whose other end only the harness holds, and for a moment each child as
it starts: `group 123` and `path /x` put a process group or a directory under its care,
`free group 123` takes it out; `worktree /repository /x` is a git worktree. When the pipe ends,
however the harness ended, whatever is still under its care is killed and removed.

Standard library only. Run as `python -m harness.servers.reaper`.
"""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

_REGISTER = str(Path(__file__).with_name("register.py"))
_REMOVE_TRIES = 50
_REMOVE_PAUSE_S = 0.1


class Reaper:
    """The harness's end of the pipe."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-S", "-E", __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
            text=True,
        )

    def registering(self, command: Sequence[str]) -> tuple[list[str], int]:
        """Return a command that enlists its own group and becomes `command`, a path and arguments.

        The group is killed if the harness ends without having freed it. With it the descriptor
        that the new process needs to be given.
        """
        assert self._process.stdin
        descriptor = self._process.stdin.fileno()
        return [sys.executable, "-S", "-E", _REGISTER, str(descriptor), *command], descriptor

    def free_group(self, group: int) -> None:
        """Forget a process group that has ended: its number may soon be somebody else's."""
        self._tell(f"free group {group}")

    def watch_path(self, path: Path) -> None:
        """Remove this directory, made already or not, when the harness ends, however it ends."""
        self._tell(f"path {path}")

    def watch_worktree(self, repository: Path, path: Path) -> None:
        """Take a worktree, made already or not, out of its repository when the harness ends."""
        self._tell(f"worktree {shlex.join([str(repository), str(path)])}")

    def close(self) -> None:
        """End the pipe and wait until all that was under its care is gone."""
        if self._process.stdin:
            self._process.stdin.close()
        self._process.wait()

    def _tell(self, line: str) -> None:
        assert self._process.stdin
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()


def watch(lines: TextIO) -> None:
    """Follow the lines until they end, then clean up."""
    care: dict[str, None] = {}
    for line in lines:
        ward = line.rstrip("\n")
        if ward.startswith("free "):
            care.pop(ward.removeprefix("free "), None)
        else:
            care[ward] = None
    # Groups first: whoever still lives might write into a directory that is being removed.
    for kind, clean_up in (
        ("group ", _kill_group),
        ("worktree ", _remove_worktree),
        ("path ", _remove),
    ):
        for ward in care:
            if ward.startswith(kind):
                clean_up(ward.removeprefix(kind))


def _kill_group(group: str) -> None:
    try:
        os.killpg(int(group), signal.SIGKILL)
    except ProcessLookupError:
        return


def _remove_worktree(ward: str) -> None:
    """Remove a worktree and what its repository knows of it, and of no other worktree."""
    repository, path = shlex.split(ward)
    command = ["git", "-C", repository, "worktree", "remove", "--force", "--force", path]
    environ = {name: text for name, text in os.environ.items() if not name.startswith("GIT_")}
    try:
        subprocess.run(command, env=environ, capture_output=True, check=False)
    except OSError:  # no git, and so no worktree
        return


def _remove(path: str) -> None:
    """Remove a directory. A killed process may finish a write, so that one try may not do."""
    for _ in range(_REMOVE_TRIES):
        shutil.rmtree(path, ignore_errors=True)
        if not os.path.lexists(path):
            return
        time.sleep(_REMOVE_PAUSE_S)


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    watch(sys.stdin)
