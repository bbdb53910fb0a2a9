"""What hits, misses and the origin cost on average, and how sure that is, over rounds.

Costs come as arrays of B: one row for what was measured, or B resampled ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.arrays import Floats
from harness.record.samples import Samples
from harness.stats.interval import Z_95, t_95

RESAMPLES = 1000
SEED = 0x627265616B657665
"""Keeps the draws apart from all others, and a recorded run's figures the same at every reading."""

HITS, HIT_S, MISSES, MISS_S, ORIGIN_S = range(5)
Sums = Floats
"""[5, N] of each of N rounds: hits, their seconds, misses, their seconds (with the store), and
the origin's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LookupCosts:
    """Mean seconds: of a hit and of a miss, lookup and store, here and there; of the origin."""

    local_hit: Floats  # [B]
    local_miss: Floats  # [B]
    shared_hit: Floats  # [B]
    shared_miss: Floats  # [B]
    origin: Floats  # [B] per miss, of both: it is the same behind either cache

    def local_s(self, hit_rate: Floats) -> Floats:
        """Return the mean seconds of a lookup at each of N hit rates. [B, N]"""
        return _mixed(self.local_hit, self.local_miss + self.origin, hit_rate)

    def shared_s(self, hit_rate: float) -> Floats:
        """Return the mean seconds of a lookup. [B]"""
        return _mixed(self.shared_hit, self.shared_miss + self.origin, np.array([hit_rate]))[:, 0]


def _mixed(hit_s: Floats, miss_s: Floats, hit_rate: Floats) -> Floats:
    mixed: Floats = np.outer(hit_s, hit_rate) + np.outer(miss_s, 1 - hit_rate)
    return mixed


def round_sums(trials: Sequence[Samples], rounds: int) -> Sums:
    """Return the sums of several trials together, by round. [5, rounds]"""
    parts = [_round_sums(samples, rounds) for samples in trials]
    return np.asarray(np.sum(parts, axis=0), np.float64)


def mean_lookup_s(samples: Samples) -> float:
    """Return the measured mean seconds of a lookup, with origin and store where it missed."""
    sums = _round_sums(samples, 1, whole=True)[:, 0]
    return float((sums[HIT_S] + sums[MISS_S] + sums[ORIGIN_S]) / (sums[HITS] + sums[MISSES]))


def costs(local: Sums, shared: Sums) -> LookupCosts:
    """Return the costs that the sums of all rounds give; B is 1."""
    return _costs(local.sum(axis=1)[:, None], shared.sum(axis=1)[:, None])


def resampled(local: Sums, shared: Sums) -> LookupCosts:
    """Return the costs of `RESAMPLES` bootstrap samples of the rounds, the same for both sides.

    A bootstrap of n rounds is too narrow by what Student's t is wider than the normal, and by
    sqrt((n - 1) / n), so each deviation is stretched by that.
    """
    rounds = local.shape[1]
    rng = np.random.default_rng([SEED, rounds])
    weight = rng.multinomial(rounds, np.full(rounds, 1 / rounds), RESAMPLES).T
    exact, drawn = costs(local, shared), _costs(local @ weight, shared @ weight)
    stretch = t_95(rounds - 1) / Z_95 * float(np.sqrt(rounds / (rounds - 1)))
    return LookupCosts(
        **{
            name: getattr(exact, name) + stretch * (getattr(drawn, name) - getattr(exact, name))
            for name in LookupCosts.__dataclass_fields__
        }
    )


def _costs(local: Floats, shared: Floats) -> LookupCosts:
    """Return the costs from sums of [5, B]; nan where nothing hit or missed."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return LookupCosts(
            local_hit=local[HIT_S] / local[HITS],
            local_miss=local[MISS_S] / local[MISSES],
            shared_hit=shared[HIT_S] / shared[HITS],
            shared_miss=shared[MISS_S] / shared[MISSES],
            origin=(local[ORIGIN_S] + shared[ORIGIN_S]) / (local[MISSES] + shared[MISSES]),
        )


def _round_sums(samples: Samples, rounds: int, *, whole: bool = False) -> Sums:
    number = samples.round[samples.request] * (not whole)
    hit, missed = samples.hit.astype(np.float64), (~samples.hit).astype(np.float64)
    stored = np.nan_to_num(samples.store_s)
    columns: list[Floats] = [
        hit,
        hit * samples.lookup_s,
        missed,
        missed * (samples.lookup_s + stored),
        missed * np.nan_to_num(samples.origin_s),
    ]
    return np.array([np.bincount(number, weights=w, minlength=rounds) for w in columns])
