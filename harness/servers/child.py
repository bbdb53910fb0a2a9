"""What a server of a trial needs: an executable, an address, and a child process with its log.

A child is started in a session of its own and stopped with all that it started. Imports none of
the wheels that contain servers: they would load clients and plugins.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, files
from itertools import pairwise
from pathlib import Path

from harness.errors import InfrastructureError, Problem
from harness.servers.reaper import Reaper

POLL_S = 0.01
TAIL_LINES = 12
EXCEPTION_LINES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessSpec:
    """What to run: `command` is a path and arguments; what it prints goes to the end of `log`.

    `cwd` is None for the harness's own directory. `input` is written to its standard input, which
    then ends.
    """

    name: str
    command: Sequence[str]
    environ: Mapping[str, str] = field(repr=False)
    log: Path
    cwd: Path | None = None
    pass_fds: Sequence[int] = ()
    input: str = field(default="", repr=False)


class Child:
    """A running child. Its session keeps a terminal's Ctrl-C away from it: the harness decides."""

    def __init__(self, spec: ProcessSpec, reaper: Reaper) -> None:
        self.name, self.log, self._reaper = spec.name, spec.log, reaper
        command, descriptor = reaper.register(spec.command)
        with spec.log.open("ab") as output:
            self.process = subprocess.Popen(
                command,
                env=dict(spec.environ),
                cwd=spec.cwd,
                stdin=subprocess.PIPE if spec.input else subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=(*spec.pass_fds, descriptor),
                start_new_session=True,
            )
        reaper.track_group(self.process.pid)
        if spec.input and self.process.stdin:
            with suppress(BrokenPipeError), self.process.stdin as pipe:
                pipe.write(spec.input.encode())

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    def comes_up(self, answers: Callable[[], bool], within_s: float = 10.0) -> bool:
        """Return whether it answers within some seconds and before it ends."""
        deadline = time.monotonic() + within_s
        while self.running and time.monotonic() < deadline:
            if answers():
                return True
            time.sleep(POLL_S)
        return False

    def stop(self, grace_s: float = 10.0) -> None:
        """Ask it to end, wait up to `grace_s`, then kill what is left of its session."""
        if self.running:
            self.process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(grace_s)
        # Nothing may be left of it; macOS says "not permitted" where only zombies are.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        if self.process.stdin:
            with suppress(OSError):  # it may not have read to the end
                self.process.stdin.close()
        self._reaper.untrack_group(self.process.pid)

    def last_lines(self) -> tuple[str, ...]:
        """Return the end of its log, to show in an error; () for an empty log.

        The last exceptions of the lines above come first: the traceback of a server that shuts
        down may be longer than that of the mistake which caused it.
        """
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        lines = [line.rstrip() for line in text.splitlines() if line.strip()]
        above, end = lines[:-TAIL_LINES], lines[-TAIL_LINES:]
        # An exception is the first line after a traceback that is not indented.
        found = [line for before, line in pairwise(above) if before[:1] == " " != line[:1]]
        exceptions = [line for line in dict.fromkeys(found) if line not in end]
        return (*exceptions[-EXCEPTION_LINES:], *end)

    def require_running(self, code: str, what: str) -> None:
        """Raise an error that shows the exit status if the child has ended."""
        if not self.running:
            raise self.error(code, f"{what}, with status {self.process.returncode}")

    def error(self, code: str, what: str, hint: str = "") -> InfrastructureError:
        """Return an error about this child that shows the last lines of its log."""
        return InfrastructureError(
            Problem(
                code=code,
                where=self.name,
                what=f"{what}; last lines:",
                details=self.last_lines(),
                hint=hint or f"the whole log is {self.log}",
            )
        )


ANSWER_TIMEOUT_S = 2.0


def executable_in_wheel(distribution: str, name: str) -> str:
    """Return the path of an executable that an installed wheel contains, "" if there is none."""
    try:
        found = [path for path in files(distribution) or () if path.name == name]
    except PackageNotFoundError:
        return ""
    return shutil.which(str(found[0].locate())) or "" if found else ""


def executable_version(executable: str, option: str, pattern: str) -> str:
    """Return the groups of `pattern` in what `executable option` prints, joined by a space.

    "" where it cannot be run, does not end soon, or prints something else.
    """
    try:
        done = subprocess.run(
            [executable, option],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,  # nginx prints its version there
            errors="replace",
            timeout=ANSWER_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    match = re.search(pattern, done.stdout)
    return " ".join(match.groups()) if match else ""


BACKLOG = 2048
START_TRIES = 5
"""A free port may be taken before the server binds it; then another one is tried."""

_SHORT_PLAIN_PATH = re.compile(r"[\w./-]{1,90}", re.ASCII)
_SHORT_PARENT = Path("/tmp")


def free_port() -> int:
    """Return a port of the loopback interface that was free a moment ago."""
    with listen() as probe:
        return int(probe.getsockname()[1])


def listen(port: int = 0) -> socket.socket:
    """Return a socket that accepts connections at `port`, 0 for any free one.

    Raises InfrastructureError HX308 if the port is unavailable.
    """
    try:
        return socket.create_server(("127.0.0.1", port), backlog=BACKLOG)
    except OSError as error:
        raise InfrastructureError(
            Problem(
                code="HX308",
                where=f"port {port}" if port else "any port",
                what=f"unavailable: {error.strerror}",
                hint="choose another port, or none to get one that is free",
            )
        ) from error


def socket_directory(scratch: Path, reaper: Reaper) -> Path:
    """Return `scratch` if unix sockets can be in it, else a new directory with a short name.

    The path of a socket has at most 103 bytes, and it is part of URLs. The new directory is
    removed when the harness ends.
    """
    usable = _SHORT_PLAIN_PATH.fullmatch(str(scratch))
    return scratch if usable else reaper.make_directory(_SHORT_PARENT)
