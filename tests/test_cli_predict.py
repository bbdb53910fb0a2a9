"""`harness predict`: options, what is refused, and what is printed where."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from harness.cli.main import main
from harness.cli.predict import RANGES, parse_question
from harness.errors import UsageError
from harness.forecast.forecast import CostInputs, Question


def test_without_options_the_defaults_are_asked() -> None:
    assert parse_question({}) == Question()


def test_the_defaults_of_the_command_line_are_those_of_a_question(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["predict", "--format", "json"]) == 0
    asked = json.loads(capsys.readouterr().out)["question"]
    assert Question(**asked) == Question()


def test_every_option_reaches_the_question() -> None:
    question = parse_question(
        {
            "workers": "8",
            "servers": "2",
            "keys": "1_000",
            "zipf": "0.8",
            "requests_per_second": "50",
            "timeout": "300",
            "max_entries": "900",
            "hit_us": "9",
            "shared_hit_us": "400",
            "origin_ms": "5",
        }
    )
    assert question == Question(
        workers=8,
        servers=2,
        keys=1000,
        zipf=0.8,
        requests=None,
        requests_per_second=50.0,
        timeout_s=300.0,
        max_entries=900,
        costs=CostInputs(hit_us=9.0, shared_hit_us=400.0, origin_ms=5.0),
    )


def test_none_is_no_timeout_and_no_limit() -> None:
    assert parse_question({"timeout": "none", "max_entries": "none"}) == Question()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("--workers 0", "HX102 --workers: got 0, need a whole number from 1 to 1,000,000"),
        ("--workers 4,8", "HX102 --workers: got 4,8, need a whole number"),
        ("--servers -1", "HX102 --servers: got -1"),
        ("--workers 1000000 --servers 2", "HX102 --servers: got 2, need at most 1,000,000"),
        ("--keys 1e3", "HX102 --keys: got 1e3"),
        ("--zipf -1", "HX102 --zipf: got -1, need a number from 0 to 10"),
        ("--zipf nan", "HX102 --zipf: got nan"),
        ("--requests 0", "HX102 --requests: got 0"),
        ("--requests 5 --requests-per-second 1", "need --requests or --requests-per-second, not"),
        ("--requests-per-second 0", "got 0, need a number above 0"),
        ("--timeout 300", "HX102 --timeout: got 300, need --requests-per-second beside it"),
        ("--timeout 0 --requests-per-second 1", "with a timeout of 0 Django stores nothing"),
        ("--timeout inf --requests-per-second 1", "HX102 --timeout: got inf"),
        ("--max-entries 0", "HX102 --max-entries: got 0"),
        ("--hit-us 9", "got 9, need --shared-hit-us and --origin-ms beside it"),
        ("--hit-us 9 --shared-hit-us x --origin-ms 1", "HX102 --shared-hit-us: got x"),
        ("--origin-ms -1 --hit-us 1 --shared-hit-us 1", "HX102 --origin-ms: got -1"),
    ],
)
def test_a_value_that_cannot_be_is_exit_2_with_place_and_hint(
    arguments: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["predict", *arguments.split()]) == 2
    captured = capsys.readouterr()
    assert told in captured.err
    assert "hint: " in captured.err
    assert captured.out == ""


def test_all_mistakes_are_told_together() -> None:
    with pytest.raises(UsageError) as caught:
        parse_question({"workers": "0", "keys": "x", "timeout": "5", "hit_us": "1"})
    assert [problem.where for problem in caught.value.problems] == [
        "--workers",
        "--keys",
        "--timeout",
        "--hit-us",
    ]


def test_blank_and_unprintable_values_are_shown_as_what_they_are() -> None:
    with pytest.raises(UsageError, match=r"got '', need"):
        parse_question({"keys": ""})
    with pytest.raises(UsageError, match=r"got '\\x1b\[0m', need"):
        parse_question({"keys": "\x1b[0m"})


@pytest.mark.parametrize("name", RANGES)
def test_every_range_has_a_hint(name: str) -> None:
    assert RANGES[name].hint


def test_a_table_is_printed_and_tells_the_break_even(capsys: pytest.CaptureFixture[str]) -> None:
    costs = ["--hit-us", "9", "--shared-hit-us", "400", "--origin-ms", "5"]
    assert main(["predict", "--workers", "8", *costs]) == 0
    shown = capsys.readouterr().out
    assert "from 3 workers in all on" in " ".join(shown.split())
    assert "66.1 %" in shown


def test_the_readme_shows_what_is_really_printed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    readme = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
    shown = re.search(r"^\$ harness (predict .+)\n([^$]+?)```", readme, flags=re.MULTILINE)
    assert shown is not None
    monkeypatch.setenv("COLUMNS", "80")
    assert main(shown[1].split()) == 0
    assert capsys.readouterr().out == shown[2]


def test_nothing_is_loaded_that_measuring_needs() -> None:
    code = (
        "import sys; from harness.cli.main import main; main(['predict'])\n"
        "heavy = {'django', 'gunicorn', 'locust', 'gevent', 'pydantic', 'redis', 'requests'}\n"
        "sys.exit(str(heavy & set(sys.modules)) if heavy & set(sys.modules) else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
