"""Runs that were recorded on real servers are read today as on their first day."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest

from harness import runs
from harness.cli.main import main
from harness.scenario.load import read_scenario

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parent.parent
RUNS = Path("tests/runs")
NAMES = sorted(path.name for path in (ROOT / RUNS).iterdir() if path.is_dir())


read_once = cache(runs.read)


@pytest.fixture(autouse=True)
def _in_the_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each run is analyzed once, however often it is reported."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(runs, "read", read_once)


@pytest.mark.parametrize("name", NAMES)
def test_a_recorded_run_is_valid_and_every_miss_has_its_cause(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", str(RUNS / name), "--format", "json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["valid"] is True
    for trial in result["trials"]:
        assert sum(trial["misses"].values()) == trial["lookups"] - trial["hits"]
        accounted = trial["accounted"]
        assert accounted["samples"] + accounted["lost"] == accounted["tallies"]


@pytest.mark.parametrize("name", NAMES)
def test_a_recorded_run_is_rendered_within_the_width_of_a_terminal(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["report", str(RUNS / name)]) == 0
    shown = capsys.readouterr().out
    assert f"Kept in tests/runs/{name}" in shown
    assert max(map(len, shown.splitlines())) <= 80


def test_the_picture_in_the_readme_is_that_of_the_recorded_run(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """`make picture` makes it again."""
    assert main(["report", str(RUNS / "hit-rate"), "--format", "svg"]) == 0
    assert capsys.readouterr().out == (ROOT / RUNS / "hit-rate" / "report.svg").read_text()


CLAIMS = [name for name in NAMES if read_scenario(ROOT / RUNS / name / "scenario.toml").expect]


@pytest.mark.parametrize("name", CLAIMS)
def test_a_recorded_claim_holds_whenever_it_is_read(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", str(RUNS / name), "--format", "json"]) == 0
    expectations = json.loads(capsys.readouterr().out)["expectations"]
    assert {one["verdict"] for one in expectations} == {"pass"}
    assert any(one["absent"] is not None for one in expectations)
