"""Doubts about workers: those that never served, and those that ended though nobody asked."""

from __future__ import annotations

from collections.abc import Sequence

from harness.analysis.ends import Ends
from harness.analysis.summary import LifeSummary
from harness.record.facts import LifeFacts, TrialFacts

NAMED_AT_MOST = 4  # workers that a sentence lists


def silent_worker(facts: TrialFacts, lives: Sequence[LifeSummary]) -> str | None:
    """Tell of places that never served; one whose last worker came too late to serve has."""
    heard = {(life.server, life.slot) for life in lives if life.requests}
    silent = dict.fromkeys(
        f"{life.server}.{life.slot}"
        for life in facts.lives
        if life.tally.get("ready", 0) and (life.server, life.slot) not in heard
    )
    if not silent:
        return None
    return f"{len(silent)} ready workers served no request: {', '.join(silent)} (server.slot)"


def worker_replaced(facts: TrialFacts, lives: Sequence[LifeSummary], ends: Ends) -> str | None:
    """Tell of lives that ended though no action ended them and none was to be recycled."""
    gone = [
        f"{life.server}.{life.slot} generation {life.generation} (pid {life.pid})"
        for life in _unasked(facts, lives, ends)
    ]
    if not gone:
        return None
    noun = "worker" if len(gone) == 1 else "workers"
    more = f" and {len(gone) - NAMED_AT_MOST} more" if len(gone) > NAMED_AT_MOST else ""
    named = ", ".join(gone[:NAMED_AT_MOST])
    return f"{len(gone)} {noun} ended without being asked to: {named}{more} (server.slot)"


def _unasked(
    facts: TrialFacts, lives: Sequence[LifeSummary], ends: Ends
) -> Sequence[LifeFacts | LifeSummary]:
    if facts.setup["max_requests"]:
        return []
    if facts.actions:
        return [lives[row] for row in ends.unexpected.tolist()]
    # Whoever was followed had ended, even before it served.
    last: dict[tuple[int, int], int] = {}
    for life in facts.lives:
        place = (life.server, life.slot)
        last[place] = max(life.generation, last.get(place, 0))
    return [life for life in facts.lives if life.generation < last[life.server, life.slot]]
