"""Cleans up after a harness, however that harness ended: a small process that outlives it.

The reaper reads messages from a pipe. The harness holds the other end, and so does each child
process until it has registered itself. A message tracks or untracks a resource: a process group,
a directory or a git worktree. When the pipe ends, the reaper kills and removes what is tracked.

A message is a JSON array after its length (4 bytes, big-endian), at most PIPE_BUF bytes in one
write: messages of several writers never mix, and no content can pass for another message. The
reaper removes a directory or a worktree only if its own name contains the random name of the run.

Standard library only. Run as `python reaper.py RUN`.
"""

import io
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from errno import ENAMETOOLONG
from pathlib import Path
from typing import BinaryIO

Resource = tuple[str | int, ...]
"""("group", id), ("directory", path) or ("worktree", repository, path)."""

_ISOLATED = (sys.executable, "-I", "-S")
_REGISTER = str(Path(__file__).with_name("register.py"))
_LENGTH_BYTES = 4
_REMOVE_TRIES = 50
_REMOVE_PAUSE_S = 0.1


class Reaper:
    """The harness's end of the pipe. It cleans up itself if the process has died."""

    def __init__(self) -> None:
        self.run = os.urandom(8).hex()
        self._sent: list[bytes] = []
        self._process = subprocess.Popen(
            [*_ISOLATED, __file__, self.run],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
            bufsize=0,
        )
        assert self._process.stdin
        self._pipe = self._process.stdin

    def register(self, command: Sequence[str]) -> tuple[list[str], int]:
        """Return a command that registers its own process group, then becomes `command`.

        `command` is a path and arguments. The new process needs the descriptor that is returned
        with it. So its group is tracked even if the harness is killed while starting it.
        """
        descriptor = self._pipe.fileno()
        return [*_ISOLATED, _REGISTER, str(descriptor), *command], descriptor

    def track_group(self, group: int) -> None:
        """Kill this process group when the harness ends."""
        self._send("track", "group", group)

    def untrack_group(self, group: int) -> None:
        """Forget a process group that has ended: another one may soon have its number."""
        self._send("untrack", "group", group)

    def track_worktree(self, repository: Path, path: Path) -> None:
        """Remove a worktree, which may not exist yet, from its repository at the end."""
        self._send("track", "worktree", str(repository), str(path))

    def make_directory(self, parent: Path | None = None) -> Path:
        """Return a new private directory in `parent`, None for the system's temporary directory.

        It is removed when the harness ends.
        """
        path = Path(parent or tempfile.gettempdir(), f"harness-{self.run}")
        self._send("track", "directory", str(path))
        path.mkdir(mode=0o700)
        return path

    def close(self) -> None:
        """Close the pipe and return once all tracked resources are gone."""
        self._pipe.close()
        if status := self._process.wait():
            _report(f"the reaper ended early, with status {status}; the harness cleans up instead")
            for resource in reap(io.BytesIO(b"".join(self._sent)), self.run):
                _report(f"cleaned up {_text(resource)}")

    def _send(self, *message: str | int) -> None:
        """Send a message. Raises OSError if it is too long to be written in one piece."""
        body = json.dumps(message, ensure_ascii=False).encode(errors="surrogateescape")
        frame = len(body).to_bytes(_LENGTH_BYTES) + body
        if len(frame) > select.PIPE_BUF:
            raise OSError(ENAMETOOLONG, os.strerror(ENAMETOOLONG), message[-1])
        self._sent.append(frame)
        with suppress(BrokenPipeError):  # the reaper has died: close() does its work
            self._pipe.write(frame)


def reap(pipe: BinaryIO, run: str) -> list[Resource]:
    """Follow the messages until the pipe ends, then clean up.

    Report what cannot be cleaned up, and return what was.
    """
    tracked: dict[Resource, None] = {}
    while len(length := pipe.read(_LENGTH_BYTES)) == _LENGTH_BYTES:
        body = pipe.read(int.from_bytes(length))
        try:
            action, *resource = json.loads(body.decode(errors="surrogateescape"))
            tracked.pop(tuple(resource), None)
            if action == "track":
                tracked[tuple(resource)] = None
        except (ValueError, TypeError):
            _report(f"ignored a damaged message: {body!r}")
    gone = []
    # Groups first: a process that is still alive could write into a directory being removed.
    for kind, remove in _REMOVE.items():
        for found in [one for one in tracked if one[:1] == (kind,)]:
            try:
                remove(run, *found[1:])
                gone.append(found)
            except Exception as error:
                _report(f"could not clean up {_text(found)}: {error}")
    return gone


def _kill_group(_run: str, group: int) -> None:
    if group <= 1:
        raise ValueError("not a process group of a run")
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


def _remove_worktree(run: str, repository: str, path: str) -> None:
    """Remove a worktree and its entry in the repository; no other worktree is touched."""
    _refuse_foreign(run, path)
    done = git(repository, "worktree", "remove", "--force", "--force", path)
    if done.returncode and os.path.lexists(path):
        raise OSError(done.stderr.strip())


def git(directory: str | Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Return what git did in a directory. Raises OSError if it cannot be started."""
    # A git hook that calls us names its own repository to all that it starts.
    return subprocess.run(
        ["git", "-C", str(directory), *arguments],
        env={name: text for name, text in os.environ.items() if not name.startswith("GIT_")},
        capture_output=True,
        errors="surrogateescape",
        check=False,
    )


def _remove_directory(run: str, path: str) -> None:
    """Remove a directory. A killed process may finish a write, so one try may not be enough."""
    _refuse_foreign(run, path)
    for _ in range(_REMOVE_TRIES):
        shutil.rmtree(path, ignore_errors=True)
        if not os.path.lexists(path):
            return
        time.sleep(_REMOVE_PAUSE_S)
    shutil.rmtree(path)


_REMOVE: dict[str, Callable[..., None]] = {
    "group": _kill_group,
    "worktree": _remove_worktree,
    "directory": _remove_directory,
}


def _refuse_foreign(run: str, path: str) -> None:
    if not run or run not in os.path.basename(path):
        raise PermissionError("its name does not contain the name of this run")


def _text(resource: Resource) -> str:
    """Return a resource in one printable line."""
    return f"{resource[0]} {', '.join(map(repr, resource[1:]))}"


def _report(text: str) -> None:
    with suppress(OSError):  # there may be no terminal anymore
        print(f"harness: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    reap(sys.stdin.buffer, sys.argv[1])
