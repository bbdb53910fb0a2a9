"""What the shell and the terminal do to a command: signals, and output that nobody takes."""

import io
import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

# Not all of them exist everywhere.
ENDING = [
    getattr(signal, name) for name in ("SIGTERM", "SIGINT", "SIGHUP") if hasattr(signal, name)
]


def end_on_signals() -> None:
    """Let the first of these signals raise KeyboardInterrupt, as Ctrl-C does.

    Those that follow are ignored: they must not disturb the clean-up. So is SIGHUP if it was
    ignored before, as `nohup` does.
    """
    for number in ENDING:
        if number == signal.SIGINT or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _interrupt)


def _interrupt(_number: int, _frame: Any) -> None:
    sys.unraisablehook = _report_unraisable
    for number in ENDING:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def _report_unraisable(unraisable: Any) -> None:
    """Report as Python does, except for a signal that had arrived when it became ignored."""
    if "ignored due to race condition" not in str(unraisable.exc_value):
        sys.__unraisablehook__(unraisable)


class Output(io.FileIO):
    """A standard stream that never fails; its first failure is kept in `failure`.

    So a run is measured, recorded and checked to its end even if its terminal is closed, the
    reader of a pipe has ended or the disk is full.
    """

    failure: OSError | None = None

    def write(self, data: Any) -> int:
        try:
            return super().write(data)
        except OSError as error:
            self.failure = self.failure or error
            return memoryview(data).nbytes


@contextmanager
def lasting_output() -> Iterator[Mapping[str, Output]]:
    """Replace `stdout` and `stderr`, and restore them in the end; yield those that are replaced.

    A stream that is not the process's own, as in a test, is left alone.
    """
    while (lowest := os.open(os.devnull, os.O_RDWR)) <= 2:
        continue  # else a file of ours would take the number of a stream that is closed
    os.close(lowest)
    own = {"stdout": sys.__stdout__, "stderr": sys.__stderr__}
    outputs: dict[str, Output] = {}
    for descriptor, (name, stream) in enumerate(own.items(), start=1):
        if getattr(sys, name) is stream:
            outputs[name] = Output(descriptor, "wb", closefd=False)
            setattr(
                sys,
                name,
                io.TextIOWrapper(
                    io.BufferedWriter(outputs[name]),
                    encoding=getattr(stream, "encoding", None),
                    errors=getattr(stream, "errors", None),
                    line_buffering=getattr(stream, "line_buffering", False),
                ),
            )
    try:
        yield outputs
    finally:
        for name in outputs:
            getattr(sys, name).flush()
            setattr(sys, name, own[name])
