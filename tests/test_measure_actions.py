"""Each action does what its name says to the right target, and is recorded with its times."""

from __future__ import annotations

from typing import Any, get_args, get_type_hints

import pytest

from harness.errors import UsageError
from harness.measure.protocols import Targets
from harness.measure.testbed import perform, refuse_foreign
from harness.scenario.plan import milestones
from harness.scenario.schema import Action
from harness.servers.services import Lease
from tests.measuring import FakeServers, Step, plan_of


def performed(**action: Any) -> tuple[list[str], Any]:
    """Return what was done, and the facts of the action; the clock starts at 10 s."""
    steps: list[Step] = []
    servers: Any = FakeServers(plan_of().trials[0], steps)
    cache = Lease(restart=lambda: steps.append(("restart cache", "")))
    clock = iter([10.0, 12.5])
    targets = Targets(servers=servers, cache=cache)
    facts = perform(Action(at=0.5, **action), 30, targets, lambda: next(clock))
    return [step for step, _ in steps], facts


ACTIONS: dict[str, tuple[dict[str, Any], str, tuple[int | None, int | None]]] = {
    "reload": ({}, "reload", (None, None)),
    "kill-worker": ({"slot": 2}, "kill 2", (0, 2)),
    "restart": ({}, "restart", (None, None)),
    "scale": ({"workers": -1}, "scale -1", (None, None)),
    "restart-cache": ({}, "restart cache", (None, None)),
}


@pytest.mark.parametrize("do", get_args(get_type_hints(Action)["do"]))
def test_an_action_does_what_its_name_says(do: str) -> None:
    options, step, worker = ACTIONS[do]
    done, facts = performed(do=do, **options)
    assert done == [step]
    assert (facts.do, facts.step, facts.started_s, facts.ended_s) == (do, 30, 10.0, 12.5)
    assert (facts.server, facts.slot) == worker


def test_the_busiest_worker_is_found_by_the_servers() -> None:
    done, facts = performed(do="kill-worker", slot="busiest")
    assert done == ["kill None"]
    assert (facts.server, facts.slot) == (0, 1)


def test_an_action_is_due_at_its_share_of_the_trace() -> None:
    actions = [{"at": 0.5, "do": "reload"}, {"at": 0.999, "do": "restart"}]
    (trial, _) = plan_of(actions=actions).trials
    assert {step: action.do for step, action in milestones(trial.scenario).items()} == {
        30: "reload",
        59: "restart",
    }


def test_only_a_redis_of_the_user_is_never_restarted() -> None:
    restart, reload = Action(at=0.5, do="restart-cache"), Action(at=0.5, do="reload")
    user = {"HARNESS_REDIS_URL": "redis://:secret@db.example/1"}
    with pytest.raises(UsageError, match="HX105") as caught:
        refuse_foreign([reload, restart], user)
    assert "secret" not in str(caught.value)
    refuse_foreign([reload], user)
    refuse_foreign([restart], {})
