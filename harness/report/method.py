"""How the figures of a forecast were found, and what was taken for granted, in words."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from harness.forecast.expected import Method
from harness.forecast.forecast import Forecast, ForecastRow
from harness.report.figures import count, rounded_points

DJANGO_MAX_ENTRIES = 300
NAMES = {
    Method.NOTHING_LOST: "closed form (nothing expires and nothing is culled, so that in the long "
    "run every lookup hits; --requests tells of the way there)",
    Method.DISTINCT_PAIRS: "closed form (a worker misses each key once: the sum over keys of "
    "N (1 - (1 - q/N)^R) misses in R requests to N workers, q the popularity of the key)",
    Method.RENEWAL: "closed form (a timeout T that a hit does not prolong: qLT / (N + qLT) of the "
    "lookups of a key hit, at L requests per second to N workers, q its popularity)",
    Method.WINDOW: "approximation (MAX_ENTRIES as the window of keys in use of Che et al. 2002, "
    "with Django's culls of a third)",
    Method.SIMULATION: "simulation",
}


def methods(forecast: Forecast) -> str:
    """Return how LocMem's figures were found, for which workers where that differs."""
    parts = [list(part) for _, part in groupby(forecast.rows, key=lambda rung: rung.way)]
    told = [_method(part, alone=len(parts) == 1) for part in parts]
    shared = forecast.shared.way
    if all(rung.way != shared for rung in forecast.rows):
        told.append(f"the shared cache by {NAMES[shared]}")
    return "; ".join(told)


def assumptions(forecast: Forecast) -> str:
    """Return what was taken for granted, as far as it matters for this question."""
    question = forecast.question
    told = [
        "each request looks up one key, independent of all others, and finds any worker alike",
        "a miss stores its key at once",
    ]
    if question.timeout_s is not None:
        told.append(
            "LocMem keeps expired entries until they are read or culled, a shared one does not"
        )
    if question.max_entries is not None:
        told.append("MAX_ENTRIES holds for LocMem alone")
    elif forecast.asked.entries / forecast.asked.workers > DJANGO_MAX_ENTRIES:
        told.append(
            f"OPTIONS raises MAX_ENTRIES far enough (Django's own is {DJANGO_MAX_ENTRIES}: "
            f"see --max-entries {DJANGO_MAX_ENTRIES})"
        )
    return "; ".join(told)


def _method(part: Sequence[ForecastRow], *, alone: bool) -> str:
    first, last = part[0], part[-1]
    workers = count(first.workers) + (f" to {count(last.workers)}" if len(part) > 1 else "")
    prefix = "" if alone else f"{workers} workers by "
    return f"{prefix}{NAMES[first.way]}{_trust(part)}"


def _trust(part: Sequence[ForecastRow]) -> str:
    """Return how far off a figure can be, where it is no exact expectation."""
    points = f"{max(rounded_points(rung.error) for rung in part):.1f} points"
    stores = sorted({rung.stores for rung in part})
    if stores[-1]:
        played = count(stores[0]) + (f" to {count(stores[-1])}" if len(stores) > 1 else "")
        return f" ({played} caches played for each figure; good to {points}, 95 %)"
    return f", within {points} of the simulation" if part[0].error else ""
