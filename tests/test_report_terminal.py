"""How the report looks: golden files, and what must hold at any width and without colour."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace

import pytest
from rich.console import Console

from harness.analysis.summary import Summary
from harness.backends import BACKENDS
from tests.reporting import print_report
from tests.summaries import LONG, cases, make_summary, make_trial

ALL = pytest.mark.parametrize("name", cases())


@pytest.fixture(autouse=True)
def _long_backend(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BACKENDS, LONG, replace(BACKENDS["locmem"], name=LONG))


def printed(summary: Summary, width: int = 80, **options: object) -> str:
    stream = io.StringIO()
    print_report(summary, Console(file=stream, width=width, **options))  # type: ignore[arg-type]
    return stream.getvalue()


@ALL
@pytest.mark.parametrize("width", [80, 120])
def test_report_reads_as_in_its_golden_file(
    name: str, width: int, matches_golden: Callable[[str, str], None]
) -> None:
    matches_golden(f"{name}-{width}.txt", printed(cases()[name], width))


@ALL
@pytest.mark.parametrize("width", [60, 80, 100, 120, 200])
def test_no_line_is_wider_than_the_terminal_and_no_word_is_cut_off(name: str, width: int) -> None:
    text = printed(cases()[name], width)
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text


@ALL
def test_a_pipe_gets_neither_escape_codes_nor_blanks_at_the_end_of_lines(name: str) -> None:
    text = printed(cases()[name])
    assert all(mark.isprintable() or mark == "\n" for mark in text)
    assert all(line == line.rstrip() for line in text.splitlines())


def test_colour_adds_nothing_that_is_lost_without_it() -> None:
    summary = cases()["axes"]
    coloured = printed(summary, force_terminal=True, color_system="truecolor")
    plain = printed(summary, force_terminal=True, no_color=True)
    assert Console().render_str("").from_ansi(coloured).plain.split() == printed(summary).split()
    assert "\x1b[3" not in plain


def test_only_the_terminals_own_colours_are_used_so_that_light_themes_stay_readable() -> None:
    coloured = printed(make_summary(), force_terminal=True, color_system="truecolor")
    assert "38;2" not in coloured
    assert "38;5" not in coloured


def test_a_terminal_without_unicode_gets_ascii() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    console = Console(file=stream, width=80)
    print_report(replace(make_summary(), question="Wie groß?"), console)
    stream.seek(0)
    assert "-:::#" in stream.read()


def test_an_invalid_run_says_so_before_anything_else() -> None:
    lines = printed(cases()["invalid"]).splitlines()
    assert "NOT A VALID MEASUREMENT" in lines[1]
    assert "HX402" in lines[2]


def test_an_invalid_run_without_a_problem_points_at_its_caveats() -> None:
    assert "among the caveats" in printed(make_summary(valid=False))


def test_a_run_without_trials_is_still_reported() -> None:
    text = printed(replace(make_summary(), trials=(), valid=False, problems=("HX311 no boot",)))
    assert "HX311 no boot" in text
    assert "Kept in runs/" in text


def test_square_brackets_in_names_are_text_and_not_markup() -> None:
    text = printed(make_summary(make_trial("locmem[bold]"), question="Is [red] kept?"))
    assert "Is [red] kept?" in text
    assert "locmem[bold]" in text


def test_causes_that_occur_nowhere_are_left_out_of_the_legend() -> None:
    text = printed(make_summary())
    assert "fragmentation" in text
    assert "evicted" not in text
    assert "evicted" in printed(cases()["axes"])


def test_a_path_that_fits_on_a_line_of_its_own_is_not_broken() -> None:
    path = "/srv/" + "x" * 75
    assert path in printed(make_summary(run_dir=path)).splitlines()


def test_a_caveat_is_reported_once_and_names_its_trials() -> None:
    text = printed(cases()["invalid"])
    assert text.count("Only 40 lookups") == 1
    assert "locmem, 2 workers; locmem, 4 workers:" in text
