"""Times of a server compared with itself, as a shared machine gives them. All seeded."""

from __future__ import annotations

import numpy as np

from harness.arrays import Floats


def paired_times(
    rng: np.random.Generator,
    comparisons: int,
    rounds: int,
    requests: int,
    *,
    drift: float = 0.1,
    walk: float = 0.05,
    memory: float = 0.6,
    tail: float = 2.5,
) -> tuple[Floats, Floats]:
    """Return the seconds of A and B in each round, served AB BA AB ... [comparisons, N, requests]

    Log-normal, with 2 % of Pareto spikes (`tail`: their exponent, below 2 without variance), each
    time like the one before (`memory`: their correlation, beyond the end of a round too), on a
    level that drifts, wanders (`walk`) and jumps from turn to turn.
    """
    turns = 2 * rounds
    steps = rng.normal(0, walk, (comparisons, turns)).cumsum(axis=1)
    slope = 3 * drift * rng.normal(size=(comparisons, 1)) * np.linspace(0, 1, turns)
    level = steps + slope + rng.normal(0, 0.3 * drift, (comparisons, turns))
    body = _remembering(rng, comparisons, turns * requests, memory).reshape((*level.shape, -1))
    spikes = rng.random(body.shape) < 0.02
    seconds = 1e-3 * np.exp(0.4 * body + level[..., None])
    seconds *= 1 + spikes * 20 * rng.pareto(tail, body.shape)
    turn = np.arange(turns)
    is_a = (turn % 2 == 0) == (turn // 2 % 2 == 0)
    return seconds[:, is_a], seconds[:, ~is_a]


def _remembering(rng: np.random.Generator, rows: int, length: int, memory: float) -> Floats:
    """Return normal noise of which each value takes `memory` of the one before. [rows, length]"""
    fresh = rng.normal(size=(length, rows)) * np.sqrt(1 - memory**2)
    fresh[0] /= np.sqrt(1 - memory**2)
    for now in range(1, length):
        fresh[now] += memory * fresh[now - 1]
    memories: Floats = fresh.T
    return memories
