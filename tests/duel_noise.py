"""The noise of real duels of a server with itself, recorded, and simulated duels made of it.

`tests/noise/duel.npz` is made by `python -m tests.duel_noise RUN_DIR…` from runs of
`harness duel hit-rate --workers 2 --backend locmem --users 4 --round 60 --min-effect 0.001%` on two
cores: with 4 to 6 processes that wanted to run, and the last, `CROWDED`, with 11.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from harness.analysis.rounds import values_by_round
from harness.arrays import Floats
from harness.gate.duel import RULES, is_decided, judge, overall
from harness.metrics import current_name
from harness.record.rundir import read_run
from harness.verdicts import Verdict

FILE = Path(__file__).parent / "noise" / "duel.npz"
CROWDED = "3"
STRETCH = 16
"""Rounds that stay together: what makes rounds resemble the ones before lasts less long."""

Sides = tuple[dict[str, Floats], dict[str, Floats]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """One duel of a server with itself: each metric of both sides, and what a round took."""

    name: str
    values: Mapping[str, Floats]  # [2, N]
    round_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """How a simulated duel ended, and after how long."""

    verdict: Verdict
    seconds: float


def recordings() -> list[Recording]:
    """Return the recorded duels."""
    with np.load(FILE) as arrays:
        names = dict.fromkeys(name.partition("/")[0] for name in arrays.files)
        found = {
            number: {
                current_name(name.partition("/")[2]): arrays[name].astype(np.float64)
                for name in arrays.files
                if name.startswith(f"{number}/")
            }
            for number in names
        }
    return [
        Recording(name=name, round_s=float(values.pop("round_s")), values=values)
        for name, values in found.items()
    ]


def drawn(rng: np.random.Generator, noise: Recording, rounds: int) -> Sides:
    """Return N rounds of base and candidate, which are alike, out of a recording.

    Stretches of it follow each other at random, and in each the sides change places at random:
    what differed between the two for the whole time is thereby left out.
    """
    total = len(noise.values["hit_rate"][0])
    count = -(-rounds // STRETCH)
    starts = 2 * rng.integers((total - STRETCH) // 2 + 1, size=count)
    rows = (starts[:, None] + np.arange(STRETCH)).reshape(-1)[:rounds]
    side = np.repeat(rng.integers(2, size=count), STRETCH)[:rounds]
    return (
        {name: both[side, rows] for name, both in noise.values.items()},
        {name: both[1 - side, rows] for name, both in noise.values.items()},
    )


def slowed(sides: Sides, factor: float) -> Sides:
    """Return the same rounds with a candidate whose requests take `factor` times as long."""
    base, candidate = sides
    return base, {
        name: values * factor if name.startswith(("request", "cpu")) else values
        for name, values in candidate.items()
    }


def play(sides: Sides, round_s: float) -> Played:
    """Return how a duel of these rounds ends, judged after each block as the real one is."""
    base, candidate = sides
    total = len(base["hit_rate"])
    for rounds in range(16, total + 1, 2):
        findings = judge(
            RULES,
            {name: values[:rounds] for name, values in base.items()},
            {name: values[:rounds] for name, values in candidate.items()},
            ahead=False,
        )
        if is_decided(findings, RULES) or rounds >= total - 1:
            return Played(verdict=overall(findings, RULES), seconds=rounds * round_s)
    return Played(verdict=Verdict.NO_DATA, seconds=total * round_s)


def simulated(
    duels: int,
    *,
    budget_s: float,
    factor: float = 1.0,
    seed: int = 1,
    crowded: bool | None = None,
) -> list[Played]:
    """Return N duels from all recordings in turn, with a planted slowdown.

    `crowded`: of that recording alone, or of all others; None for all.
    """
    rng = np.random.default_rng(seed)
    noises = [one for one in recordings() if crowded in (None, one.name == CROWDED)]
    played = []
    for number in range(duels):
        noise = noises[number % len(noises)]
        sides = drawn(rng, noise, int(budget_s / noise.round_s))
        played.append(play(slowed(sides, factor), noise.round_s))
    return played


def write(run_dirs: Sequence[Path], out: Path = FILE) -> None:
    """Write the noise of recorded duels."""
    arrays: dict[str, npt.NDArray[np.float32]] = {}
    for number, run_dir in enumerate(run_dirs):
        record, samples = read_run(run_dir)
        sides = [values_by_round(facts, samples[facts.number]) for facts in record.trials]
        rounds = min(len(facts.rounds) for facts in record.trials)
        begun_s = min(float(samples[side].sent_s.min()) for side in samples)
        ended_s = max(float(samples[side].done_s.max()) for side in samples)
        arrays[f"{number}/round_s"] = np.array((ended_s - begun_s) / rounds, np.float32)
        for name in sides[0]:
            both = [side[name][:rounds] for side in sides]
            arrays[f"{number}/{name}"] = np.array(both, np.float32)
    out.parent.mkdir(exist_ok=True)
    np.savez_compressed(out, **arrays)  # type: ignore[arg-type]


if __name__ == "__main__":
    write([Path(word) for word in sys.argv[1:]])
