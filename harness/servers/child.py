"""A child process with its log: started in a session of its own, stopped with all it started."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
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
