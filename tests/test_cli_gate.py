"""`harness check`, `baseline` and `compare`: exit codes, files, and what is refused beforehand."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.analysis.summary import Summary
from harness.cli import measure
from harness.cli.main import main
from harness.errors import InfrastructureError, Problem
from harness.gate.baseline import baseline_text
from harness.measure.plan import Plan
from harness.record.rundir import create_run_dir, write_scenario
from harness.runs import Run
from tests.recorded import run, trial
from tests.summaries import judged, make_run, make_summary
from tests.test_record import a_trial, keep_run, record

SCENARIO = """
question = "Does it hold?"
name = "hit-rate"
[matrix]
backend = ["locmem"]
workers = [1, 4]
"""
EXPECT = """
[[expect]]
metric = "hit_rate"
where = { workers = 4 }
at_least = 0.7
"""
Measured = Callable[..., list[str]]

pytestmark = pytest.mark.usefixtures("here")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a directory with scenarios and a baseline, away from any pipeline."""
    monkeypatch.chdir(tmp_path)
    for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "own.toml").write_text(SCENARIO + EXPECT)
    (tmp_path / "idle.toml").write_text(SCENARIO)
    (tmp_path / "base.json").write_text(baseline_text(run()))
    return tmp_path


@pytest.fixture
def measures(monkeypatch: pytest.MonkeyPatch) -> Measured:
    """Return a way to say what will be measured; it returns the list of what was."""

    def stub(summary: Summary | None = None, error: Exception | None = None) -> list[str]:
        done = []

        def measured(plan: Plan, _out: Any = None) -> Run:
            done.append(plan.path.name)
            if error:
                raise error
            return make_run(summary or make_summary())

        monkeypatch.setattr(measure, "measured", measured)
        return done

    return stub


def four(hits: int) -> Summary:
    return make_summary(trial(1), trial(4, hits))


@pytest.mark.parametrize(("verdict", "code"), [("pass", 0), ("fail", 5), ("no-data", 4)])
def test_the_exit_code_follows_the_expectations(
    verdict: str,
    code: int,
    measures: Measured,
    capsys: pytest.CaptureFixture[str],
) -> None:
    measures(make_summary(expectations=(judged(verdict=verdict),)))
    assert main(["check", "own.toml"]) == code
    shown = capsys.readouterr()
    assert "How does the hit rate" in shown.out
    assert shown.err.splitlines()[-1].startswith("harness check hit-rate: ")
    assert shown.err.splitlines()[-1].endswith(f"exit {code}")


@pytest.mark.parametrize(
    ("hits", "doubt", "code"),
    [(2281, [], 0), (1900, [], 5), (2220, [], 0), (2220, ["--fail-on", "inconclusive"], 6)],
)
def test_the_exit_code_follows_the_baseline(
    hits: int, doubt: list[str], code: int, measures: Measured
) -> None:
    measures(four(hits))
    assert main(["check", "idle.toml", "--baseline", "base.json", *doubt]) == code


def test_a_check_that_checks_nothing_is_refused_before_it_measures(
    measures: Measured, capsys: pytest.CaptureFixture[str]
) -> None:
    done = measures()
    assert main(["check", "idle.toml"]) == 2
    assert "HX504 idle.toml" in capsys.readouterr().err
    assert done == []


def test_an_override_that_takes_a_trial_away_is_refused_before_it_measures(
    measures: Measured, capsys: pytest.CaptureFixture[str]
) -> None:
    done = measures()
    assert main(["check", "own.toml", "--workers", "2"]) == 2
    assert "HX502 own.toml, key expect[0].where" in capsys.readouterr().err
    assert done == []


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (EXPECT.replace("hit_rate", "hitrate"), "HX501"),
        (EXPECT.replace("workers = 4", "workers = 9"), "HX502"),
        (EXPECT.replace("at_least = 0.7", ""), "HX503"),
    ],
)
def test_an_expectation_that_no_run_could_judge_is_refused(
    text: str, shown: str, here: Path, measures: Measured, capsys: pytest.CaptureFixture[str]
) -> None:
    done = measures()
    (here / "own.toml").write_text(SCENARIO + text)
    assert main(["check", "own.toml"]) == 2
    assert shown in capsys.readouterr().err
    assert done == []


@pytest.mark.parametrize(
    ("damage", "options", "code", "shown"),
    [
        (lambda text: text[:200], [], 4, "HX521"),
        (lambda text: text.replace("2281", "2282").replace("0.76", "0.86"), [], 4, "HX521"),
        (lambda text: text.replace('"format": 2', '"format": 9'), [], 4, "HX522"),
        (lambda text: text, ["--seed", "2"], 4, "HX523 base.json: seed was 1, is 2"),
        (lambda text: text, ["--requests", "50"], 4, "HX523 base.json: load.requests"),
        (lambda text: text, ["--workers", "1"], 4, "HX523 base.json: matrix: gone are locmem, 4"),
    ],
)
def test_a_baseline_that_cannot_be_used_is_refused_before_it_measures(
    damage: Callable[[str], str],
    options: list[str],
    code: int,
    shown: str,
    here: Path,
    measures: Measured,
    capsys: pytest.CaptureFixture[str],
) -> None:
    done = measures()
    path = here / "base.json"
    path.write_text(damage(path.read_text()))
    assert main(["check", "idle.toml", "--baseline", "base.json", *options]) == code
    assert shown in capsys.readouterr().err
    assert done == []


def test_a_baseline_that_is_not_there_is_exit_2(measures: Measured) -> None:
    done = measures()
    assert main(["check", "own.toml", "--baseline", "none.json"]) == 2
    assert done == []


def test_every_file_is_written_for_a_pass_and_for_a_failure(
    here: Path, measures: Measured, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [*("--junit", "out/j.xml"), *("--markdown", "out/m.md"), *("--json", "out/r.json")]
    command = ["check", "idle.toml", "--baseline", "base.json", *files]
    for hits, code, shown in ((2281, 0, 'failures="0"'), (1900, 5, 'failures="2"')):
        measures(four(hits))
        assert main(command) == code
        assert shown in (here / "out" / "j.xml").read_text()
        assert (here / "out" / "m.md").read_text().startswith("### harness check hit-rate: ")
        assert json.loads((here / "out" / "r.json").read_text())["check"]["exit_code"] == code
    measures(error=InfrastructureError(Problem(code="HX302", where="redis", what="not here")))
    assert main(command) == 3
    assert 'errors="1"' in (here / "out" / "j.xml").read_text()
    assert "HX302" in capsys.readouterr().err


def test_a_file_that_cannot_be_written_is_refused_before_it_measures(
    measures: Measured, capsys: pytest.CaptureFixture[str]
) -> None:
    done = measures()
    assert main(["check", "own.toml", "--junit", "own.toml/j.xml"]) == 3
    assert "HX307" in capsys.readouterr().err
    assert done == []


def test_standard_output_is_json_alone(
    measures: Measured, capsys: pytest.CaptureFixture[str]
) -> None:
    measures(four(1900))
    command = ["check", "idle.toml", "--baseline", "base.json", "--format", "json"]
    assert main(command) == 5
    shown = json.loads(capsys.readouterr().out)
    assert shown["check"]["changes"]["verdict"] == "fail"
    assert shown["trials"]


def test_on_github_there_are_annotations_and_a_summary(
    here: Path,
    measures: Measured,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (here / "summary.md").write_text("before\n")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(here / "summary.md"))
    measures(four(1900))
    assert main(["check", "idle.toml", "--baseline", "base.json"]) == 5
    shown = capsys.readouterr().err.splitlines()
    assert (
        sum(line.startswith("::error title=harness check hit-rate::HX512") for line in shown) == 2
    )
    assert not shown[-1].startswith("::")
    assert (here / "summary.md").read_text().startswith("before\n### harness check")


def keep(path: Path, **overrides: object) -> None:
    create_run_dir(path)
    write_scenario(path, {"question": "Why?", "matrix": {"backend": ["locmem"], "workers": [2]}})
    keep_run(path, record(**overrides), {0: a_trial()} if overrides == {} else {})


def test_a_baseline_is_saved_shown_and_not_overwritten(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keep(here / "run")
    assert main(["baseline", "save", "run", "new.json"]) == 0
    assert main(["baseline", "save", "run", "new.json"]) == 2
    assert "HX107 new.json" in capsys.readouterr().err
    assert main(["baseline", "save", "run", "new.json", "--replace"]) == 0
    assert main(["baseline", "show", "new.json"]) == 0
    assert "locmem, 2 workers" in capsys.readouterr().out
    assert main(["baseline", "show", "new.json", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads((here / "new.json").read_text())


def test_an_empty_run_is_no_baseline(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keep(here / "run", trials=(), problems=("interrupted",))
    assert main(["baseline", "save", "run", "new.json"]) == 4
    assert "HX405" in capsys.readouterr().err
    assert not (here / "new.json").exists()


def test_two_runs_are_compared_and_different_ones_are_not(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keep(here / "a")
    keep(here / "b")
    assert main(["compare", "a", "b"]) == 0
    assert "pass: " in capsys.readouterr().out
    assert main(["compare", "a", "b", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["verdict"] == "pass"
    text = (here / "b" / "scenario.toml").read_text()
    (here / "b" / "scenario.toml").write_text("seed = 5\n" + text)
    assert main(["compare", "a", "b"]) == 4
    shown = capsys.readouterr()
    assert "HX523 b against a: seed was 1, is 5" in shown.err
    assert main(["compare", "a", "nowhere"]) == 2
