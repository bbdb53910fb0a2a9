"""What cannot be run is refused before anything starts: exit 2, with every problem."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import Tiny
from tests.e2e.processes import Harness, Outcome

pytestmark = pytest.mark.e2e

BAD_SCENARIO = """
question = "Which of these is wrong?"
wrokers = 3
[matrix]
workers = [0, 2]
backend = ["locmem", "memory"]
[load]
requests = "many"
"""


def refused(harness: Harness, outcome: Outcome) -> str:
    """Check an outcome against what every refusal promises; return what it reported."""
    assert outcome.code == 2, outcome.stderr
    assert outcome.stdout == ""
    assert "Traceback" not in outcome.stderr
    assert harness.leftovers() == []
    return outcome.stderr


def test_a_bad_file_is_reported_of_all_its_mistakes_together(harness: Harness) -> None:
    (harness.directory / "bad.toml").write_text(BAD_SCENARIO)
    reported = refused(harness, harness.run("run", "bad.toml", "--out", "run"))
    for place in (
        "HX202 bad.toml, key wrokers",
        "HX203 bad.toml, key matrix.workers[0]: got 0, need a number of 1 or more",
        'HX203 bad.toml, key matrix.backend[1]: got "memory", need one of',
        'HX203 bad.toml, key load.requests: got "many", need a whole number',
    ):
        assert place in reported
    assert reported.count("hint: ") == 4
    assert not harness.run_dir.exists()


@pytest.mark.parametrize(
    ("words", "reported"),
    [
        (("hit-rate", "--workers", "0"), "HX203 --workers: got 0, need a number of 1 or more"),
        (("hit-rate", "--backend", "memory"), 'HX203 --backend: got "memory", need one of'),
        (("hit-rate", "--set", "load.userz=3"), "HX202 --set load.userz"),
        (("hit-rat",), "did you mean hit-rate?"),
        (("missing.toml",), "HX101 scenario 'missing.toml'"),
    ],
)
def test_an_option_that_cannot_be_is_named(
    harness: Harness, words: tuple[str, ...], reported: str
) -> None:
    assert reported in refused(harness, harness.run("run", *words, "--out", "run"))
    assert not harness.run_dir.exists()


def test_a_file_that_is_no_toml_is_reported_the_line(harness: Harness) -> None:
    (harness.directory / "bad.toml").write_text('question = "\n')
    reported = refused(harness, harness.run("run", "bad.toml", "--out", "run"))
    assert "HX201 bad.toml: not valid TOML" in reported
    assert "line 1" in reported


def test_a_run_directory_that_exists_is_left_as_it_is(harness: Harness, tiny: Tiny) -> None:
    harness.run_dir.mkdir()
    (harness.run_dir / "precious").write_text("here")
    reported = refused(harness, harness.run("run", tiny(workers=[1]), "--out", "run"))
    assert "HX103 run: exists already" in reported
    assert [path.name for path in harness.run_dir.iterdir()] == ["precious"]
