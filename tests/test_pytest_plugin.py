"""The pytest plugin: one run for all tests that request it, the report where a test fails.

Each test runs a pytest of its own, on a runner that copies a recorded run and notes the request.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from harness.pytest_plugin.runs import (
    Finished,
    RunFailed,
    measured,
    parse_request,
    run_command,
)

RECORDED = Path(__file__).parent / "runs" / "hit-rate"
"""LocMem and Redis at 1, 2, 4 and 8 workers."""
CONFTEST = f"""
import shutil
from pathlib import Path

import pytest

from harness.pytest_plugin.runs import Finished


@pytest.fixture(scope="session")
def harness_runner():
    def run(arguments, cwd):
        with (Path(cwd) / "requested").open("a") as file:
            print(*arguments[:-2], file=file)
        code = {{"broken": 3, "failing": 5}}.get(arguments[1], 0)
        if code != 3:
            shutil.copytree({str(RECORDED)!r}, arguments[-1])
        return Finished(exit_code=code, report="THE REPORT", errors="HX302 no Redis")

    return run
"""
QUIET = ("-p", "no:locust", "-p", "no:valkey", "-p", "no:cacheprovider")


@pytest.fixture
def inner(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makeconftest(CONFTEST)
    return pytester


def outcomes(inner: pytest.Pytester, source: str, *options: str, **wanted: int) -> str:
    """Run a module of tests, check its outcomes, and return what it printed."""
    inner.makepyfile("import pytest\n" + source)
    result = inner.runpytest(*QUIET, "-W", "error", "--strict-markers", *options)
    result.assert_outcomes(**wanted)
    return result.stdout.str()


def requested(inner: pytest.Pytester) -> list[str]:
    path = inner.path / "requested"
    return path.read_text().splitlines() if path.exists() else []


@pytest.mark.slow
def test_tests_that_request_the_same_run_share_it(inner: pytest.Pytester) -> None:
    source = """
@pytest.mark.harness("hit-rate", workers=[1, 4], requests=500)
def test_one(harness_run):
    assert harness_run.trial(workers=4, backend="locmem").hit_rate >= 0.70

@pytest.mark.harness("hit-rate", requests=500, workers=[1, 4])
def test_two(harness_run):
    assert len(harness_run.summary.trials) == 8
    trial = harness_run.trial(workers=1, backend="redis")
    assert trial.accounted.lost == 0
    assert sum(trial.misses.values()) == trial.lookups - trial.hits == 285

@pytest.mark.harness("hit-rate", workers=2, backend="locmem", set={"load.zipf": 0.8, "name": "x"})
def test_three(harness_run):
    assert len(harness_run.lookups) == sum(t.lookups for t in harness_run.summary.trials)
"""
    outcomes(inner, source, passed=3)
    assert requested(inner) == [
        "run hit-rate --workers 1,4 --requests 500",
        'run hit-rate --workers 2 --backend locmem --set load.zipf=0.8 --set name="x"',
    ]


@pytest.mark.slow
def test_a_test_that_fails_shows_the_report(inner: pytest.Pytester) -> None:
    source = """
@pytest.mark.harness("hit-rate")
def test_it(harness_run):
    assert harness_run.trial(workers=4, backend="locmem").hit_rate > 0.8

@pytest.mark.harness("hit-rate")
def test_fine(harness_run):
    pass
"""
    shown = outcomes(inner, source, failed=1, passed=1)
    assert shown.count("\nTHE REPORT\n") == 1
    assert "harness report" in shown


def test_a_run_that_brings_no_measurement_fails_with_its_errors(inner: pytest.Pytester) -> None:
    source = """
@pytest.mark.harness("broken")
def test_it(harness_run):
    pass

@pytest.mark.harness("broken")
def test_again(harness_run):
    pass
"""
    shown = outcomes(inner, source, errors=2)
    assert "harness run broken" in shown
    assert "exit code 3" in shown
    assert "HX302 no Redis" in shown
    assert requested(inner) == ["run broken"]


@pytest.mark.slow
def test_a_scenario_that_fails_its_own_expectations_is_still_measured(
    inner: pytest.Pytester,
) -> None:
    source = """
@pytest.mark.harness("failing")
def test_it(harness_run):
    assert harness_run.trial(workers=4, backend="redis").hit_rate > 0.9
"""
    outcomes(inner, source, passed=1)


def test_measuring_is_skipped_on_request_alone(inner: pytest.Pytester) -> None:
    source = """
@pytest.mark.harness("hit-rate")
def test_it(harness_run):
    pass

def test_other():
    pass
"""
    shown = outcomes(inner, source, "--harness-skip", "-rs", passed=1, skipped=1)
    assert "--harness-skip" in shown
    assert requested(inner) == []


@pytest.mark.parametrize(
    ("marker", "reason"),
    [
        ("", "harness_run needs a marker"),
        ("@pytest.mark.harness", "need one scenario"),
        ("@pytest.mark.harness(workers=4)", "need one scenario"),
        ('@pytest.mark.harness("hit-rate", wrokers=4)', "no option is called wrokers"),
    ],
)
def test_a_request_that_is_not_valid_fails_with_the_reason(
    marker: str, reason: str, inner: pytest.Pytester
) -> None:
    source = f"""
{marker}
def test_it(harness_run):
    pass
"""
    assert reason in outcomes(inner, source, errors=1)
    assert requested(inner) == []


def test_a_description_must_mean_one_trial(inner: pytest.Pytester) -> None:
    source = """
@pytest.mark.harness("hit-rate")
def test_it(harness_run):
    with pytest.raises(LookupError, match="2 trials match workers=4, need one"):
        harness_run.trial(workers=4)
    with pytest.raises(LookupError, match="0 trials match workers=9"):
        harness_run.trial(workers=9)
    with pytest.raises(AttributeError, match="hitrate"):
        harness_run.trial(workers=4, backend="redis").hitrate
"""
    outcomes(inner, source, passed=1)


@pytest.mark.slow
def test_a_session_that_requests_no_run_loads_nothing(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("""
import sys

def test_it():
    heavy = {"numpy", "rich", "pydantic", "requests", "redis", "django", "locust", "gevent"}
    heavy |= {"harness.pytest_plugin.runs", "harness.runs", "harness.cli", "click"}
    assert not heavy & set(sys.modules)
""")
    result = pytester.runpytest_subprocess(*QUIET, "-W", "error", "--strict-markers")
    result.assert_outcomes(passed=1)


def test_processes_share_a_run_below_the_directory_of_their_session(tmp_path: Path) -> None:
    """As the workers of pytest-xdist do: the second finds what the first has measured."""
    calls: list[Any] = []

    def runner(arguments: Any, _cwd: Path) -> Any:
        calls.append(arguments)
        shutil.copytree(RECORDED, arguments[-1])
        return Finished(exit_code=0, report="THE REPORT", errors="")

    request = parse_request("hit-rate", workers=4)
    first, report = measured(request, tmp_path, runner, tmp_path)
    second, _ = measured(("run", "hit-rate", "--workers", "4"), tmp_path, runner, tmp_path)
    assert len(calls) == 1
    assert report == "THE REPORT"
    assert first.run_dir == second.run_dir


def test_a_run_that_was_cut_off_is_not_taken_for_one(tmp_path: Path) -> None:
    def interrupted(_arguments: Any, _cwd: Path) -> Any:
        raise KeyboardInterrupt

    request = parse_request("hit-rate")
    with pytest.raises(KeyboardInterrupt):
        measured(request, tmp_path, interrupted, tmp_path)
    with pytest.raises(RunFailed, match="interrupted"):
        measured(request, tmp_path, interrupted, tmp_path)


@pytest.mark.slow
def test_the_command_is_the_harness_of_this_python(tmp_path: Path) -> None:
    done = run_command(["list", "--format", "json"], tmp_path)
    assert done.exit_code == 0
    assert "hit-rate" in done.report
    assert run_command(["run", "nothing"], tmp_path).errors.startswith("HX101")


@pytest.mark.e2e
def test_a_real_run_is_measured_in_a_test(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("""
import pytest

@pytest.mark.harness("hit-rate", workers=2, backend="locmem", requests=200)
def test_two_workers(harness_run):
    trial = harness_run.trial(workers=2)
    assert 0.3 < trial.hit_rate < 0.9
    assert trial.lookups == 200
    assert sum(trial.misses.values()) == trial.lookups - trial.hits
""")
    result = pytester.runpytest_subprocess(*QUIET)
    result.assert_outcomes(passed=1)


def test_the_plugin_is_registered_with_the_package() -> None:
    code = "from importlib.metadata import entry_points as e; print(*e(group='pytest11').names)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "harness" in done.stdout.split()
