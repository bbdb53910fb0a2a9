"""One table of every number that the harness judges or shows by name, in a trial or in a duel.

A metric's name, label, unit, better direction and minimum effect size stand here and nowhere else.
What computes it is registered above: for a trial in `analysis.metrics.COMPUTED`, for one round of
a duel in `analysis.rounds.PER_ROUND`. Standard library only.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

HIGHER, LOWER, NEITHER = "higher", "lower", ""


@dataclass(frozen=True, slots=True)
class Metric:
    """A number of a trial. `timed` ones depend on the machine, all others are counts.

    Units: "share" (0..1), "count", "factor", "s", "per_second", "bytes". `better` is "higher",
    "lower", or "" where neither is. A change up to the minimum effect size is not significant: the
    larger of `min_effect`, in the unit, and `min_relative_effect` times the value before.
    """

    name: str
    label: str
    better: str
    meaning: str
    unit: str
    min_effect: float = 0.0
    min_relative_effect: float = 0.0
    timed: bool = False

    def least(self, value: float) -> float:
        """Return the minimum effect size at a value, in the unit of the metric."""
        return max(self.min_effect, self.min_relative_effect * abs(value))

    def worsening(self, before: float, after: float) -> float:
        """Return by how much `after` is worse than `before`; negative if it is better."""
        return before - after if self.better == HIGHER else after - before


_share = partial(Metric, unit="share", min_effect=0.01)
_count = partial(Metric, unit="count", min_relative_effect=0.01)
_factor = partial(Metric, unit="factor", min_relative_effect=0.01)
_bytes = partial(Metric, unit="bytes", min_relative_effect=0.01)
# Two servers that are alike may well differ by 1 % in a time.
_seconds = partial(Metric, unit="s", min_effect=50e-6, min_relative_effect=0.03, timed=True)
_per_second = partial(Metric, unit="per_second", min_relative_effect=0.03, timed=True)

CAUSES = ("first", "fragmentation", "restart", "expired", "evicted", "unexplained", "deleted")
"""Causes of misses, in the order of `analysis.summary.Cause`."""

_ROWS = (
    _share("hit_rate", "hit rate", HIGHER, "hits over lookups"),
    *(
        _share(
            f"misses.{cause}",
            f"misses by {cause}",
            LOWER,
            f"share of the lookups that missed by the cause {cause}",
        )
        for cause in CAUSES
    ),
    _factor(
        "origin_per_request",
        "origin calls",
        LOWER,
        "misses, each of which calls the origin, over requests",
        min_effect=0.01,
        min_relative_effect=0.0,
    ),
    _share(
        "explained.per_process",
        "explained per process",
        NEITHER,
        "share of the lookups that a replay with one cache per process gets right",
    ),
    _share(
        "explained.shared",
        "explained by a shared cache",
        NEITHER,
        "share of the lookups that a replay with one shared cache gets right",
    ),
    _count(
        "effective_workers",
        "effective workers",
        NEITHER,
        "1 / sum of squared shares of the workers",
    ),
    _share(
        "failed_requests",
        "failed requests",
        LOWER,
        "requests that failed over requests",
        min_effect=0.001,
    ),
    _count(
        "unaccounted",
        "unaccounted lookups",
        LOWER,
        "lookups that a worker counted and nothing explains",
    ),
    _count(
        "entries_lost",
        "entries lost",
        LOWER,
        "live entries that were lost with what was restarted",
    ),
    _count(
        "restart_misses",
        "restart misses",
        LOWER,
        "misses that would not have been without the restart",
    ),
    _per_second(
        "requests_per_second", "requests per second", HIGHER, "answered requests per second"
    ),
    _seconds(
        "cpu_per_request_s",
        "server CPU",
        LOWER,
        "CPU time of the server per request, at equal hits",
        min_effect=20e-6,
    ),
    _seconds("request_mean_s", "mean request", LOWER, "mean time of a request"),
    _seconds("request_p50_s", "median request", LOWER, "median time of a request"),
    _seconds("request_p90_s", "p90 of requests", LOWER, "p90 of the time of a request"),
    _seconds("request_p99_s", "p99 of requests", LOWER, "p99 of the time of a request"),
    _seconds(
        "request_hit_p50_s", "median hit", LOWER, "median time of a request that missed nothing"
    ),
    _seconds("request_miss_p50_s", "median miss", LOWER, "median time of a request with a miss"),
    _seconds("lookup_mean_s", "mean lookup", LOWER, "mean time of a lookup", min_effect=5e-6),
    _seconds("lookup_p50_s", "median lookup", LOWER, "median time of a lookup", min_effect=5e-6),
    _seconds("lookup_p99_s", "p99 of lookups", LOWER, "p99 of the time of a lookup"),
    # Rate limits, locks, counters and jobs.
    _factor(
        "limits_granted",
        "limits granted",
        LOWER,
        "requests that a rate limit let through, over what it should let through",
    ),
    _count("lock_holders", "lock holders", LOWER, "most holders of one lock at the same time"),
    _factor("once_runs", "runs of a job", LOWER, "runs of a job that should run once"),
    _factor(
        "origin_runs",
        "computations of a report",
        LOWER,
        "computations of a report that was requested many times concurrently",
    ),
    _share("updates_lost", "updates lost", LOWER, "share of the increments that no counter holds"),
    _share(
        "highest_count",
        "highest count",
        HIGHER,
        "share of the increments that the highest counter of each kind holds",
    ),
    # The memory of the processes, and who can read it.
    _count(
        "entries_max", "most entries", NEITHER, "most entries seen in the memory of one process"
    ),
    _count(
        "entries_after_cull",
        "entries after a cull",
        NEITHER,
        "fewest entries seen in a process that held more at the reading before",
    ),
    _factor(
        "copies_per_key",
        "copies per key",
        LOWER,
        "entries in the memory of all processes, over the distinct keys requested",
    ),
    _count(
        "entries_per_worker",
        "entries per worker",
        NEITHER,
        "mean over the processes of the entries at the last reading",
    ),
    _bytes("cache_bytes", "cache size", NEITHER, "pickled values in the memory of all processes"),
    _bytes(
        "resident_bytes",
        "resident memory",
        NEITHER,
        "memory of all worker processes, with everything in it",
    ),
    _share(
        "shared_among_workers",
        "shared among workers",
        HIGHER,
        "of the lookups of what only others of the same server had stored, those that hit",
    ),
    _share(
        "shared_among_servers",
        "shared among servers",
        HIGHER,
        "of the lookups of what only workers of other servers had stored, those that hit",
    ),
    _share(
        "survives_restart",
        "survives a restart",
        HIGHER,
        "of the lookups of what only workers that ended had stored, those that hit",
    ),
    # What a lookup costs, and the long run.
    _share(
        "hit_rate_steady",
        "steady hit rate",
        HIGHER,
        "hit rate once the first timeout has passed; in brackets, for Poisson arrivals, "
        "lambda T / (N + lambda T) over all keys, from which a short trial deviates by some points",
    ),
    _seconds(
        "lookup_cost_s",
        "cost of a lookup",
        LOWER,
        "mean time of a lookup, with the origin and the store where it missed",
        min_effect=5e-6,
    ),
    _seconds(
        "hit_s",
        "cost of a hit",
        LOWER,
        "mean time of a lookup that hit, where backends were interleaved",
        min_effect=5e-6,
    ),
    # Pages and sessions.
    _share(
        "anonymous_first",
        "log-in lost on the first page",
        LOWER,
        "share of the first pages after a log-in that know nobody",
    ),
    _share("anonymous", "log-in lost", LOWER, "share of all pages after a log-in that know nobody"),
    _share(
        "stale_baskets",
        "stale baskets",
        LOWER,
        "share of the pages of those who are logged in whose basket lacks something",
    ),
    _share(
        "computed_first",
        "computed on the first visit",
        NEITHER,
        "share of the first visits to a page for which it was computed",
    ),
    _share(
        "computed_later",
        "computed again",
        LOWER,
        "share of the later visits to a page for which it was computed again",
    ),
    _factor(
        "first_over_later",
        "first over later visits",
        NEITHER,
        "median response time of first visits over that of later ones",
        timed=True,
    ),
    _seconds(
        "origin_first_s", "origin, first visit", LOWER, "mean time at the origin of a first visit"
    ),
    _seconds(
        "origin_later_s", "origin, later visits", LOWER, "mean time at the origin of a later visit"
    ),
    _share(
        "locmem_workers",
        "workers on LocMemCache",
        NEITHER,
        "share of the workers in which the cache was found to be LocMemCache",
    ),
    # What a read shows of earlier writes.
    _share("stale_reads", "stale reads", LOWER, "share of the reads that showed an old value"),
    _count(
        "values_shown",
        "values shown",
        LOWER,
        "most different values that were shown for one thing between two changes",
    ),
    _seconds(
        "stale_age_s",
        "longest staleness",
        LOWER,
        "longest time for which a change had not reached every reader",
    ),
    _share(
        "stale_early",
        "stale early",
        LOWER,
        "share of stale reads in the first half of the timeout after a change",
    ),
    _share("stale_late", "stale late", LOWER, "share of stale reads in its second half"),
    _share(
        "stale_after",
        "stale after the timeout",
        LOWER,
        "share of stale reads once the timeout has passed",
    ),
    _share(
        "found_own",
        "own writes found",
        NEITHER,
        "share found through one alias of what the same process wrote through another",
    ),
    _share(
        "found_others",
        "others' writes found",
        NEITHER,
        "share found of what only other processes wrote",
    ),
)

METRICS: Mapping[str, Metric] = {row.name: row for row in _ROWS}

ALIASES: Mapping[str, str] = {
    "failed": "failed_requests",
    "origin_calls_per_request": "origin_per_request",
    "cpu_per_request": "cpu_per_request_s",
    "request_median": "request_p50_s",
    "request_mean": "request_mean_s",
    "request_p90": "request_p90_s",
    "request_hit_median": "request_hit_p50_s",
    "request_miss_median": "request_miss_p50_s",
    "lookup_median": "lookup_p50_s",
}
"""Names that duels had for their metrics, in options and in recorded runs, and those of today."""


def current_name(name: str) -> str:
    """Return the name of today for a metric that had another; any other name as it is."""
    return ALIASES.get(name, name)
