"""What a restart lost: entries, misses next to their prediction, requests, and time to recover."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from harness.analysis.causes import RESTART, Outcomes, causes_of, replayed
from harness.analysis.lives import NOBODY, LifeAccount
from harness.analysis.prepared import SEED, ModelInput, PreparedTrial
from harness.analysis.summary import Recovery, RestartSummary
from harness.arrays import Floats
from harness.model.locmem import State
from harness.model.simulate import drawn_losses, drawn_misses, interval_of_draws, play
from harness.record.samples import Samples
from harness.stats.interval import Interval

WINDOWS, SMALLEST = 30, 20
"""A window is a thirtieth of the trace, but no fewer requests than this."""
WINDOWS_BEFORE = 3
LEVELS = (0.90, 0.95)
# What ended workers where no action did: Gunicorn's own setting, or nobody knows what.
RECYCLED, DIED = "max-requests", "died"

Curve = tuple[tuple[int, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CumulativeCounts:
    """Hits and lookups before each step of a trace of R steps. [R + 1], from 0 on"""

    hits: Floats
    lookups: Floats

    @property
    def steps(self) -> int:
        return len(self.hits) - 1

    @property
    def window(self) -> int:
        """Return how many steps a window has."""
        return max(1, min(max(self.steps // WINDOWS, SMALLEST), self.steps))

    def hit_rate(self, first: int, last: int) -> float | None:
        """Return the hit rate of the steps from `first` to before `last`; None without lookups."""
        first = max(first, 0)
        lookups = self.lookups[last] - self.lookups[first]
        return float((self.hits[last] - self.hits[first]) / lookups) if lookups else None


def course(samples: Samples) -> CumulativeCounts:
    """Return the course of the hits over the trace."""
    steps = int(samples.step.max(initial=-1)) + 1
    step = samples.step[samples.request]
    hits, lookups = (np.bincount(step, weights, steps) for weights in (samples.hit, None))
    return CumulativeCounts(
        hits=np.append(0.0, np.cumsum(hits)), lookups=np.append(0.0, np.cumsum(lookups))
    )


def curve(course: CumulativeCounts, anchor: int) -> Curve:
    """Return (first step, hit rate) of windows side by side, one of which begins at `anchor`."""
    starts = range(anchor % course.window, course.steps - course.window + 1, course.window)
    rates = ((start, course.hit_rate(start, start + course.window)) for start in starts)
    return tuple((start, rate) for start, rate in rates if rate is not None)


def rate_before(course: CumulativeCounts, step: int) -> float | None:
    """Return the hit rate of the last windows before `step`; None without lookups there."""
    return course.hit_rate(step - WINDOWS_BEFORE * course.window, step)


def lowest(windows: Curve, step: int) -> float | None:
    """Return the lowest rate of the windows from `step` on; None without any."""
    return min((rate for start, rate in windows if start >= step), default=None)


def recoveries(
    reading: PreparedTrial, course: CumulativeCounts, before: float | None
) -> tuple[Recovery, ...]:
    """Return for each of `LEVELS` when a window had the hit rate back; empty if none was known.

    Looked for from the loss on, which comes some requests after the action: until the last of the
    workers that it ended is gone, the hit rate is still the old one.
    """
    if before is None:
        return ()
    return tuple(_recovery(reading, course, level, before) for level in LEVELS)


def _recovery(
    reading: PreparedTrial, course: CumulativeCounts, level: float, before: float
) -> Recovery:
    action, samples, lost = reading.facts.actions[0], reading.samples, _loss_step(reading)
    for start in range(lost, course.steps - course.window + 1):
        rate = course.hit_rate(start, start + course.window)
        if rate is None or rate < level * before:
            continue
        if start == lost:
            return Recovery(level=level, requests=0, seconds=0.0)
        seconds = float(samples.sent_s[samples.step >= start].min()) - action.started_s
        return Recovery(level=level, requests=start - action.step, seconds=max(seconds, 0.0))
    return Recovery(level=level, requests=None, seconds=None)


def _loss_step(reading: PreparedTrial) -> int:
    """Return the first step that was sent after all that the actions took was gone."""
    action, ends, samples = reading.facts.actions[0], reading.ends, reading.samples
    gone_s = [*ends.until_s[ends.action != NOBODY].tolist(), *ends.emptied_s.tolist()]
    after = samples.step[samples.sent_s >= max(gone_s, default=action.started_s)]
    return max(action.step, int(after.min(initial=samples.step.max(initial=0))))


DRAWS_AT_MOST, DRAWS_AT_LEAST = 120, 5
LOOKUPS_AFFORDED = 360_000  # that all draws together may play and replay; about a second
BY_CAUSE, NET, WITH, WITHOUT = range(1, 5)  # streams of random numbers
NONE = Interval(value=0.0, low=0.0, high=0.0)


def expected_losses(
    reading: PreparedTrial, found: Outcomes
) -> tuple[Interval | None, Interval | None]:
    """Return the misses to expect by cause and net, under random routing; None without a model.

    By cause: those with cause `restart`. Each draw is a whole trial: routed at random, answered by
    the model, and given its causes by the same rules as the measured one. Net: those beyond the
    misses of the same requests at the same workers without any end.
    """
    model, samples = reading.model_input, reading.samples
    if model is None:
        return None, None
    if not len(reading.ends.ended if found.replayed.per_process else reading.ends.emptied_s):
        return NONE, NONE
    afforded = LOOKUPS_AFFORDED // max(samples.lookups, 1)
    draws = range(int(np.clip(afforded, DRAWS_AT_LEAST, DRAWS_AT_MOST)))
    rng = _stream(reading, BY_CAUSE)
    restarts = np.array([_restarts(reading, model, found, rng) for _ in draws], np.float64)
    rng = _stream(reading, NET)
    losses = drawn_losses(model.traces, samples.sent_s, model.routing, rng, DRAWS_AT_MOST)
    return interval_of_draws(restarts), interval_of_draws(losses)


def expected_vs_control(reading: PreparedTrial, control: PreparedTrial) -> Interval | None:
    """Return the misses beyond those of the control, each routed at random by itself."""
    with_ends, without = _misses(reading, WITH), _misses(control, WITHOUT)
    if with_ends is None or without is None:
        return None
    draws = min(len(with_ends), len(without))
    return interval_of_draws(with_ends[:draws] - without[:draws])


def _restarts(
    reading: PreparedTrial, model: ModelInput, found: Outcomes, rng: np.random.Generator
) -> int:
    """Return the misses with cause `restart` in one random draw of the trial."""
    samples, ends = _simulated(reading.samples, model, rng), reading.ends
    drawn = replayed(samples, reading.cache_profiles, ends, per_process=found.replayed.per_process)
    causes = causes_of(samples, drawn, ends, np.flatnonzero(~samples.hit))
    return int(np.count_nonzero(causes == RESTART))


def _simulated(samples: Samples, model: ModelInput, rng: np.random.Generator) -> Samples:
    """Return the same requests at the same times, as the model answers them at random workers."""
    life = model.routing.draw(samples.sent_s, rng)
    hit, ttl_s = np.ones(samples.lookups, np.bool_), np.full(samples.lookups, np.nan)
    origin_s = np.full(samples.lookups, np.nan)
    for trace, rows in zip(model.traces, model.rows, strict=True):
        hit[rows], refill_delay_s, refill_ttl_s = play(trace, life, rng)
        # Such that the refill takes effect that much after the middle of the read.
        origin_s[rows] = refill_delay_s - samples.lookup_s[rows] / 2
        ttl_s[rows] = refill_ttl_s
    ttl_s[hit], origin_s[hit] = np.nan, np.nan
    store_s = np.zeros(samples.lookups)
    return replace(samples, life=life, hit=hit, origin_s=origin_s, ttl_s=ttl_s, store_s=store_s)


def _misses(reading: PreparedTrial, stream: int) -> Floats | None:
    model = reading.model_input
    if model is None or not reading.samples.lookups:
        return None
    sent_s, rng = reading.samples.sent_s, _stream(reading, stream)
    return drawn_misses(model.traces, sent_s, model.routing, rng, DRAWS_AT_MOST)


def _stream(reading: PreparedTrial, stream: int) -> np.random.Generator:
    return np.random.default_rng([SEED, reading.facts.number, stream])


def restart_summary(
    reading: PreparedTrial,
    found: Outcomes,
    accounts: Sequence[LifeAccount],
    control: PreparedTrial | None = None,
) -> RestartSummary | None:
    """Return what was lost in a trial; None where nothing was done and no life ended.

    `control` is the same trial without it, as of `prepared.control_of`.
    """
    facts, samples, ends = reading.facts, reading.samples, reading.ends
    if not facts.actions and not len(ends.ended):
        return None
    done = " + ".join(dict.fromkeys(action.do for action in facts.actions))
    lost, keys = entries_lost(reading, found)
    restarts = found.missed[found.causes == RESTART]
    by_cause, net = expected_losses(reading, found)
    step = facts.actions[0].step if facts.actions else None
    over = course(samples)
    windows = curve(over, step or 0)
    before = rate_before(over, step) if step is not None else None
    misses = np.count_nonzero(~samples.hit)
    return RestartSummary(
        do=done or (RECYCLED if facts.setup["max_requests"] else DIED),
        step=step,
        workers_ended=len(ends.ended),
        entries_lost=lost,
        keys_lost=keys,
        misses_by_cause=len(restarts),
        predicted_by_cause=by_cause,
        misses_vs_control=int(misses - np.count_nonzero(~control.samples.hit)) if control else None,
        predicted_vs_control=expected_vs_control(reading, control) if control else None,
        predicted=net,
        origin_s_again=float(np.nansum(samples.origin_s[restarts])),
        requests_failed=int(np.count_nonzero(samples.failed)),
        requests_lost_in_flight=sum(account.died for account in accounts),
        hit_rate_before=before,
        hit_rate_dip=lowest(windows, step) if step is not None else None,
        recovery=recoveries(reading, over, before),
        window=over.window,
        curve=windows,
    )


def entries_lost(reading: PreparedTrial, found: Outcomes) -> tuple[int, int]:
    """Return live entries at the ends of their caches, and how many different ones they were.

    An entry is a (cache, key) pair in one life, or between two times that a shared cache was
    emptied. (0, 0) where nothing ended.
    """
    entries, aliases = found.replayed.entries, max(len(reading.samples.caches), 1)
    pair = np.unique(entries.instance * entries.keys + entries.key)
    store, key = np.divmod(pair, max(entries.keys, 1))
    end_s = reading.ends.until_s if found.replayed.per_process else reading.ends.emptied_s
    # Lookups of no known life have a store below 0, which the last place stands for: no end.
    end_s = np.append(end_s, np.inf)[np.maximum(store // aliases, -1)]
    ended = np.isfinite(end_s)
    # A write at the very moment of the end was in time.
    at_s = np.nextafter(end_s[ended], np.inf)
    live = entries.states(store[ended], key[ended], at_s) == State.HELD
    alias = store[ended][live] % aliases
    return int(np.count_nonzero(live)), len(np.unique(alias * entries.keys + key[ended][live]))
