"""The run directory: what is written is read again, and what is damaged is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from harness.errors import HarnessError
from harness.record.rundir import (
    RUN_FILE,
    SAMPLES_FILE,
    RunRecord,
    create_run_dir,
    read_run,
    write_run,
)
from harness.record.samples import Samples
from harness.record.store import read_samples, write_samples
from tests.factories import even_routing, facts_of, routed_samples, worker_lives, zipf_keys


def record(**overrides: object) -> RunRecord:
    samples = a_trial()
    defaults: dict[str, object] = {
        "scenario": "mine",
        "question": "Why?",
        "lesson": "",
        "seed": 1,
        "wall_s": 2.5,
        "environment": {"cores": 2},
        "trials": [facts_of(samples, number=0)],
        "problems": [],
    }
    return RunRecord(**{**defaults, **overrides})  # type: ignore[arg-type]


def a_trial() -> Samples:
    return routed_samples(zipf_keys(60, 10), even_routing(60, 2), lives=worker_lives(2))


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    path = create_run_dir(tmp_path / "run")
    write_run(path, record(), {0: a_trial()})
    return path


def test_facts_and_samples_come_back_as_they_were_written(run_dir: Path) -> None:
    found, samples = read_run(run_dir)
    assert found == record()
    assert list(samples) == [0]
    for name, column in a_trial().columns().items():
        np.testing.assert_array_equal(samples[0].columns()[name], column, err_msg=name)


def test_a_trial_without_samples_survives(tmp_path: Path) -> None:
    write_samples(tmp_path / "none.npz", {})
    assert read_samples(tmp_path / "none.npz") == {}


def test_a_run_directory_is_never_overwritten(run_dir: Path) -> None:
    before = {path.name: path.stat().st_mtime_ns for path in run_dir.iterdir()}
    with pytest.raises(HarnessError, match=r"HX103 .*exists already") as caught:
        create_run_dir(run_dir)
    assert caught.value.exit_code == 2
    assert before == {path.name: path.stat().st_mtime_ns for path in run_dir.iterdir()}


def test_a_place_that_cannot_be_written_is_an_error_of_the_surroundings(tmp_path: Path) -> None:
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
    with pytest.raises(HarnessError, match=r"HX403 .*format 99.*reads up to 2") as caught:
        read_run(run_dir)
    assert caught.value.exit_code == 4


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: (path / RUN_FILE).write_text("{"),
        lambda path: (path / RUN_FILE).write_text('{"format": 1}'),
        lambda path: (path / RUN_FILE).write_text('{"format": "1"}'),
        lambda path: (path / RUN_FILE).write_text("[]"),
        lambda path: (path / SAMPLES_FILE).unlink(),
        lambda path: (path / SAMPLES_FILE).write_bytes(
            (path / SAMPLES_FILE).read_bytes()[: (path / SAMPLES_FILE).stat().st_size // 2]
        ),
        lambda path: write_samples(path / SAMPLES_FILE, {1: a_trial()}),
        lambda path: (path / SAMPLES_FILE).write_bytes(b""),
    ],
    ids=["json", "keys", "type", "list", "no samples", "cut off", "other trial", "empty"],
)
def test_a_damaged_run_is_refused_and_never_half_read(run_dir: Path, damage: object) -> None:
    damage(run_dir)  # type: ignore[operator]
    with pytest.raises(HarnessError, match="HX404") as caught:
        read_run(run_dir)
    assert caught.value.exit_code == 4
