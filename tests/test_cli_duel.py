"""`harness duel` as typed: what is refused before anything starts, and the codes it ends with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.cli.main import main
from harness.record.rundir import RunRecord, create_run_dir, read_run, write_scenario
from harness.scenario.load import find_scenario, load_scenario
from harness.scenario.parse import scenario_content
from tests.duelling import Trial, duel_facts, served
from tests.test_record import keep_run


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["duel", "hit-rate", *words]) == 2
    return capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (("--a", "threads"), "HX102 --a threads: need KEY=VALUE"),
        (("--b", "server.threds=2"), "HX202"),
        (("--b", "backend=rediss"), "HX203"),
        (("--min-effect", "five"), "HX102 --min-effect five: got 'five', need a number"),
        (("--min-effect", "5ms"), "HX102 --min-effect 5ms: need a percentage"),
        (("--min-effect", "speed=5%"), "--min-effect speed=5%: need one of failed_requests, hit"),
        (("--min-effect", "hit_rate=5ms"), "is in the wrong unit"),
        (("--min-effect", "lookup_p50_s=5%"), "is in the wrong unit"),
        (("--budget", "0s"), "HX102 --budget 0s: need a time over 0"),
        (("--budget", "50%"), "need a time over 0"),
        (("--base-ref", "no-such-branch"), "HX106"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_option(
    words: tuple[str, ...], wanted: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert wanted in refused(capsys, *words, "--out", str(tmp_path / "run"))
    assert not (tmp_path / "run").exists()


def test_a_metric_under_its_old_name_is_understood_with_one_line_of_notice(
    capsys: pytest.CaptureFixture[str],
) -> None:
    shown = refused(capsys, "--min-effect", "lookup_median=5%")
    assert shown.splitlines()[0] == "lookup_median is now called lookup_p50_s"
    assert "for example --min-effect lookup_p50_s=100us" in shown


def recorded(directory: Path, base: Trial, candidate: Trial) -> str:
    """Return the directory of a recorded duel."""
    run_dir = create_run_dir(directory / "run")
    write_scenario(run_dir, scenario_content(load_scenario(find_scenario("hit-rate"))))
    record = RunRecord(
        scenario="hit-rate",
        question="?",
        lesson="",
        seed=1,
        wall_s=1.0,
        environment={},
        trials=(base[0], candidate[0]),
        duel=duel_facts(min_effects={"lookup_p50_s": 1e-4}),
    )
    keep_run(run_dir, record, {0: base[1], 1: candidate[1]})
    return str(run_dir)


def test_a_recorded_duel_is_judged_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_dir = recorded(tmp_path, served(0), served(1, cpu=1.1))
    assert main(["report", run_dir]) == 5
    assert capsys.readouterr().out.splitlines()[-1].startswith("duel: fail (server CPU +")


def test_the_terms_of_an_early_duel_are_still_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_dir = Path(recorded(tmp_path, served(0), served(1, cpu=1.1)))
    content = json.loads((run_dir / "run.json").read_text())
    duel = content["duel"]
    duel["relative_floor"] = 0.5
    duel["absolute_floors"] = {"lookup_median": 1e-4}
    del duel["min_relative_effect"], duel["min_effects"]
    (run_dir / "run.json").write_text(json.dumps(content))
    record, _ = read_run(run_dir)
    assert record.duel == duel_facts(min_relative_effect=0.5, min_effects={"lookup_p50_s": 1e-4})
    assert main(["report", str(run_dir)]) != 5
    assert "of times 50.0 %" in capsys.readouterr().out


def test_to_be_inconclusive_fails_only_where_that_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_dir = recorded(tmp_path, served(0, rounds=18), served(1, rounds=18, cpu=1.02))
    assert main(["report", run_dir]) == 0
    assert main(["report", run_dir, "--fail-on", "inconclusive"]) == 6
    assert "duel: inconclusive" in capsys.readouterr().out


def test_too_few_rounds_are_no_data(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", recorded(tmp_path, served(0, rounds=4), served(1, rounds=4))]) == 4
    assert "duel: no-data" in capsys.readouterr().out
