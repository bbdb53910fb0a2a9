"""What the probe adds to a `get` of `LocMemCache`: probed against bare, in one process."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from time import perf_counter
from typing import Any

from django.core.cache.backends.locmem import LocMemCache

from harness.probe.caches import wrap
from harness.probe.notes import Recording, current
from harness.probe.tally import Life, Tally
from tests.bench.figures import Figure, median, side_by_side

BAR = 1.2
VALUES: Mapping[str, Any] = {
    "a string": "x" * 100,
    "an int": 17,
    "a small dict": {"name": "Lamp", "price": 17, "description": "x" * 100},
}
GETS = 20  # between two readings of the clock; as many as a page that uses its cache a lot


def measure(rounds: int) -> list[Figure]:
    """Return one ratio for each kind of value."""
    with tempfile.TemporaryDirectory() as directory:
        tally = Tally(Path(directory), Life(server=0, slot=1, generation=1, pid=os.getpid()))
        return [_ratio(what, value, tally, rounds) for what, value in VALUES.items()]


def _ratio(what: str, value: Any, tally: Tally, rounds: int) -> Figure:
    bare = LocMemCache("bench", {})
    bare.set("product:1", value)
    probed = wrap(bare, "default", tally)

    def get_probed() -> float:
        recording = Recording(tally.take_row())
        current.set(recording)
        seconds = _seconds(probed.get)
        current.set(None)
        tally.give_row(recording.counts)
        return seconds

    ratios = side_by_side(get_probed, lambda: _seconds(bare.get), rounds)
    return median(f"get of {what}, probed / bare", ratios, at_most=BAR)


def _seconds(get: Callable[[str], Any]) -> float:
    started = perf_counter()
    for _ in range(GETS):
        get("product:1")
    return perf_counter() - started
