"""Cleans up after a harness, however that harness ended: a small process that outlives it.

The reaper reads messages from a pipe. The harness holds the other end, and so does each child
process until it has registered itself. A message tracks or untracks a resource: a process group,
a directory or a git worktree. When the pipe ends, the reaper kills and removes what is tracked.

A message is a JSON array after its length (4 bytes, big-endian), at most PIPE_BUF bytes in one
write: messages of several writers never mix, and no content can pass for another message. The
reaper removes a directory or a worktree only if its own name contains the random name of the run.

Standard library only. Run as `python reaper.py RUN`.
"""

import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
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
        self._tracked: dict[Resource, None] = {}
        self._process = subprocess.Popen(
            [*_ISOLATED, __file__, self.run],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
            bufsize=0,
        )

    def register(self, command: Sequence[str]) -> tuple[list[str], int]:
        """Return a command that registers its own process group, then becomes `command`.

        `command` is a path and arguments. The new process needs the descriptor that is returned
        with it. So its group is tracked even if the harness is killed while starting it.
        """
        assert self._process.stdin
        descriptor = self._process.stdin.fileno()
        return [*_ISOLATED, _REGISTER, str(descriptor), *command], descriptor

    def track_group(self, group: int) -> None:
        """Kill this process group when the harness ends."""
        self._send("track", "group", group)

    def untrack_group(self, group: int) -> None:
        """Forget a process group that has ended: another one may soon have its number."""
        self._send("untrack", "group", group)

    def track_directory(self, path: Path) -> None:
        """Remove this directory, which may not exist yet, when the harness ends."""
        self._send("track", "directory", str(path))

    def track_worktree(self, repository: Path, path: Path) -> None:
        """Remove a worktree, which may not exist yet, from its repository at the end."""
        self._send("track", "worktree", str(repository), str(path))

    def make_directory(self, parent: Path | None = None) -> Path:
        """Return a new private directory in `parent`, None for the system's temporary directory.

        It is removed when the harness ends.
        """
        path = Path(parent or tempfile.gettempdir(), f"harness-{self.run}")
        self.track_directory(path)
        path.mkdir(mode=0o700)
        return path

    def close(self) -> None:
        """Close the pipe and return once all tracked resources are gone."""
        assert self._process.stdin
        self._process.stdin.close()
        if status := self._process.wait():
            _report(f"the reaper ended early, with status {status}; the harness cleans up instead")
            for resource in clean_up(self._tracked, self.run):
                _report(f"cleaned up {_text(resource)}")
        self._tracked.clear()

    def _send(self, action: str, *resource: str | int) -> None:
        """Raise OSError if the message is too long to be written in one piece."""
        assert self._process.stdin
        body = json.dumps([action, *resource], ensure_ascii=False).encode(errors="surrogateescape")
        if _LENGTH_BYTES + len(body) > select.PIPE_BUF:
            raise OSError(ENAMETOOLONG, os.strerror(ENAMETOOLONG), resource[-1])
        _apply(self._tracked, action, resource)
        with suppress(BrokenPipeError):  # the reaper has died: close() cleans up
            self._process.stdin.write(len(body).to_bytes(_LENGTH_BYTES) + body)


def reap(pipe: BinaryIO, run: str) -> None:
    """Follow the messages until the pipe ends, then clean up."""
    tracked: dict[Resource, None] = {}
    while len(length := pipe.read(_LENGTH_BYTES)) == _LENGTH_BYTES:
        body = pipe.read(int.from_bytes(length))
        try:
            action, *resource = json.loads(body.decode(errors="surrogateescape"))
            _apply(tracked, action, tuple(resource))
        except (ValueError, TypeError):
            _report(f"ignored a damaged message: {body!r}")
    clean_up(tracked, run)


def clean_up(tracked: Iterable[Resource], run: str) -> list[Resource]:
    """Kill and remove tracked resources; report those that stay, and return the others."""
    gone = []
    # Groups first: a process that is still alive could write into a directory being removed.
    for kind, remove in _REMOVE.items():
        for resource in [each for each in tracked if each[0] == kind]:
            try:
                remove(run, *resource[1:])
                gone.append(resource)
            except Exception as error:
                _report(f"could not clean up {_text(resource)}: {error}")
    return gone


def _apply(tracked: dict[Resource, None], action: str, resource: Resource) -> None:
    if action == "track":
        tracked[resource] = None
    else:
        tracked.pop(resource, None)


def _kill_group(_run: str, group: int) -> None:
    if group <= 1:
        raise ValueError("not a process group of a run")
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


def _remove_worktree(run: str, repository: str, path: str) -> None:
    """Remove a worktree and its entry in the repository; no other worktree is touched."""
    _refuse_foreign(run, path)
    command = ["git", "-C", repository, "worktree", "remove", "--force", "--force", path]
    environ = {name: text for name, text in os.environ.items() if not name.startswith("GIT_")}
    done = subprocess.run(command, env=environ, capture_output=True, check=False)
    if done.returncode and os.path.lexists(path):
        raise OSError(done.stderr.decode(errors="replace").strip())


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
