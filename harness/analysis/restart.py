"""What a restart lost: entries, misses against their prediction, requests, and time to recover."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from harness.analysis.accounting import LifeAccount
from harness.analysis.causes import CAUSES, Outcomes
from harness.analysis.lives import failures
from harness.analysis.prepared import PreparedTrial
from harness.analysis.recovery import course, curve, lowest, rate_before, recoveries
from harness.analysis.restart_predicted import (
    expected_by_cause,
    expected_net,
    expected_vs_control,
)
from harness.analysis.summary import Cause, RestartSummary
from harness.model.locmem import State

RECYCLED, DIED = "max-requests", "died"
"""What ended workers where no action did: Gunicorn's own setting, or nobody knows what."""


def restart_summary(
    reading: PreparedTrial,
    found: Outcomes,
    accounts: Sequence[LifeAccount],
    control: PreparedTrial | None = None,
) -> RestartSummary | None:
    """Return what was lost in a trial; None where nothing was done and no life ended.

    `control` is the same trial without it, as of `reading.is_control`.
    """
    facts, samples, ends = reading.facts, reading.samples, reading.ends
    if not facts.actions and not len(ends.ended):
        return None
    lost, keys = entries_lost(reading, found)
    restarts = found.missed[found.causes == CAUSES.index(Cause.RESTART)]
    step = facts.actions[0].step if facts.actions else None
    over = course(samples)
    told = curve(over, step or 0)
    before = rate_before(over, step) if step is not None else None
    return RestartSummary(
        do=_deed(reading),
        step=step,
        workers_ended=len(ends.ended),
        entries_lost=lost,
        keys_lost=keys,
        misses_by_cause=len(restarts),
        predicted_by_cause=expected_by_cause(reading, found),
        misses_vs_control=_vs_control(reading, control) if control else None,
        predicted_vs_control=expected_vs_control(reading, control) if control else None,
        predicted=expected_net(reading, found),
        origin_s_again=float(np.nansum(samples.origin_s[restarts])),
        requests_failed=failures(samples),
        requests_lost_in_flight=sum(account.died for account in accounts),
        hit_rate_before=before,
        hit_rate_dip=lowest(told, step) if step is not None else None,
        recovery=recoveries(reading, over, before),
        window=over.window,
        curve=told,
    )


def entries_lost(reading: PreparedTrial, found: Outcomes) -> tuple[int, int]:
    """Return live entries at the ends of their caches, and how many different ones they were.

    An entry is a (cache, key) pair in one life, or between two times that a shared cache was
    emptied. (0, 0) where nothing ended.
    """
    entries, aliases = found.replayed.entries, max(len(reading.samples.caches), 1)
    pair = np.unique(entries.instance * entries.keys + entries.key)
    store, key = np.divmod(pair, max(entries.keys, 1))
    end_s = reading.ends.until_s if found.per_process else reading.ends.emptied_s
    # Lookups of no known life have a store below 0, which the last place stands for: no end.
    end_s = np.append(end_s, np.inf)[np.maximum(store // aliases, -1)]
    ended = np.isfinite(end_s)
    # A write at the very moment of the end was in time.
    at_s = np.nextafter(end_s[ended], np.inf)
    live = entries.states(store[ended], key[ended], at_s) == State.HELD
    alias = store[ended][live] % aliases
    return int(np.count_nonzero(live)), len(np.unique(alias * entries.keys + key[ended][live]))


def _deed(reading: PreparedTrial) -> str:
    done = dict.fromkeys(action.do for action in reading.facts.actions)
    return " + ".join(done) or (RECYCLED if reading.facts.setup["max_requests"] else DIED)


def _vs_control(reading: PreparedTrial, control: PreparedTrial) -> int:
    """Return the misses of the whole trial beyond those of the control."""
    return int(np.count_nonzero(~reading.samples.hit) - np.count_nonzero(~control.samples.hit))
