"""How long lookups and requests took, whether the load kept to its times, and ratios of times.

An absolute time on a shared machine drifts by more than most differences worth knowing. What two
trials that were up together have in common in a round cancels in the ratio of that round.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from harness.analysis.conclusions import grouped
from harness.analysis.prepared import TrialData
from harness.analysis.summary import Comparison, LatencySummary, Pace, Times, TimesByOutcome
from harness.arrays import Bools, Floats, Ints
from harness.record.facts import LoadFacts, TrialFacts
from harness.record.samples import Samples
from harness.setup import Setup
from harness.stats.interval import Interval, t_95
from harness.stats.quantiles import mean, quantile

MISS, HIT, NEITHER = 0, 1, -1
OUTCOMES = {"all": None, "hit": HIT, "miss": MISS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Timings:
    """Durations of n lookups or requests, ascending."""

    seconds: Floats  # [n]
    round: Ints  # [n]
    outcome: Ints  # [n] HIT, MISS, or NEITHER for a request without a lookup

    def of(self, outcome: str) -> "Timings":
        """Return those of one of `OUTCOMES`."""
        code = OUTCOMES[outcome]
        if code is None:
            return self
        rows = self.outcome == code
        return Timings(
            seconds=self.seconds[rows], round=self.round[rows], outcome=self.outcome[rows]
        )


def lookup_timings(samples: Samples) -> Timings:
    """Return the time of every lookup, as the worker took it."""
    return _timings(samples.lookup_s, samples.round[samples.request], samples.hit.astype(np.int64))


def request_timings(samples: Samples, since_s: Floats) -> Timings:
    """Return the time of every request that succeeded, from `since_s` [R] to the answer's end.

    A request is a hit if it looked something up and missed nothing. Failures, by the Locust file's
    verdict, are left out: an error page that comes immediately is no fast answer. A status that
    the Locust file accepts, such as 429, is no failure; a page that it could not read is one,
    whatever its status.
    """
    rows = (samples.status > 0) & ~samples.failed
    lookups = np.bincount(samples.request, minlength=samples.requests)
    misses = np.bincount(samples.request[~samples.hit], minlength=samples.requests)
    outcome = np.where(misses > 0, MISS, np.where(lookups > 0, HIT, NEITHER))
    return _timings((samples.done_s - since_s)[rows], samples.round[rows], outcome[rows])


def waited_since(load: LoadFacts, samples: Samples) -> Floats:
    """Return from when each request was waited for. [R]

    In an open loop that is when it was due; in a closed one no user wants it before it is sent.
    """
    return samples.sent_s if load.arrival_rate_per_second is None else samples.due_s


def _timings(seconds: Floats, number: Ints, outcome: Ints) -> Timings:
    order = np.argsort(seconds)
    return Timings(seconds=seconds[order], round=number[order], outcome=outcome[order])


LATE_S = 0.001
"""A request that was sent later than this after it was due started late."""
SATURATED_FROM = 0.9  # CPU seconds of the load generator per second of wall clock
RATE_KEPT = 0.95
"""Share of the scheduled rate that a server has to let through."""
GROWTH_BORNE = 0.05
"""Seconds by which the wait may grow per second: more is a queue that only gets longer.

A server that keeps up with a share s of the arrivals makes it grow by 1 - s.
"""
REQUESTS_NEEDED = 8  # in a round, to compare its end with its beginning


def pace(load: LoadFacts, samples: Samples) -> Pace | None:
    """Return how an open loop kept to its times; None for a closed one or without requests."""
    if load.arrival_rate_per_second is None or not samples.requests:
        return None
    lag_s = samples.sent_s - samples.due_s
    return Pace(
        asked_per_second=load.arrival_rate_per_second,
        achieved_per_second=_rate(samples, samples.sent_s),
        late=int(np.count_nonzero(lag_s > LATE_S)),
        worst_lag_s=float(max(lag_s.max(), 0.0)),
    )


def busy_share(load: LoadFacts) -> float:
    """Return the CPU seconds of the load generator per second; 0.0 where no time passed."""
    return load.cpu_s / load.wall_s if load.wall_s > 0 else 0.0


def saturated(load: LoadFacts, samples: Samples) -> str:
    """Return "generator" or "server", whichever could not keep up, or nothing.

    A busy generator comes first, since it makes any server look slow. A server can be judged from
    an open loop only: there it falls behind when requests leave at less than `RATE_KEPT` of the
    scheduled rate, or when the wait from due to done grows by more than `GROWTH_BORNE` within
    most rounds.
    """
    if busy_share(load) > SATURATED_FROM:
        return "generator"
    if load.arrival_rate_per_second is None:
        return ""
    # Against the schedule and not the nominal rate: random arrivals vary by themselves.
    scheduled, achieved = _rate(samples, samples.due_s), _rate(samples, samples.sent_s)
    slow = scheduled is not None and achieved is not None and achieved < RATE_KEPT * scheduled
    return "server" if slow or wait_growth(samples) > GROWTH_BORNE else ""


def wait_growth(samples: Samples) -> float:
    """Return by how many seconds per second the wait grew within a round: the median over rounds.

    Of each round, the median wait of the last quarter of requests against that of the first, so
    that single slow answers do not count. 0.0 without a round of `REQUESTS_NEEDED`.
    """
    growths = [
        _growth(samples.due_s[rows], samples.done_s[rows])
        for rows in _rounds(samples)
        if len(rows) >= REQUESTS_NEEDED
    ]
    return float(np.median(growths)) if growths else 0.0


def _growth(due_s: Floats, done_s: Floats) -> float:
    order = np.argsort(due_s, kind="stable")
    quarter = len(order) // 4
    first, last = order[:quarter], order[-quarter:]
    wait_s = done_s - due_s
    apart_s = float(np.median(due_s[last]) - np.median(due_s[first]))
    grown_s = float(np.median(wait_s[last]) - np.median(wait_s[first]))
    return grown_s / apart_s if apart_s > 0 else 0.0


def _rate(samples: Samples, at_s: Floats) -> float | None:
    """Return events per second within rounds; None where no time passed between any two."""
    spans_s = [float(np.ptp(at_s[rows])) for rows in _rounds(samples)]
    total_s = sum(spans_s)
    return (samples.requests - len(spans_s)) / total_s if total_s > 0 else None


def _rounds(samples: Samples) -> Iterator[Ints]:
    """Yield the rows of each round."""
    order = np.argsort(samples.round, kind="stable")
    bounds = np.flatnonzero(np.diff(samples.round[order])) + 1
    yield from (rows for rows in np.split(order, bounds) if len(rows))


QUANTILES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "p99.9": 0.999}


def latency(facts: TrialFacts, samples: Samples) -> LatencySummary | None:
    """Return the times of a trial; None without requests.

    The times of requests are withheld where load generator or server could not keep up: they
    would measure the queue. Those of lookups are taken inside the worker, and hold.
    """
    if not samples.requests:
        return None
    is_open = facts.load.arrival_rate_per_second is not None
    behind = saturated(facts.load, samples)
    request = request_timings(samples, waited_since(facts.load, samples))
    service = request_timings(samples, samples.sent_s) if is_open else None
    return LatencySummary(
        rounds=len(np.unique(samples.round)),
        lookup=_by_outcome(lookup_timings(samples)),
        request=_by_outcome(request, withheld=bool(behind)),
        service=_by_outcome(service, withheld=bool(behind)) if service else None,
        pace=pace(facts.load, samples),
        saturated=behind,
    )


def _by_outcome(timings: Timings, *, withheld: bool = False) -> TimesByOutcome:
    seconds = {name: timings.of(name).seconds for name in OUTCOMES}
    return TimesByOutcome(
        **{
            name: Times(
                count=len(own_s),
                mean_s=None if withheld else mean(own_s),
                quantiles_s={
                    part: None if withheld else quantile(own_s, p) for part, p in QUANTILES.items()
                },
            )
            for name, own_s in seconds.items()
        }
    )


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
