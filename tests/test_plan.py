"""The plan: a scenario expanded into trials."""

from __future__ import annotations

from harness.plan import expand_plan
from harness.scenario.schema import Matrix, Scenario


def test_each_combination_is_one_trial_with_the_backends_of_a_worker_count_together() -> None:
    matrix = Matrix(backend=("locmem", "redis"), workers=(1, 4))
    trials = expand_plan(Scenario(name="x", question="?", matrix=matrix))
    assert [(trial.number, trial.backend, trial.workers) for trial in trials] == [
        (0, "locmem", 1),
        (1, "redis", 1),
        (2, "locmem", 4),
        (3, "redis", 4),
    ]


def test_names_are_for_people_and_slugs_for_files() -> None:
    one, four = expand_plan(
        Scenario(name="x", question="?", matrix=Matrix(backend=("locmem",), workers=(1, 4)))
    )
    assert (one.name, four.name) == ("locmem, 1 worker", "locmem, 4 workers")
    assert four.slug == "01-locmem-4"
