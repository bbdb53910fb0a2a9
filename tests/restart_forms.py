"""Misses that a restart adds, where they can be written down: to check the simulated ones.

As in `closed_forms`: one store per worker, random routing with fixed shares, a miss refills its
key immediately, nothing is culled. What is added are misses beyond those without the restart.
"""

from __future__ import annotations

from math import ceil, inf, lgamma

import numpy as np
import numpy.typing as npt

from harness.arrays import Floats


def added_of_counts(before: npt.ArrayLike, after: npt.ArrayLike, shares: npt.ArrayLike) -> float:
    """Return the misses that the end of some workers adds to a given trace, without timeout.

    sum_j sum_k (1 - (1 - w_j)^b_k) (1 - (1 - w_j)^a_k): worker j misses key k once more if it had
    it from the b_k lookups before its end, and gets any of the a_k after it. `shares` w_j are
    those of the workers that ended, out of 1 for all.
    """
    b, a = (np.asarray(counts, np.float64) for counts in (before, after))
    away = [1 - share for share in np.asarray(shares, np.float64).tolist()]
    return float(sum(((1 - rest**b) * (1 - rest**a)).sum() for rest in away))


def added_of_popularity(
    popularity: npt.ArrayLike, workers: int, before: int, after: int, ended: int = 1
) -> float:
    """Return the same for random requests, `before` and `after` the end of some of N even workers.

    ended sum_k (1 - (1 - q_k / N)^before) (1 - (1 - q_k / N)^after); with much before it,
    sum_k 1 - (1 - q_k / N)^after for each worker that ended.
    """
    away = 1 - np.asarray(popularity, np.float64) / workers
    return ended * float(((1 - away**before) * (1 - away**after)).sum())


def added_in_steady_state(hit_rates: npt.ArrayLike) -> float:
    """Return the misses that the end of one worker adds in the long run, under a timeout.

    sum_k h_k^2 / 2, h_k being the worker's long-run hit rate for key k: l T / (1 + l T) for
    Poisson arrivals at rate l and a timeout T. It is the lead of a renewal process that starts
    afresh over a stationary one; cycles T + Exp(l).
    """
    h = np.asarray(hit_rates, np.float64)
    return float((h**2).sum() / 2)


def added_of_poisson(
    per_second: npt.ArrayLike, before_s: float, after_s: float, timeout_s: float
) -> float:
    """Return the misses that the end of one worker adds, in finite time and from empty on.

    sum_k M_k(before) + M_k(after) - M_k(before + after), M as of `misses_of_poisson`; the worker's
    own rates of lookups are `per_second` [K].
    """
    spans = (before_s, after_s, before_s + after_s)
    first, second, whole = (misses_of_poisson(per_second, span, timeout_s) for span in spans)
    return float((first + second - whole).sum())


def misses_of_poisson(per_second: npt.ArrayLike, seconds: float, timeout_s: float) -> Floats:
    """Return the expected misses of each key in one worker within a time span, starting empty. [K]

    M(t) = sum_n P(Poisson(l (t - (n - 1) T)) >= n): the n-th miss comes after n waits of Exp(l)
    and n - 1 timeouts T, during which all lookups hit. Without timeout 1 - exp(-l t).
    """
    rate = np.asarray(per_second, np.float64)
    most = 1 if timeout_s == inf else ceil(seconds / timeout_s)
    lapsed = [0.0 if turn == 0 else turn * timeout_s for turn in range(most)]
    misses = np.zeros(len(rate))
    for number, gone_s in enumerate(lapsed, start=1):
        misses += _at_least(number, rate * (seconds - gone_s))
    return misses


def _at_least(number: int, mean: Floats) -> Floats:
    """Return the chance that a Poisson number of each `mean` is `number` or more. [K]"""
    fewer = np.arange(number)
    factorial = np.array([lgamma(one + 1) for one in fewer.tolist()])
    with np.errstate(divide="ignore", invalid="ignore"):
        exponents = fewer * np.log(mean)[:, None]
    exponents = np.where(fewer == 0, 0.0, exponents)  # 0 log 0
    below: Floats = np.exp(exponents - mean[:, None] - factorial).sum(axis=1)
    return np.clip(1 - below, 0.0, 1.0)
