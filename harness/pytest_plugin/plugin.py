"""A pytest plugin: tests that measure.

    @pytest.mark.harness("hit-rate", workers=4, backend="locmem")
    def test_four_workers_still_hit(harness_run):
        assert harness_run.trial(workers=4).hit_rate >= 0.70

Tests that request the same run share it. A test that fails shows the report. Every pytest loads
this module where the harness is installed: it imports nearly nothing, and does nothing unless a
test requests a run.
"""

from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from harness.pytest_plugin.runs import Runner
    from harness.runs import Run

MARKER, FIXTURE = "harness", "harness_run"
SECTION = "harness report"
_REPORT: pytest.StashKey[str] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --harness-skip."""
    parser.getgroup("harness").addoption(
        "--harness-skip", action="store_true", help="skip the tests that measure"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line(
        "markers",
        f"{MARKER}(scenario, workers=, backend=, requests=, users=, keys=, seed=, set={{}}):"
        " measure a scenario for the fixture harness_run",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip the tests that measure if the option says so."""
    if config.getoption("--harness-skip"):
        for item in items:
            if item.get_closest_marker(MARKER) or FIXTURE in getattr(item, "fixturenames", ()):
                item.add_marker(pytest.mark.skip(reason="--harness-skip"))


@pytest.fixture(scope="session")
def harness_runner() -> "Runner":
    """Return what runs the harness; override it to measure in another way."""
    from harness.pytest_plugin.runs import run_command

    return run_command


@pytest.fixture(scope="session")
def harness_runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the directory that the runs of a session are kept in."""
    base = tmp_path_factory.getbasetemp()
    # Each worker of pytest-xdist has a directory of its own below the one of the session.
    return (base.parent if base.name.startswith("popen-") else base) / "harness"


@pytest.fixture
def harness_run(
    request: pytest.FixtureRequest, harness_runner: "Runner", harness_runs: Path
) -> "Run":
    """Return the run that the test's marker requests, measured once in a session."""
    from harness.pytest_plugin.runs import RunFailed, measured, parse_request

    marker = request.node.get_closest_marker(MARKER)
    if marker is None:
        pytest.fail(
            f'{FIXTURE} needs a marker, as in @pytest.mark.{MARKER}("hit-rate")', pytrace=False
        )
    try:
        wanted = parse_request(*marker.args, **marker.kwargs)
        run, report = measured(wanted, harness_runs, harness_runner, request.config.rootpath)
    except RunFailed as error:
        pytest.fail(str(error), pytrace=False)
    request.node.stash[_REPORT] = report
    return run


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the report of the run to a test that failed."""
    report = yield
    if report.failed and _REPORT in item.stash:
        report.sections.append((SECTION, item.stash[_REPORT]))
    return report
