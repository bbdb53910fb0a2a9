"""Popularity of keys -> the sequence of keys that a run requests. Knows nothing of HTTP.

Every trial of a run serves the same trace, so that trials do not differ by chance.
"""

import numpy as np
import numpy.typing as npt


def popularity(keys: int, zipf: float) -> npt.NDArray[np.float64]:
    """Return the probability of each of `keys` keys, most popular first. [keys], sums to 1.

    Zipf's law: proportional to 1 / rank ** zipf; 0 makes all keys equal.
    """
    weights = 1.0 / np.arange(1, keys + 1, dtype=np.float64) ** zipf
    shares: npt.NDArray[np.float64] = weights / weights.sum()
    return shares


def key_sequence(*, keys: int, zipf: float, requests: int, seed: int) -> npt.NDArray[np.int64]:
    """Return the number, from 0, of the key that each request is for. [requests]

    Drawn by inverting the cumulative popularity, so that it depends on nothing but the
    generator's uniform stream for `seed`.
    """
    cumulative = popularity(keys, zipf).cumsum()
    draws = np.random.default_rng(seed).random(requests)
    return np.minimum(cumulative.searchsorted(draws, side="right"), keys - 1)
