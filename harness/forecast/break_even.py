"""From how many workers on a shared cache is cheaper per lookup than LocMem.

Takes costs by number of workers as a function; where they come from is not known here.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

CostUs = Callable[[int], float]
"""Workers in all -> mean cost of a lookup in microseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossOver:
    """The fewest workers with which the shared cache is cheaper; None: not up to `searched`.

    `about`: read off between two figures that are themselves estimates.
    """

    workers: int | None
    searched: int
    about: bool = False


def ladder(top: int) -> list[int]:
    """Return 1, 2, 4 ... and `top` itself."""
    return [*(1 << power for power in range((top - 1).bit_length())), top]


def break_even(
    locmem_us: CostUs, shared_us: float, searched: int, estimated: Callable[[int], bool]
) -> CrossOver:
    """Return where LocMem's cost rises above `shared_us`, looking at 1 to `searched` workers.

    The cost may not fall as workers are added. It does not: each worker has to learn each key,
    and after a timeout or a cull again, so that N workers never miss less often than fewer. One
    passage is left, found by doubling, then by halving; `estimated` costs, which scatter, are not
    halved but read off on a straight line over log N.
    """
    excess = cache(lambda workers: _excess(locmem_us(workers), shared_us))
    high = next((workers for workers in ladder(searched) if excess(workers) > 0), None)
    if high is None or high == 1:
        return CrossOver(workers=high, searched=searched)
    low = 1 << ((high - 1).bit_length() - 1)  # the rung before
    about = high - low > 1 and (estimated(low) or estimated(high))
    workers = _read_off(low, high, excess) if about else _halved(low, high, excess)
    return CrossOver(workers=workers, searched=searched, about=about)


def _excess(cost_us: float, shared_us: float) -> float:
    """Return how much dearer LocMem is; what rounding can make up is nothing."""
    excess = cost_us - shared_us
    return excess if excess > 1e-9 * max(cost_us, shared_us) else min(excess, 0.0)


def _halved(low: int, high: int, excess: CostUs) -> int:
    """Return the first number above `low`, at most `high`, with an excess above 0."""
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if excess(middle) > 0 else (middle, high)
    return high


def _read_off(low: int, high: int, excess: CostUs) -> int:
    """Return the same from the two ends alone."""
    share = -excess(low) / (excess(high) - excess(low))
    passage = low * math.exp(share * math.log(high / low))
    return min(max(math.ceil(passage), low + 1), high)
