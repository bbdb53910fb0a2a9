"""What makes a run no valid measurement, as problems with a code."""

from __future__ import annotations

from harness.analysis.summary import Summary
from harness.errors import Problem

CODES = {
    "no-answer": "HX401",
    "unaccounted": "HX402",
    "all-failed": "HX406",
    "shared-clear": "HX407",
    "foreign-keys-added": "HX408",
}
"""The caveats that make a trial invalid, and the error each of them is."""
_HINTS = {
    "shared-clear": "unset HARNESS_REDIS_URL: on its own server each trial has a database",
    "foreign-keys-added": "give the cache KEY_PREFIX = {cache_prefix} through app.env, name a"
    " database that nobody else uses, or unset HARNESS_REDIS_URL",
}


def invalidity(summary: Summary) -> list[Problem]:
    """Return why a run cannot stand as a measurement; empty for one that can."""
    if summary.valid:
        return []
    problems = [
        Problem(
            code=CODES[caveat.code],
            where=f"{trial.backend}, {trial.workers} workers",
            what=caveat.text,
            hint=_HINTS.get(caveat.code, f"the logs in {summary.run_dir} may tell why"),
        )
        for trial in summary.trials
        for caveat in trial.caveats
        if caveat.code in CODES
    ]
    ended = Problem(
        code="HX405",
        where=summary.run_dir,
        what=f"ended after {len(summary.trials)} trials",
        hint="what ended it is told at the top of the report",
    )
    return problems or [ended]
