"""How long `harness --help` keeps a person waiting."""

from __future__ import annotations

import subprocess
import sys
from time import perf_counter

from tests.bench.figures import Figure, median
from tests.bench.servers import ROOT

BAR_MS = 150


def measure(rounds: int) -> list[Figure]:
    """Return the wall time of the command."""
    milliseconds = [_milliseconds() for _ in range(rounds)]
    return [median("harness --help", milliseconds, unit="ms", at_most=BAR_MS)]


def _milliseconds() -> float:
    command = [sys.executable, "-m", "harness", "--help"]
    started = perf_counter()
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return (perf_counter() - started) * 1000
