"""One whole run of `harness run hit-rate`, looked at from every side."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from itertools import chain, pairwise
from types import NoneType
from typing import Any

import numpy as np
import pytest

from harness.load.trace import key_sequence
from harness.record.rundir import read_run
from tests.e2e.conftest import COMMAND, Recorded
from tests.e2e.processes import ROOT, Harness

pytestmark = [pytest.mark.e2e, pytest.mark.servers]

ORDER = [(backend, workers) for workers in (1, 2, 4) for backend in ("locmem", "redis")]
REQUESTS = 1500

RATE, COUNT, TEXT = (int, float), int, str
SHAPE: dict[str, Any] = {
    "format": COUNT,
    "scenario": TEXT,
    "run_dir": TEXT,
    "valid": bool,
    "environment": dict,
    "seed": COUNT,
    "trials": [
        {
            "backend": TEXT,
            "server": TEXT,
            "servers": COUNT,
            "workers": COUNT,
            "requests": COUNT,
            "failures": COUNT,
            "lookups": COUNT,
            "hits": COUNT,
            "hit_rate": RATE,
            "predicted": {
                "hit_rate": RATE,
                "low": RATE,
                "high": RATE,
                "closed_form": (*RATE, NoneType),
            },
            "explained": {"per_process": RATE, "shared": RATE},
            "misses": {
                "first": COUNT,
                "fragmentation": COUNT,
                "restart": COUNT,
                "expired": COUNT,
                "evicted": COUNT,
                "unexplained": COUNT,
            },
            "effective_workers": RATE,
            "origin_s": RATE,
            "wall_s": RATE,
            "requests_per_second": RATE,
            "lives": [
                {
                    "server": COUNT,
                    "slot": COUNT,
                    "generation": COUNT,
                    "pid": COUNT,
                    "requests": COUNT,
                    "lookups": COUNT,
                    "hits": COUNT,
                    "hit_rate": RATE,
                    "share": RATE,
                }
            ],
            "accounted": {"samples": COUNT, "tallies": COUNT, "lost": COUNT},
            "caveats": list,
        }
    ],
    "wall_s": RATE,
}


def misfits(value: Any, shape: Any, place: str = "result") -> list[str]:
    """Return the places where a value has not the shape that is promised; more fields are fine."""
    if isinstance(shape, dict):
        missing = [f"{place}.{name} is missing" for name in shape if name not in value]
        there = [name for name in shape if name in value]
        inside = [misfits(value[name], shape[name], f"{place}.{name}") for name in there]
        return [*missing, *chain.from_iterable(inside)]
    if isinstance(shape, list):
        inside = [misfits(item, shape[0], f"{place}[{n}]") for n, item in enumerate(value)]
        return list(chain.from_iterable(inside)) if value else [f"{place} is empty"]
    fits = isinstance(value, shape) and (shape is bool or not isinstance(value, bool))
    return [] if fits else [f"{place} is {value!r}"]


@pytest.fixture
def trials(recorded: Recorded) -> list[dict[str, Any]]:
    return list(recorded.result["trials"])


@pytest.fixture
def locmem(trials: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [trial for trial in trials if trial["backend"] == "locmem"]


@pytest.fixture
def redis(trials: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [trial for trial in trials if trial["backend"] == "redis"]


def test_the_run_ends_well(recorded: Recorded) -> None:
    assert recorded.outcome.code == 0
    assert recorded.result["valid"] is True


def test_standard_output_is_the_result_and_nothing_else(recorded: Recorded) -> None:
    assert recorded.outcome.stdout == (recorded.run_dir / "result.json").read_text()


def test_standard_error_is_empty_where_nobody_watches(recorded: Recorded) -> None:
    assert recorded.outcome.stderr == ""


def test_the_result_has_the_promised_shape(recorded: Recorded) -> None:
    assert misfits(recorded.result, SHAPE) == []


def test_the_trials_come_in_the_order_of_the_plan(trials: list[dict[str, Any]]) -> None:
    assert [(trial["backend"], trial["workers"]) for trial in trials] == ORDER


def test_exactly_the_requests_asked_for_are_served(trials: list[dict[str, Any]]) -> None:
    for trial in trials:
        assert (trial["requests"], trial["failures"], trial["lookups"]) == (REQUESTS, 0, REQUESTS)
        assert sum(life["requests"] for life in trial["lives"]) == REQUESTS


def test_every_worker_is_a_life_of_its_own_that_served(trials: list[dict[str, Any]]) -> None:
    for trial in trials:
        lives = trial["lives"]
        assert {life["slot"] for life in lives} == set(range(1, trial["workers"] + 1))
        assert len(lives) == trial["workers"]
        assert len({life["pid"] for life in lives}) == trial["workers"]
        assert all(life["requests"] > 0 and life["generation"] == 1 for life in lives)
        assert sum(life["share"] for life in lives) == pytest.approx(1)
        assert 1 <= trial["effective_workers"] <= trial["workers"] + 1e-9


def test_the_hit_rate_of_locmem_falls_with_each_worker_more(locmem: list[dict[str, Any]]) -> None:
    assert all(fewer["hits"] > more["hits"] for fewer, more in pairwise(locmem))


def test_the_hit_rate_of_redis_does_not_depend_on_the_workers(redis: list[dict[str, Any]]) -> None:
    rates = [trial["hit_rate"] for trial in redis]
    assert max(rates) - min(rates) <= 0.01


def test_locmem_is_as_predicted_within_two_points(locmem: list[dict[str, Any]]) -> None:
    for trial in locmem:
        assert abs(trial["hit_rate"] - trial["predicted"]["hit_rate"]) <= 0.02


def test_the_closed_form_is_near_the_prediction(locmem: list[dict[str, Any]]) -> None:
    for trial in locmem:
        predicted = trial["predicted"]
        assert predicted["low"] <= predicted["hit_rate"] <= predicted["high"]
        assert abs(predicted["closed_form"] - predicted["hit_rate"]) <= 0.01


def test_a_cache_per_process_explains_locmem(locmem: list[dict[str, Any]]) -> None:
    assert all(trial["explained"]["per_process"] >= 0.999 for trial in locmem)
    assert locmem[-1]["explained"]["shared"] < 0.95


def test_one_shared_cache_explains_redis(redis: list[dict[str, Any]]) -> None:
    assert all(trial["explained"]["shared"] >= 0.995 for trial in redis)
    assert redis[-1]["explained"]["per_process"] < 0.95


def test_every_miss_has_one_cause(trials: list[dict[str, Any]]) -> None:
    for trial in trials:
        assert sum(trial["misses"].values()) == trial["lookups"] - trial["hits"]


def test_fragmentation_comes_with_a_second_worker_and_not_with_redis(
    locmem: list[dict[str, Any]], redis: list[dict[str, Any]]
) -> None:
    lost = [trial["misses"]["fragmentation"] for trial in locmem]
    assert lost[0] == 0 < lost[1] < lost[2]
    assert [trial["misses"]["fragmentation"] for trial in redis] == [0, 0, 0]


def test_nothing_is_unaccounted_for(trials: list[dict[str, Any]]) -> None:
    for trial in trials:
        assert trial["accounted"] == {"samples": REQUESTS, "tallies": REQUESTS, "lost": 0}


def test_each_life_counted_what_its_answers_reported(recorded: Recorded) -> None:
    record, _ = read_run(recorded.run_dir)
    for facts, trial in zip(record.trials, recorded.result["trials"], strict=True):
        counted = {
            life.pid: (life.tally["finished"], life.tally["hits"], life.tally["misses"])
            for life in facts.lives
        }
        reported = {
            life["pid"]: (life["requests"], life["hits"], life["lookups"] - life["hits"])
            for life in trial["lives"]
        }
        assert counted == reported


def test_every_trial_serves_the_seeded_trace_in_its_order(recorded: Recorded) -> None:
    _, samples = read_run(recorded.run_dir)
    trace = key_sequence(keys=300, zipf=1.0, requests=REQUESTS, seed=1)
    wanted = [f"product:{key + 1}" for key in trace]
    for trial in samples.values():
        assert trial.step.tolist() == list(range(REQUESTS))
        assert [str(trial.keys[key]) for key in trial.key[np.argsort(trial.request)]] == wanted


def test_a_lookup_lies_between_its_request_and_the_answer(recorded: Recorded) -> None:
    _, samples = read_run(recorded.run_dir)
    for trial in samples.values():
        sent_s, done_s = trial.sent_s[trial.request], trial.done_s[trial.request]
        assert np.all(trial.sent_s < trial.done_s)
        # Each process reads two clocks after one another, and may be interrupted in between.
        assert np.mean((sent_s <= trial.at_s) & (trial.at_s <= done_s)) >= 0.99


def test_the_run_directory_holds_the_whole_run(recorded: Recorded) -> None:
    logs = [
        "app.log",
        *(
            f"gunicorn-{n:02d}-{backend}-{workers}.log"
            for n, (backend, workers) in enumerate(ORDER)
        ),
        *("locust.log", "redis.log"),
    ]
    found = sorted(str(p.relative_to(recorded.run_dir)) for p in recorded.run_dir.rglob("*"))
    trials = [f"trials/{n:02d}-{backend}-{workers}" for n, (backend, workers) in enumerate(ORDER)]
    files = [f"{trial}/{name}" for trial in trials for name in ("samples.npz", "trial.json")]
    files += ["result.json", "run.json", "scenario.toml", *(f"logs/{name}" for name in logs)]
    assert found == sorted([*files, *trials, "logs", "trials"])


def test_the_kept_scenario_can_be_run_again(recorded: Recorded, harness: Harness) -> None:
    shown = [
        harness.run("show", scenario, *COMMAND[2:6], "--format", "json").stdout
        for scenario in (str(recorded.run_dir / "scenario.toml"), "hit-rate")
    ]
    assert json.loads(shown[0]) == json.loads(shown[1])


READ_ONLY = """
import sys
for name in ("django", "gunicorn", "locust", "gevent"):
    sys.modules[name] = None
from harness.cli.main import main
sys.exit(main(["report", "run", "--format", "json"]))
"""


def test_a_report_needs_nothing_that_measures_and_gives_the_same_numbers(
    recorded: Recorded,
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", READ_ONLY],
        cwd=recorded.run_dir.parent,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == recorded.result


NAMES = ("caches", "keys", "marks")


def test_no_secret_and_no_temporary_path_is_kept_or_printed(recorded: Recorded) -> None:
    files = [path for path in recorded.run_dir.rglob("*") if path.is_file()]
    _, samples = read_run(recorded.run_dir)
    names = " ".join(
        str(names.tolist())
        for one in samples.values()
        for names in (one.keys, one.caches, one.marks)
    )
    texts = [path.read_text(errors="replace") for path in files]
    everything = "\n".join([*texts, names, recorded.outcome.stdout, recorded.outcome.stderr])
    assert len(recorded.secrets) == 4
    for secret in [*recorded.secrets, str(recorded.harness.directory)]:
        assert len(secret) > 10
        assert secret not in everything


def test_nothing_is_left_behind(recorded: Recorded) -> None:
    assert recorded.leftovers == []


def test_a_lookup_that_a_worker_did_not_count_makes_the_run_not_valid(
    harness: Harness, recorded: Recorded
) -> None:
    shutil.copytree(recorded.run_dir, harness.run_dir)
    file = harness.run_dir / "trials" / "00-locmem-1" / "trial.json"
    facts = json.loads(file.read_text())
    facts["lives"][0]["tally"]["hits"] -= 1
    file.write_text(json.dumps(facts))
    outcome = harness.run("report", "run", "--format", "json")

    assert outcome.code == 4
    result = json.loads(outcome.stdout)
    assert result["valid"] is False
    assert result["trials"][0]["caveats"][0]["code"] == "unaccounted"
    assert "HX402 locmem, 1 worker" in outcome.stderr
