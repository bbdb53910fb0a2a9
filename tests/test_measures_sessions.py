"""Sessions by the book: who is a stranger where, and whose basket is out of date."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from harness.analysis.analyze import analyze_trial
from harness.record.samples import Samples
from tests.factories import NAN, facts_of, redis_facts
from tests.test_analysis_measures import marked, modeled

# Two log-ins, each followed by three pages, of which the second adds an item.
JOURNEY, PAGE, PUT_IN = [7] * 4 + [9] * 4, [0, 1, 2, 3] * 2, [0, 0, 1, 1] * 2
NAMES = ("anonymous_first", "anonymous", "stale_baskets")


def journeys(
    life: Sequence[int], logged_in: Sequence[int], items: Sequence[float], *, cached: int, db: int
) -> Samples:
    return marked(
        life,
        journey=JOURNEY,
        page=PAGE,
        put_in=PUT_IN,
        logged_in=logged_in,
        items=items,
        cached=[cached] * 8,
        database=[db] * 8,
    )


def both(trial: Samples, stores: Sequence[int]) -> list[tuple[float | None, float | None]]:
    """Return what was seen and what the model makes of these stores, for each measure."""
    seen = analyze_trial(facts_of(trial), trial).measures
    return [
        (seen[name].value if name in seen else None, modeled(trial, name, stores)) for name in NAMES
    ]


def test_who_meets_another_worker_is_a_stranger_and_stays_one() -> None:
    life = [0, 0, 1, 0, 1, 0, 1, 1]
    items = [0, 0, NAN, NAN, 0, NAN, NAN, NAN]
    trial = journeys(life, [1, 1, 0, 0, 1, 0, 0, 0], items, cached=1, db=0)
    assert both(trial, life) == [(1 / 2, 1 / 2), (5 / 6, 5 / 6), (0.0, 0.0)]


def test_a_copy_in_front_of_the_database_is_read_first_and_saved_from() -> None:
    # The second journey adds at worker 1 to what it read there; worker 0 goes on with its copy.
    life = [0, 1, 0, 1, 0, 1, 1, 0]
    items = [0, 0, 1, 0, 0, 0, 1, 0]
    trial = journeys(life, [1] * 8, items, cached=1, db=1)
    assert both(trial, life) == [(0.0, 0.0), (0.0, 0.0), (2 / 6, 2 / 6)]


@pytest.mark.parametrize("db", [0, 1])
def test_sessions_that_are_not_cached_are_the_same_everywhere(db: int) -> None:
    life = [0, 1, 0, 1, 0, 1, 1, 0]
    trial = journeys(life, [1] * 8, PUT_IN, cached=0, db=db)
    assert both(trial, life) == [(0.0, 0.0)] * 3


def test_one_store_knows_everybody_and_everything() -> None:
    trial = journeys([0] * 8, [1] * 8, PUT_IN, cached=1, db=0)
    found = analyze_trial(facts_of(trial, backend="redis", cache=redis_facts()), trial).measures
    expected = [found[name].expected for name in NAMES]
    assert [(one.low, one.high) for one in expected if one] == [(0.0, 0.0)] * 3


def test_where_nobody_is_logged_in_there_is_no_basket_to_be_stale() -> None:
    trial = journeys([0, 1] * 4, [1, 0, 0, 0] * 2, [0, NAN, NAN, NAN] * 2, cached=1, db=0)
    assert both(trial, [0, 1] * 4) == [(1.0, 1.0), (1.0, 1.0), (None, None)]


def test_the_first_page_meets_a_stranger_as_often_as_another_worker() -> None:
    life = [0, 1] * 4
    trial = journeys(life, [1, 0, 0, 0] * 2, [0, NAN, NAN, NAN] * 2, cached=1, db=0)
    expected = analyze_trial(facts_of(trial), trial).measures["anonymous_first"].expected
    assert expected is not None
    assert expected.value == pytest.approx(1 - (0.5**2 + 0.5**2), abs=0.1)
