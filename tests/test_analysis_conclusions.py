"""The lesson says what the numbers show and stays true for odd runs."""

from __future__ import annotations

from dataclasses import replace

from harness.analysis.conclusions import conclusions, cost_sentences
from harness.analysis.summary import Explained, Figure, Summary, TrialSummary
from tests.summaries import make_summary, make_trial, unanswered_trial


def shown(*trials: TrialSummary) -> str:
    return " ".join(make_summary(*trials).conclusions)


def at(rate: float, workers: int, backend: str = "locmem", **overrides: object) -> TrialSummary:
    hits = round(3000 * rate)
    return make_trial(backend, workers, hits=hits, hit_rate=hits / 3000, **overrides)


def test_the_default_run_is_reported_in_two_sentences() -> None:
    assert make_summary().conclusions == (
        "From 1 worker to 8, the hit rate of locmem fell by 24.6 points, from 90.5 % to 65.9 %; "
        "with 8 workers, fragmentation caused 740 of the 1,024 misses: another worker already had "
        "the answer.",
        "On the same requests, the hit rate of redis, one cache for all workers, stayed at 90.5 %.",
    )


def test_one_number_of_workers_claims_no_change() -> None:
    text = shown(make_trial(workers=4))
    assert "the only count measured" in text
    assert "fell" not in text


def test_a_hit_rate_that_rises_is_said_to_rise() -> None:
    assert "rose by 10.0 points, from 60.0 % to 70.0 %" in shown(at(0.6, 1), at(0.7, 8))


def test_a_hit_rate_that_hardly_moves_is_said_to_stay() -> None:
    assert "stayed between 70.0 % and 70.3 %" in shown(at(0.7, 1), at(0.703, 4), at(0.701, 8))


def test_a_dip_on_the_way_is_not_hidden() -> None:
    text = shown(at(0.7, 1), at(0.5, 4), at(0.7, 8))
    assert "was 70.0 % at both ends, and between 50.0 % and 70.0 % on the way" in text


def test_a_run_of_redis_alone_says_nothing_of_locmem() -> None:
    text = shown(make_trial("redis", 1), make_trial("redis", 8))
    assert text == (
        "From 1 worker to 8, the hit rate of redis, one cache for all workers, stayed at 90.5 %."
    )


def test_a_run_of_locmem_alone_compares_with_nothing() -> None:
    assert "same requests" not in shown(make_trial(workers=1), make_trial(workers=8))


def test_trials_without_an_answer_leave_the_hit_rate_unknown() -> None:
    text = shown(unanswered_trial(), unanswered_trial("redis"))
    assert text == (
        "locmem answered no lookup, so its hit rate is unknown. On the same requests, "
        "redis answered no lookup, so its hit rate is unknown."
    )


def test_other_numbers_of_workers_beside_are_named() -> None:
    text = shown(make_trial(workers=1), make_trial(workers=8), make_trial("redis", 4))
    assert "On the same requests, with 4 workers (the only count measured), the hit" in text


def test_misses_without_fragmentation_are_not_blamed_on_it() -> None:
    misses = {"first": 284}
    assert "none of its 284 misses was fragmentation" in shown(make_trial(workers=1, misses=misses))


def test_a_run_without_a_miss_is_reported_as_such() -> None:
    assert "no lookup missed" in shown(at(1.0, 4, misses={}))


def test_a_backend_is_called_shared_only_where_the_replay_shows_it() -> None:
    neither = Explained(per_process=0.6, shared=0.5)
    text = shown(make_trial(), make_trial("dummy", 4, explained=neither))
    assert "hit rate of dummy was" in text


def test_an_invalid_run_teaches_nothing() -> None:
    assert make_summary(valid=False).conclusions == (
        "This run is not valid, so no lesson is drawn from its numbers.",
    )


def test_a_run_without_trials_has_no_lesson() -> None:
    assert conclusions(replace(make_summary(), trials=())) == ()


def summary(cost_s: dict[tuple[str, int], float | None]) -> Summary:
    trials = tuple(
        make_trial(backend, workers, measures={"lookup_cost_s": Figure(value=value)})
        for (backend, workers), value in cost_s.items()
    )
    return replace(make_summary(), trials=trials, evidence=("lookup_cost_s",))


def test_it_is_harmless_where_a_lookup_clearly_costs_less_than_with_a_shared_cache() -> None:
    shown = cost_sentences(
        summary(
            {
                ("locmem", 1): 0.001,
                ("redis", 1): 0.002,
                ("locmem", 4): 0.0019,
                ("redis", 4): 0.002,
            }
        )
    )
    assert shown[0].startswith(
        "Harmless here: with 1 worker a lookup took 1.00 ms with locmem and 2.00 ms"
    )
    assert shown[1].startswith("No gain here: with 4 workers a lookup took 1.90 ms")
    assert len(shown) == 2


def test_what_was_not_timed_is_not_judged() -> None:
    (shown,) = cost_sentences(summary({("locmem", 1): None, ("redis", 1): 0.002}))
    assert shown == "With 1 worker the cost of a lookup is unknown."


def test_a_scenario_that_does_not_ask_for_it_gets_no_sentence() -> None:
    assert cost_sentences(make_summary()) == []
