"""The last lines of a report: what was left out, what was measured with, where it is kept."""

from __future__ import annotations

from harness.report.document import environment_section
from tests.reporting import lines_of
from tests.summaries import make_summary


def lines(**environment: object) -> list[str]:
    summary = make_summary(environment=environment, run_dir="runs/x")
    return [line.plain for line in lines_of(environment_section(summary), 80)]


def test_a_backend_that_was_left_out_is_named_with_the_reason() -> None:
    why = "HX305 memcached: not on PATH\n      hint: install it"
    assert lines(gaps={"memcached": why})[:2] == [
        "Skipped: memcached. HX305 memcached: not on PATH",
        "      hint: install it",
    ]


def test_software_and_servers_stand_in_one_sentence() -> None:
    shown = lines(python="3.13.1", cores=2, servers={"redis": "Redis 7 (on PATH)"})
    assert shown == [
        "Measured with Python 3.13.1, Redis 7 (on PATH), 2 cores.",
        "Kept in runs/x",
    ]


def test_a_run_that_knows_nothing_of_its_surroundings_says_only_where_it_is() -> None:
    assert lines() == ["Kept in runs/x"]
