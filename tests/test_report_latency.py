"""How ratios, times and the break-even look: golden files, and what must hold of them."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from harness.analysis.conclusions import break_even_sentence
from harness.analysis.summary import Summary
from harness.report.blocks import Table
from harness.report.drawing.tables import draw_table
from harness.report.formats.json import render_json
from harness.setup import setup_words
from harness.stats.interval import Interval
from harness.text import duration, durations, ratio, unit_for
from tests.reporting import print_report
from tests.summaries import make_summary
from tests.timed import side_by_side, timed_summary, timed_trial

SIZE = "app.env.SHOP_PAGE_BYTES"


def by_size() -> Summary:
    trials = [
        timed_trial(
            4,
            shared=shared,
            number=2 * place + shared,
            lookup_s=4e-4 + size * 2e-9 if shared else 1e-5 + size * 1e-9,
            varied={SIZE: str(size)},
        )
        for place, size in enumerate((100, 1000, 10_000, 1_000_000))
        for shared in (False, True)
    ]
    return timed_summary(trials)


def control() -> Summary:
    return timed_summary(
        [timed_trial(2, shared=True, number=number, varied={"copy": number}) for number in (1, 2)]
    )


CASES: dict[str, Summary] = {
    "latency": timed_summary(side_by_side((4,))),
    "latency-sizes": by_size(),
    "latency-control": control(),
    "latency-open": timed_summary(side_by_side((2,), per_second=200.0)),
    "latency-few-rounds": timed_summary(side_by_side((2,), rounds=4)),
    "break-even": timed_summary(side_by_side((1, 4, 8))),
    "break-even-never": timed_summary(side_by_side((1, 4), origin_s=1e-5)),
}
ALL = pytest.mark.parametrize("name", CASES)


def printed(summary: Summary, width: int = 80, **options: Any) -> str:
    stream = io.StringIO()
    print_report(summary, Console(file=stream, width=width, **options))
    return stream.getvalue()


@ALL
@pytest.mark.parametrize("width", [80, 120])
def test_report_reads_as_in_its_golden_file(
    name: str, width: int, matches_golden: Callable[[str, str], None]
) -> None:
    matches_golden(f"{name}-{width}.txt", printed(CASES[name], width))


@ALL
@pytest.mark.parametrize("width", [60, 80, 100, 120, 200])
def test_no_line_is_wider_than_the_terminal(name: str, width: int) -> None:
    assert max(map(len, printed(CASES[name], width).splitlines())) <= width


@ALL
def test_a_pipe_gets_neither_escape_codes_nor_blanks_at_the_end_of_lines(name: str) -> None:
    text = printed(CASES[name])
    assert all(mark.isprintable() or mark == "\n" for mark in text)
    assert all(line == line.rstrip() for line in text.splitlines())


@ALL
def test_a_terminal_without_unicode_gets_ascii_and_no_question_marks(name: str) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    print_report(replace(CASES[name], question="Why."), Console(file=stream, width=80))
    stream.seek(0)
    assert "?" not in stream.read()


@ALL
def test_every_figure_is_in_the_json(name: str) -> None:
    run = json.loads(render_json(CASES[name]))
    assert len(run["comparisons"]) == len(CASES[name].comparisons)
    assert set(run["trials"][0]["latency"]["lookup"]["hit"]["quantiles_s"]) == {
        *("p50", "p90", "p95", "p99", "p99.9")
    }


def test_ratios_come_before_absolute_times() -> None:
    text = printed(CASES["latency"])
    assert text.index("Compared with locmem") < text.index("Times\n")


def test_a_run_of_one_round_shows_neither_times_nor_ratios_nor_a_break_even() -> None:
    text = printed(timed_summary(side_by_side((1, 4), rounds=1)))
    assert text == printed(make_summary(*_without_latency(side_by_side((1, 4), rounds=1))))


def _without_latency(trials: list[Any]) -> tuple[Any, ...]:
    return tuple(replace(trial, latency=None) for trial in timed_summary(trials).trials)


def test_a_saturated_trial_says_why_its_times_are_withheld() -> None:
    trials = side_by_side((2,))
    facts, samples = trials[1]
    trials[1] = replace(facts, load=replace(facts.load, wall_s=1.0, cpu_s=1.0)), samples
    text = " ".join(printed(timed_summary(trials)).split())
    assert "the load generator could not keep up" in text
    assert "the load generator or the server could not keep up" in text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(9.04e-6, "9.04 µs"), (0.000_999, "999 µs"), (0.0123, "12.3 ms"), (1.5, "1.50 s")],
)
def test_a_duration_has_three_digits_and_a_unit_that_fits(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_a_unit_suits_the_smallest_of_several_durations() -> None:
    assert unit_for([0.5, 0.002]) == "ms"
    assert unit_for([1e-9]) == "µs"
    assert unit_for([]) == "s"


def test_what_is_withheld_is_called_so() -> None:
    assert ratio(None) == "withheld"
    assert durations(None, "ms") == "withheld"
    assert durations(Interval(value=0.002), "ms") == "2.00 (-)"
    assert ratio(Interval(value=1.318, low=1.2, high=12.34)) == "1.32 (1.20-12.3)"


def test_only_what_differs_names_a_set_up() -> None:
    setups = [{"workers": 4, SIZE: "1000", "worker_class": "sync"}, {"workers": 1, SIZE: "1000000"}]
    assert setup_words(setups[0], setups) == "4 workers, 1 kB, sync"
    sizes = [{SIZE: str(size)} for size in (100, 1000, 1_000_000)]
    assert [setup_words(one, sizes) for one in sizes] == ["100 B", "1 kB", "1 MB"]
    assert setup_words(setups[0], setups[:1]) == ""


def test_a_label_that_takes_too_much_room_stands_on_lines_of_its_own() -> None:
    lines = draw_table(Table(["head"], [("a label of some length", ["1"])]), 30)
    assert [line.plain for line in lines] == ["    head", "  a label of some length", "    1"]


def test_no_row_gives_no_line() -> None:
    assert draw_table(Table(["head"], []), 80) == []


def test_the_break_even_is_reported_in_one_sentence() -> None:
    (found,) = CASES["break-even"].break_even
    assert break_even_sentence(found).endswith(
        "redis is cheaper per lookup with 4 or more workers (95 % interval 4 to 4)."
    )
    first = replace(found, from_workers=1, bounded=False)
    assert break_even_sentence(first).endswith("with any number of workers.")
    wide = replace(found, low=4, high=None)
    assert break_even_sentence(wide).endswith("(95 % interval 4 to beyond 64).")


def test_a_cache_that_is_never_dearer_is_reported_as_such() -> None:
    (found,) = CASES["break-even-never"].break_even
    assert "up to 64 workers, locmem stays cheaper per lookup" in break_even_sentence(found)
