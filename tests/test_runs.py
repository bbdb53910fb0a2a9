"""The one interface to measuring and reading: what a notebook, the plugin and each verb call."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness import runs
from harness.errors import HarnessError, InfrastructureError, UsageError
from harness.measure import session
from harness.measure.plan import Plan, RunEndedEarly
from harness.record.rundir import create_run_dir, write_run, write_scenario
from harness.record.samples import LOOKUP_COLUMNS, LOOKUP_DTYPE
from harness.scenario import load
from tests.measuring import bench, failure
from tests.test_record import a_trial, keep_run, record

ROOT = Path(__file__).resolve().parent.parent
EXPECT = """
question = "Why?"
[matrix]
backend = ["locmem"]
workers = [1, 4]
[[expect]]
metric = "hit_rate"
where = { workers = WORKERS }
at_least = 0.1
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def fake(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return the load that serves all runs, on a testbed that is none."""
    made = bench(tmp_path_factory.mktemp("fake"))

    def run_session(plan: Plan, run_dir: Path, notify: Callable[[Any], None]) -> None:
        made.run_dir = run_dir
        made.run(plan, notify)

    monkeypatch.setattr(session, "run_session", run_session)
    return made.load


def counting(calls: list[str], name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def counted(*args: Any, **options: Any) -> Any:
        calls.append(name)
        return function(*args, **options)

    return counted


def test_a_scenario_is_read_and_expanded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    for name in ("_parse_toml", "expand_plan"):
        original = getattr(load, name)

        monkeypatch.setattr(load, name, counting(calls, name, original))
    plan = runs.resolve("hit-rate", {"load.requests": 100})
    assert sorted(calls) == ["_parse_toml", "expand_plan"]
    assert plan.scenario.load.requests == 100
    assert len(plan.trials) == 8
    assert plan.path.name == "hit-rate.toml"
    assert plan.sources.locustfile.is_file()
    assert plan.purpose is None


def test_an_override_is_a_value_or_a_value_with_the_option_that_set_it() -> None:
    assert len(runs.resolve("hit-rate", {"matrix.workers": [3]}).trials) == 2
    with pytest.raises(HarnessError, match=r"HX203 matrix\.workers"):
        runs.resolve("hit-rate", {"matrix.workers": [0]})
    with pytest.raises(HarnessError, match="HX203 --workers"):
        runs.resolve("hit-rate", {"matrix.workers": ([0], "--workers")})


def test_an_expectation_needs_a_trial_of_the_file_and_not_of_its_overrides(here: Path) -> None:
    (here / "own.toml").write_text(EXPECT.replace("WORKERS", "4"))
    (here / "wrong.toml").write_text(EXPECT.replace("WORKERS", "3"))
    assert len(runs.resolve("own.toml", {"matrix.workers": [1]}).trials) == 1
    for overrides in ({}, {"matrix.workers": [1]}):
        with pytest.raises(HarnessError, match=r"HX502 wrong\.toml"):
            runs.resolve("wrong.toml", overrides)


def test_an_aa_run_compares_the_first_backend_with_itself() -> None:
    plan = runs.resolve("latency", aa=True)
    assert {trial.backend for trial in plan.trials} == {"locmem"}
    assert {trial.varied["copy"] for trial in plan.trials} == {1, 2}
    with pytest.raises(UsageError, match="HX102"):
        runs.resolve("hit-rate", aa=True)


@pytest.mark.usefixtures("fake")
def test_a_measured_run_is_kept_in_a_directory_of_its_own(here: Path) -> None:
    plan = runs.resolve("hit-rate", {"matrix.backend": ["locmem"], "load.requests": 60})
    found = [runs.measure(plan) for _ in range(2)]
    first, second = (run.run_dir for run in found)
    assert first.parent == second.parent == Path("runs")
    assert first != second
    assert first.name.startswith("hit-rate-")
    result = json.loads((here / first / "result.json").read_text())
    assert [trial["requests"] for trial in result["trials"]] == [60] * 4
    assert result["valid"] == found[0].summary.valid
    assert found[0].trial(workers=4).requests == 60
    with pytest.raises(UsageError, match="HX103"):
        runs.measure(plan, first)


@pytest.mark.usefixtures("fake")
def test_any_name_of_a_scenario_gives_a_directory_below_that_of_runs(here: Path) -> None:
    plan = runs.resolve("hit-rate", {"matrix.backend": ["locmem"], "load.requests": 10})
    for name in ("Half of it: 50 %", "x" * 300):
        run = runs.measure(replace(plan, scenario=replace(plan.scenario, name=name)))
        assert run.run_dir.resolve().parent == here / "runs"
        assert run.summary.scenario == name


def test_an_error_leaves_what_was_measured_and_says_where(here: Path, fake: Any) -> None:
    fake.errors["01-locmem-2", 0] = failure("HX321", "locust")
    events: list[object] = []
    plan = runs.resolve("hit-rate", {"matrix.backend": ["locmem"], "load.requests": 60})
    with pytest.raises(InfrastructureError, match="HX321"):
        runs.measure(plan, here / "out", events.append)
    assert events[-1] == RunEndedEarly(run_dir=here / "out", trials=2)
    run = runs.read(here / "out")
    assert not run.summary.valid
    assert run.summary.problems[0].startswith("HX321")
    assert (here / "out" / "result.json").is_file()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["hit-rate", "stale"])
def test_every_lookup_of_a_run_is_a_row(name: str, tmp_path: Path) -> None:
    run = runs.read(ROOT / "tests" / "runs" / name)
    rows = run.lookups
    assert rows.dtype == LOOKUP_DTYPE
    assert len(rows) == sum(trial.lookups for trial in run.summary.trials)
    for number, trial in enumerate(run.summary.trials):
        mine = rows[rows["trial"] == number]
        assert np.count_nonzero(mine["hit"]) == trial.hits
        assert set(mine["backend"]) == {trial.backend}
        assert len(np.unique(mine[["slot", "generation"]])) == len(trial.lives)
    run.write_csv(tmp_path / "lookups.csv")
    with (tmp_path / "lookups.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    assert list(table[0]) == list(LOOKUP_COLUMNS)
    assert [row["key"] for row in table] == rows["key"].tolist()
    hits = [row for row in table if row["hit"] == "True"]
    assert {row["origin_s"] for row in hits} == {""}
    assert float(table[0]["at_s"]) == rows["at_s"][0]


def test_a_trial_is_found_by_what_describes_it() -> None:
    run = runs.read(ROOT / "tests" / "runs" / "hit-rate")
    assert run.trial(backend="redis", workers=4).hit_rate == pytest.approx(0.9, abs=0.05)
    with pytest.raises(LookupError, match="2 trials match workers=4, need one; there are locmem"):
        run.trial(workers=4)
    with pytest.raises(LookupError, match="0 trials match nothing=1"):
        run.trial(nothing=1)


def test_a_run_that_was_killed_is_read_with_the_trials_it_has(tmp_path: Path) -> None:
    path = create_run_dir(tmp_path / "run")
    write_scenario(path, {"question": "Why?"})
    write_run(path, record(planned=2, ended=False))
    assert runs.read(path).summary.trials == ()
    keep_run(path, record(planned=2, ended=False), {0: a_trial()})
    run = runs.read(path)
    assert len(run.summary.trials) == 1
    assert run.summary.problems[0].startswith("did not end: 1 of 2")
    assert len(run.lookups) == 60


def test_runs_are_listed_with_their_size_and_removed(here: Path) -> None:
    assert runs.entries() == []
    for name in ("b", "claims/a"):
        keep_run(create_run_dir(here / "runs" / name), record(), {0: a_trial()})
    (here / "runs" / "b" / "run.json").write_text("{")
    (here / "runs" / "own").mkdir()
    (here / "runs" / "own" / "notes.txt").write_text("mine")
    damaged, whole = runs.entries()
    assert (damaged.path, damaged.trials) == (Path("runs/b"), None)
    assert (whole.path, whole.trials, whole.scenario) == (Path("runs/claims/a"), 1, "mine")
    assert whole.size_bytes > 3000
    runs.remove(whole.path)
    with pytest.raises(UsageError, match="HX104"):
        runs.remove(Path("runs/own"))
    assert (here / "runs" / "own" / "notes.txt").read_text() == "mine"
    assert [entry.path for entry in runs.entries()] == [Path("runs/b")]


def test_of_a_link_to_a_run_the_link_is_removed(here: Path) -> None:
    keep_run(create_run_dir(here / "elsewhere"), record(), {0: a_trial()})
    (here / "link").symlink_to(here / "elsewhere")
    runs.remove(Path("link"))
    assert not (here / "link").exists()
    assert (here / "elsewhere" / "run.json").is_file()
