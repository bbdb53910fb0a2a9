"""Reasons to distrust a trial: a closed table of checks, each with the numbers that raised it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from harness.analysis.accounting import LifeAccount
from harness.analysis.ends import Ends
from harness.analysis.latency import SATURATED_FROM, busy_share
from harness.analysis.profiles import class_name, reported_caches
from harness.analysis.summary import Caveat, LatencySummary, LifeSummary, Times, TrialSummary
from harness.backends import BACKENDS, backend_of_class
from harness.record.facts import CacheFacts, LifeFacts, TrialFacts
from harness.record.samples import Samples
from harness.stats.quantiles import BEYOND_NEEDED
from harness.text import number_of

LOOKUPS_NEEDED = 200
EXPLAINED_NEEDED = 0.99


@dataclass(frozen=True, slots=True, kw_only=True)
class CaveatInput:
    """What the checks look at: the trial's numbers (caveats still empty) and where they are from.

    `answered` are requests that got any answer.
    """

    facts: TrialFacts
    samples: Samples
    trial: TrialSummary
    accounts: tuple[LifeAccount, ...]
    answered: int
    ends: Ends

    def tallied(self, name: str) -> int:
        """Return a count of the tallies, summed over all lives."""
        return sum(life.tally.get(name, 0) for life in self.facts.lives)


def no_answer(evidence: CaveatInput) -> str | None:
    if any(life.requests for life in evidence.trial.lives):
        return None
    return f"none of {evidence.trial.requests} requests was answered by a known worker"


def unaccounted(evidence: CaveatInput) -> str | None:
    gaps = [account for account in evidence.accounts if not account.holds]
    unknown = evidence.trial.lookups - sum(life.lookups for life in evidence.trial.lives)
    reasons = [_gap(account) for account in gaps]
    if unknown:
        reasons.append(f"{unknown} lookups came in answers that named no worker")
    return "; ".join(reasons) or None


def _gap(account: LifeAccount) -> str:
    server, slot, generation, pid = account.identity
    return (
        f"worker {server}.{slot} generation {generation} (pid {pid}): answers reported"
        f" {account.seen[0]} hits and {account.seen[1]} misses, the worker counted"
        f" {account.counted[0]} and {account.counted[1]}, and {account.died} requests died"
    )


def failed_requests(evidence: CaveatInput) -> str | None:
    trial = evidence.trial
    return _if_any(trial.failures, f"of {trial.requests} requests failed")


def all_failed(evidence: CaveatInput) -> str | None:
    trial = evidence.trial
    if not trial.requests or trial.failures < trial.requests:
        return None
    return f"all {trial.requests} requests failed, so nothing of the app was measured"


def saturated_generator(evidence: CaveatInput) -> str | None:
    busy = busy_share(evidence.facts.load)
    if busy <= SATURATED_FROM:
        return None
    return (
        f"the load generator was busy for {busy:.0%} of the time,"
        " so rates and latencies may be its own; hit rates are not affected"
    )


def too_few_samples(evidence: CaveatInput) -> str | None:
    lookups = evidence.trial.lookups
    # An app that is measured by what it answers is not judged by its hit rate.
    if lookups >= LOOKUPS_NEEDED or evidence.trial.measures:
        return None
    return f"{lookups} lookups; below {LOOKUPS_NEEDED} a hit rate is mostly chance"


def outside_interval(evidence: CaveatInput) -> str | None:
    measured, predicted = evidence.trial.hit_rate, evidence.trial.predicted
    if measured is None or predicted is None:
        return None
    if predicted.holds(measured):
        return None
    return (
        f"hit rate {measured:.4f} lies outside the predicted {predicted.low:.4f} to"
        f" {predicted.high:.4f}: by chance 1 trial in 20 does, and more where routing depends"
        " on what the workers are busy with"
    )


def neither_model(evidence: CaveatInput) -> str | None:
    explained = evidence.trial.explained
    if explained is None or max(explained.per_process, explained.shared) >= EXPLAINED_NEEDED:
        return None
    return (
        f"a cache per process explains {explained.per_process:.1%} of the outcomes and a shared"
        f" cache {explained.shared:.1%}: neither accounts for them"
    )


def setting_not_effective(evidence: CaveatInput) -> str | None:
    found = [
        difference
        for cache in reported_caches(evidence.facts)
        if cache.alias == "default"
        for difference in _differences(evidence.facts, cache)
    ]
    return "; ".join(dict.fromkeys(found)) or None


def _differences(facts: TrialFacts, cache: CacheFacts) -> list[str]:
    wanted, found = BACKENDS.get(facts.backend), class_name(cache)
    if wanted and found != wanted.class_name:
        return [f"backend: requested {wanted.class_name}, the workers use {found}"]
    row = backend_of_class(cache.backend)
    if row is None or row.rules.culls is None:
        return []
    pairs = {
        "timeout": (facts.setup["timeout_s"], cache.timeout_s),
        "MAX_ENTRIES": (facts.setup["max_entries"], cache.max_entries),
    }
    return [
        f"{name}: requested {value}, the workers use {used}"
        for name, (value, used) in pairs.items()
        if value != used
    ]


def unknown_drops(evidence: CaveatInput) -> str | None:
    """Return which shared backend may have culled entries in an order that no replay follows."""
    samples = evidence.samples
    for cache in reported_caches(evidence.facts):
        row = backend_of_class(cache.backend)
        keys = len(np.unique(samples.key[samples.caches[samples.cache] == cache.alias]))
        if row and not row.per_process and row.rules.culls and keys > cache.max_entries:
            return (
                f"{row.class_name} drops entries, {row.rules.culls}, above {cache.max_entries}:"
                f" with {keys} keys, a miss due to that is counted as unexplained and is not part"
                " of the prediction"
            )
    return None


def other_writes(evidence: CaveatInput) -> str | None:
    seen = len(evidence.samples.write_request)
    unseen = evidence.tallied("unseen_writes") + evidence.tallied("writes") - seen
    return _if_any(unseen, "writes were reported in no answer, so no replay knows them")


def late_lookups(evidence: CaveatInput) -> str | None:
    return _if_any(
        evidence.tallied("late"), "lookups came after the headers had left and are in no figure"
    )


def outside_lookups(evidence: CaveatInput) -> str | None:
    return _if_any(
        evidence.tallied("outside"),
        "lookups came outside of measured requests and are in no figure",
    )


def errors(evidence: CaveatInput) -> str | None:
    return _if_any(
        evidence.tallied("errors"),
        "lookups ended in an exception of the cache and are in no figure",
    )


def _if_any(count: int, text: str) -> str | None:
    return f"{count} {text}" if count else None


def shared_clear(evidence: CaveatInput) -> str | None:
    times = number_of(evidence.facts.shared_clears, "time")
    text = f"the Redis database was cleared {times} while several trials were using it"
    return text if evidence.facts.shared_clears else None


def foreign_keys_added(evidence: CaveatInput) -> str | None:
    return _if_any(
        max(evidence.facts.foreign_keys or 0, 0),
        "more keys in the Redis database than before do not begin with the trial's prefix: either"
        " others use it, or the app does not use {cache_prefix} and its trials share entries",
    )


def foreign_keys_lost(evidence: CaveatInput) -> str | None:
    return _if_any(
        max(-(evidence.facts.foreign_keys or 0), 0),
        "foreign keys less are in the Redis database: they expired or were cleared, as permitted",
    )


def no_control(evidence: CaveatInput) -> str | None:
    restart = evidence.trial.restart
    if not evidence.facts.actions or not restart or restart.misses_vs_control is not None:
        return None
    return (
        f"no trial served the same trace without the {restart.do} at step {restart.step}, so its"
        " misses are reported by their cause alone"
    )


def incomplete(evidence: CaveatInput) -> str | None:
    asked = evidence.facts.load.asked
    if evidence.answered >= asked:
        return None
    return f"{evidence.answered} of {asked} requests were answered"


CHECKS: Mapping[str, Callable[[CaveatInput], str | None]] = {
    "no-answer": no_answer,
    "unaccounted": unaccounted,
    "all-failed": all_failed,
    "shared-clear": shared_clear,
    "foreign-keys-added": foreign_keys_added,
    "foreign-keys-lost": foreign_keys_lost,
    "incomplete": incomplete,
    "failed-requests": failed_requests,
    "silent-worker": lambda evidence: silent_worker(evidence.facts, evidence.trial.lives),
    "worker-replaced": lambda evidence: worker_replaced(
        evidence.facts, evidence.trial.lives, evidence.ends
    ),
    "no-control": no_control,
    "setting-not-effective": setting_not_effective,
    "unknown-drops": unknown_drops,
    "neither-model": neither_model,
    "outside-interval": outside_interval,
    "too-few-samples": too_few_samples,
    "saturated-generator": saturated_generator,
    "saturated-server": lambda evidence: saturated_server(evidence.trial.latency),
    "percentile-withheld": lambda evidence: percentile_withheld(evidence.trial.latency),
    "other-writes": other_writes,
    "late-lookups": late_lookups,
    "outside-lookups": outside_lookups,
    "errors": errors,
}
"""Every caveat there is, the grave ones first."""

INVALIDATING = frozenset(
    {"no-answer", "unaccounted", "all-failed", "shared-clear", "foreign-keys-added"}
)
"""Caveats with which a trial cannot stand as a measurement."""


def caveats(evidence: CaveatInput) -> tuple[Caveat, ...]:
    """Return the caveats of a trial in the order of `CHECKS`."""
    found = ((code, check(evidence)) for code, check in CHECKS.items())
    return tuple(Caveat(code=code, text=text) for code, text in found if text)


NAMED_AT_MOST = 4  # workers that a sentence lists


def silent_worker(facts: TrialFacts, lives: Sequence[LifeSummary]) -> str | None:
    """Return which slots never served; one whose last worker came too late to serve has."""
    heard = {(life.server, life.slot) for life in lives if life.requests}
    silent = dict.fromkeys(
        f"{life.server}.{life.slot}"
        for life in facts.lives
        if life.tally.get("ready", 0) and (life.server, life.slot) not in heard
    )
    if not silent:
        return None
    return f"{len(silent)} ready workers served no request: {', '.join(silent)} (server.slot)"


def worker_replaced(facts: TrialFacts, lives: Sequence[LifeSummary], ends: Ends) -> str | None:
    """Return which lives ended though no action ended them and none was to be recycled."""
    gone = [
        f"{life.server}.{life.slot} generation {life.generation} (pid {life.pid})"
        for life in _unexpected(facts, lives, ends)
    ]
    if not gone:
        return None
    noun = "worker" if len(gone) == 1 else "workers"
    more = f" and {len(gone) - NAMED_AT_MOST} more" if len(gone) > NAMED_AT_MOST else ""
    named = ", ".join(gone[:NAMED_AT_MOST])
    return f"{len(gone)} {noun} ended unexpectedly: {named}{more} (server.slot)"


def _unexpected(
    facts: TrialFacts, lives: Sequence[LifeSummary], ends: Ends
) -> Sequence[LifeFacts | LifeSummary]:
    if facts.setup["max_requests"]:
        return []
    if facts.actions:
        return [lives[row] for row in ends.unexpected.tolist()]
    # A worker that was followed had ended, even before it served.
    last: dict[tuple[int, int], int] = {}
    for life in facts.lives:
        place = (life.server, life.slot)
        last[place] = max(life.generation, last.get(place, 0))
    return [life for life in facts.lives if life.generation < last[life.server, life.slot]]


def saturated_server(latency: LatencySummary | None) -> str | None:
    """Return how far behind the server fell, if it did."""
    if latency is None or latency.pace is None or latency.saturated != "server":
        return None
    pace = latency.pace
    return (
        f"the server did not keep up with {pace.asked_per_second:g} requests per second:"
        f" {pace.achieved_per_second or 0:.4g} were sent, {pace.late} of them late, by up to"
        f" {pace.worst_lag_s:.3g} s, so request times measure the queue and are withheld"
    )


def percentile_withheld(latency: LatencySummary | None) -> str | None:
    """Return the percentiles with too few samples, where times are the question.

    They are in a trial of several rounds, or with an open loop.
    """
    if latency is None or not (latency.rounds > 1 or latency.pace):
        return None
    names = list(_withheld(latency))
    few = f"fewer than {BEYOND_NEEDED} samples lie beyond"
    return f"{few} {'; '.join(names)}" if names else None


def _withheld(latency: LatencySummary) -> Iterator[str]:
    kinds = {"lookups": latency.lookup, "requests": latency.request}
    for noun, kind in kinds.items():
        if noun == "requests" and latency.saturated:
            continue  # withheld as a whole, for another reason
        for words, times in {"": kind.all, "hit ": kind.hit, "miss ": kind.miss}.items():
            names = _without_value(times)
            if names:
                yield f"{', '.join(names)} of {times.count} {words}{noun}"


def _without_value(times: Times) -> list[str]:
    """Return the percentiles that have no value; none where nothing was timed at all."""
    unknown = [name for name, estimate in times.quantiles_s.items() if estimate is None]
    return unknown if times.count else []
