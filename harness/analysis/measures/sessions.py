"""What became of those who logged in: seen as strangers, or shown a basket of the past.

Marks: `journey`, one for each log-in; `page`, 0 for the log-in itself and then upwards; `put_in`,
how many items its user has put into the basket by then; `logged_in`, 1 or 0, and `items`, as the
page shows them; `cached` and `database`, 1 or 0, where the app says that sessions are kept.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.analysis.measures.measure import Measure
from harness.analysis.prepared import PreparedTrial
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


def anonymous(reading: PreparedTrial) -> float | None:
    """Return the share of the pages after a log-in that were shown to a stranger; None: no page."""
    return _anonymous(shown(reading.samples))


def anonymous_modelled(reading: PreparedTrial, stores: Ints) -> float | None:
    return _anonymous(model_input(reading.samples, stores))


def anonymous_first(reading: PreparedTrial) -> float | None:
    """Return the same for the first page after each log-in."""
    return _anonymous(shown(reading.samples), last=1)


def anonymous_first_modelled(reading: PreparedTrial, stores: Ints) -> float | None:
    """Return the same as modelled; its mean is 1 - sum of w^2, w being the shares of the stores."""
    return _anonymous(model_input(reading.samples, stores), last=1)


def stale_baskets(reading: PreparedTrial) -> float | None:
    """Return the share of the pages of those still logged in that miss items; None: no page."""
    return _stale(shown(reading.samples))


def stale_baskets_modelled(reading: PreparedTrial, stores: Ints) -> float | None:
    return _stale(model_input(reading.samples, stores))


def shown(samples: Samples) -> Pages:
    """Return the pages as the app showed them."""
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


def model_input(samples: Samples, stores: Ints) -> Pages:
    """Return the pages as they must be if request r was answered from store `stores[r]`.

    A session is read from the store if that has it, else from the database if sessions are kept
    there as well, which leaves a copy in the store. It is written to both.
    """
    pages = shown(samples)
    if not len(pages.row):
        return pages
    cached = samples.marked("cached")[pages.row[0]] == 1
    database = samples.marked("database")[pages.row[0]] == 1
    if not cached:  # one place for all, or the browser itself
        return _pages_with(pages, pages.put_in.tolist())
    held: dict[int, int] = {}
    kept = put_in_before = 0
    known = True
    items: list[int | None] = []
    for page, put_in, store in zip(
        pages.page.tolist(), pages.put_in.tolist(), stores[pages.row].tolist(), strict=True
    ):
        if page == 0:
            held, kept, known, put_in_before = {store: 0}, 0, True, put_in
        # Whoever was once seen as a stranger has lost the cookie.
        known = known and (database or store in held)
        if known:
            held.setdefault(store, kept)
            if put_in > put_in_before:
                kept = held[store] = held[store] + 1
        items.append(held[store] if known else None)
        put_in_before = put_in
    return _pages_with(pages, items)


def _pages_with(pages: Pages, items: list[int | None]) -> Pages:
    found = np.array(items, np.float64)
    return Pages(
        row=pages.row,
        page=pages.page,
        put_in=pages.put_in,
        logged_in=~np.isnan(found),
        items=found,
    )


def _anonymous(pages: Pages, last: int | None = None) -> float | None:
    after = (pages.page > 0) & (pages.page <= (last or np.inf))
    return float(np.mean(~pages.logged_in[after])) if after.any() else None


def _stale(pages: Pages) -> float | None:
    after = (pages.page > 0) & pages.logged_in
    return float(np.mean((pages.items != pages.put_in)[after])) if after.any() else None


MEASURES = (
    Measure(
        name="anonymous_first",
        unit="share",
        better="lower",
        meaning="share of the first pages after a log-in that know nobody",
        observed=anonymous_first,
        model_input=anonymous_first_modelled,
    ),
    Measure(
        name="anonymous",
        unit="share",
        better="lower",
        meaning="share of all pages after a log-in that know nobody",
        observed=anonymous,
        model_input=anonymous_modelled,
    ),
    Measure(
        name="stale_baskets",
        unit="share",
        better="lower",
        meaning="share of the pages of those who are logged in whose basket lacks something",
        observed=stale_baskets,
        model_input=stale_baskets_modelled,
    ),
)
