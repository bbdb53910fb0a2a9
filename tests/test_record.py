"""The run directory: what is written is read again, and what is damaged is refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.errors import HarnessError
from harness.record.rundir import (
    RUN_FILE,
    SAMPLES_FILE,
    TRIAL_FILE,
    TRIALS,
    RunRecord,
    create_run_dir,
    directory_name,
    read_run,
    write_run,
    write_trial,
)
from harness.record.samples import COLUMNS, DTYPES, Samples
from tests.factories import even_routing, facts_of, routed_samples, worker_lives, zipf_keys

ROOT = Path(__file__).resolve().parent.parent
SLUG = "00-locmem-2"


def record(**overrides: object) -> RunRecord:
    samples = a_trial()
    defaults: dict[str, object] = {
        "scenario": "mine",
        "question": "Why?",
        "lesson": "",
        "seed": 1,
        "wall_s": 2.5,
        "environment": {"cores": 2},
        "trials": (facts_of(samples, number=0),),
    }
    return RunRecord(**{**defaults, **overrides})  # type: ignore[arg-type]


def a_trial() -> Samples:
    return routed_samples(zipf_keys(60, 10), even_routing(60, 2), lives=worker_lives(2))


def keep_run(path: Path, run: RunRecord, samples: Mapping[int, Samples]) -> None:
    """Write the trials and the record of a run."""
    for facts in run.trials:
        write_trial(path, f"{facts.number:02d}-{facts.setup.slug}", facts, samples[facts.number])
    write_run(path, run)


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    path = create_run_dir(tmp_path / "run")
    keep_run(path, record(), {0: a_trial()})
    return path


def test_facts_and_samples_come_back_as_they_were_written(run_dir: Path) -> None:
    found, samples = read_run(run_dir)
    assert found == record()
    assert list(samples) == [0]
    for name, column in a_trial().columns().items():
        np.testing.assert_array_equal(samples[0].columns()[name], column, err_msg=name)


def test_trials_come_in_the_order_of_their_numbers(run_dir: Path) -> None:
    write_trial(run_dir, "100-locmem-2", facts_of(a_trial(), number=100), a_trial())
    write_trial(run_dir, "02-locmem-2", facts_of(a_trial(), number=2), a_trial())
    found, samples = read_run(run_dir)
    assert [facts.number for facts in found.trials] == list(samples) == [0, 2, 100]


def test_a_trial_that_was_not_written_to_its_end_is_none(run_dir: Path) -> None:
    shutil.copytree(run_dir / TRIALS / SLUG, run_dir / TRIALS / ".01-redis-2.part")
    (run_dir / TRIALS / ".01-redis-2.part" / TRIAL_FILE).write_text("{")
    assert len(read_run(run_dir)[0].trials) == 1


def test_a_run_that_did_not_end_says_how_much_of_it_there_is(run_dir: Path) -> None:
    write_run(run_dir, record(planned=4, ended=False))
    (problem,) = read_run(run_dir)[0].problems
    assert problem.startswith("did not end: 1 of 4 trials are complete")


@pytest.mark.parametrize("name", ["hit-rate", "latency", "restart"])
def test_runs_of_older_formats_are_read_with_the_set_up_of_each_trial(name: str) -> None:
    path = ROOT / "tests" / "runs" / name
    found, samples = read_run(path)
    content = json.loads((path / RUN_FILE).read_text())
    assert content["format"] < 3
    assert len(found.trials) == len(content["trials"]) == len(samples)
    for facts, trial in zip(found.trials, content["trials"], strict=True):
        assert facts.backend == trial["backend"]
        assert facts.workers == trial["workers"]
        assert dict(facts.varied) == trial["varied"]


def test_a_run_directory_is_never_overwritten(run_dir: Path) -> None:
    before = {path.name: path.stat().st_mtime_ns for path in run_dir.iterdir()}
    with pytest.raises(HarnessError, match=r"HX103 .*exists already") as caught:
        create_run_dir(run_dir)
    assert caught.value.exit_code == 2
    assert before == {path.name: path.stat().st_mtime_ns for path in run_dir.iterdir()}


def test_runs_that_start_at_the_same_time_get_a_directory_each(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: create_run_dir(tmp_path / "x", numbered=True), range(8)))
    assert {path.name for path in made} == {"x", *(f"x-{number}" for number in range(2, 9))}


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("hit-rate", "hit-rate"),
        ("../../../etc/x", "etc-x"),
        ("..", "run"),
        ("/", "run"),
        (".hidden", "hidden"),
        ("a b\\c:d\0e\nf", "a-b-c-d-e-f"),
        ("ev\x1b[31mil", "ev-31mil"),
        ("Größe 50 %", "Größe-50"),
        ("x" * 500, "x" * 60),
    ],
)
def test_a_directory_is_named_like_its_scenario_and_stays_in_its_place(
    name: str, wanted: str
) -> None:
    assert directory_name(name) == wanted


def test_a_place_that_cannot_be_written_is_an_error_of_the_infrastructure(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(HarnessError, match="HX301") as caught:
        create_run_dir(tmp_path / "file" / "run")
    assert caught.value.exit_code == 3


def test_a_directory_without_a_run_is_a_mistake_of_the_caller(tmp_path: Path) -> None:
    with pytest.raises(HarnessError, match=r"HX104 .*holds no run\.json") as caught:
        read_run(tmp_path)
    assert caught.value.exit_code == 2


def test_a_run_of_a_newer_version_is_refused_by_its_format(run_dir: Path) -> None:
    content = json.loads((run_dir / RUN_FILE).read_text())
    (run_dir / RUN_FILE).write_text(json.dumps({**content, "format": 99}))
    with pytest.raises(HarnessError, match=r"HX403 .*format 99.*reads up to 3") as caught:
        read_run(run_dir)
    assert caught.value.exit_code == 4


def edit(file: str, change: Callable[[Any], Any]) -> Callable[[Path], object]:
    """Return what changes the content of a JSON file in a run directory."""

    def damage(path: Path) -> None:
        content = json.loads((path / file).read_text())
        (path / file).write_text(json.dumps(change(content)))

    return damage


def resave(**columns: Any) -> Callable[[Path], object]:
    """Return what replaces columns of the first trial."""

    def damage(path: Path) -> None:
        file = path / TRIALS / SLUG / SAMPLES_FILE
        np.savez_compressed(file, **{**a_trial().columns(), **columns})

    return damage


def cut_off(path: Path) -> None:
    file = path / TRIALS / SLUG / SAMPLES_FILE
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


TRIAL = f"{TRIALS}/{SLUG}/{TRIAL_FILE}"
SAMPLES = f"{TRIALS}/{SLUG}/{SAMPLES_FILE}"


@pytest.mark.parametrize(
    ("damage", "place"),
    [
        (lambda path: (path / RUN_FILE).write_text("{"), RUN_FILE),
        (lambda path: (path / RUN_FILE).write_text('{"format": 1}'), RUN_FILE),
        (lambda path: (path / RUN_FILE).write_text('{"format": "1"}'), RUN_FILE),
        (lambda path: (path / RUN_FILE).write_text("[]"), RUN_FILE),
        (lambda path: (path / RUN_FILE).write_text("[" * 100_000), RUN_FILE),
        (edit(RUN_FILE, lambda run: {**run, "seed": "one"}), "run.json: cannot be read: key seed"),
        (lambda path: (path / TRIAL).unlink(), TRIAL),
        (edit(TRIAL, lambda trial: {**trial, "lives": [{}]}), "key lives.0.server"),
        (edit(TRIAL, lambda trial: {**trial, "setup": {"axes": {}}}), "axis backend of trial 0"),
        (lambda path: (path / SAMPLES).unlink(), SAMPLES),
        (cut_off, SAMPLES),
        (lambda path: (path / SAMPLES).write_bytes(b""), SAMPLES),
        (resave(at_s=np.array(["x"] * 60)), "at_s is <U1"),
        (resave(at_s=np.zeros(59)), "at_s is float64"),
        (resave(key=np.full(60, 99)), "key has a number outside of 0 to 9"),
        (resave(life=np.full(60, -2)), "life has a number outside of -1 to 1"),
        (resave(round=np.full(60, 2**62)), "round has a number outside"),
        (resave(done_s=np.full(60, np.nan)), "done_s has a time that is not finite"),
        (resave(step=np.zeros(65_000_000, np.int8)), "are no samples"),
        (lambda path: shutil.copytree(path / TRIALS / SLUG, path / TRIALS / "01"), "same number"),
    ],
)
def test_a_damaged_run_is_refused_with_its_place_and_never_half_read(
    run_dir: Path, damage: Callable[[Path], object], place: str
) -> None:
    damage(run_dir)
    with pytest.raises(HarnessError, match="HX404") as caught:
        read_run(run_dir)
    assert caught.value.exit_code == 4
    assert place in str(caught.value)


def test_every_column_says_what_it_holds() -> None:
    assert list(a_trial().columns()) == list(COLUMNS) == list(DTYPES)
    for name, column in COLUMNS.items():
        assert column.text, name
        assert (column.unit == "s") == name.endswith("_s"), name
        assert column.into in ("", *COLUMNS), name
