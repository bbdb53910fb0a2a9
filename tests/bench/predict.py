"""Seconds of `harness predict` as a command, at a size that nobody could measure."""

from __future__ import annotations

import statistics
import subprocess
import sys
from time import perf_counter

from tests.bench.figures import Figure

BAR_S = 1.0
SIZE = ("--keys", "1000000", "--workers", "512", "--servers", "32")
COSTS = ("--hit-us", "9", "--shared-hit-us", "400", "--origin-ms", "5")
QUESTIONS = {
    "requests": ("--requests", "100000000", "--max-entries", "none"),
    "a timeout": ("--requests-per-second", "100000", "--max-entries", "none"),
    "MAX_ENTRIES 300": ("--requests", "100000000"),
    "MAX_ENTRIES 300 and a timeout": ("--requests-per-second", "100000"),
    "MAX_ENTRIES 10, simulated": ("--requests", "100000000", "--max-entries", "10"),
}


def measure(rounds: int) -> list[Figure]:
    """Return the median of N calls for each question, interpreter included."""
    return [
        Figure(
            what=f"predict, 1,000,000 keys x 512 workers x 32 servers, {name}",
            value=statistics.median(_seconds(options) for _ in range(rounds)),
            unit="s",
            at_most=BAR_S,
        )
        for name, options in QUESTIONS.items()
    ]


def _seconds(options: tuple[str, ...]) -> float:
    command = [sys.executable, "-m", "harness", "predict", *SIZE, *COSTS, *options]
    started = perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return perf_counter() - started
