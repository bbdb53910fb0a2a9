"""What the numbers of a run show, in sentences, and no more than they show.

Trials are grouped to series that differ in nothing but their worker count. Computed once, with
the figures: a report only prints them, and `result.json` holds them.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from harness.analysis.summary import BreakEven, Figure, RestartSummary, Summary, TrialSummary
from harness.setup import Setup
from harness.text import count, duration, number_of, percent, rounded_points

T = TypeVar("T")
K = TypeVar("K")

STEADY_POINTS = 0.5
"""Hit rates that stay within this many points are reported as unchanged."""
ONE_CACHE = 0.99
"""A shared replay that explains this share of the lookups shows that there is one cache."""
COST = "lookup_cost_s"
CLEARLY_LESS = 0.8
"""Costs of two backends that lie closer together are no reason to choose one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialSeries:
    """Trials of one backend and one kind of server, by rising number of workers."""

    name: str
    backend: str
    axes: Setup
    trials: tuple[TrialSummary, ...]

    @property
    def per_process(self) -> bool:
        """Return whether each worker was found to keep a cache of its own."""
        return any(trial.per_process for trial in self.trials)


def grouped(trials: Iterable[T], key: Callable[[T], K]) -> list[tuple[K, list[T]]]:
    """Return the trials with equal keys together, in the order of the first of each group."""
    groups: list[tuple[K, list[T]]] = []
    for trial in trials:
        own = key(trial)
        group = next((group for known, group in groups if known == own), [])
        if not group:
            groups.append((own, group))
        group.append(trial)
    return groups


def series_of(trials: Sequence[TrialSummary]) -> tuple[TrialSeries, ...]:
    """Return the series of a run, in the order in which they first occur."""
    return tuple(
        TrialSeries(
            name=_name(group[0], trials),
            backend=group[0].backend,
            axes=axes(group[0]),
            trials=tuple(sorted(group, key=lambda trial: trial.workers)),
        )
        for _, group in grouped(trials, lambda trial: trial.setup.without("workers"))
    )


def _name(trial: TrialSummary, trials: Sequence[TrialSummary]) -> str:
    words = axis_words(axes(trial), trials)
    return f"{trial.backend} ({words})" if words else trial.backend


def axes(trial: TrialSummary) -> Setup:
    """Return what may differ between trials apart from backend and workers."""
    return trial.setup.without("backend", "workers")


def axis_words(axis: Setup, trials: Sequence[TrialSummary]) -> str:
    """Return words for those axes that differ anywhere in the run; "" where all agree."""
    return axis.words([axes(trial) for trial in trials])


def named_trials(trials: Sequence[TrialSummary]) -> Iterator[tuple[str, TrialSummary]]:
    """Yield every trial with a name for use in a sentence: "locmem, 4 workers"."""
    for series in series_of(trials):
        for trial in series.trials:
            yield f"{series.name}, {number_of(trial.workers, 'worker')}", trial


def conclusions(summary: Summary) -> tuple[str, ...]:
    """Return what the run shows: hit rates, what restarts lost, what LocMem costs.

    Hit rates are left out where a scenario is measured by its answers alone.
    """
    if not summary.valid:
        return ("This run is not valid, so no lesson is drawn from its numbers.",)
    if summary.evidence and not any(trial.lookups for trial in summary.trials):
        return ()
    everything = series_of(summary.trials)
    others = [series for series in everything if not series.per_process]
    alone = max((one for one in everything if one.per_process), key=_most_measured, default=None)
    if alone is None:
        hit_rates = [_sentence(_hit_rates(series, _nature(series))) for series in others]
    else:
        compared = "; ".join(
            _compared(series, alone) for series in others if series.axes == alone.axes
        )
        hit_rates = [_per_process(alone)]
        hit_rates += [_sentence(f"on the same requests, {compared}")] if compared else []
    return (*hit_rates, *loss_sentences(summary.trials), *cost_sentences(summary))


def loss_sentences(trials: Sequence[TrialSummary]) -> Iterator[str]:
    """Yield a sentence for each action, with the trial of most workers of each backend."""
    groups: dict[str, dict[str, RestartSummary]] = {}
    for trial in sorted(trials, key=lambda trial: trial.workers):
        if trial.restart:
            group = groups.setdefault(trial.setup.varied_label or trial.restart.do, {})
            group[trial.backend] = trial.restart
    for title, group in groups.items():
        yield f"With {title}, {', and '.join(_loss(*one) for one in group.items())}."


def cost_sentences(summary: Summary) -> list[str]:
    """Return for each trial with a cache per process how it compares with its shared counterpart.

    Empty for a scenario that does not ask for the cost of a lookup.
    """
    if COST not in summary.evidence:
        return []
    everything = series_of(summary.trials)
    return [
        _cost_sentence(trial, other, axis_words(own.axes, summary.trials))
        for own in everything
        if own.per_process
        for shared in everything
        if not shared.per_process and shared.axes == own.axes
        for trial in own.trials
        for other in shared.trials
        if other.workers == trial.workers
    ]


def break_even_sentence(found: BreakEven) -> str:
    """Return what hits, misses and the origin cost, and with how many workers which cache wins."""
    return (
        f"A hit takes {duration(found.local_cost.hit_s)} in {found.local} and "
        f"{duration(found.shared_cost.hit_s)} in {found.shared}, and a miss "
        f"{duration(found.origin_s)} at the origin: {_crossing(found)}."
    )


def _per_process(series: TrialSeries) -> str:
    measured, hit_rates = _measured(series), _hit_rates(series)
    if not measured:
        return _sentence(hit_rates)
    most = measured[-1]
    where = "" if most.workers == measured[0].workers else f"with {count(most.workers)} workers, "
    return _sentence(f"{hit_rates}; {where}{_fragmentation(most)}")


def _compared(series: TrialSeries, other: TrialSeries) -> str:
    """Return the hit rates of a series, without its worker counts where `other` has the same."""
    span, hit_rates = _span(series), _hit_rates(series, _nature(series))
    return hit_rates.removeprefix(f"{span}, ") if span == _span(other) else hit_rates


def _hit_rates(series: TrialSeries, nature: str = "") -> str:
    """Return what the hit rate did from the lowest to the highest worker count."""
    name, trials = series.name + nature, _measured(series)
    if not trials:
        return f"{name} answered no lookup, so its hit rate is unknown"
    if trials[0].workers == trials[-1].workers:
        rates = " and ".join(dict.fromkeys(percent(trial.hit_rate) for trial in trials))
        return f"{_span(series)} (the only count measured), the hit rate of {name} was {rates}"
    return f"{_span(series)}, the hit rate of {name} {_change(trials)}"


def _span(series: TrialSeries) -> str:
    """Return the worker counts that were measured; empty if none was."""
    workers = [trial.workers for trial in _measured(series)]
    if not workers:
        return ""
    first = number_of(workers[0], "worker")
    return f"with {first}" if workers[0] == workers[-1] else f"from {first} to {count(workers[-1])}"


def _change(trials: Sequence[TrialSummary]) -> str:
    """Return how a hit rate changed over several worker counts, in the figures that are shown."""
    rates = [trial.hit_rate for trial in trials if trial.hit_rate is not None]
    shown = [rounded_points(rate) for rate in rates]
    low, high = percent(min(rates)), percent(max(rates))
    if max(shown) - min(shown) <= STEADY_POINTS:
        return f"stayed at {low}" if low == high else f"stayed between {low} and {high}"
    first, last = percent(rates[0]), percent(rates[-1])
    if first == last:
        return f"was {first} at both ends, and between {low} and {high} on the way"
    moved = "fell" if shown[-1] < shown[0] else "rose"
    return f"{moved} by {abs(shown[-1] - shown[0]):.1f} points, from {first} to {last}"


def _fragmentation(trial: TrialSummary) -> str:
    """Return how many of a trial's misses another worker could have answered."""
    misses, fragmented = trial.lookups - trial.hits, trial.misses.get("fragmentation", 0)
    if not misses:
        return "no lookup missed"
    if not fragmented:
        return f"none of its {count(misses)} misses was fragmentation"
    return (
        f"fragmentation caused {count(fragmented)} of the {count(misses)} misses: another worker "
        "already had the answer"
    )


def _nature(series: TrialSeries) -> str:
    """Return that workers share one cache where the replays show it, else nothing."""
    explained = [trial.explained for trial in series.trials if trial.explained]
    shared = all(one.shared >= ONE_CACHE for one in explained)
    shown = any(one.shared > one.per_process for one in explained)
    return ", one cache for all workers," if shared and shown else ""


def _most_measured(series: TrialSeries) -> tuple[int, bool]:
    """Return how many worker counts a series has, and whether nothing was restarted."""
    measured = _measured(series)
    return len({trial.workers for trial in measured}), not any(one.restart for one in measured)


def _measured(series: TrialSeries) -> list[TrialSummary]:
    return [trial for trial in series.trials if trial.hit_rate is not None]


def _sentence(text: str) -> str:
    """Return a full sentence; a capital only for a word of ours, as names keep their case."""
    word = text.split(" ", 1)[0]
    return (word.capitalize() if word in ("from", "on", "with") else word) + text[len(word) :] + "."


def _loss(backend: str, restart: RestartSummary) -> str:
    if not restart.entries_lost:
        return f"{backend} lost nothing"
    return (
        f"{backend} lost {number_of(restart.entries_lost, 'cached answer')}, which caused"
        f" {number_of(restart.misses_by_cause, 'miss')}"
    )


def _cost_sentence(own: TrialSummary, other: TrialSummary, words: str) -> str:
    mine, theirs = (trial.measures.get(COST, Figure()).value for trial in (own, other))
    where = ", ".join(filter(None, [number_of(own.workers, "worker"), words]))
    if mine is None or theirs is None:
        return f"With {where} the cost of a lookup is unknown."
    verdict = "Harmless here" if mine <= CLEARLY_LESS * theirs else "No gain here"
    return (
        f"{verdict}: with {where} a lookup took {duration(mine)} with {own.backend} and"
        f" {duration(theirs)} with {other.backend}, misses included, at hit rates of"
        f" {percent(own.hit_rate)} and {percent(other.hit_rate)}."
    )


def _crossing(found: BreakEven) -> str:
    if found.from_workers is None:
        text = f"up to {number_of(found.up_to, 'worker')}, {found.local} stays cheaper per lookup"
    elif found.from_workers == 1:
        text = f"{found.shared} is cheaper per lookup with any number of workers"
    else:
        text = (
            f"{found.shared} is cheaper per lookup with {count(found.from_workers)} or more workers"
        )
    if not found.bounded:
        return text
    # No bound: it lies beyond the last number.
    low, high = (
        f"beyond {count(found.up_to)}" if bound is None else count(bound)
        for bound in (found.low, found.high)
    )
    return f"{text} (95 % interval {low if found.low is None else f'{low} to {high}'})"
