"""`harness predict`: options, what is refused, and what is printed where."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from django.core.cache.backends.base import BaseCache

from harness.cli.main import main
from harness.cli.predict import OPTIONS, parse_question
from harness.errors import UsageError
from harness.forecast.question import CostInputs, Question
from harness.model.locmem import Limits


def test_without_options_the_defaults_are_those_of_a_question() -> None:
    assert parse_question({}) == Question()


def test_the_defaults_in_the_help_are_those_that_are_used() -> None:
    shown = {name: option.default for name, option in OPTIONS.items() if option.default}
    typed = {name: default.removesuffix(", as in Django") for name, default in shown.items()}
    assert parse_question({**typed, "timeout": None}) == Question()
    assert typed["timeout"] == "300"


def test_max_entries_and_timeout_are_those_of_django() -> None:
    assert Question().max_entries == BaseCache({})._max_entries
    assert Limits(300).cull_frequency == BaseCache({})._cull_frequency
    at_a_rate = parse_question({"requests_per_second": "5"})
    assert at_a_rate.timeout_s == BaseCache({}).default_timeout
    assert (at_a_rate.max_entries, at_a_rate.requests) == (300, None)


def test_requests_alone_have_no_timeout_since_they_have_no_duration() -> None:
    assert parse_question({"requests": "5"}).timeout_s is None


def test_the_defaults_of_the_command_line_are_those_of_a_question(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["predict", "--format", "json"]) == 0
    question = json.loads(capsys.readouterr().out)["question"]
    assert Question(**question) == Question()


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
    asked = {"timeout": "none", "max_entries": "none", "requests_per_second": "5"}
    question = parse_question(asked)
    assert (question.timeout_s, question.max_entries) == (None, None)


def test_a_thousand_keys_do_not_fit_into_djangos_default(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["predict", "--keys", "1000", "--workers", "1"]) == 0
    shown = capsys.readouterr().out
    assert "71.1 %" in shown
    assert "MAX_ENTRIES 300 (Django's default)" in shown
    assert main(["predict", "--keys", "1000", "--workers", "1", "--max-entries", "none"]) == 0
    shown = capsys.readouterr().out
    assert "79.6 %" in shown
    assert "nothing is culled" in shown


@pytest.mark.parametrize(
    ("arguments", "message"),
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
        ("--timeout 300", "HX102 --timeout: got 300, need --requests-per-second as well"),
        ("--timeout 0 --requests-per-second 1", "with a timeout of 0 Django stores nothing"),
        ("--timeout inf --requests-per-second 1", "HX102 --timeout: got inf"),
        ("--max-entries 0", "HX102 --max-entries: got 0"),
        ("--hit-us 9", "got 9, need --shared-hit-us and --origin-ms as well"),
        ("--hit-us 9 --shared-hit-us x --origin-ms 1", "HX102 --shared-hit-us: got x"),
        ("--origin-ms -1 --hit-us 1 --shared-hit-us 1", "HX102 --origin-ms: got -1"),
    ],
)
def test_an_invalid_value_is_exit_2_with_place_and_hint(
    arguments: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["predict", *arguments.split()]) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert "hint: " in captured.err
    assert captured.out == ""


def test_all_mistakes_are_reported_together() -> None:
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


@pytest.mark.parametrize("name", OPTIONS)
def test_every_option_has_a_hint(name: str) -> None:
    assert OPTIONS[name].hint


def test_a_table_is_printed_with_the_break_even(capsys: pytest.CaptureFixture[str]) -> None:
    costs = ["--hit-us", "9", "--shared-hit-us", "400", "--origin-ms", "5"]
    assert main(["predict", "--workers", "8", *costs]) == 0
    shown = capsys.readouterr().out
    assert "With 3 or more workers in all" in " ".join(shown.split())
    assert "66.1 %" in shown


def test_nothing_is_loaded_that_measuring_needs() -> None:
    code = (
        "import sys; from harness.cli.main import main; main(['predict'])\n"
        "heavy = {'django', 'gunicorn', 'locust', 'gevent', 'pydantic', 'redis', 'requests'}\n"
        "sys.exit(str(heavy & set(sys.modules)) if heavy & set(sys.modules) else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
