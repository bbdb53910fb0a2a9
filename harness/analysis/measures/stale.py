"""What readers saw after a value had changed: the new one, or one of the past, and how long.

Marks: `product`, which only one user changes and reads; `price`, the one that was set last, 0 where
none was; `shown`, the one in the answer; and on a change `deletes`, 1 where it deletes the cached
value, 0 where it updates it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from math import inf

import numpy as np

from harness.analysis.measures.measure import Measure
from harness.analysis.prepared import PreparedTrial
from harness.arrays import Bools, Floats, Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceViews:
    """C changes and looks at values, by product and then in the order of time.

    `since_s` is how long ago the last change of the product was answered, nan before the first.
    """

    row: Ints  # [C] request
    product: Ints  # [C]
    change: Ints  # [C] number of the change that was the last, this one included; 0: none yet
    changes: Bools  # [C] a change itself, and no look
    price: Floats  # [C]
    shown: Floats  # [C]
    since_s: Floats  # [C]

    @property
    def looked(self) -> Bools:
        """Return which are looks at a value that was changed before. [C]"""
        looked: Bools = ~self.changes & ~np.isnan(self.since_s)
        return looked

    @property
    def stale(self) -> Bools:
        """Return which looks saw a value of the past. [C]"""
        stale: Bools = self.looked & (self.shown != self.price)
        return stale


def seen(reading: PreparedTrial) -> PriceViews:
    """Return the looks as they were answered."""
    samples = reading.samples
    whose = samples.marked("product")
    row = np.flatnonzero(~np.isnan(samples.marked("shown")) & ~np.isnan(whose))
    row = row[np.lexsort((samples.sent_s[row], whose[row]))]
    product = whose[row].astype(np.int64)
    changes = ~np.isnan(samples.marked("deletes")[row])
    last = np.maximum.accumulate(np.where(changes, np.arange(len(row)), -1))
    known = (last >= 0) & (product[last] == product)
    done_s = np.where(known, samples.done_s[row[last]], np.nan)
    return PriceViews(
        row=row,
        product=product,
        change=np.cumsum(changes),
        changes=changes,
        price=samples.marked("price")[row],
        shown=samples.marked("shown")[row],
        since_s=samples.sent_s[row] - done_s,
    )


def model_input(reading: PreparedTrial, stores: Ints) -> PriceViews:
    """Return the looks as they must be if request r was answered from store `stores[r]`.

    A store keeps a value for the timeout. A change reaches the origin, and the store that answers
    it; every other store goes on with what it has.
    """
    looks = seen(reading)
    timeout_s = reading.facts.setup["timeout_s"] or inf
    deletes = reading.samples.marked("deletes")[looks.row]
    samples = reading.samples
    get_s = samples.sent_s.copy()
    get_s[samples.request] = samples.at_s
    times = get_s[looks.row], samples.done_s[looks.row]
    columns = (looks.product, stores[looks.row], *times, looks.price, deletes)
    held: dict[tuple[int, int], tuple[float, float]] = {}
    shown = []
    for product, store, now, done_s, price, deleting in zip(
        *(column.tolist() for column in columns), strict=True
    ):
        value, until_s = held.get((product, store), (price, -inf))
        if deleting == 1:
            held.pop((product, store), None)
        elif deleting == 0 or now >= until_s:
            held[product, store] = price, done_s + timeout_s
        fresh = deleting == deleting or now >= until_s
        shown.append(price if fresh else value)
    return replace(looks, shown=np.array(shown, np.float64))


def _share(looks: PriceViews, low: float, high: float) -> float | None:
    """Return the share of the looks that were stale, `low` to `high` seconds after the change."""
    when = looks.looked & (looks.since_s >= low) & (looks.since_s < high)
    return float(np.mean(looks.stale[when])) if when.any() else None


def _part(looks: PriceViews, reading: PreparedTrial, low: float, high: float) -> float | None:
    timeout_s = reading.facts.setup["timeout_s"]
    return None if timeout_s is None else _share(looks, low * timeout_s, high * timeout_s)


def _all(looks: PriceViews, _reading: PreparedTrial) -> float | None:
    return _share(looks, -inf, inf)


def _age_s(looks: PriceViews, _reading: PreparedTrial) -> float | None:
    """Return the most seconds since a change at which it had still not reached a look; 0: none."""
    if not looks.looked.any():
        return None
    return max(0.0, float(looks.since_s[looks.stale].max(initial=0.0)))


def _values(looks: PriceViews, _reading: PreparedTrial) -> float | None:
    """Return the most different values that one product showed between two of its changes."""
    pairs = np.column_stack([looks.change, looks.shown])[looks.looked]
    if not len(pairs):
        return None
    change = np.unique(pairs, axis=0)[:, 0]
    return float(np.unique(change, return_counts=True)[1].max())


def _measure(name: str, unit: str, meaning: str, of: partial[float | None]) -> Measure:
    return Measure(
        name=name,
        unit=unit,
        better="lower",
        meaning=meaning,
        observed=lambda reading: of(seen(reading), reading),
        model_input=lambda reading, stores: of(model_input(reading, stores), reading),
    )


MEASURES = (
    _measure(
        "stale_reads", "share", "share of the looks that saw a value of the past", partial(_all)
    ),
    _measure(
        "values_shown",
        "count",
        "most different values that were shown for one thing between two changes",
        partial(_values),
    ),
    _measure(
        "stale_age_s",
        "s",
        "longest time for which a change had not reached everybody",
        partial(_age_s),
    ),
    _measure(
        "stale_early",
        "share",
        "share of stale looks in the first half of the timeout after a change",
        partial(_part, low=0.0, high=0.5),
    ),
    _measure(
        "stale_late",
        "share",
        "share of stale looks in its second half",
        partial(_part, low=0.5, high=1.0),
    ),
    _measure(
        "stale_after",
        "share",
        "share of stale looks once the timeout has passed",
        partial(_part, low=1.0, high=inf),
    ),
)
