"""What pages show after a log-in, and who pays for computing them.

Response fields of a session: `journey`, one for each log-in; `page`, 0 for the log-in itself and
then upwards; `put_in`, how many items its user has put into the basket by then; `logged_in`, 1 or
0, and `items`, as the page shows them; `cached` and `database`, 1 or 0, where the app says that
sessions are kept. Of a visit: `product`, whose page was requested; `computed`, 1 where the page was
computed for this request, 0 where it had been before.
"""

from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from harness.analysis.measures.measure import Measure, pairs, seen_and_modeled
from harness.analysis.prepared import PreparedTrial
from harness.analysis.profiles import class_name
from harness.arrays import Bools, Floats, Ints
from harness.record.samples import Samples


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """P pages, log-ins included, by journey and then in their order. `row` is the request of each.

    `items` is nan where nobody is logged in.
    """

    row: Ints  # [P]
    page: Ints  # [P]
    put_in: Ints  # [P]
    logged_in: Bools  # [P]
    items: Floats  # [P]


def pages_seen(trial: PreparedTrial) -> Pages:
    """Return the pages as the app showed them."""
    samples = trial.samples
    page, journey = samples.marked("page"), samples.marked("journey")
    row = np.flatnonzero(~np.isnan(page))
    row = row[np.lexsort((page[row], journey[row]))]
    return Pages(
        row=row,
        page=page[row].astype(np.int64),
        put_in=samples.marked("put_in")[row].astype(np.int64),
        logged_in=samples.marked("logged_in")[row] == 1,
        items=samples.marked("items")[row],
    )


def pages_modeled(trial: PreparedTrial, stores: Ints) -> Pages:
    """Return the pages as they must be if request r was answered from store `stores[r]`.

    A session is read from the store if that has it, else from the database if sessions are kept
    there as well, which leaves a copy in the store. It is written to both.
    """
    pages = pages_seen(trial)
    if not len(pages.row):
        return pages
    cached = trial.samples.marked("cached")[pages.row[0]] == 1
    database = trial.samples.marked("database")[pages.row[0]] == 1
    # Where sessions are not cached, all read the database, or the browser itself.
    items = _items(pages, stores, database=bool(database)) if cached else pages.put_in.tolist()
    found = np.array(items, np.float64)
    return replace(pages, logged_in=~np.isnan(found), items=found)


def _items(pages: Pages, stores: Ints, *, database: bool) -> list[int | None]:
    """Return the items that each page must show, None where nobody is logged in."""
    held: dict[int, int] = {}
    kept = put_in_before = 0
    known = True
    items: list[int | None] = []
    for page, put_in, store in zip(
        pages.page.tolist(), pages.put_in.tolist(), stores[pages.row].tolist(), strict=True
    ):
        if page == 0:
            held, kept, known, put_in_before = {store: 0}, 0, True, put_in
        # A user who was once anonymous has lost the cookie.
        known = known and (database or store in held)
        if known:
            held.setdefault(store, kept)
            if put_in > put_in_before:
                kept = held[store] = held[store] + 1
        items.append(held[store] if known else None)
        put_in_before = put_in
    return items


def anonymous(pages: Pages, last: float = np.inf) -> float | None:
    """Return the share of the pages after a log-in, up to number `last`, that know nobody.

    None: no page. Of the first pages its modeled mean is 1 - sum of w^2, w being the shares of the
    stores.
    """
    after = (pages.page > 0) & (pages.page <= last)
    return float(np.mean(~pages.logged_in[after])) if after.any() else None


def stale_baskets(pages: Pages) -> float | None:
    """Return the share of the pages of those still logged in that miss items; None: no page."""
    after = (pages.page > 0) & pages.logged_in
    return float(np.mean((pages.items != pages.put_in)[after])) if after.any() else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Visits:
    """V visits in the order in which they were sent. `first`: nobody had requested the page yet."""

    row: Ints  # [V] request
    product: Ints  # [V]
    first: Bools  # [V]
    computed: Floats  # [V]
    origin_s: Floats  # [V]


def visits(samples: Samples) -> Visits:
    """Return the visits of a trial, each with the seconds that it spent at the origin."""
    product, computed = samples.marked("product"), samples.marked("computed")
    row = np.flatnonzero(~np.isnan(computed) & ~np.isnan(product))
    row = row[np.argsort(samples.sent_s[row], kind="stable")]
    first = np.zeros(len(row), np.bool_)
    first[np.unique(product[row], return_index=True)[1]] = True
    origin_s = np.zeros(samples.requests)
    np.add.at(origin_s, samples.request, np.nan_to_num(samples.origin_s))
    return Visits(
        row=row,
        product=product[row].astype(np.int64),
        first=first,
        computed=computed[row],
        origin_s=origin_s[row],
    )


def mean_of(column: str, trial: PreparedTrial, *, first: bool) -> float | None:
    """Return the mean of a column of `Visits` over the first visits or all later ones."""
    found = visits(trial.samples)
    return _mean(getattr(found, column)[found.first == first])


def computed_first_modeled(trial: PreparedTrial, _stores: Ints) -> float | None:
    return 1.0 if _one_by_one(trial) and len(visits(trial.samples).row) else None


def computed_later_modeled(trial: PreparedTrial, stores: Ints) -> float | None:
    """Return the share of later visits that compute, where each store computes each page once.

    1 if no store keeps any page.
    """
    found = visits(trial.samples)
    later = int(np.count_nonzero(~found.first))
    if not later or not _one_by_one(trial):
        return None
    if not all(profile.keeps for profile in trial.cache_profiles):
        return 1.0
    computed = len(pairs(found.product, stores[found.row])[0])
    return (computed - int(np.count_nonzero(found.first))) / later


def first_over_later(trial: PreparedTrial) -> float | None:
    """Return the median response time of first visits over that of later ones; None without."""
    found, samples = visits(trial.samples), trial.samples
    took_s = (samples.done_s - samples.sent_s)[found.row]
    if found.first.all():
        return None
    return float(np.median(took_s[found.first]) / np.median(took_s[~found.first]))


def locmem_workers(trial: PreparedTrial) -> float | None:
    """Return the share of the workers in which `cache` was found to be Django's LocMemCache."""
    found = [
        class_name(cache) == "LocMemCache"
        for life in trial.facts.lives
        for cache in life.caches
        if cache.alias == "default"
    ]
    return _mean(np.array(found, np.float64)) if len(visits(trial.samples).row) else None


def _one_by_one(trial: PreparedTrial) -> bool:
    """Return whether no two visits overlap; otherwise a page may be computed for both of them."""
    return trial.facts.load.users == 1


def _mean(values: Floats) -> float | None:
    return float(values.mean()) if len(values) else None


MEASURES = (
    *seen_and_modeled(
        pages_seen,
        pages_modeled,
        anonymous_first=partial(anonymous, last=1),
        anonymous=anonymous,
        stale_baskets=stale_baskets,
    ),
    Measure(
        name="computed_first",
        observed=partial(mean_of, "computed", first=True),
        modeled=computed_first_modeled,
    ),
    Measure(
        name="computed_later",
        observed=partial(mean_of, "computed", first=False),
        modeled=computed_later_modeled,
    ),
    Measure(name="first_over_later", observed=first_over_later),
    Measure(name="origin_first_s", observed=partial(mean_of, "origin_s", first=True)),
    Measure(name="origin_later_s", observed=partial(mean_of, "origin_s", first=False)),
    Measure(name="locmem_workers", observed=locmem_workers),
)
