"""The judge of a duel under way, and the result of a recorded one."""

from __future__ import annotations

from itertools import count

import pytest

from harness.analysis.analyze import analyze_run
from harness.gate.duel import DuelResult, Judge, duel_result
from harness.record.facts import RoundFacts
from harness.record.samples import split_rounds
from harness.scenario.load import duel_sides
from harness.scenario.plan import duel_group, turns_without_end
from harness.scenario.schema import Scenario
from harness.verdicts import Verdict
from tests.duelling import REQUESTS, Trial, duel_facts, served
from tests.factories import EPOCH_S, no_samples

GROUP = duel_group(duel_sides(Scenario(name="x", question="?"), {}, {}, REQUESTS), ({}, {}))


def result_of(*trials: Trial, **terms: float) -> DuelResult:
    return duel_result(duel_facts(**terms), trials, analyze_run(trials).trials)


def verdicts(result: DuelResult) -> dict[str, str]:
    return {one.metric: one.verdict.value for one in result.findings}


def rounds_taken(base: Trial, candidate: Trial, seconds_per_block: float = 0.4) -> int:
    """Return after how many rounds a judge stops a duel that goes by a clock of its own."""
    clock = count(EPOCH_S, seconds_per_block)
    judge = Judge(duel_facts(), lambda: next(clock))
    played = [[*split_rounds(samples, len(facts.rounds))] for facts, samples in (base, candidate)]
    costs = [facts.rounds for facts, _ in (base, candidate)]
    for turn in turns_without_end(GROUP, REQUESTS):
        side, number = turn.trial.number, turn.round
        if number == len(played[side]):
            break
        if judge(turn.trial, played[side][number], costs[side][number]):
            assert number % 2 == 1
            return number + 1
    return 0


def test_two_that_are_alike_pass() -> None:
    result = result_of(served(0, workers=1), served(1, workers=1))
    assert result.verdict is Verdict.PASS
    assert result.rounds == 60
    assert result.cause == ""
    assert result.misses.keys() == {"first"}


def test_more_cpu_time_is_found_and_stops_the_duel() -> None:
    base, slower = served(0), served(1, cpu=1.1)
    result = result_of(base, slower)
    assert result.verdict is Verdict.FAIL
    assert verdicts(result)["cpu_per_request_s"] == "fail"
    assert verdicts(result)["request_p50_s"] != "fail"
    assert rounds_taken(base, slower) == 48, "the counts are not settled before"


def test_lost_hits_are_found_and_their_cause_is_named() -> None:
    result = result_of(served(0, workers=1), served(1, workers=8))
    assert result.verdict is Verdict.FAIL
    assert verdicts(result)["hit_rate"] == "fail"
    assert result.cause == "fragmentation"
    before, after = result.misses["fragmentation"]
    assert before == 0 < after


@pytest.mark.slow
def test_a_shorter_timeout_is_named() -> None:
    result = result_of(served(0, workers=1, ttl_s=1000.0), served(1, workers=1, ttl_s=0.2))
    assert result.cause == "expired"


@pytest.mark.slow
def test_slower_misses_are_found_though_the_median_stands_still() -> None:
    base = served(0, workers=1, ttl_s=0.3)
    result = result_of(base, served(1, workers=1, ttl_s=0.3, slow_miss=1.5))
    assert verdicts(result)["request_miss_p50_s"] == "fail"
    assert verdicts(result)["request_p50_s"] != "fail"


def test_one_trial_alone_is_no_duel() -> None:
    result = result_of(served(0))
    assert result.verdict is Verdict.NO_DATA
    assert result.misses == {}
    assert duel_result(duel_facts(), [], []).verdict is Verdict.NO_DATA


def test_a_larger_minimum_effect_size_lets_more_pass() -> None:
    trials = served(0, workers=1), served(1, workers=1, cpu=1.1)
    assert result_of(*trials, min_relative_effect=0.15).verdict is Verdict.PASS


def test_a_duel_of_two_that_are_alike_goes_on_until_that_is_known() -> None:
    taken = rounds_taken(served(0, workers=1, rounds=300), served(1, workers=1, rounds=300))
    assert 20 <= taken <= 300


def test_a_duel_stops_before_the_block_that_would_go_beyond_its_budget() -> None:
    alike = served(0, rounds=20), served(1, rounds=20)
    assert rounds_taken(*alike, seconds_per_block=14.0) == 16  # 8 blocks in 112 s


def test_a_round_without_an_answer_does_not_end_the_duel() -> None:
    judge = Judge(duel_facts(), lambda: 0.0)
    cost = RoundFacts(round=0, cpu_s=0.0, requests=0)
    reported = [judge(trial, no_samples(), cost) for _ in range(20) for trial in GROUP]
    assert not any(reported)


@pytest.mark.parametrize("number", [0, 1, 2, 3])
def test_turns_without_end_alternate_and_follow_one_trace(number: int) -> None:
    reported = [turn for turn, _ in zip(turns_without_end(GROUP, 10), range(8), strict=False)]
    mine = [turn for turn in reported if turn.round == number]
    assert [turn.trial.number for turn in mine] == ([0, 1] if number % 2 == 0 else [1, 0])
    assert {(turn.first, turn.last) for turn in mine} == {(10 * number, 10 * number + 10)}
