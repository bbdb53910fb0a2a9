"""How long requests and lookups took: first as ratios between backends, then in absolute times."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.analysis.comparison import ROUNDS_NEEDED, SAMPLES_NEEDED
from harness.analysis.summary import (
    Comparison,
    LatencySummary,
    Pace,
    Summary,
    Times,
    TimesByOutcome,
    TrialSummary,
)
from harness.report.blocks import Heading, Prose, Section, Table
from harness.setup import setup_words
from harness.stats.quantiles import BEYOND_NEEDED
from harness.text import count, duration, durations, number_of, ratio, unit_for

OUTCOMES = ("all", "hit", "miss")
METRICS = {
    "request": "Requests, at the client",
    "service": "Requests, from the sending",
    "lookup": "Lookups, in the worker",
}
COMPARED = (
    "Time over that of {base}, which was up at the same time and served the same requests, "
    "interleaved; with its 95 % interval. Above 1 is slower; an interval that holds 1 shows no "
    "difference."
)
ABSOLUTE = (
    "Raw times with 95 % intervals, for this machine on this day. A request is a hit when all its "
    "lookups hit."
)
REASONS = {
    "few-rounds": (
        f"withheld: fewer than {ROUNDS_NEEDED} rounds in which each trial had {SAMPLES_NEEDED} "
        "or more of these"
    ),
    "saturated": "withheld: the load generator or the server could not keep up",
    "few-samples": f"withheld: fewer than {BEYOND_NEEDED} lie beyond this percentile",
    "generator": "withheld for requests: the load generator could not keep up",
    "server": "withheld for requests: the server could not keep up",
}
MOST_TRIALS = 6
"""With more trials than this, hits and misses apart are left to result.json."""


def ratios_sections(summary: Summary) -> Iterator[Section]:
    """Yield the ratios of every pair of backends, a section for each base."""
    for base in dict.fromkeys(one.base for one in summary.comparisons):
        mine = [one for one in summary.comparisons if one.base == base]
        yield [
            Heading(f"Compared with {base}", COMPARED.format(base=base)),
            *(
                block
                for metric in dict.fromkeys(one.metric for one in mine)
                for block in _ratios([one for one in mine if one.metric == metric])
            ),
            *_reasons([one.withheld for one in mine if one.withheld]),
        ]


def times_section(summary: Summary) -> Section:
    """Return the times of each trial; empty for a run that was not served in rounds."""
    timed = [(trial, trial.latency) for trial in summary.trials if trial.latency]
    if not any(latency.rounds > 1 or latency.pace for _, latency in timed):
        return []
    named = list(_named(timed))
    return [
        Heading("Times", ABSOLUTE),
        *(block for metric, title in METRICS.items() for block in _times(named, metric, title)),
        *(Prose(f"{name}: {_pace(one.pace)}") for name, one in named if one.pace),
        *_reasons(_withheld(named)),
    ]


def _ratios(found: Sequence[Comparison]) -> Section:
    """Return the ratios of one metric: a row for each pair, set-up and statistic."""
    rows: dict[tuple[str, str, str], dict[str, str]] = {}
    setups = [one.group for one in found]
    for one in found:
        place = (one.other, setup_words(one.group, setups), one.statistic)
        rows.setdefault(place, {})[one.outcome] = ratio(one.ratio)
    cells = [
        (", ".join(filter(None, place)), [row.get(outcome, "") for outcome in OUTCOMES])
        for place, row in rows.items()
    ]
    return [Prose(METRICS[found[0].metric], "strong"), Table(OUTCOMES, cells)]


Named = Sequence[tuple[str, LatencySummary]]


def _named(
    timed: Sequence[tuple[TrialSummary, LatencySummary]],
) -> Iterator[tuple[str, LatencySummary]]:
    """Yield the times of each trial with its name: "redis, 4 workers"."""
    setups = [trial.setup.without("backend") for trial, _ in timed]
    for (trial, latency), setup in zip(timed, setups, strict=True):
        yield ", ".join(filter(None, [trial.backend, setup_words(setup, setups)])), latency


def _times(named: Named, metric: str, title: str) -> Section:
    rows = [
        row
        for name, latency in named
        for row in _rows(name, getattr(latency, metric), short=len(named) > MOST_TRIALS)
    ]
    heads = ["count", "mean", *named[0][1].lookup.all.quantiles_s]
    return [Prose(title, "strong"), Table(heads, rows)] if rows else []


def _rows(
    name: str, times: TimesByOutcome | None, *, short: bool
) -> Iterator[tuple[str, Sequence[str]]]:
    """Yield a row for each outcome that occurred, in the unit of its median."""
    if times is None:
        return
    for outcome in OUTCOMES[:1] if short else OUTCOMES:
        one: Times = getattr(times, outcome)
        if one.count:
            estimates = [one.mean_s, *one.quantiles_s.values()]
            unit = unit_for(known.value for known in estimates if known)
            label = name if short else f"{name}, {outcome}"
            yield f"{label} [{unit}]", [count(one.count), *(durations(e, unit) for e in estimates)]


def _pace(pace: Pace) -> str:
    late = number_of(pace.late, "late start")
    worst = f", the worst by {duration(pace.worst_lag_s)}" if pace.late else ""
    achieved = pace.achieved_per_second
    sent = "" if achieved is None else f", {achieved:,.1f} were sent"
    return f"{pace.asked_per_second:,.1f} requests/s were due{sent}; {late}{worst}."


def _withheld(named: Named) -> list[str]:
    """Return the reasons why any time is withheld."""
    few = any(
        estimate is None
        for _, latency in named
        for kind in (latency.lookup, None if latency.saturated else latency.request)
        if kind is not None
        for times in (kind.all, kind.hit, kind.miss)
        if times.count
        for estimate in times.quantiles_s.values()
    )
    return ["few-samples"] * few + [latency.saturated for _, latency in named if latency.saturated]


def _reasons(codes: Sequence[str]) -> Section:
    return [Prose(REASONS[code], "quiet") for code in dict.fromkeys(codes)]
