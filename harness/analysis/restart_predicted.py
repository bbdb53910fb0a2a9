"""Misses that the model expects of a restart: by cause, by difference, and against a control."""

from __future__ import annotations

import numpy as np

from harness.analysis.causes import (
    CAUSES,
    Outcomes,
    causes_by_alias,
    causes_by_process,
    replayed_by_alias,
    replayed_by_process,
)
from harness.analysis.model_input import ModelInput
from harness.analysis.predicted import SEED
from harness.analysis.prepared import PreparedTrial
from harness.analysis.summary import Cause
from harness.arrays import Floats
from harness.model.prediction import drawn_losses, drawn_misses, interval_of_draws
from harness.model.simulate import play
from harness.record.samples import Samples
from harness.stats.interval import Interval

RESTART = CAUSES.index(Cause.RESTART)
DRAWS_AT_MOST, DRAWS_AT_LEAST = 120, 5
LOOKUPS_AFFORDED = 360_000  # that all draws together may play and replay; about a second
BY_CAUSE, NET, WITH, WITHOUT = range(1, 5)  # streams of random numbers
NONE = Interval(value=0.0, low=0.0, high=0.0)


def expected_by_cause(reading: PreparedTrial, found: Outcomes) -> Interval | None:
    """Return the misses with cause `restart` under random routing; None if there is no model.

    Each draw is a whole trial: routed at random, answered by the model, and given its causes by
    the same rules as the measured one.
    """
    if reading.model_input is None:
        return None
    if not _loses(reading, found):
        return NONE
    rng = _stream(reading, BY_CAUSE)
    draws = [_restarts(reading, reading.model_input, found, rng) for _ in range(_draws(reading))]
    return interval_of_draws(np.array(draws, np.float64))


def expected_net(reading: PreparedTrial, found: Outcomes) -> Interval | None:
    """Return the misses beyond those of the same requests at the same workers without any end."""
    if reading.model_input is None:
        return None
    if not _loses(reading, found):
        return NONE
    model, sent_s = reading.model_input, reading.samples.sent_s
    rng = _stream(reading, NET)
    return interval_of_draws(drawn_losses(model.traces, sent_s, model.routing, rng, DRAWS_AT_MOST))


def expected_vs_control(reading: PreparedTrial, control: PreparedTrial) -> Interval | None:
    """Return the misses beyond those of the control, each routed at random by itself."""
    with_ends, without = _misses(reading, WITH), _misses(control, WITHOUT)
    if with_ends is None or without is None:
        return None
    draws = min(len(with_ends), len(without))
    return interval_of_draws(with_ends[:draws] - without[:draws])


def _loses(reading: PreparedTrial, found: Outcomes) -> bool:
    ends = reading.ends
    return len(ends.ended) > 0 if found.per_process else len(ends.emptied_s) > 0


def _draws(reading: PreparedTrial) -> int:
    afforded = LOOKUPS_AFFORDED // max(reading.samples.lookups, 1)
    return int(np.clip(afforded, DRAWS_AT_LEAST, DRAWS_AT_MOST))


def _restarts(
    reading: PreparedTrial, model: ModelInput, found: Outcomes, rng: np.random.Generator
) -> int:
    samples = _simulated(reading.samples, model, rng)
    missed = np.flatnonzero(~samples.hit)
    if found.per_process:
        own = replayed_by_process(samples, reading.cache_profiles)
        causes = causes_by_process(samples, own, reading.ends, missed)
    else:
        joint = replayed_by_alias(samples, reading.cache_profiles, reading.ends)
        causes = causes_by_alias(samples, joint, missed)
    return int(np.count_nonzero(causes == RESTART))


def _simulated(samples: Samples, model: ModelInput, rng: np.random.Generator) -> Samples:
    """Return the same requests at the same times, as the model answers them at random workers."""
    life = model.routing.draw(samples.sent_s, rng)
    hit, ttl_s = np.ones(samples.lookups, np.bool_), np.full(samples.lookups, np.nan)
    origin_s = np.full(samples.lookups, np.nan)
    for trace, rows in zip(model.traces, model.rows, strict=True):
        played = play(trace, life, rng)
        hit[rows] = played.hit
        missed = rows[~played.hit]
        ttl_s[missed] = played.ttl_s[~played.hit]
        # Such that the refill takes effect `delay_s` after the middle of the read.
        origin_s[missed] = played.delay_s[~played.hit] - samples.lookup_s[missed] / 2
    columns = {"life": life, "hit": hit, "origin_s": origin_s, "ttl_s": ttl_s}
    return Samples(**{**samples.columns(), **columns, "store_s": np.zeros(samples.lookups)})


def _misses(reading: PreparedTrial, stream: int) -> Floats | None:
    model = reading.model_input
    if model is None or not reading.samples.lookups:
        return None
    rng = _stream(reading, stream)
    sent_s = reading.samples.sent_s
    return drawn_misses(model.traces, sent_s, model.routing, rng, DRAWS_AT_MOST)


def _stream(reading: PreparedTrial, stream: int) -> np.random.Generator:
    return np.random.default_rng([SEED, reading.facts.number, stream])
