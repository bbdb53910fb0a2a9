"""What other processes have cost so far, and how one's own end. psutil comes with Locust."""

from __future__ import annotations

import signal
import sys

import psutil  # type: ignore[import-untyped]


def cpu_s(pid: int) -> float:
    """Return the CPU seconds, of user and system, that a process has spent itself."""
    spent = psutil.Process(pid).cpu_times()
    return float(spent.user + spent.system)


def resident_bytes(pid: int, child_with: str) -> int:
    """Return the resident memory of a process and of its children with this word of command line.

    Pages that two of them share count twice. 0 once the process has ended.
    """
    try:
        process = psutil.Process(pid)
        family = [process, *(c for c in process.children() if child_with in c.cmdline())]
        return sum(member.memory_info().rss for member in family)
    except psutil.Error:
        return 0


def end_in_order() -> None:
    """Let SIGTERM unwind this process, so that whatever it has started ends too."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
