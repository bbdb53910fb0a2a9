"""What a read shows of earlier writes: an old value after a change, or nothing at all.

Response fields of prices: `product`, which only one user changes and reads; `price`, the one that
was set last, 0 where none was; `shown`, the one in the answer; and on a change `deletes`, 1 where
it deletes the cached value, 0 where it updates it. Of notes: `note`, a key that each request reads
through one alias and then writes through another; `found`, 1 where the read found something;
`same_location`, 1 where both aliases have one LOCATION.
"""

from dataclasses import dataclass, replace
from functools import partial
from math import inf

import numpy as np

from harness.analysis.measures.measure import Measure, is_shared, known, seen_and_modeled
from harness.analysis.prepared import PreparedTrial
from harness.arrays import Bools, Floats, Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceViews:
    """C changes and reads of values, by product and then in the order of time.

    `since_s` is how long ago the last change of the product was answered, nan before the first.
    """

    row: Ints  # [C] request
    product: Ints  # [C]
    change: Ints  # [C] number of the change that was the last, this one included; 0: none yet
    changes: Bools  # [C] a change itself, and no read
    price: Floats  # [C]
    shown: Floats  # [C]
    since_s: Floats  # [C]
    timeout_s: float | None

    @property
    def looked(self) -> Bools:
        """Return which are reads of a value that was changed before. [C]"""
        looked: Bools = ~self.changes & ~np.isnan(self.since_s)
        return looked

    @property
    def stale(self) -> Bools:
        """Return which reads showed an old value. [C]"""
        stale: Bools = self.looked & (self.shown != self.price)
        return stale


def prices_seen(trial: PreparedTrial) -> PriceViews:
    """Return the reads as they were answered."""
    samples = trial.samples
    whose = samples.marked("product")
    row = np.flatnonzero(~np.isnan(samples.marked("shown")) & ~np.isnan(whose))
    row = row[np.lexsort((samples.sent_s[row], whose[row]))]
    product = whose[row].astype(np.int64)
    changes = ~np.isnan(samples.marked("deletes")[row])
    last = np.maximum.accumulate(np.where(changes, np.arange(len(row)), -1))
    changed = (last >= 0) & (product[last] == product)
    done_s = np.where(changed, samples.done_s[row[last]], np.nan)
    return PriceViews(
        row=row,
        product=product,
        change=np.cumsum(changes),
        changes=changes,
        price=samples.marked("price")[row],
        shown=samples.marked("shown")[row],
        since_s=samples.sent_s[row] - done_s,
        timeout_s=trial.facts.setup["timeout_s"],
    )


def prices_modeled(trial: PreparedTrial, stores: Ints) -> PriceViews:
    """Return the reads as they must be if request r was answered from store `stores[r]`.

    A store keeps a value for the timeout. A change reaches the origin, and the store that answers
    it; every other store goes on with what it has.
    """
    reads, samples = prices_seen(trial), trial.samples
    timeout_s = reads.timeout_s or inf
    deletes = samples.marked("deletes")[reads.row]
    get_s = samples.sent_s.copy()
    get_s[samples.request] = samples.at_s
    times = get_s[reads.row], samples.done_s[reads.row]
    columns = (reads.product, stores[reads.row], *times, reads.price, deletes)
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
    return replace(reads, shown=np.array(shown, np.float64))


def stale_share(reads: PriceViews, low: float = -inf, high: float = inf) -> float | None:
    """Return the share of stale reads, of those `low` to `high` timeouts after the change.

    None without such a read, and where bounds are named but no timeout is known.
    """
    if reads.timeout_s is None and low > -inf:
        return None
    timeout_s = reads.timeout_s or 1.0
    when = reads.looked & (reads.since_s >= low * timeout_s) & (reads.since_s < high * timeout_s)
    return float(np.mean(reads.stale[when])) if when.any() else None


def stale_age_s(reads: PriceViews) -> float | None:
    """Return the most seconds since a change at which it had not reached a read; 0: none."""
    if not reads.looked.any():
        return None
    return max(0.0, float(reads.since_s[reads.stale].max(initial=0.0)))


def values_shown(reads: PriceViews) -> float | None:
    """Return the most different values that one product showed between two of its changes."""
    shown = np.column_stack([reads.change, reads.shown])[reads.looked]
    if not len(shown):
        return None
    change = np.unique(shown, axis=0)[:, 0]
    return float(np.unique(change, return_counts=True)[1].max())


def found_own(trial: PreparedTrial) -> float | None:
    """Return the share of the notes that were found where their own process had left some.

    None where no process was asked for the same note twice.
    """
    own, _ = _left_before(trial)
    return _share_found(trial, own)


def found_others(trial: PreparedTrial) -> float | None:
    """Return the share of the notes that were found where only other processes had left some.

    None where there was no such case, as with one worker.
    """
    own, others = _left_before(trial)
    return _share_found(trial, others & ~own)


def own_modeled(trial: PreparedTrial, _stores: Ints) -> float | None:
    """Return 1 with one LOCATION and 0 with two, whichever worker answers; None without notes."""
    same = trial.samples.marked("same_location")
    row = known(same)
    return float(same[row[0]]) if len(row) and found_own(trial) is not None else None


def others_modeled(trial: PreparedTrial, _stores: Ints) -> float | None:
    """Return 0 where each process has stores of its own; otherwise as for a process's own notes."""
    if found_others(trial) is None:
        return None
    same = trial.samples.marked("same_location")
    return float(same[known(same)[0]]) if is_shared(trial) else 0.0


def _left_before(trial: PreparedTrial) -> tuple[Bools, Bools]:
    """Return for each request whether its own process, or another, had left its note. [R], [R]

    Only those count that were done before it was sent; what overlaps with a note of the same
    process is in neither.
    """
    samples = trial.samples
    note = samples.marked("note")
    own, others = np.zeros(samples.requests, np.bool_), np.zeros(samples.requests, np.bool_)
    for name in np.unique(note[~np.isnan(note)]):
        row = np.flatnonzero(note == name)
        before = samples.done_s[row] <= samples.sent_s[row][:, None]
        overlaps = ~before & ~before.T & ~np.eye(len(row), dtype=np.bool_)
        same = samples.life[row] == samples.life[row][:, None]
        unclear = (overlaps & same).any(axis=1) & ~(before & same).any(axis=1)
        own[row] = (before & same).any(axis=1)
        others[row] = (before & ~same).any(axis=1) & ~unclear
    return own, others


def _share_found(trial: PreparedTrial, chosen: Bools) -> float | None:
    found = trial.samples.marked("found")[chosen]
    return float(found.mean()) if len(found) else None


MEASURES = (
    *seen_and_modeled(
        prices_seen,
        prices_modeled,
        stale_reads=stale_share,
        values_shown=values_shown,
        stale_age_s=stale_age_s,
        stale_early=partial(stale_share, low=0.0, high=0.5),
        stale_late=partial(stale_share, low=0.5, high=1.0),
        stale_after=partial(stale_share, low=1.0, high=inf),
    ),
    Measure(name="found_own", observed=found_own, modeled=own_modeled),
    Measure(name="found_others", observed=found_others, modeled=others_modeled),
)
