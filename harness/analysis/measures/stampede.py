"""How often the same thing was computed for those who asked for it at the same time.

Marks: `report`, what was asked for; `computed`, 1 or 0; `locked`, 1 where the app has all but the
first wait.
"""

from __future__ import annotations

import numpy as np

from harness.analysis.measures.measure import Measure
from harness.analysis.prepared import PreparedTrial
from harness.analysis.profiles import get_s, write_s
from harness.arrays import Floats, Ints


def origin_runs(reading: PreparedTrial) -> float | None:
    """Return computations per report that was asked for; None where none was."""
    computed, reports = reading.samples.marked("computed"), reading.samples.distinct("report")
    return float(np.nansum(computed)) / reports if reports else None


def origin_modelled(reading: PreparedTrial, stores: Ints) -> float | None:
    """Return the same for a cache, and a lock, in each store.

    Behind a lock each store computes once. Without one, all compute who looked before the first
    in their store was done; when each looked, and how long it took, is as measured.
    """
    report, reports = reading.samples.marked("report"), reading.samples.distinct("report")
    if not reports:
        return None
    asked = np.flatnonzero(~np.isnan(report))
    _, group = np.unique(
        np.column_stack([report[asked], stores[asked]]), axis=0, return_inverse=True
    )
    if reading.samples.marked("locked")[asked].all():
        return float(group.max() + 1) / reports
    looked_s, took_s = _looks(reading)
    done_s = np.full(group.max() + 1, np.inf)
    np.minimum.at(done_s, group, (looked_s + took_s)[asked])
    return float(np.count_nonzero(looked_s[asked] < done_s[group])) / reports


def _looks(reading: PreparedTrial) -> tuple[Floats, Floats]:
    """Return when each request looked, and how long from then on its computation took. [R], [R]

    Whoever had nothing to compute is taken to need as long as the others. nan, where a request
    looked nothing up.
    """
    samples = reading.samples
    looked_s, took_s = np.full((2, samples.requests), np.nan)
    looked_s[samples.request] = get_s(samples)
    took_s[samples.request] = write_s(samples) - get_s(samples)
    known = took_s[~np.isnan(took_s)]
    return looked_s, np.where(np.isnan(took_s), np.median(known) if len(known) else 0.0, took_s)


MEASURES = (
    Measure(
        name="origin_runs",
        unit="factor",
        better="lower",
        meaning="computations of a report that many asked for at the same time",
        observed=origin_runs,
        model_input=origin_modelled,
    ),
)
