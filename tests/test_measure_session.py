"""What a session serves in which order, and what it keeps when something fails: no server runs."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import HarnessError, InfrastructureError
from harness.measure.plan import LoadProgress, Phase, TrialEnded, TrialStarted
from harness.measure.session import refuse_actions
from harness.record.rundir import RUN_FILE, TRIALS, read_run
from harness.scenario.load import read_scenario
from harness.scenario.plan import turns_without_end
from tests.measuring import Bench, bench, failure, plan_of

ONE, TWO = "00-locmem-1", "01-locmem-2"
BOTH = {"matrix": {"backend": ["locmem", "redis"], "workers": [2]}}
ROUNDS = {**BOTH, "load": {"requests": 60, "rounds": 3}}


@pytest.fixture
def session(tmp_path: Path) -> Bench:
    return bench(tmp_path)


def test_trials_are_served_one_after_another_and_released_once_their_servers_are_stopped(
    session: Bench,
) -> None:
    session.run(plan_of())
    assert session.testbed.steps == [
        ("prepare", ONE),
        ("prepare", TWO),
        *((step, ONE) for step in ("start", "ready", "serve", "stop", "release")),
        *((step, TWO) for step in ("start", "ready", "serve", "stop", "release")),
        ("stop", "load"),
    ]
    record, samples = read_run(session.run_dir)
    assert record.problems == ()
    assert (record.planned, record.ended) == (2, True)
    assert record.wall_s > 0
    assert [facts.workers for facts in record.trials] == [1, 2]
    assert all(samples[number].step.tolist() == list(range(60)) for number in (0, 1))
    assert all(facts.load.wall_s == 1.0 for facts in record.trials)
    assert read_scenario(session.run_dir / "scenario.toml").name == "mine"


def test_trials_in_rounds_are_up_together_and_alternate(session: Bench) -> None:
    session.run(plan_of(**ROUNDS))
    served = [slug for step, slug in session.testbed.steps if step == "serve"]
    locmem, redis = "00-locmem-2", "01-redis-2"
    assert served == [locmem, redis, redis, locmem, locmem, redis]
    started = [step for step, _ in session.testbed.steps]
    assert started.index("serve") > max(at for at, step in enumerate(started) if step == "ready")
    _, samples = read_run(session.run_dir)
    assert samples[1].round.tolist() == [step // 20 for step in range(60)]


def test_events_say_what_is_going_on(session: Bench) -> None:
    session.run(plan_of(matrix={"backend": ["locmem"], "workers": [1]}))
    started = TrialStarted(number=1, total=1, backend="locmem", workers=1, requests=60)
    assert session.events == [
        Phase(text="starting servers and load"),
        started,
        started,
        Phase(text="loading"),
        LoadProgress(number=1, done=1, hits=0, lookups=1),
        Phase(text="stopping"),
        TrialEnded(number=1),
    ]


def test_an_action_is_performed_when_its_milestone_is_reached(session: Bench) -> None:
    session.load.messages = ({"event": "milestone", "step": 30},)
    session.run(
        plan_of(
            matrix={"backend": ["locmem"], "workers": [2]},
            actions=[{"at": 0.5, "do": "kill-worker", "slot": 2}],
        )
    )
    assert ("kill 2", "00-locmem-2") in session.testbed.steps
    (facts,) = read_run(session.run_dir)[0].trials
    (action,) = facts.actions
    assert (action.do, action.step, action.slot) == ("kill-worker", 30, 2)


def test_a_group_stops_when_enough_is_known(session: Bench) -> None:
    plan = plan_of(**ROUNDS)
    seen: list[int] = []

    def stop_early(_trial: object, _samples: object, _cost: object) -> bool:
        seen.append(len(seen))
        return len(seen) == 4

    (group,) = plan.groups
    endless = replace(
        group, turns=lambda trials: turns_without_end(trials, 10), stop_early=stop_early
    )
    session.run(replace(plan, groups=(endless,)))
    record, samples = read_run(session.run_dir)
    assert [len(facts.rounds) for facts in record.trials] == [2, 2]
    assert samples[0].requests == 20


def test_a_skipped_backend_is_left_out_and_named(session: Bench) -> None:
    session.testbed.skipped = {"redis": "HX302 redis: no server"}
    session.testbed.servers = {"nginx": "nginx 1.27"}
    session.run(plan_of(**BOTH))
    record, _ = read_run(session.run_dir)
    assert [facts.backend for facts in record.trials] == ["locmem"]
    assert record.environment["gaps"] == session.testbed.skipped
    assert record.environment["servers"] == session.testbed.servers
    assert record.problems == ()


def fail_in_the_load(session: Bench) -> InfrastructureError:
    error = session.load.errors[TWO, 0] = failure("HX321", "locust")
    return error


def fail_at_the_start(session: Bench) -> InfrastructureError:
    error = session.testbed.unstarted[TWO] = failure("HX312", "gunicorn")
    return error


def fail_in_the_clean_up(session: Bench) -> InfrastructureError:
    session.testbed.unreleased.add(TWO)
    return failure("HX303", "redis")


@pytest.mark.parametrize(
    ("fail", "kept"), [(fail_in_the_load, 2), (fail_at_the_start, 1), (fail_in_the_clean_up, 2)]
)
def test_whatever_fails_the_trials_before_it_are_kept(
    session: Bench, fail: Callable[[Bench], InfrastructureError], kept: int
) -> None:
    error = fail(session)
    with pytest.raises(InfrastructureError, match=error.problems[0].code):
        session.run(plan_of())
    record, samples = read_run(session.run_dir)
    assert len(record.trials) == kept
    assert samples[0].requests == 60
    assert record.problems == (str(error),)
    assert record.ended
    stopped = [slug for step, slug in session.testbed.steps if step == "stop"]
    assert stopped[-1] == "load"
    assert ONE in stopped


def test_a_trial_that_failed_keeps_its_requests_and_says_why(session: Bench) -> None:
    error = fail_in_the_load(session)
    with pytest.raises(InfrastructureError):
        session.run(plan_of())
    first, second = read_run(session.run_dir)[0].trials
    assert (first.problem, second.problem) == ("", str(error))
    assert read_run(session.run_dir)[1][1].requests == 30


def test_all_trials_of_a_comparison_are_kept_when_its_cache_server_dies(session: Bench) -> None:
    session.testbed.unreleased |= {"00-locmem-2", "01-redis-2"}
    with pytest.raises(InfrastructureError, match="HX303"):
        session.run(plan_of(**ROUNDS))
    record, samples = read_run(session.run_dir)
    assert [samples[facts.number].requests for facts in record.trials] == [60, 60]
    released = [slug for step, slug in session.testbed.steps if step == "release"]
    assert len(released) == 2


def test_the_first_error_is_the_one_that_is_reported(session: Bench) -> None:
    error = fail_in_the_load(session)
    session.testbed.unreleased.add(TWO)
    with pytest.raises(InfrastructureError, match="HX321"):
        session.run(plan_of())
    assert read_run(session.run_dir)[0].problems == (str(error),)


def test_an_interruption_keeps_what_there_is(session: Bench) -> None:
    session.load.errors[TWO, 0] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        session.run(plan_of())
    record, _ = read_run(session.run_dir)
    assert record.problems == ("interrupted",)
    assert [facts.problem for facts in record.trials] == ["", "interrupted"]


def test_a_trial_is_readable_while_the_next_one_is_served(session: Bench) -> None:
    """What SIGKILL leaves is what there is at that moment."""
    found = []

    def look(event: object) -> None:
        if event == Phase(text="loading"):
            found.append(read_run(session.run_dir)[0])

    session.run(plan_of(), look)
    assert [len(record.trials) for record in found] == [0, 1]
    assert found[1].problems == (
        "did not end: 1 of 2 trials are complete; the run was killed, or is still going on",
    )


def test_a_full_disk_is_an_error_of_the_run_directory_only(session: Bench) -> None:
    log = session.run_dir / "logs" / "locust.log"
    session.testbed.unstarted[TWO] = OSError(28, "No space left on device", str(log))
    with pytest.raises(HarnessError, match=f"HX301 {log}: cannot be written: No space left"):
        session.run(plan_of())
    assert len(read_run(session.run_dir)[0].trials) == 1


def test_a_run_directory_that_vanished_is_reported(session: Bench) -> None:
    def vanish(event: object) -> None:
        if event == Phase(text="stopping"):
            (session.run_dir / TRIALS).rename(session.run_dir / "elsewhere")
            (session.run_dir / TRIALS).write_text("a file")

    with pytest.raises(HarnessError, match="HX301"):
        session.run(plan_of(), vanish)
    assert json.loads((session.run_dir / RUN_FILE).read_text())["problems"]


def test_an_action_on_a_server_that_is_not_ours_is_refused() -> None:
    plan = plan_of(actions=[{"at": 0.5, "do": "restart-cache"}], **BOTH)
    with pytest.raises(HarnessError, match="HX105"):
        refuse_actions(plan, {"HARNESS_REDIS_URL": "redis://:secret@db.example/1"})
    refuse_actions(plan, {"PATH": ""})
    refuse_actions(plan_of(), {"HARNESS_REDIS_URL": "redis://db.example/1"})
