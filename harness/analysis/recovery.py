"""The hit rate over the trace in windows: before an action, at its lowest, and when it was back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.analysis.ends import NOBODY
from harness.analysis.prepared import PreparedTrial
from harness.analysis.summary import Recovery
from harness.arrays import Floats
from harness.record.samples import Samples

WINDOWS, SMALLEST = 30, 20
"""A window is a thirtieth of the trace, but no less than so many requests."""
WINDOWS_BEFORE = 3
LEVELS = (0.90, 0.95)

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
    hits = np.bincount(step, weights=samples.hit, minlength=steps)
    lookups = np.bincount(step, minlength=steps)
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


def lowest(told: Curve, step: int) -> float | None:
    """Return the lowest rate of the windows from `step` on; None without any."""
    return min((rate for start, rate in told if start >= step), default=None)


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
    action, lost = reading.facts.actions[0], _loss_step(reading)
    end = course.steps - course.window + 1
    for start in range(lost, end):
        rate = course.hit_rate(start, start + course.window)
        if rate is None or rate < level * before:
            continue
        if start == lost:
            return Recovery(level=level, requests=0, seconds=0.0)
        seconds = _sent_s(reading.samples, start) - action.started_s
        return Recovery(level=level, requests=start - action.step, seconds=max(seconds, 0.0))
    return Recovery(level=level, requests=None, seconds=None)


def _loss_step(reading: PreparedTrial) -> int:
    """Return the first step that was sent after all that the actions took was gone."""
    actions, ends = reading.facts.actions, reading.ends
    gone_s = [*ends.until_s[ends.action != NOBODY].tolist(), *ends.emptied_s.tolist()]
    samples = reading.samples
    after = samples.step[samples.sent_s >= max(gone_s, default=actions[0].started_s)]
    return max(actions[0].step, int(after.min(initial=samples.step.max(initial=0))))


def _sent_s(samples: Samples, step: int) -> float:
    """Return when the first request from `step` on was sent."""
    return float(samples.sent_s[samples.step >= step].min())
