"""How numbers read."""

from __future__ import annotations

import pytest

from harness.text import count, number_of, percent


@pytest.mark.parametrize(
    ("fraction", "text"),
    [
        (0.76033, "76.0 %"),
        (None, "-"),
        (1.0, "100.0 %"),
        (0.99999, "99.9 %"),
        (0.0, "0.0 %"),
        (0.00001, "0.1 %"),
    ],
)
def test_percent_shows_all_and_none_only_where_it_is_all_or_none(
    fraction: float | None, text: str
) -> None:
    assert percent(fraction) == text


def test_counts_are_grouped_by_thousands() -> None:
    assert count(1234567) == "1,234,567"
    assert count(None) == "-"
    assert number_of(1, "worker") == "1 worker"
    assert number_of(4, "worker") == "4 workers"
