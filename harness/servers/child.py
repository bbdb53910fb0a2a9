"""A child process with its log: started in a session of its own, stopped with all it started."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

from harness.servers.reaper import Reaper

TAIL_LINES = 12
RAISED_LINES = 3


class Child:
    """A running child. Its session keeps a terminal's Ctrl-C away from it: the harness decides.

    `say` is written to its standard input, which then ends; `talk` leaves standard input and
    output open to the harness as pipes. It works in `cwd`, or where the harness does.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        environ: Mapping[str, str],
        cwd: Path | None = None,
        log: Path,
        reaper: Reaper,
        pass_fds: Sequence[int] = (),
        say: str = "",
        talk: bool = False,
    ) -> None:
        self.name = name
        self.log = log
        self._warden = reaper
        registering, descriptor = reaper.registering(command)
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                registering,
                env=dict(environ),
                cwd=cwd,
                stdin=subprocess.PIPE if talk or say else subprocess.DEVNULL,
                stdout=subprocess.PIPE if talk else output,
                stderr=output,
                pass_fds=(*pass_fds, descriptor),
                start_new_session=True,
            )
        if say and self.process.stdin:
            self.process.stdin.write(say.encode())
            self.process.stdin.close()

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    def stop(self, grace_s: float = 10.0) -> None:
        """Ask it to end, wait up to `grace_s`, then kill whatever is left of its session."""
        if self.running:
            self.process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(grace_s)
        # Nobody may be left of it; macOS says "not permitted" where only zombies are.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        if self.process.stdin:
            with suppress(OSError):  # it may not have read to the end
                self.process.stdin.close()
        self._warden.free_group(self.process.pid)

    def last_lines(self) -> tuple[str, ...]:
        """Return the end of its log, for an error that has to tell why; () if it said nothing.

        Before it stand the last exceptions of the lines above: the traceback of a server that
        comes down may well be longer than that of the mistake which brought it down.
        """
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        lines = [line.rstrip() for line in text.splitlines() if line.strip()]
        above, end = lines[:-TAIL_LINES], lines[-TAIL_LINES:]
        raised = [line for line in _raised(above) if line not in end]
        return (*raised[-RAISED_LINES:], *end)


def _raised(lines: Sequence[str]) -> list[str]:
    """Return the lines that name an exception, each once: the unindented ones after a traceback."""
    pairs = pairwise(lines)
    found = [line for before, line in pairs if before[:1] == " " and line[:1] != " "]
    return list(dict.fromkeys(found))
