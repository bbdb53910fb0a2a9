"""What a lookup costs with its origin, and the hit rate under a timeout in the long run."""

import numpy as np

from harness.analysis.break_even import mean_lookup_s
from harness.analysis.measures.measure import Measure
from harness.analysis.prepared import PreparedTrial
from harness.arrays import Ints
from harness.model.closed_forms import hit_rate_with_timeout


def lookup_cost_s(trial: PreparedTrial) -> float | None:
    """Return the mean seconds of a lookup, with origin and store where it missed.

    None for a trial that was served in one round: times are reported of interleaved trials only.
    """
    return mean_lookup_s(trial.samples) if _interleaved(trial) and trial.samples.lookups else None


def hit_s(trial: PreparedTrial) -> float | None:
    """Return the mean seconds of a lookup that hit; None where none did, and as above."""
    hits = trial.samples.lookup_s[trial.samples.hit]
    return float(hits.mean()) if _interleaved(trial) and len(hits) else None


def _interleaved(trial: PreparedTrial) -> bool:
    return int(trial.samples.round.max(initial=0)) > 0


def steady_hit_rate(trial: PreparedTrial) -> float | None:
    """Return the hit rate of the lookups that came a timeout or more after the first request.

    None where the long run is not what was measured: requests that come as fast as they are
    answered, entries that have no common timeout or are culled before, workers that came and
    went, or less than two timeouts of load.
    """
    timeout_s, samples = _timeout_s(trial), trial.samples
    if timeout_s is None:
        return None
    later = samples.at_s >= samples.sent_s[0] + timeout_s
    return float(samples.hit[later].mean()) if later.any() else None


def closed_form(trial: PreparedTrial, stores: Ints) -> float | None:
    """Return sum_j w_j sum_k q_k l_jk T / (1 + l_jk T), l_jk = w_j q_k L: nothing is drawn.

    Of N even shares w_j that is the sum over keys of q_k l_k T / (N + l_k T), l_k = q_k L. Where
    `stores` are several, the w_j are the measured shares of the workers; the q_k are the shares of
    the keys in this trace, L its rate of arrival.
    """
    timeout_s, samples = _timeout_s(trial), trial.samples
    if timeout_s is None:
        return None
    popularity = np.bincount(samples.key) / samples.lookups
    per_second = samples.lookups / float(samples.sent_s[-1] - samples.sent_s[0])
    several = bool((stores != stores[0]).any())
    shares = [life.share for life in trial.lives if life.requests] if several else [1.0]
    return sum(
        share * hit_rate_with_timeout(popularity, 1, share * per_second, timeout_s)
        for share in shares
    )


def _timeout_s(trial: PreparedTrial) -> float | None:
    """Return the common lifetime of all entries; None where the closed form does not hold."""
    samples, model_input = trial.samples, trial.model_input
    lifetimes = np.unique(samples.ttl_s[~np.isnan(samples.ttl_s)])
    rate = trial.facts.load.arrival_rate_per_second
    if rate is None or model_input is None or len(samples.caches) != 1 or len(lifetimes) != 1:
        return None
    timeout_s, spent_s = float(lifetimes[0]), float(samples.sent_s[-1] - samples.sent_s[0])
    plain = model_input.routing.steady and not model_input.traces[0].may_cull
    return timeout_s if plain and spent_s >= 2 * timeout_s > 0 else None


MEASURES = (
    Measure(name="hit_rate_steady", observed=steady_hit_rate, modeled=closed_form),
    Measure(name="lookup_cost_s", observed=lookup_cost_s),
    Measure(name="hit_s", observed=hit_s),
)
