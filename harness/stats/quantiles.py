"""Quantiles and means of raw times with 95 % intervals that assume no distribution.

The intervals treat the values as independent draws. Times that follow each other resemble each
other, and a machine drifts, so they are the least that is uncertain; a comparison of two servers
needs the paired ratios of `harness.analysis.latency`.
"""

import numpy as np

from harness.arrays import Floats
from harness.stats.interval import Z_95, Interval

TAIL = 0.025  # of the distribution, left out on either side
BEYOND_NEEDED = 10
"""Values that have to lie on the far side of a quantile; with fewer, it depends on a few values."""
MEAN_NEEDED = 30
"""Values from which the mean is taken for normal, and its interval given."""
REACH = 10  # standard deviations around the mean of a binomial; the rest is below 1e-15


def quantile(ascending: Floats, p: float) -> Interval | None:
    """Return the p-quantile, 0 < p < 1, of n ascending values, withheld where n is too small.

    The value is the smallest with a share of at least p at or below it. Its interval lies between
    two order statistics whose ranks bound a binomial count (n, p): distribution-free, with a
    coverage of 95 % or a little more (Hahn and Meeker, Statistical Intervals, 5.2).
    """
    n = len(ascending)
    # How many are expected on the thinner side of the quantile:
    if int(n * min(p, 1 - p) + 1e-9) < BEYOND_NEEDED:
        return None
    low, high = ranks(n, p)
    if low < 1 or high > n:
        return None
    middle = int(np.ceil(n * p - 1e-9))
    value, below, above = ascending[[middle - 1, low - 1, high - 1]].tolist()
    return Interval(value=value, low=below, high=above)


def ranks(n: int, p: float) -> tuple[int, int]:
    """Return the ranks, from 1, that bound the p-quantile of n values; 0 and n + 1: no such value.

    The largest l with P(B < l) <= 0.025 and the smallest u with P(B < u) >= 0.975, B binomial.
    """
    spread = REACH * np.sqrt(n * p * (1 - p)) + REACH
    first, last = max(0, int(n * p - spread)), min(n, int(n * p + spread))
    k = np.arange(first, last)
    # Each probability from the one before: no factorial, which would overflow.
    steps = np.log(n - k) - np.log(k + 1) + np.log(p / (1 - p))
    logs = np.concatenate([[0.0], np.cumsum(steps)])
    chance = np.exp(logs - logs.max())
    up_to = np.cumsum(chance / chance.sum())  # [j]: P(B <= first + j)
    low = first + int(np.searchsorted(up_to, TAIL, side="right"))
    high = first + int(np.searchsorted(up_to, 1 - TAIL, side="left")) + 1
    return low, high


def mean(values: Floats) -> Interval | None:
    """Return the mean, with its normal interval from `MEAN_NEEDED` values on; None without one."""
    n = len(values)
    if not n:
        return None
    middle = float(values.mean())
    if n < MEAN_NEEDED:
        return Interval(value=middle)
    reach = Z_95 * float(values.std(ddof=1)) / float(np.sqrt(n))
    return Interval(value=middle, low=middle - reach, high=middle + reach)
