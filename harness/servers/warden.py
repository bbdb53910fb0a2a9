"""Ends what a killed harness left behind: a small process that outlives it.

It reads lines from a pipe whose other end only the harness holds: `group 123` and `path /x` put
a process group or a directory under its care, `free group 123` takes it out. When the pipe ends,
however the harness ended, whatever is still under its care is killed and removed.

Standard library only. Run as `python -m harness.servers.warden`.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TextIO


class Warden:
    """The harness's end of the pipe."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-S", "-E", __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
            text=True,
        )

    def watch_group(self, group: int) -> None:
        """Kill this process group if the harness ends without having freed it."""
        self._tell(f"group {group}")

    def free_group(self, group: int) -> None:
        """Forget a process group that has ended: its number may soon be somebody else's."""
        self._tell(f"free group {group}")

    def watch_path(self, path: Path) -> None:
        """Remove this directory when the harness ends, however it ends."""
        self._tell(f"path {path}")

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
    for ward in care:
        kind, _, name = ward.partition(" ")
        _CLEAN_UP[kind](name)


def _kill_group(group: str) -> None:
    try:
        os.killpg(int(group), signal.SIGKILL)
    except ProcessLookupError:
        return


def _remove(path: str) -> None:
    shutil.rmtree(path, ignore_errors=True)


_CLEAN_UP = {"group": _kill_group, "path": _remove}

if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    watch(sys.stdin)
