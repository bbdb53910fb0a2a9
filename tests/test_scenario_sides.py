"""The two scenarios of a duel, from one scenario and the settings of each side."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness.errors import ScenarioError, UsageError
from harness.scenario.load import different, duel_sides, find_scenario, load_scenario
from harness.scenario.schema import Action, Matrix, Scenario

PLAIN = Scenario(name="plain", question="Why?")


def given(option: str = "--b", **settings: Any) -> dict[str, tuple[Any, str]]:
    keys = {name.replace("__", "."): value for name, value in settings.items()}
    return {key: (value, f"{option} {key}") for key, value in keys.items()}


def test_each_side_is_one_trial_of_the_first_values_unless_another_is_set() -> None:
    base, candidate = duel_sides(PLAIN, {}, given(matrix__workers=[4], server__threads=2), 60)
    assert (base.matrix.backend, base.matrix.workers) == (("locmem",), (1,))
    assert (candidate.matrix.backend, candidate.matrix.workers) == (("locmem",), (4,))
    assert (base.server.threads, candidate.server.threads) == (1, 2)
    assert (base.load.requests, base.load.rounds) == (60, 1)


def test_of_what_varies_each_side_takes_the_first_value() -> None:
    matrix = Matrix(
        cases=({"matrix.workers": [2]}, {"matrix.workers": [4]}),
        vary={"app.env.SIZE": ("10", "20")},
    )
    base, candidate = duel_sides(
        replace(PLAIN, matrix=matrix), {}, given(**{"app__env__SIZE": "30"}), 60
    )
    assert base.matrix.workers == (2,)
    assert base.app.env == {"SIZE": "10"}
    assert candidate.app.env == {"SIZE": "30"}
    assert base.matrix.vary == {}
    assert base.matrix.cases == ()


@pytest.mark.parametrize("name", ["latency", "break-even", "hit-rate"])
def test_scenarios_that_come_with_the_harness_have_sides(name: str) -> None:
    scenario = load_scenario(find_scenario(name))
    base, candidate = duel_sides(scenario, {}, {}, 60)
    assert base == candidate


def test_actions_are_refused() -> None:
    acting = replace(PLAIN, actions=(Action(at=0.5, do="reload"),))
    with pytest.raises(UsageError, match="HX102 duel plain: has actions"):
        duel_sides(acting, {}, {}, 60)


def test_the_mistakes_of_both_sides_are_reported_together_with_their_options() -> None:
    with pytest.raises(ScenarioError) as caught:
        duel_sides(PLAIN, given("--a", server__threads=0), given("--b", server__thraeds=2), 60)
    wheres = [problem.where for problem in caught.value.problems]
    assert [problem.code for problem in caught.value.problems] == ["HX203", "HX202"]
    assert "--a server.threads" in wheres[0]
    assert "--b server.thraeds" in wheres[1]


def test_what_differs_is_reported_by_key() -> None:
    sides = duel_sides(PLAIN, given(server__threads=1), given(server__threads=2, seed=1), 60)
    keys = ["server.threads", "seed", "app.env.NOT_THERE"]
    assert different(sides, keys) == ({"server.threads": 1}, {"server.threads": 2})
