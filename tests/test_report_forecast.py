"""How a forecast reads: golden files, its sentences, and what must hold at any width."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest
from rich.console import Console

from harness.forecast.forecast import CrossOver, Forecast, forecast
from harness.forecast.question import CostInputs, Question
from harness.report.blocks import CostCurve
from harness.report.drawing.charts import draw_cost_curve
from harness.report.drawing.layout import print_lines
from harness.report.forecast import break_even_sentence, forecast_document, render_forecast_json
from harness.report.formats.terminal import document_lines

COSTS = CostInputs(hit_us=9, shared_hit_us=400, origin_ms=5)
LONG_RUN = Question(
    workers=512,
    servers=32,
    keys=1_000_000,
    requests=None,
    requests_per_second=100_000.0,
    timeout_s=300.0,
    max_entries=None,
    costs=COSTS,
)
CASES: Mapping[str, Question] = {
    "default": Question(),
    "costs": Question(workers=6, costs=COSTS),
    "long-run": LONG_RUN,
    "mixed-methods": Question(workers=64, zipf=0.0, requests=30_000, max_entries=295),
    "nothing-lost": Question(requests=None, requests_per_second=5.0, max_entries=None),
}


def printed(answer: Forecast, width: int = 80, **options: object) -> str:
    stream = io.StringIO()
    console = Console(file=stream, width=width, **options)  # type: ignore[arg-type]
    print_lines(document_lines(forecast_document(answer), width), console)
    return stream.getvalue()


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("width", [80, 120])
def test_forecast_reads_as_in_its_golden_file(
    name: str, width: int, matches_golden: Callable[[str, str], None]
) -> None:
    matches_golden(f"forecast-{name}-{width}.txt", printed(forecast(CASES[name]), width))


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("width", [80, 100, 200])
def test_no_line_is_wider_than_the_terminal_or_ends_in_blanks(name: str, width: int) -> None:
    lines = printed(forecast(CASES[name]), width).splitlines()
    assert max(map(len, lines)) <= width
    assert all(line == line.rstrip() for line in lines)


def test_the_largest_questions_still_fit_in_80_characters() -> None:
    question = replace(LONG_RUN, workers=1_000_000, servers=1, keys=10**12, timeout_s=1e9)
    assert max(map(len, printed(forecast(question)).splitlines())) <= 80


def test_color_adds_nothing_that_is_lost_without_it() -> None:
    answer = forecast(CASES["costs"])
    colored = printed(answer, force_terminal=True, color_system="truecolor")
    assert "\x1b[3" in colored
    assert Console().render_str("").from_ansi(colored).plain.split() == printed(answer).split()


def test_a_terminal_without_unicode_gets_ascii() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    console = Console(file=stream, width=80)
    print_lines(document_lines(forecast_document(forecast(CASES["costs"])), 80), console)
    stream.seek(0)
    text = stream.read()
    assert "o LocMem   - shared" in text
    assert "?" not in text.partition("\n")[2]


@pytest.mark.parametrize(
    ("even", "text"),
    [
        (None, "Add --hit-us, --shared-hit-us and --origin-ms"),
        (
            CrossOver(workers=None, searched=1_000_000),
            "LocMem is cheaper per lookup with up to 1,000,000 workers",
        ),
        (CrossOver(workers=1, searched=9), "with any number of workers."),
        (
            CrossOver(workers=3, searched=9),
            "With 3 or more workers in all the shared cache is cheaper",
        ),
        (
            CrossOver(workers=1200, searched=9, about=True),
            "With about 1,200 or more workers in all",
        ),
    ],
)
def test_one_sentence_states_the_break_even(even: CrossOver | None, text: str) -> None:
    answer = replace(forecast(CASES["default"]), break_even=even)
    assert text in break_even_sentence(answer)


def test_djangos_defaults_are_called_so_and_others_are_not() -> None:
    assert "MAX_ENTRIES 300 (Django's default)" in printed(forecast(Question()))
    assert "Django's default TIMEOUT is 300 s" in " ".join(printed(forecast(Question())).split())
    at_a_rate = Question(requests=None, requests_per_second=5.0, timeout_s=300.0, max_entries=900)
    text = " ".join(printed(forecast(at_a_rate)).split())
    assert "timeout 300 s (Django's default); MAX_ENTRIES 900" in text
    assert text.count("Django's default") == 1


def test_a_single_worker_has_a_table_and_no_curve() -> None:
    text = printed(forecast(Question(workers=1, costs=COSTS)))
    assert "µs per lookup" in text
    assert "Mean cost" not in text


def test_json_has_every_figure_unrounded() -> None:
    answer = forecast(CASES["costs"])
    content = json.loads(render_forecast_json(answer))
    assert list(content) == ["format", "question", "shared", "locmem", "break_even"]
    assert content["locmem"][-1]["workers"] == 6
    assert content["locmem"][-1]["hit_rate"] == answer.rows[-1].hit_rate
    assert content["locmem"][-1]["method"] == "distinct-pairs"
    assert content["break_even"] == {"workers": 3, "searched": 1_000_000, "about": False}
    assert json.loads(render_forecast_json(forecast(CASES["default"])))["break_even"] is None


def test_the_curve_rises_from_the_first_worker_to_the_highest_cost() -> None:
    curve = CostCurve(workers=[1, 2, 4], local_s=[0.0, 40e-6, 80e-6], shared_s=40e-6)
    lines = [line.plain for line in draw_cost_curve(curve, 40)]
    assert lines[1].startswith("  80.0 │")
    assert lines[1].endswith("●")
    assert lines[9].startswith("     0 │ ●")
    assert lines[5].count("●") == 1
    assert lines[11].split() == ["1", "2", "4"]


def test_a_curve_may_begin_with_any_number_of_workers() -> None:
    curve = CostCurve(workers=[3, 6, 12], local_s=[1.0, 2.0, 3.0], shared_s=0.5)
    text = "\n".join(line.plain for line in draw_cost_curve(curve, 60))
    assert text.count("●") == 3 + 1  # and the legend
