"""Hit rates in closed form, to check the simulation and to explain what it shows.

One cache per worker, requests routed at random with fixed shares, independent of the key. A miss
refills its key; nothing is culled. Hit rates are fractions of all lookups, starting empty.
"""

import numpy as np
import numpy.typing as npt


def distinct_pairs(counts: npt.ArrayLike, shares: npt.ArrayLike) -> float:
    """Return the expected number of distinct (worker, key) pairs: the misses without timeout.

    sum_j sum_k 1 - (1 - w_j)^c_k for keys looked up c_k times and workers with shares w_j that
    sum to 1: worker j misses key k once unless all c_k lookups went elsewhere.
    """
    c, w = np.asarray(counts, np.float64), np.asarray(shares, np.float64)
    return float(sum((1 - (1 - share) ** c).sum() for share in w))


def distinct_pairs_of_popularity(
    popularity: npt.ArrayLike, workers: int, requests: int, keys: npt.ArrayLike = 1.0
) -> float:
    """Return the expected number of distinct (worker, key) pairs in R random requests.

    sum_k N (1 - (1 - q_k / N)^R): each request is key k on worker j with chance q_k / N. `keys`
    says how many keys have each popularity, where they come in groups.
    """
    q, count = np.asarray(popularity, np.float64), np.asarray(keys, np.float64)
    with np.errstate(divide="ignore"):  # one key on one worker: log1p(-1)
        seen = -np.expm1(requests * np.log1p(-q / workers))
    return workers * float((count * seen).sum())


def hit_rate_with_timeout(
    popularity: npt.ArrayLike,
    workers: int,
    per_second: float,
    timeout_s: float,
    keys: npt.ArrayLike = 1.0,
) -> float:
    """Return the long-run hit rate under a timeout: sum_k q_k l_k T / (N + l_k T), l_k = q_k L.

    Poisson arrivals at rate L over N even workers. A worker sees key k at rate l_k / N; after a
    miss it hits l_k T / N times on average until the timeout T has passed, then misses again
    (renewal reward; a read does not prolong the lifetime). `keys` as in
    `distinct_pairs_of_popularity`.
    """
    q, count = np.asarray(popularity, np.float64), np.asarray(keys, np.float64)
    hits = q * per_second * timeout_s / workers
    return float((count * q * hits / (1 + hits)).sum())


def effective_workers(shares: npt.ArrayLike) -> float:
    """Return 1 / sum_j w_j^2: N equally busy workers give N, one that serves everything gives 1.

    Inverse Simpson index. Shares sum to 1.
    """
    return 1 / float((np.asarray(shares, np.float64) ** 2).sum())
