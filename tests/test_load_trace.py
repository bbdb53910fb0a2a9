"""The trace: which keys a run asks for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.load.trace import key_sequence, popularity
from tests.factories import STEADY


def test_the_same_seed_gives_the_same_trace_and_another_seed_another() -> None:
    first, again, other = (key_sequence(keys=50, zipf=1, requests=200, seed=s) for s in (1, 1, 2))
    assert first.tolist() == again.tolist() != other.tolist()


def test_the_default_trace_is_the_one_that_has_been_published() -> None:
    """Every figure in the README stands on this sequence; a change of it must be seen."""
    trace = key_sequence(keys=300, zipf=1.0, requests=3000, seed=1)
    assert trace[:8].tolist() == [13, 219, 0, 217, 3, 7, 101, 6]
    assert len(np.unique(trace)) == 285


def test_a_longer_trace_begins_with_the_shorter_one() -> None:
    short, long = (key_sequence(keys=50, zipf=1, requests=n, seed=3) for n in (100, 400))
    assert long[:100].tolist() == short.tolist()


@STEADY
@given(keys=st.integers(1, 2000), zipf=st.floats(0, 3), seed=st.integers(0, 2**32))
def test_keys_are_always_in_range(keys: int, zipf: float, seed: int) -> None:
    trace = key_sequence(keys=keys, zipf=zipf, requests=300, seed=seed)
    assert 0 <= trace.min() <= trace.max() < keys


@pytest.mark.parametrize("zipf", [0.0, 0.7, 1.0, 2.0])
def test_keys_are_asked_for_as_often_as_their_popularity_says(zipf: float) -> None:
    requests = 200_000
    seen = np.bincount(key_sequence(keys=20, zipf=zipf, requests=requests, seed=4), minlength=20)
    expected = popularity(20, zipf) * requests
    assert np.abs(seen - expected).max() < 5 * np.sqrt(expected.max())


def test_popularity_follows_zipfs_law() -> None:
    shares = popularity(3, 1.0)
    assert shares.tolist() == pytest.approx([6 / 11, 3 / 11, 2 / 11])
    assert popularity(4, 0.0).tolist() == [0.25] * 4
