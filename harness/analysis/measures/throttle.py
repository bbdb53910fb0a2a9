"""How many requests a rate limit let through.

Marks: `allowed`, 1 or 0; `limit`, how many a client may send in a window that outlasts the trial;
`client`, who asked.
"""

from __future__ import annotations

import numpy as np

from harness.analysis.measures.measure import Measure
from harness.analysis.prepared import PreparedTrial
from harness.arrays import Ints


def limits_granted(reading: PreparedTrial) -> float | None:
    """Return allowed requests over what the limits of all clients come to; None without any."""
    allowed = reading.samples.marked("allowed")
    granted = _granted(reading)
    return float(np.nansum(allowed)) / granted if granted else None


def limits_modelled(reading: PreparedTrial, stores: Ints) -> float | None:
    """Return the same for a counter in each store: sum over stores of min(requests, limit)."""
    client, limit = reading.samples.marked("client"), reading.samples.marked("limit")
    known = ~np.isnan(client)
    granted = _granted(reading)
    if not granted:
        return None
    _, asked = np.unique(
        np.column_stack([client[known], stores[known]]), axis=0, return_counts=True
    )
    return float(np.minimum(asked, limit[known][0]).sum()) / granted


def _granted(reading: PreparedTrial) -> float:
    client, limit = reading.samples.marked("client"), reading.samples.marked("limit")
    known = ~np.isnan(client)
    return reading.samples.distinct("client") * float(limit[known][0]) if known.any() else 0.0


MEASURES = (
    Measure(
        name="limits_granted",
        unit="factor",
        better="lower",
        meaning="requests that a rate limit let through, over what it should let through",
        observed=limits_granted,
        model_input=limits_modelled,
    ),
)
