"""The plan: a scenario expanded into groups of trials, and the turns they take."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import ScenarioError
from harness.scenario.parse import parse_scenario
from harness.scenario.plan import Trial, expand_plan, turns
from tests.factories import STEADY


def plan(**content: Any) -> tuple[tuple[Trial, ...], ...]:
    return expand_plan(parse_scenario({"name": "x", "question": "?", **content}, where="x.toml"))


def test_each_combination_is_one_trial_with_the_backends_of_a_worker_count_together() -> None:
    groups = plan(matrix={"backend": ["locmem", "redis"], "workers": [1, 4]})
    assert [[(t.number, t.backend, t.workers) for t in group] for group in groups] == [
        [(0, "locmem", 1)],
        [(1, "redis", 1)],
        [(2, "locmem", 4)],
        [(3, "redis", 4)],
    ]


def test_names_are_for_people_and_slugs_for_files() -> None:
    (one,), (four,) = plan(matrix={"backend": ["locmem"], "workers": [1, 4]})
    assert (one.name, four.name) == ("locmem, 1 worker", "locmem, 4 workers")
    assert four.slug == "01-locmem-4"


def test_any_key_can_vary_and_each_trial_has_its_own_complete_scenario() -> None:
    matrix = {
        "backend": ["locmem"],
        "workers": [2],
        "vary": {"server.max_requests": [0, 200], "load.zipf": [0.5, 1.0]},
    }
    trials = [trial for group in plan(matrix=matrix) for trial in group]
    assert [(t.scenario.server.max_requests, t.scenario.load.zipf) for t in trials] == [
        (0, 0.5),
        (0, 1.0),
        (200, 0.5),
        (200, 1.0),
    ]
    assert trials[2].varied == {"server.max_requests": 200, "load.zipf": 0.5}


def test_keys_of_a_case_change_together_and_multiply_with_the_others() -> None:
    matrix = {
        "backend": ["locmem"],
        "cases": [
            {"server.servers": 1, "matrix.workers": [4]},
            {"server.servers": 2, "matrix.workers": [1, 2], "matrix.backend": ["redis"]},
        ],
        "vary": {"load.zipf": [0.5, 1.0]},
    }
    trials = [trial for group in plan(matrix=matrix) for trial in group]
    assert [(t.scenario.server.servers, t.workers, t.backend) for t in trials] == [
        (1, 4, "locmem"),
        (1, 4, "locmem"),
        (2, 1, "redis"),
        (2, 2, "redis"),
        (2, 1, "redis"),
        (2, 2, "redis"),
    ]
    assert [t.number for t in trials] == list(range(6))
    assert trials[1].varied == {"server.servers": 1, "load.zipf": 1.0}
    assert trials[0].scenario.matrix.cases == ()


def test_each_mistake_in_a_case_is_reported_with_its_number() -> None:
    cases = [{"server.servers": 17}, {"server.severs": 2}, {"matrix.workers": [0]}]
    with pytest.raises(ScenarioError) as caught:
        plan(matrix={"cases": cases})
    assert [(problem.code, problem.where) for problem in caught.value.problems] == [
        ("HX203", "scenario, key matrix.cases[0].server.servers"),
        ("HX202", "scenario, key matrix.cases[1].server.severs"),
        ("HX203", "scenario, key matrix.cases[2].matrix.workers"),
    ]


def test_a_case_without_a_key_is_a_mistake() -> None:
    with pytest.raises(ScenarioError, match=r"matrix\.cases\[0\]"):
        plan(matrix={"cases": [{}]})


def test_actions_vary_like_any_key_and_are_described_in_a_few_words() -> None:
    actions = [[], [{"at": 0.5, "do": "kill-worker", "slot": "busiest"}]]
    matrix = {"backend": ["locmem"], "workers": [2], "vary": {"actions": actions}}
    (control,), (killed,) = plan(matrix=matrix)
    assert control.varied == {"actions": ""}
    assert control.scenario.actions == ()
    assert killed.varied == {"actions": "kill-worker busiest at 0.5"}
    assert killed.scenario.actions[0].slot == "busiest"


def test_trials_that_take_turns_are_one_group_with_their_copies() -> None:
    (group,) = plan(
        load={"rounds": 2}, matrix={"backend": ["locmem", "redis"], "workers": [2], "copies": 2}
    )
    assert [(t.backend, t.varied) for t in group] == [
        ("locmem", {"copy": 1}),
        ("locmem", {"copy": 2}),
        ("redis", {"copy": 1}),
        ("redis", {"copy": 2}),
    ]


def test_turns_alternate_so_that_a_drift_hits_all_alike() -> None:
    (group,) = plan(
        load={"rounds": 3, "requests": 10},
        matrix={"backend": ["locmem", "redis"], "workers": [1]},
    )
    assert [(t.trial.backend, t.round, t.first, t.last) for t in turns(group)] == [
        ("locmem", 0, 0, 3),
        ("redis", 0, 0, 3),
        ("redis", 1, 3, 6),
        ("locmem", 1, 3, 6),
        ("locmem", 2, 6, 10),
        ("redis", 2, 6, 10),
    ]


@STEADY
@given(requests=st.integers(1, 500), rounds=st.integers(1, 40), backends=st.integers(1, 3))
def test_every_trial_serves_the_whole_trace_once(requests: int, rounds: int, backends: int) -> None:
    chosen = ["locmem", "redis", "dummy"][:backends]
    groups = plan(
        load={"rounds": rounds, "requests": requests}, matrix={"backend": chosen, "workers": [1]}
    )
    for group in groups:
        for trial in group:
            mine = [turn for turn in turns(group) if turn.trial == trial]
            served = [step for turn in mine for step in range(turn.first, turn.last)]
            assert served == list(range(requests))


RELOAD = {"at": 0.5, "do": "reload"}


@pytest.mark.parametrize(
    ("content", "reported"),
    [
        ({"actions": [{**RELOAD, "at": 1.5}]}, "actions[0].at: got 1.5, need a number below 1"),
        ({"actions": [{**RELOAD, "at": 0}]}, "actions[0].at: got 0, need a number above 0"),
        ({"actions": [{**RELOAD, "do": "x"}]}, 'actions[0].do: got "x", need one of'),
        ({"actions": [{"at": 0.5, "do": "kill-worker"}]}, "actions[0].slot: is missing"),
        (
            {"actions": [{"at": 0.5, "do": "kill-worker", "slot": 3}], "matrix": {"workers": [2]}},
            "actions[0].slot: got 3, need a slot of each trial: 1 to 2",
        ),
        ({"actions": [{"at": 0.5, "do": "kill-worker", "slot": "x"}]}, "actions[0].slot"),
        ({"actions": [{**RELOAD, "slot": 1}]}, "actions[0].slot: does not apply to reload"),
        ({"actions": [{"at": 0.5, "do": "scale"}]}, "actions[0].workers: is missing"),
        (
            {"actions": [{"at": 0.5, "do": "scale", "workers": -1}], "matrix": {"workers": [1]}},
            "actions[0].workers: got -1 with 1 workers",
        ),
        ({"actions": [RELOAD], "load": {"rounds": 4}}, "load.rounds: got 4 together with actions"),
        ({"load": {"arrival_rate_per_second": 0}}, "load.arrival_rate_per_second: got 0, need"),
        ({"load": {"rounds": 0}}, "load.rounds: got 0, need a number of 1 or more"),
        ({"matrix": {"vary": {"load.zipf": [-1]}}}, "matrix.vary.load.zipf: got -1, need"),
        ({"matrix": {"vary": {"load.zip": [1]}}}, "matrix.vary.load.zip: is not a key"),
        ({"matrix": {"vary": {"load.zipf": []}}}, "need at least one value"),
    ],
)
def test_keys_that_are_invalid_or_do_not_fit_together_are_reported(
    content: dict[str, Any], reported: str
) -> None:
    with pytest.raises(ScenarioError) as caught:
        plan(**content)
    assert reported in str(caught.value)
    assert all(problem.code in ("HX202", "HX203") for problem in caught.value.problems)
