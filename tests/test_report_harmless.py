"""The report says where a cache per process does no harm, with the numbers, and where it does."""

from __future__ import annotations

from dataclasses import replace

from harness.analysis.summary import Figure, Summary
from harness.report.harmless import harmless_sentences
from tests.summaries import make_summary, make_trial


def summary(cost_s: dict[tuple[str, int], float | None]) -> Summary:
    trials = tuple(
        make_trial(backend, workers, measures={"lookup_cost_s": Figure(value=value)})
        for (backend, workers), value in cost_s.items()
    )
    return replace(make_summary(), trials=trials, evidence=("lookup_cost_s",))


def test_it_is_harmless_where_a_lookup_clearly_costs_less_than_with_a_shared_cache() -> None:
    told = harmless_sentences(
        summary(
            {
                ("locmem", 1): 0.001,
                ("redis", 1): 0.002,
                ("locmem", 4): 0.0019,
                ("redis", 4): 0.002,
            }
        )
    )
    assert told[0].startswith(
        "Harmless here: with 1 worker a lookup took 1.00 ms with locmem and 2.00 ms"
    )
    assert told[1].startswith("Nothing gained here: with 4 workers a lookup took 1.90 ms")
    assert len(told) == 2


def test_what_was_not_timed_is_not_judged() -> None:
    (told,) = harmless_sentences(summary({("locmem", 1): None, ("redis", 1): 0.002}))
    assert told == "With 1 worker the cost of a lookup cannot be told."


def test_a_scenario_that_does_not_ask_for_it_is_told_nothing() -> None:
    assert harmless_sentences(make_summary()) == []
