"""The bench computes what it says, and its parts run; how good the figures are is its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from io import StringIO
from itertools import chain, repeat
from typing import Any

import pytest
from rich.console import Console

from tests.bench.__main__ import PARTS, measured, table
from tests.bench.figures import Figure, median, side_by_side
from tests.bench.run import Run, costs, truths

pytestmark = pytest.mark.slow


def timings(*seconds: float) -> Callable[[], float]:
    return chain(seconds, repeat(seconds[-1])).__next__


def trial(backend: str = "locmem", **overrides: Any) -> Mapping[str, Any]:
    plain = {
        "backend": backend,
        "workers": 4,
        "hit_rate": 0.76,
        "predicted": {"hit_rate": 0.75, "low": 0.74, "high": 0.77},
        "explained": {"per_process": 1.0, "shared": 1.0},
        "accounted": {"samples": 3000, "tallies": 3000, "lost": 0},
        "wall_s": 4.0,
    }
    return {**plain, **overrides}


def value(figures: list[Figure], what: str) -> float:
    return next(figure.value for figure in figures if what in figure.what)


def test_what_drifts_evenly_through_a_round_leaves_the_ratio_alone() -> None:
    clock = iter(range(100))
    ratios = side_by_side(lambda: 1 + next(clock), lambda: 1 + next(clock), rounds=3)
    assert ratios == [1.0, 1.0, 1.0]


def test_a_ratio_is_the_first_over_the_second() -> None:
    assert side_by_side(timings(3.0), timings(2.0), rounds=2) == [1.5, 1.5]


@pytest.mark.parametrize(
    ("count", "low", "high"), [(1, 0, 0), (5, 0, 4), (9, 1, 7), (25, 7, 17), (100, 40, 59)]
)
def test_the_interval_of_a_median_lies_between_order_statistics(
    count: int, low: int, high: int
) -> None:
    figure = median("m", [*range(count)])
    assert (figure.low, figure.value, figure.high) == (low, (count - 1) / 2, high)


def test_a_figure_on_its_bar_meets_it_and_one_without_a_bar_neither_meets_nor_misses() -> None:
    assert Figure(what="f", value=1.2, at_most=1.2).met
    assert Figure(what="f", value=0.9, at_least=0.9).met
    assert Figure(what="f", value=1.3, at_most=1.2).met is False
    assert Figure(what="f", value=1.3).met is None


def test_what_is_not_load_is_the_rest_of_the_command() -> None:
    run = Run(wall_s=50.0, peak_bytes=300_000_000, trials=[trial()] * 8)
    figures = costs([run, run])
    assert [figure.value for figure in figures] == [50.0, 18.0, 300.0]
    assert [figure.met for figure in figures] == [True, False, True]


def test_over_runs_the_worst_counts_and_a_bias_keeps_its_sign() -> None:
    redis = trial("redis", explained={"per_process": 0.8, "shared": 0.99})
    lost = trial(accounted={"samples": 2990, "tallies": 3000, "lost": 8}, hit_rate=0.70)
    figures = truths([trial(), lost, redis])
    assert value(figures, "largest distance") == pytest.approx(0.05)
    assert value(figures, "inside interval") == 0.5
    assert value(figures, "mean measured") == pytest.approx(-0.02)
    assert value(figures, "Redis: explained") == 0.99
    assert value(figures, "unaccounted") == 2


@pytest.mark.parametrize(
    ("part", "sizes"),
    [("help", {"rounds": 1}), ("probe_get", {"rounds": 3}), ("analysis", {"requests": 1000})],
)
def test_a_part_brings_its_figures(part: str, sizes: dict[str, int]) -> None:
    figures = measured(part, sizes)
    assert all(figure.value > 0 and figure.met is not None for figure in figures)


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("part", "sizes"),
    [
        ("probe_request", {"rounds": 2, "rounds_http": 2}),
        ("load", {"rounds": 1, "requests": 200}),
        ("run", {"runs": 1, "options": ["--workers", "1", "--requests", "100"]}),
    ],
)
def test_a_part_with_servers_brings_its_figures(part: str, sizes: dict[str, Any]) -> None:
    assert any(figure.met is not None for figure in measured(part, sizes))


def test_every_part_can_be_measured_in_full_and_quickly() -> None:
    for part, sizes in PARTS.items():
        assert callable(import_module(f"tests.bench.{part}").measure)
        assert len(sizes) == 2


def test_the_table_shows_each_figure_next_to_its_bar() -> None:
    console = Console(width=120, file=StringIO())
    console.print(table({"part": [Figure(what="f", value=1.25, unit="x", at_most=1.2)]}))
    assert isinstance(console.file, StringIO)
    assert console.file.getvalue().split()[-6:] == ["f", "1.25", "x", "<=", "1.2", "missed"]
