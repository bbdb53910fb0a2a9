"""Ratios of times between trials that were up together and served by turns, round by round.

An absolute time on a shared machine drifts by more than most differences worth knowing. What
two trials have in common in a round cancels in the ratio of that round.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from harness.analysis.latency import (
    OUTCOMES,
    Timings,
    lookup_timings,
    request_timings,
    saturated,
    waited_since,
)
from harness.analysis.prepared import TrialData
from harness.analysis.series import grouped
from harness.analysis.summary import Comparison
from harness.arrays import Bools, Floats, Ints
from harness.setup import Setup
from harness.stats.interval import Interval, t_95

COPY = "copy"
"""Key of `varied` that distinguishes two trials of one backend, which compares with itself."""
ROUNDS_NEEDED = 8
SAMPLES_NEEDED = 10  # in a round of either trial; a median of fewer leans to one side
PREFERRED_BASE = "locmem"
STATISTICS = ("median", "mean")
METRICS = ("request", "lookup")


@dataclass(frozen=True, slots=True, kw_only=True)
class ByRound:
    """Times of one trial summed up for each of N rounds; nan where a round has none."""

    count: Ints  # [N]
    median: Floats  # [N]
    mean: Floats  # [N]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """One trial of a group: its label, and its times by (metric, outcome).

    The label is the backend, with its copy where the group has the backend twice.
    """

    label: str
    saturated: bool
    times: Mapping[tuple[str, str], ByRound]


def comparisons(trials: Sequence[TrialData]) -> tuple[Comparison, ...]:
    """Return every ratio of every group of two or more trials with more than one round.

    Requests before lookups, medians before means, in the order of the trials. Ratios above 1: the
    other is slower than the base, which is LocMem where it was measured, else the first trial.
    """
    found: list[Comparison] = []
    for setup, group in grouped(trials, lambda trial: trial[0].setup.without("backend", COPY)):
        rounds = max(int(samples.round.max(initial=-1)) for _, samples in group) + 1
        if len(group) > 1 and rounds > 1:
            found += _group(setup, group, rounds)
    return tuple(found)


def by_round(timings: Timings, rounds: int) -> ByRound:
    """Return count, median and mean of each of `rounds` rounds, from ascending timings."""
    # Radix sort by round keeps the times of a round ascending.
    order = np.argsort(
        timings.round.astype(np.uint16 if rounds < 2**16 else np.int64), kind="stable"
    )
    seconds = timings.seconds[order]
    count = np.bincount(timings.round, minlength=rounds)
    median, filled, first = np.full(rounds, np.nan), count > 0, np.cumsum(count) - count
    low, high = (first + (count - 1) // 2)[filled], (first + count // 2)[filled]
    median[filled] = (seconds[low] + seconds[high]) / 2
    with np.errstate(invalid="ignore"):
        mean = np.bincount(timings.round, weights=timings.seconds, minlength=rounds) / count
    return ByRound(count=count, median=median, mean=mean)


def paired_ratio(base: Floats, other: Floats, usable: Bools) -> tuple[Interval | None, int]:
    """Return the ratio other / base with its 95 % interval, and the rounds it is based on.

    All of [N], in the order of rounds. The trials serve by turns, AB BA AB ..., so each two
    rounds that follow each other make a block in which a steady drift cancels. Of each block the
    mean logarithm of its ratios is taken; over the blocks Student's t gives the interval, and
    what comes out is a geometric mean. A block with an unusable round is left out; no ratio below
    `ROUNDS_NEEDED` rounds.

    Chosen by its measured coverage, in 2,000 comparisons of a server with itself for each of 20
    kinds of noise: log-normal times with Pareto spikes, levels that drift and wander, times
    autocorrelated by 0.6 or 0.95, 8 to 60 rounds of 60 requests. The interval of medians held 1
    in 93.2 to 95.6 % of them, that of means in 94.2 to 96.8 %. Student's t over single rounds came
    down to 92.0 %, a studentised bootstrap over rounds to 91.3 %, a percentile bootstrap to 85 %,
    over pairs of rounds to 78 %: with few rounds the last two are too narrow.
    """
    blocks = len(base) // 2
    whole = np.flatnonzero(usable[: 2 * blocks].reshape(blocks, 2).all(axis=1))
    rows = np.stack([2 * whole, 2 * whole + 1])
    block = np.log(other[rows] / base[rows]).mean(axis=0)
    rounds = 2 * len(block)
    if rounds < ROUNDS_NEEDED:
        return None, rounds
    middle = float(block.mean())
    reach = t_95(len(block) - 1) * float(block.std(ddof=1)) / float(np.sqrt(len(block)))
    value, low, high = np.exp([middle, middle - reach, middle + reach]).tolist()
    return Interval(value=value, low=low, high=high), rounds


def _group(setup: Setup, group: Sequence[TrialData], rounds: int) -> list[Comparison]:
    contenders = [_contender(trial, group, rounds) for trial in group]
    names = [facts.backend for facts, _ in group]
    base = contenders.pop(names.index(PREFERRED_BASE) if PREFERRED_BASE in names else 0)
    return [
        _comparison(setup, base, other, metric, statistic, outcome)
        for other in contenders
        for metric in METRICS
        for statistic in STATISTICS
        for outcome in OUTCOMES
    ]


def _contender(trial: TrialData, group: Sequence[TrialData], rounds: int) -> Contender:
    facts, samples = trial
    twice = sum(other.backend == facts.backend for other, _ in group) > 1
    timings = {
        "request": request_timings(samples, waited_since(facts.load, samples)),
        "lookup": lookup_timings(samples),
    }
    return Contender(
        label=f"{facts.backend} (copy {facts.varied.get(COPY, '-')})" if twice else facts.backend,
        saturated=bool(saturated(facts.load, samples)),
        times={
            (metric, outcome): by_round(timings[metric].of(outcome), rounds)
            for metric in METRICS
            for outcome in OUTCOMES
        },
    )


def _comparison(
    setup: Setup,
    base: Contender,
    other: Contender,
    metric: str,
    statistic: str,
    outcome: str,
) -> Comparison:
    a, b = base.times[metric, outcome], other.times[metric, outcome]
    usable = np.minimum(a.count, b.count) >= SAMPLES_NEEDED
    ratio, rounds = paired_ratio(getattr(a, statistic), getattr(b, statistic), usable)
    behind = metric == "request" and (base.saturated or other.saturated)
    return Comparison(
        group=setup,
        base=base.label,
        other=other.label,
        metric=metric,
        statistic=statistic,
        outcome=outcome,
        ratio=None if behind else ratio,
        rounds=rounds,
        samples=int(a.count.sum() + b.count.sum()),
        withheld="saturated" if behind else "few-rounds" if rounds < ROUNDS_NEEDED else "",
    )
