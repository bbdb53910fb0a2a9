"""The bars of the picture."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from harness.report.drawing.charts import GLYPHS, apportioned
from harness.report.hit_rate import MEANINGS
from tests.factories import STEADY


@STEADY
@given(st.lists(st.integers(0, 10**7), min_size=1, max_size=7), st.integers(7, 200))
def test_a_bar_is_full_and_shows_everything_that_occurs(counts: list[int], width: int) -> None:
    cells = apportioned(counts, width)
    assert sum(cells) == (width if any(counts) else 0)
    assert all((cell > 0) == (number > 0) for cell, number in zip(cells, counts, strict=True))


def test_a_bar_is_divided_in_proportion() -> None:
    assert apportioned([50, 25, 25], 40) == [20, 10, 10]


def test_each_outcome_has_a_glyph_of_its_own() -> None:
    assert set(GLYPHS) == set(MEANINGS)
    assert len({glyph for glyph, _ in GLYPHS.values()}) == len(GLYPHS)
