"""Signals that end a run as Ctrl-C does."""

from __future__ import annotations

import signal
from typing import Any

ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def end_on_signals() -> None:
    """Let each of them raise KeyboardInterrupt, once."""
    for number in ENDING:
        signal.signal(number, _interrupt)


def _interrupt(_number: int, _frame: Any) -> None:
    """End the run as Ctrl-C does; a second signal must not disturb the cleaning up."""
    for number in ENDING:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt
