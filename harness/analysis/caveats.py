"""Reasons to distrust a trial: a closed table of checks, each with the numbers that raised it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness.analysis.latency import SATURATED_FROM, busy_share
from harness.analysis.lives import LifeAccount
from harness.analysis.prepared import PreparedTrial
from harness.analysis.profiles import class_name, reported_caches
from harness.analysis.summary import Caveat, LatencySummary, LifeSummary, TrialSummary
from harness.backends import BACKENDS, backend_of_class
from harness.record.facts import LifeFacts, TrialFacts
from harness.stats.quantiles import BEYOND_NEEDED
from harness.text import number_of

LOOKUPS_NEEDED = 200
EXPLAINED_NEEDED = 0.99
NAMED_AT_MOST = 4  # workers that a sentence lists


@dataclass(frozen=True, slots=True, kw_only=True)
class CaveatInput:
    """What the checks look at: a trial's numbers, caveats still empty, and where they are from."""

    read: PreparedTrial
    trial: TrialSummary
    accounts: tuple[LifeAccount, ...]

    @property
    def facts(self) -> TrialFacts:
        return self.read.facts

    def tallied(self, name: str) -> int:
        """Return a count of the tallies, summed over all lives."""
        return sum(life.tally.get(name, 0) for life in self.facts.lives)


Check = Callable[[CaveatInput], Iterator[str]]
"""Yields what is wrong, each time in words; nothing where all is well."""


def no_answer(evidence: CaveatInput) -> Iterator[str]:
    if not any(life.requests for life in evidence.trial.lives):
        requests = number_of(evidence.trial.requests, "request")
        yield f"none of {requests} was answered by a known worker"


def unaccounted(evidence: CaveatInput) -> Iterator[str]:
    for account in evidence.accounts:
        if not account.holds:
            server, slot, generation, pid = account.identity
            yield (
                f"worker {server}.{slot} generation {generation} (pid {pid}): answers reported"
                f" {number_of(account.seen[0], 'hit')} and {number_of(account.seen[1], 'miss')},"
                f" the worker counted"
                f" {account.counted[0]} and {account.counted[1]},"
                f" and {number_of(account.died, 'request')} died"
            )
    unknown = evidence.trial.lookups - sum(life.lookups for life in evidence.trial.lives)
    yield from _if_any(unknown, "lookup", "in answers that named no worker")


def all_failed(evidence: CaveatInput) -> Iterator[str]:
    trial = evidence.trial
    if trial.requests and trial.failures >= trial.requests:
        requests = number_of(trial.requests, "request")
        yield f"all of {requests} failed, so nothing of the app was measured"


def shared_clear(evidence: CaveatInput) -> Iterator[str]:
    if evidence.facts.shared_clears:
        times = number_of(evidence.facts.shared_clears, "time")
        yield f"the Redis database was cleared {times} while several trials were using it"


def incomplete(evidence: CaveatInput) -> Iterator[str]:
    answered = np.count_nonzero(evidence.read.samples.status > 0)
    asked = evidence.facts.load.asked
    if answered < asked:
        yield f"{answered} of {number_of(asked, 'request')} answered"


def silent_worker(evidence: CaveatInput) -> Iterator[str]:
    """Yield which slots never served; one whose last worker came too late to serve has."""
    heard = {(life.server, life.slot) for life in evidence.trial.lives if life.requests}
    silent = dict.fromkeys(
        f"{life.server}.{life.slot}"
        for life in evidence.facts.lives
        if life.tally.get("ready", 0) and (life.server, life.slot) not in heard
    )
    if silent:
        workers = number_of(len(silent), "ready worker")
        yield f"{workers} served no request: {', '.join(silent)} (server.slot)"


def worker_replaced(evidence: CaveatInput) -> Iterator[str]:
    """Yield which lives ended though no action ended them and none was to be recycled."""
    gone = [
        f"{life.server}.{life.slot} generation {life.generation} (pid {life.pid})"
        for life in _unexpected(evidence)
    ]
    if gone:
        more = f" and {len(gone) - NAMED_AT_MOST} more" if len(gone) > NAMED_AT_MOST else ""
        named = ", ".join(gone[:NAMED_AT_MOST])
        yield f"{number_of(len(gone), 'worker')} ended unexpectedly: {named}{more} (server.slot)"


def _unexpected(evidence: CaveatInput) -> Sequence[LifeFacts | LifeSummary]:
    facts = evidence.facts
    if facts.setup["max_requests"]:
        return []
    if facts.actions:
        return [evidence.trial.lives[row] for row in evidence.read.ends.unexpected.tolist()]
    # A worker that was followed had ended, even before it served.
    by_age = sorted(facts.lives, key=lambda life: life.generation)
    last = {(life.server, life.slot): life.generation for life in by_age}
    return [life for life in facts.lives if life.generation < last[life.server, life.slot]]


def no_control(evidence: CaveatInput) -> Iterator[str]:
    restart = evidence.trial.restart
    if evidence.facts.actions and restart and restart.misses_vs_control is None:
        yield (
            f"no trial served the same trace without the {restart.do} at step {restart.step}, so"
            " its misses are reported by their cause alone"
        )


def setting_not_effective(evidence: CaveatInput) -> Iterator[str]:
    setup, wanted = evidence.facts.setup, BACKENDS.get(evidence.facts.backend)
    for cache in reported_caches(evidence.facts):
        row, pairs = backend_of_class(cache.backend), dict[str, tuple[Any, Any]]()
        if wanted and class_name(cache) != wanted.class_name:
            pairs = {"backend": (wanted.class_name, class_name(cache))}
        elif row and row.rules.culls is not None:
            pairs = {
                "timeout": (setup["timeout_s"], cache.timeout_s),
                "MAX_ENTRIES": (setup["max_entries"], cache.max_entries),
            }
        for name, (value, used) in pairs.items():
            if cache.alias == "default" and value != used:
                yield f"{name}: requested {value}, the workers use {used}"


def unknown_drops(evidence: CaveatInput) -> Iterator[str]:
    """Yield which shared backend may have culled entries in an order that no replay follows."""
    samples = evidence.read.samples
    for cache in reported_caches(evidence.facts):
        row = backend_of_class(cache.backend)
        keys = len(np.unique(samples.key[samples.caches[samples.cache] == cache.alias]))
        if row and not row.per_process and row.rules.culls and keys > cache.max_entries:
            yield (
                f"{row.class_name} drops entries, {row.rules.culls}, above {cache.max_entries}:"
                f" with {keys} keys, a miss due to that is counted as unexplained and is not part"
                " of the prediction"
            )
            return


def neither_model(evidence: CaveatInput) -> Iterator[str]:
    explained = evidence.trial.explained
    if explained and max(explained.per_process, explained.shared) < EXPLAINED_NEEDED:
        yield (
            f"a cache per process explains {explained.per_process:.1%} of the outcomes and a"
            f" shared cache {explained.shared:.1%}: neither accounts for them"
        )


def outside_interval(evidence: CaveatInput) -> Iterator[str]:
    measured, predicted = evidence.trial.hit_rate, evidence.trial.predicted
    if measured is not None and predicted is not None and not predicted.holds(measured):
        yield (
            f"hit rate {measured:.4f} lies outside the predicted {predicted.low:.4f} to"
            f" {predicted.high:.4f}: by chance 1 trial in 20 does, and more where routing depends"
            " on what the workers are busy with"
        )


def too_few_samples(evidence: CaveatInput) -> Iterator[str]:
    lookups = evidence.trial.lookups
    # An app that is measured by what it answers is not judged by its hit rate.
    if lookups < LOOKUPS_NEEDED and not evidence.trial.measures:
        yield f"{number_of(lookups, 'lookup')}; below {LOOKUPS_NEEDED} a hit rate is mostly chance"


def saturated_generator(evidence: CaveatInput) -> Iterator[str]:
    busy = busy_share(evidence.facts.load)
    if busy > SATURATED_FROM:
        yield (
            f"the load generator was busy for {busy:.0%} of the time,"
            " so rates and latencies may be its own; hit rates are not affected"
        )


def saturated_server(evidence: CaveatInput) -> Iterator[str]:
    """Yield how far behind the server fell, if it did."""
    latency = evidence.trial.latency
    if latency and latency.pace and latency.saturated == "server":
        pace = latency.pace
        yield (
            f"the server did not keep up with {pace.asked_per_second:g} requests per second:"
            f" {pace.achieved_per_second or 0:.4g} were sent, {pace.late} of them late, by up to"
            f" {pace.worst_lag_s:.3g} s, so request times measure the queue and are withheld"
        )


def percentile_withheld(evidence: CaveatInput) -> Iterator[str]:
    """Yield the percentiles with too few samples, where times are the question.

    They are in a trial of several rounds, or with an open loop.
    """
    latency = evidence.trial.latency
    if latency and (latency.rounds > 1 or latency.pace):
        names = "; ".join(_withheld(latency))
        if names:
            yield f"fewer than {BEYOND_NEEDED} samples lie beyond {names}"


def _withheld(latency: LatencySummary) -> Iterator[str]:
    """Yield the percentiles that have no value; none of what was not timed at all."""
    kinds = {"lookups": latency.lookup, "requests": latency.request}
    if latency.saturated:
        del kinds["requests"]  # withheld as a whole, for another reason
    for noun, kind in kinds.items():
        for words, times in {"": kind.all, "hit ": kind.hit, "miss ": kind.miss}.items():
            names = [name for name, estimate in times.quantiles_s.items() if estimate is None]
            if names and times.count:
                yield f"{', '.join(names)} of {times.count} {words}{noun}"


def _if_any(amount: int, noun: str, text: str) -> Iterator[str]:
    if amount:
        yield f"{number_of(amount, noun)} {text}"


CHECKS: Mapping[str, Check] = {
    "no-answer": no_answer,
    "unaccounted": unaccounted,
    "all-failed": all_failed,
    "shared-clear": shared_clear,
    "foreign-keys-added": lambda evidence: _if_any(
        max(evidence.facts.foreign_keys or 0, 0),
        "foreign key",
        "more than before in the Redis database, without the trial's prefix: either others use it,"
        " or the app does not use {cache_prefix} and its trials share entries",
    ),
    "foreign-keys-lost": lambda evidence: _if_any(
        max(-(evidence.facts.foreign_keys or 0), 0),
        "foreign key",
        "less than before in the Redis database: expired, or cleared as permitted",
    ),
    "incomplete": incomplete,
    "failed-requests": lambda evidence: _if_any(
        evidence.trial.failures, "failed request", f"of {evidence.trial.requests:,}"
    ),
    "silent-worker": silent_worker,
    "worker-replaced": worker_replaced,
    "no-control": no_control,
    "setting-not-effective": setting_not_effective,
    "unknown-drops": unknown_drops,
    "neither-model": neither_model,
    "outside-interval": outside_interval,
    "too-few-samples": too_few_samples,
    "saturated-generator": saturated_generator,
    "saturated-server": saturated_server,
    "percentile-withheld": percentile_withheld,
    "other-writes": lambda evidence: _if_any(
        evidence.tallied("unseen_writes")
        + evidence.tallied("writes")
        - len(evidence.read.samples.write_request),
        "write",
        "reported in no answer, so unknown to the replay",
    ),
    "late-lookups": lambda evidence: _if_any(
        evidence.tallied("late"), "lookup", "after the headers had left, in no figure"
    ),
    "outside-lookups": lambda evidence: _if_any(
        evidence.tallied("outside"),
        "lookup",
        "outside of measured requests, in no figure",
    ),
    "errors": lambda evidence: _if_any(
        evidence.tallied("errors"),
        "lookup",
        "ended by an exception of the cache, in no figure",
    ),
}
"""Every caveat there is, the grave ones first."""

INVALIDATING = frozenset(
    {"no-answer", "unaccounted", "all-failed", "shared-clear", "foreign-keys-added"}
)
"""Caveats with which a trial cannot stand as a measurement."""


def caveats(evidence: CaveatInput) -> tuple[Caveat, ...]:
    """Return the caveats of a trial in the order of `CHECKS`; repeated reasons only once."""
    found = {code: dict.fromkeys(check(evidence)) for code, check in CHECKS.items()}
    return tuple(Caveat(code=code, text="; ".join(why)) for code, why in found.items() if why)
