"""The replay says what every cache must have answered, given the actual writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from harness.model.locmem import Limits, Operation, State
from harness.model.replay import Lookups, replay
from harness.model.trace import Writes
from tests.factories import STEADY
from tests.tracked_locmem import TrackedLocMem

NAN, INF = float("nan"), float("inf")
Row = tuple[int, int, float, float, float]  # store, key, get, write, ttl

rows = st.builds(
    lambda store, key, get, delay, ttl: (store, key, get, get + delay, ttl),
    st.integers(0, 2),
    st.integers(0, 4),
    st.integers(0, 40).map(float),
    st.sampled_from([0.0, 0.5, 3.0, NAN]),
    st.sampled_from([INF, 0.0, 2.0, 10.0]),
)


def lookups(history: Sequence[Row]) -> Lookups:
    columns = list(zip(*history, strict=True)) or [()] * 5
    store, key = (np.array(column, np.int64) for column in columns[:2])
    get_s, write_s, ttl_s = (np.array(column, np.float64) for column in columns[2:])
    ttl_s = np.where(np.isnan(write_s), np.nan, ttl_s)
    return Lookups(instance=store, key=key, get_s=get_s, write_s=write_s, ttl_s=ttl_s, keys=5)


def states(history: Sequence[Row], limits: Mapping[int, Limits] | None = None) -> list[State]:
    given_ = lookups(history)
    found = replay(given_, limits or {}).states(given_.instance, given_.key, given_.get_s)
    return [State(code) for code in found]


def played(history: Sequence[Row], limits: Mapping[int, Limits]) -> list[State]:
    """Return the same by playing every operation, in order, through one model per store."""
    reads = [(row[2], 0, number) for number, row in enumerate(history)]
    written = [(row[3], 1, number) for number, row in enumerate(history) if row[3] == row[3]]
    caches = {store: TrackedLocMem(limits.get(store)) for store in range(3)}
    answers = [State.ABSENT] * len(history)
    for now, write, number in sorted(reads + written):
        store, key, _, _, ttl_s = history[number]
        if write:
            caches[store].set(key, now, ttl_s)
        else:
            answers[number] = caches[store].state(key, now)
            caches[store].get(key, now)
    return answers


def writes(*history: tuple[float, Operation, float]) -> Writes:
    """Return writes of key 0 in instance 0 as (time, operation, lifetime)."""
    return Writes(
        target=np.zeros(len(history), np.int64),
        key=np.zeros(len(history), np.int64),
        at_s=np.array([at_s for at_s, _, _ in history]),
        operation=np.array([operation for _, operation, _ in history], np.int64),
        ttl_s=np.array([ttl_s for _, _, ttl_s in history]),
    )


def met(*history: tuple[float, Operation, float], at_s: float) -> State:
    """Return what a read of key 0 at `at_s` met after these writes."""
    asked = replace(lookups([(0, 0, at_s, NAN, NAN)]), writes=writes(*history))
    return State(int(replay(asked, {}).states(asked.instance, asked.key, asked.get_s)[0]))


def test_writes_that_refilled_nothing_count_as_well() -> None:
    assert met((1.0, Operation.SET, 10.0), at_s=5.0) == State.HELD
    assert met((1.0, Operation.SET, 10.0), at_s=12.0) == State.EXPIRED
    assert met((1.0, Operation.SET, 10.0), (5.0, Operation.TOUCH, 10.0), at_s=12.0) == State.HELD
    assert met((1.0, Operation.SET, 10.0), (5.0, Operation.USE, NAN), at_s=12.0) == State.EXPIRED
    assert met((1.0, Operation.SET, INF), (2.0, Operation.DELETE, NAN), at_s=3.0) == State.DELETED
    assert met((2.0, Operation.DELETE, NAN), (1.0, Operation.SET, INF), at_s=1.5) == State.HELD


def test_a_deleted_key_makes_room_in_a_full_cache() -> None:
    limits = {0: Limits(2)}
    history = [(0, 0, 0.0, 1.0, INF), (0, 1, 2.0, 3.0, INF), (0, 2, 5.0, 6.0, INF)]
    later = [(0, 1, 7.0, NAN, NAN)]
    assert states([*history, *later], limits)[-1] == State.HELD
    full = [*history, (0, 3, 7.0, 8.0, INF), (0, 2, 9.0, NAN, NAN), (0, 1, 9.0, NAN, NAN)]
    reads = lookups(full)
    found = replay(replace(reads, writes=writes((7.5, Operation.DELETE, NAN))), {0: Limits(4)})
    assert State(int(found.states(reads.instance, reads.key, reads.get_s)[-1])) == State.HELD


@STEADY
@given(st.lists(rows, max_size=60), st.integers(1, 7), st.integers(0, 3))
def test_it_agrees_with_playing_every_operation(
    history: list[Row], max_entries: int, cull_frequency: int
) -> None:
    limits = {store: Limits(max_entries, cull_frequency) for store in (0, 1)}
    assert states(history, limits) == played(history, limits)


def test_a_read_sees_only_writes_that_took_effect_before_it() -> None:
    history = [(0, 1, 0.0, 1.0, INF), (0, 1, 0.5, NAN, NAN), (0, 1, 1.5, NAN, NAN)]
    assert states(history) == [State.ABSENT, State.ABSENT, State.HELD]


def test_stores_do_not_see_each_other() -> None:
    assert states([(0, 1, 0.0, 1.0, INF), (1, 1, 2.0, NAN, NAN)])[1] is State.ABSENT


def test_an_entry_is_gone_at_its_deadline() -> None:
    history = [(0, 1, 0.0, 1.0, 5.0), (0, 1, 5.9, NAN, NAN), (0, 1, 6.0, NAN, NAN)]
    assert states(history)[1:] == [State.HELD, State.EXPIRED]


def test_an_entry_culled_by_a_fuller_cache_is_evicted() -> None:
    history = [(0, key, float(key), key + 0.5, INF) for key in range(3)]
    history += [(0, 0, 9.0, NAN, NAN)]
    assert states(history, {0: Limits(2, 2)})[-1] is State.EVICTED


def test_no_lookups_are_no_states() -> None:
    assert states([]) == []


def test_regrouped_entries_keep_their_fate_under_another_store() -> None:
    history = [(1, 0, 0.0, 1.0, INF), (2, 0, 2.0, 3.0, 1.0)]
    entries = replay(lookups(history), {})
    merged = entries.regrouped(np.zeros(2, np.int64))
    asked = np.zeros(3, np.int64)
    found = merged.states(asked, asked, np.array([2.0, 3.5, 4.0]))
    assert found.tolist() == [State.HELD, State.HELD, State.EXPIRED]
