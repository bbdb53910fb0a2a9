"""What an end of workers, or of a shared cache, costs in misses: the same with and without it.

Both sides of the difference serve the same requests at the same workers, so that it holds the
loss alone and not the luck of the routing. Closed forms for it are in `restart_forms`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from harness.arrays import Floats
from harness.model.prediction import DRAWS_AT_MOST, planned
from harness.model.routing import Router
from harness.model.trace import CacheTrace


def drawn_losses(
    caches: Sequence[CacheTrace],
    sent_s: Floats,
    routing: Router,
    rng: np.random.Generator,
    most: int = DRAWS_AT_MOST,
) -> Floats:
    """Return the misses of each random routing beyond those without any end. [n <= most]

    `sent_s` [R] are the times of the requests that the traces point to.
    """
    plan = planned(caches)
    lasting = planned([replace(cache, emptied_s=()) for cache in caches])
    losses = np.empty(min(plan.draws, most))
    for draw in range(len(losses)):
        life, seed = routing.draw(sent_s, rng), int(rng.integers(2**63))
        with_ends = plan.misses(life, np.random.default_rng(seed))
        without = lasting.misses(routing.unbroken(life), np.random.default_rng(seed))
        losses[draw] = with_ends - without
    return losses
