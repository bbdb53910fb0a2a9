"""`harness run hit-rate` as a whole command: time, memory, and how close theory comes over runs."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.bench.figures import Figure, median
from tests.bench.processes import resident_bytes
from tests.bench.servers import ROOT

WALL_S, NOT_LOAD_S, PEAK_MB = 60, 12, 400
OFF, PER_PROCESS, SHARED = 0.02, 0.999, 0.995
LOOK_EVERY_S = 0.05

Trial = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one command took, and the trials of its `result.json`."""

    wall_s: float
    peak_bytes: int
    trials: Sequence[Trial]

    @property
    def not_load_s(self) -> float:
        """Everything that is not Locust's load: starting, stopping, analyzing, reporting."""
        return self.wall_s - sum(float(trial["wall_s"]) for trial in self.trials)


def measure(runs: int, options: Sequence[str] = ()) -> list[Figure]:
    """Return the figures of N runs, one or more; `options` are further words."""
    with TemporaryDirectory() as directory:
        done = [_run(Path(directory) / str(number), options) for number in range(runs)]
    return [*costs(done), *truths([trial for run in done for trial in run.trials])]


def _run(out: Path, options: Sequence[str]) -> Run:
    command = [*(sys.executable, "-m", "harness", "run", "hit-rate"), "--out", str(out), *options]
    started = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    peak_bytes = 0
    try:
        while process.poll() is None:
            peak_bytes = max(peak_bytes, resident_bytes(process.pid, "harness.load.driver"))
            time.sleep(LOOK_EVERY_S)
    finally:
        process.terminate()
    wall_s = time.perf_counter() - started
    if process.returncode:
        raise RuntimeError(f"harness run ended with status {process.returncode}")
    result = json.loads((out / "result.json").read_text())
    return Run(wall_s=wall_s, peak_bytes=peak_bytes, trials=result["trials"])


def costs(runs: Sequence[Run]) -> list[Figure]:
    """Return the medians of time and the largest memory."""
    walls, others = [run.wall_s for run in runs], [run.not_load_s for run in runs]
    peak_mb = max(run.peak_bytes for run in runs) / 1e6
    memory = "peak memory, harness + Locust"
    return [
        median("whole command", walls, unit="s", at_most=WALL_S),
        median("of it not load", others, unit="s", at_most=NOT_LOAD_S),
        Figure(what=memory, value=peak_mb, unit="MB", at_most=PEAK_MB),
    ]


def truths(trials: Sequence[Trial]) -> list[Figure]:
    """Return how far measurement and theory are apart, over all trials of all runs."""
    locmem = [trial for trial in trials if trial["backend"] == "locmem"]
    redis = [trial for trial in trials if trial["backend"] == "redis"]
    by_workers = defaultdict(list)
    for trial in locmem:
        by_workers[trial["workers"]].append(trial)
    farthest = max(abs(_distance(trial)) for trial in locmem)
    per_process = min(trial["explained"]["per_process"] for trial in locmem)
    shared = min(trial["explained"]["shared"] for trial in redis)
    return [
        Figure(what="LocMem: largest distance from prediction", value=farthest, at_most=OFF),
        *(figure for workers in by_workers for figure in _closeness(workers, by_workers[workers])),
        Figure(what="LocMem: explained per process", value=per_process, at_least=PER_PROCESS),
        Figure(what="Redis: explained as shared", value=shared, at_least=SHARED),
        Figure(what="lookups unaccounted for", value=_unaccounted(trials), at_most=0),
    ]


def _closeness(workers: int, trials: Sequence[Trial]) -> list[Figure]:
    inside = sum(_is_inside(trial) for trial in trials) / len(trials)
    mean = statistics.fmean(map(_distance, trials))
    who = f"LocMem, workers = {workers}"
    return [
        Figure(what=f"{who}: inside interval in {len(trials)} runs", value=inside),
        Figure(what=f"{who}: mean measured - predicted", value=mean),
    ]


def _distance(trial: Trial) -> float:
    return float(trial["hit_rate"] - trial["predicted"]["hit_rate"])


def _is_inside(trial: Trial) -> bool:
    predicted = trial["predicted"]
    return bool(predicted["low"] <= trial["hit_rate"] <= predicted["high"])


def _unaccounted(trials: Iterable[Trial]) -> int:
    accounts = [trial["accounted"] for trial in trials]
    return sum(abs(one["tallies"] - one["samples"] - one["lost"]) for one in accounts)
