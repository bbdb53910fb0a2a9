"""Keys in groups stand for every single key of the trace's own popularity."""

from __future__ import annotations

import numpy as np
import pytest

from harness.forecast.culling import SINGLE, zipf_keys
from harness.load.trace import popularity

SIZES = pytest.mark.parametrize("keys", [1, 2, SINGLE, SINGLE + 1, SINGLE + 2, 100_000, 1_000_000])
EXPONENTS = pytest.mark.parametrize("exponent", [0.0, 0.3, 1.0, 1.000001, 2.0, 10.0])


@SIZES
@EXPONENTS
def test_groups_hold_every_key_once_and_all_of_the_chance(keys: int, exponent: float) -> None:
    grouped = zipf_keys(keys, exponent)
    assert grouped.total == keys
    assert float(grouped.count @ grouped.chance) == pytest.approx(1, abs=1e-12)
    assert len(grouped.count) < 6000


@SIZES
@EXPONENTS
@pytest.mark.parametrize("requests", [1, 10_000, 10**8])
def test_distinct_keys_among_requests_are_those_of_the_full_list(
    keys: int, exponent: float, requests: int
) -> None:
    every, grouped = popularity(keys, exponent), zipf_keys(keys, exponent)
    with np.errstate(divide="ignore"):
        expected = -np.expm1(requests * np.log1p(-every)).sum()
        found = grouped.count @ -np.expm1(requests * np.log1p(-grouped.chance))
    assert found == pytest.approx(expected, rel=1e-5)


def test_draws_follow_the_popularity() -> None:
    drawn = zipf_keys(10_000, 1.0).draw(200_000, np.random.default_rng(1))
    share = np.bincount(drawn, minlength=10_000) / len(drawn)
    expected = popularity(10_000, 1.0)
    assert share[:20] == pytest.approx(expected[:20], abs=0.002)
    assert share[5000:].sum() == pytest.approx(expected[5000:].sum(), abs=0.003)


def test_a_trillion_keys_are_no_more_work_than_a_million() -> None:
    assert zipf_keys(10**12, 1.0).total == 10**12
    assert len(zipf_keys(10**12, 1.0).count) < 7000
