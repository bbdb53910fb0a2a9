"""Live duels of the shop with itself, and with a request that has a tenth more to compute."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.bench.figures import Figure
from tests.bench.servers import ROOT

COMMAND = (
    *(sys.executable, "-m", "harness", "duel", "hit-rate"),
    *("--workers", "2", "--backend", "locmem", "--users", "4", "--format", "json"),
)
CODES = (0, 4, 5)


def measure(duels: int) -> list[Figure]:
    """Return the number of correct duels of each kind."""
    alike = [duel("--budget", "60s") for _ in range(duels)]
    cpu_s = [_finding(one, "cpu_per_request_s")["base"] for one in alike]
    busy_us = round(1e6 * 0.1 * sum(cpu_s) / len(cpu_s))
    setting = ("--b", f"app.env.SHOP_BUSY_MICROSECONDS={busy_us}")
    slower = [duel("--budget", "60s", *setting) for _ in range(duels)]
    alarms = sum(one["verdict"] in ("fail", "improved") for one in alike)
    found = sum(one["verdict"] == "fail" for one in slower)
    return [
        Figure(what=f"alike: false alarms in {duels}", value=alarms, at_most=max(1, duels // 40)),
        Figure(what=f"{busy_us} us slower: found", value=found / duels, at_least=0.95),
        Figure(
            what=f"{busy_us} us slower: mean time to decide",
            value=sum(one["seconds"] for one in slower) / duels,
            unit="s",
        ),
    ]


def duel(*words: str) -> Any:
    """Return the result of one duel."""
    with TemporaryDirectory() as directory:
        command = [*COMMAND, *words, "--out", str(Path(directory) / "run")]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode not in CODES:
        raise RuntimeError(f"harness duel ended with status {done.returncode}: {done.stderr}")
    return json.loads(done.stdout)["duel"]


def _finding(result: Any, metric: str) -> Any:
    return next(one for one in result["findings"] if one["metric"] == metric)
