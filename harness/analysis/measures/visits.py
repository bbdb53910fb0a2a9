"""What the first visit to a page costs and what later ones do, and which cache it was kept in.

Marks: `product`, whose page was asked for; `computed`, 1 where the page was computed for this
request, 0 where it had been before.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.analysis.measures.measure import Measure
from harness.analysis.prepared import PreparedTrial
from harness.analysis.profiles import class_name
from harness.arrays import Bools, Floats, Ints
from harness.record.samples import Samples


@dataclass(frozen=True, slots=True, kw_only=True)
class Visits:
    """V visits in the order in which they were sent. `first`: nobody had asked for the page yet."""

    row: Ints  # [V] request
    product: Ints  # [V]
    first: Bools  # [V]


def computed_first(reading: PreparedTrial) -> float | None:
    """Return the share of first visits whose page was computed for them; None: no visit."""
    visits, computed = _visits(reading.samples), reading.samples.marked("computed")
    return _mean(computed[visits.row[visits.first]])


def computed_later(reading: PreparedTrial) -> float | None:
    """Return the share of later visits whose page was computed for them; None: no later visit."""
    visits, computed = _visits(reading.samples), reading.samples.marked("computed")
    return _mean(computed[visits.row[~visits.first]])


def computed_first_modelled(reading: PreparedTrial, _stores: Ints) -> float | None:
    return 1.0 if _one_by_one(reading) and len(_visits(reading.samples).row) else None


def computed_later_modelled(reading: PreparedTrial, stores: Ints) -> float | None:
    """Return the same where each store computes each page once; all of them, if none keeps any."""
    visits = _visits(reading.samples)
    later = int(np.count_nonzero(~visits.first))
    if not later or not _one_by_one(reading):
        return None
    if not all(kind.keeps for kind in reading.cache_profiles):
        return 1.0
    places = np.unique(np.column_stack([visits.product, stores[visits.row]]), axis=0)
    return (len(places) - int(np.count_nonzero(visits.first))) / later


def first_over_later(reading: PreparedTrial) -> float | None:
    """Return the median response time of first visits over that of later ones; None without."""
    visits, samples = _visits(reading.samples), reading.samples
    took_s = (samples.done_s - samples.sent_s)[visits.row]
    if visits.first.all():
        return None
    return float(np.median(took_s[visits.first]) / np.median(took_s[~visits.first]))


def origin_first_s(reading: PreparedTrial) -> float | None:
    """Return the mean seconds that a first visit spent at the origin."""
    visits = _visits(reading.samples)
    return _mean(_origin_s(reading.samples)[visits.row[visits.first]])


def origin_later_s(reading: PreparedTrial) -> float | None:
    """Return the mean seconds that a later visit spent at the origin."""
    visits = _visits(reading.samples)
    return _mean(_origin_s(reading.samples)[visits.row[~visits.first]])


def locmem_workers(reading: PreparedTrial) -> float | None:
    """Return the share of the workers in which `cache` was found to be Django's LocMemCache."""
    found = [
        class_name(cache) == "LocMemCache"
        for life in reading.facts.lives
        for cache in life.caches
        if cache.alias == "default"
    ]
    return _mean(np.array(found, np.float64)) if len(_visits(reading.samples).row) else None


def _visits(samples: Samples) -> Visits:
    product = samples.marked("product")
    row = np.flatnonzero(~np.isnan(samples.marked("computed")) & ~np.isnan(product))
    row = row[np.argsort(samples.sent_s[row], kind="stable")]
    first = np.zeros(len(row), np.bool_)
    first[np.unique(product[row], return_index=True)[1]] = True
    return Visits(row=row, product=product[row].astype(np.int64), first=first)


def _one_by_one(reading: PreparedTrial) -> bool:
    """Return whether no two visits overlap; else a page may be computed for both of them."""
    return reading.facts.load.users == 1


def _origin_s(samples: Samples) -> Floats:
    """Return the seconds that each request spent at the origin. [R]"""
    origin_s = np.zeros(samples.requests)
    np.add.at(origin_s, samples.request, np.nan_to_num(samples.origin_s))
    return origin_s


def _mean(values: Floats) -> float | None:
    return float(values.mean()) if len(values) else None


MEASURES = (
    Measure(
        name="computed_first",
        unit="share",
        meaning="share of the first visits to a page for which it was computed",
        observed=computed_first,
        model_input=computed_first_modelled,
    ),
    Measure(
        name="computed_later",
        unit="share",
        better="lower",
        meaning="share of the later visits to a page for which it was computed again",
        observed=computed_later,
        model_input=computed_later_modelled,
    ),
    Measure(
        name="first_over_later",
        unit="factor",
        timed=True,
        meaning="median response time of first visits over that of later ones",
        observed=first_over_later,
    ),
    Measure(
        name="origin_first_s",
        unit="s",
        better="lower",
        meaning="mean time at the origin of a first visit",
        observed=origin_first_s,
    ),
    Measure(
        name="origin_later_s",
        unit="s",
        better="lower",
        meaning="mean time at the origin of a later visit",
        observed=origin_later_s,
    ),
    Measure(
        name="locmem_workers",
        unit="share",
        meaning="share of the workers in which the cache was found to be LocMemCache",
        observed=locmem_workers,
    ),
)
