"""How long requests and lookups took: first as ratios between backends, then in absolute times.

And from which worker count a shared cache is cheaper: a sentence, the curve, and its figures.
"""

from collections.abc import Iterator, Sequence

from harness.analysis.latency import ROUNDS_NEEDED, SAMPLES_NEEDED
from harness.analysis.summary import (
    BreakEven,
    BreakEvenPoint,
    Comparison,
    LatencySummary,
    Pace,
    Summary,
    Times,
    TimesByOutcome,
    TrialSummary,
)
from harness.report.blocks import CostCurve, Heading, Prose, Section, Table
from harness.setup import setup_words
from harness.stats.quantiles import BEYOND_NEEDED
from harness.text import UNKNOWN, count, duration, durations, number_of, ratio, unit_for

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
    labels = trial_labels([trial for trial, _ in timed])
    named = list(zip(labels, (latency for _, latency in timed), strict=True))
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
    return [
        Prose(METRICS[found[0].metric], "strong"),
        Table(
            OUTCOMES,
            [
                (", ".join(filter(None, place)), [row.get(outcome, "") for outcome in OUTCOMES])
                for place, row in rows.items()
            ],
        ),
    ]


Named = Sequence[tuple[str, LatencySummary]]


def trial_labels(trials: Sequence[TrialSummary], *, with_backend: bool = True) -> list[str]:
    """Return a name for each of these trials, by what distinguishes them: "redis, 4 workers"."""
    setups = [trial.setup.without("backend") for trial in trials]
    return [
        ", ".join(filter(None, [trial.backend * with_backend, setup.words(setups)]))
        for trial, setup in zip(trials, setups, strict=True)
    ]


def _times(named: Named, metric: str, title: str) -> Section:
    rows = [
        row
        for name, latency in named
        for row in _rows(name, getattr(latency, metric), short=len(named) > MOST_TRIALS)
    ]
    if not rows:
        return []
    return [
        Prose(title, "strong"),
        Table(["count", "mean", *named[0][1].lookup.all.quantiles_s], rows),
    ]


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
    achieved = pace.achieved_per_second
    sent = "" if achieved is None else f", {achieved:,.1f} were sent"
    worst = f", the worst by {duration(pace.worst_lag_s)}" if pace.late else ""
    return (
        f"{pace.asked_per_second:,.1f} requests/s were due{sent};"
        f" {number_of(pace.late, 'late start')}{worst}."
    )


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


CAPTION = (
    "Mean cost of a lookup, with store and origin where it missed. By model: the hit rate that "
    "these keys have with that many equally busy workers, at the measured costs."
)
CROSSING = " <"
"""Marks the worker count from which the shared cache is cheaper."""
MEASURED_ONLY = (
    "Entries expired, were evicted or went with a worker, which the closed form does not know, so "
    "only the worker counts that were measured are shown."
)


def break_even_section(summary: Summary) -> Section:
    """Return a sentence for each pair of backends, and the curve of the only or the first one.

    Empty for a run that measured one worker count only: it asked something else, and its
    `result.json` has the figures.
    """
    found = summary.break_even
    if not found or len({trial.workers for trial in summary.trials}) < 2:
        return []
    setups = [one.group for one in found]
    return [
        Heading("Break-even", CAPTION),
        *(
            Prose(": ".join(filter(None, [setup_words(one.group, setups), one.conclusion])))
            for one in found
        ),
        *([] if found[0].modeled else [Prose(MEASURED_ONLY, "quiet")]),
        *_curve(found[0]),
        _figures(found[0]),
    ]


def _curve(found: BreakEven) -> Iterator[CostCurve]:
    """Yield the modeled curve at the worker counts of the table; none where there is no model."""
    points = [point for point in _points(found) if not point.measured]
    servers = found.group.get("servers", 1)
    if len(points) > 1:
        yield CostCurve(
            workers=[point.workers * servers for point in points],
            local_s=[point.local_s for point in points],
            shared_s=points[0].shared_s,
            names=(found.local, found.shared),
            crossing=found.from_workers and found.from_workers * servers,
        )


def _figures(found: BreakEven) -> Table:
    """Return costs by workers, modeled next to measured, with which is cheaper."""
    rows = _points(found)
    unit = unit_for(min(point.local_s, point.shared_s) for point in rows)
    return Table(
        (f"{found.local} [{unit}]", "measured", f"{found.shared} [{unit}]", "measured", "cheaper"),
        [_row(found, rows, number, unit) for number in sorted({point.workers for point in rows})],
    )


def _row(
    found: BreakEven, rows: Sequence[BreakEvenPoint], workers: int, unit: str
) -> tuple[str, Sequence[str]]:
    here = {point.measured: point for point in rows if point.workers == workers}
    costs = [
        duration(getattr(here[measured], cost), unit) if measured in here else UNKNOWN
        for cost in ("local_s", "shared_s")
        for measured in (False, True)
    ]
    point = here.get(False) or here[True]
    cheaper = found.shared if point.shared_s < point.local_s else found.local
    return number_of(workers, "worker"), [
        *costs,
        cheaper + CROSSING * (workers == found.from_workers),
    ]


def _points(found: BreakEven) -> list[BreakEvenPoint]:
    """Return all measured points, and the modeled ones there, at doublings and at the crossing."""
    numbers = {point.workers for point in found.points if point.measured}
    numbers |= {2**power for power in range(found.up_to.bit_length())}
    numbers |= {found.from_workers} if found.from_workers else set()
    return [point for point in found.points if point.workers in numbers]
