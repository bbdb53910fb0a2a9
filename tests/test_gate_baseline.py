"""A baseline file gives back what was saved, and refuses to be anything else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.errors import HarnessError
from harness.gate.baseline import FORMAT, baseline_text, read_baseline
from tests.recorded import run


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "baseline.json"
    path.write_text(baseline_text(run()))
    return path


def refused(file: Path, code: str, exit_code: int = 4) -> str:
    with pytest.raises(HarnessError, match=code) as caught:
        read_baseline(file)
    assert caught.value.exit_code == exit_code
    return str(caught.value)


def rewrite(file: Path, **changed: Any) -> None:
    file.write_text(json.dumps({**json.loads(file.read_text()), **changed}))


def test_what_was_saved_comes_back(file: Path) -> None:
    saved, found = run(), read_baseline(file)
    assert found.name == str(file)
    assert found.identity == saved.identity
    assert found.trials == saved.trials
    assert (found.settings, found.environment) == (saved.settings, saved.environment)


def test_the_file_is_small_and_text(file: Path) -> None:
    assert file.stat().st_size < 15_000
    assert file.read_text().isascii()


def test_a_file_that_is_not_there_is_a_mistake_of_the_caller(tmp_path: Path) -> None:
    assert "baseline save" in refused(tmp_path / "none.json", "HX108", exit_code=2)


@pytest.mark.parametrize("part", [0.0, 0.1, 0.5, 0.99])
def test_a_truncated_file_is_refused(file: Path, part: float) -> None:
    text = file.read_text().rstrip()
    file.write_text(text[: int(len(text) * part)])
    refused(file, "HX521")


def test_a_figure_changed_by_hand_is_noticed(file: Path) -> None:
    content = json.loads(file.read_text())
    content["trials"][0]["figures"]["hit_rate"]["value"] = 0.5
    file.write_text(json.dumps(content))
    assert "checksum" in refused(file, "HX521")


def test_other_white_space_is_not_a_change(file: Path) -> None:
    file.write_text(json.dumps(json.loads(file.read_text())))
    assert read_baseline(file).trials == run().trials


@pytest.mark.parametrize("text", ["[]", "{}", "null", '{"kind": "something"}'])
def test_json_that_is_no_baseline_is_refused(file: Path, text: str) -> None:
    file.write_text(text)
    assert "no baseline" in refused(file, "HX521")


def test_bytes_that_are_no_text_are_refused(file: Path) -> None:
    file.write_bytes(b"\xff\xfe\x00")
    refused(file, "HX521")


def test_a_newer_format_asks_for_an_upgrade(file: Path) -> None:
    rewrite(file, format=FORMAT + 1)
    assert "upgrade" in refused(file, "HX522")


def test_an_older_format_asks_to_be_saved_again(file: Path) -> None:
    rewrite(file, format=0)
    assert "save it again" in refused(file, "HX523")


def test_a_format_that_is_no_number_is_refused(file: Path) -> None:
    rewrite(file, format="2")
    refused(file, "HX521")
