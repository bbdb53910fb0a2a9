"""How hits and causes of misses look and read. Each has a glyph of its own beside its colour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.analysis.summary import Cause, TrialSummary

HIT = "hit"


@dataclass(frozen=True, slots=True)
class CauseStyle:
    """Glyph and colour in the picture, meaning in plain words."""

    glyph: str
    style: str
    meaning: str


# The sixteen colours of the terminal only, so that its own theme keeps them readable.
CAUSE_STYLES: dict[str, CauseStyle] = {
    HIT: CauseStyle("─", "green", "the cache that was asked had the answer"),
    Cause.FIRST: CauseStyle("░", "blue", "nobody had stored the key yet: any cache would miss it"),
    Cause.FRAGMENTATION: CauseStyle(
        "█", "red", "another worker had it, in memory that this one cannot see"
    ),
    Cause.RESTART: CauseStyle(
        "▚", "magenta", "an earlier worker had it and took it along when it ended"
    ),
    Cause.EXPIRED: CauseStyle("=", "cyan", "the stored answer had passed its timeout"),
    Cause.EVICTED: CauseStyle("▼", "yellow", "the cache was full and had dropped it"),
    Cause.DELETED: CauseStyle("x", "white", "the app itself had removed it"),
    Cause.UNEXPLAINED: CauseStyle(
        "?", "bold", "a replay of the requests says it should have been a hit"
    ),
}


def outcomes(trial: TrialSummary) -> Mapping[str, int]:
    """Return the lookups of a trial by outcome: hits first, then misses by cause."""
    known = {cause: trial.misses.get(cause, 0) for cause in CAUSE_STYLES if cause != HIT}
    return {HIT: trial.hits, **known}
