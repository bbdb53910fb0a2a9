"""Why times are not told: a server that fell behind, percentiles with too little beyond them."""

from __future__ import annotations

from collections.abc import Iterator

from harness.analysis.summary import LatencySummary, Times
from harness.stats.quantiles import BEYOND_NEEDED


def saturated_server(latency: LatencySummary | None) -> str | None:
    """Return how far behind the server fell, if it did."""
    if latency is None or latency.pace is None or latency.saturated != "server":
        return None
    pace = latency.pace
    return (
        f"the server did not keep up with {pace.asked_per_second:g} requests per second:"
        f" {pace.achieved_per_second or 0:.4g} were sent, {pace.late} of them late, by up to"
        f" {pace.worst_lag_s:.3g} s, so request times tell of the queue and are withheld"
    )


def percentile_withheld(latency: LatencySummary | None) -> str | None:
    """Return the percentiles with too few samples, where times are the question.

    They are in a trial of several rounds, or with an open loop.
    """
    if latency is None or not (latency.rounds > 1 or latency.pace):
        return None
    told = list(_withheld(latency))
    return f"fewer than {BEYOND_NEEDED} samples lie beyond {'; '.join(told)}" if told else None


def _withheld(latency: LatencySummary) -> Iterator[str]:
    kinds = {"lookups": latency.lookup, "requests": latency.request}
    for noun, kind in kinds.items():
        if noun == "requests" and latency.saturated:
            continue  # withheld as a whole, for another reason
        for words, times in {"": kind.all, "hit ": kind.hit, "miss ": kind.miss}.items():
            names = _without_value(times)
            if names:
                yield f"{', '.join(names)} of {times.count} {words}{noun}"


def _without_value(times: Times) -> list[str]:
    """Return the percentiles that have no value; none where nothing was timed at all."""
    unknown = [name for name, estimate in times.quantiles_s.items() if estimate is None]
    return unknown if times.count else []
