"""From how many workers on a shared cache is cheaper: a sentence, the curve, and its figures."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from harness.analysis.summary import BreakEven, BreakEvenPoint, Summary
from harness.report.cost_curve import Curve, render_curve
from harness.report.grid import Row, render_grid
from harness.report.layout import QUIET, Lines, heading, prose
from harness.setup import setup_words
from harness.text import UNKNOWN, count, duration, number_of, unit_for

CAPTION = (
    "Mean cost of a lookup, with store and origin where it missed. By model: the hit rate that "
    "these keys have with so many equally busy workers, at the measured costs."
)
CROSSING = " <"
"""Marks the number of workers from which on the shared cache is cheaper."""
MEASURED_ONLY = (
    "Entries expired, were evicted or went with a worker, which the closed form does not know: so "
    "only the numbers of workers that were measured are told."
)


def render_break_even(summary: Summary, width: int) -> Lines:
    """Return a sentence for each pair of backends, and the curve of the only or the first one.

    No line for a run that measured one number of workers only: it was after something else, and
    its `result.json` has the figures.
    """
    if len({trial.workers for trial in summary.trials}) < 2:
        return []
    found = summary.break_even
    if not found:
        return []
    lines = heading("Break-even", CAPTION, width)
    setups = [one.group for one in found]
    for one in found:
        words = setup_words(one.group, setups)
        told = break_even_sentence(one)
        lines += prose(f"{words}: {told}" if words else told, width)
    shown = found[0]
    if not shown.model_input:
        lines += prose(MEASURED_ONLY, width, style=QUIET)
    return [*lines, Text(), *_curve(shown, width), *_figures(shown, width)]


def break_even_sentence(found: BreakEven) -> str:
    """Return what hits, misses and the origin cost, and from when on which cache is cheaper."""
    costs = (
        f"a hit takes {duration(found.local_cost.hit_s)} in {found.local} and "
        f"{duration(found.shared_cost.hit_s)} in {found.shared}, and a miss "
        f"{duration(found.origin_s)} at the origin"
    )
    return f"{costs[0].upper()}{costs[1:]}: {_crossing(found)}."


def _crossing(found: BreakEven) -> str:
    if found.from_workers is None:
        told = f"up to {number_of(found.up_to, 'worker')}, {found.local} stays cheaper per lookup"
    elif found.from_workers == 1:
        told = f"{found.shared} is cheaper per lookup from the first worker on"
    else:
        workers = number_of(found.from_workers, "worker")
        told = f"{found.shared} is cheaper per lookup from {workers} on"
    return f"{told} ({_interval(found)})" if found.bounded else told


def _interval(found: BreakEven) -> str:
    """Return the interval in words: "95 % interval 4 to 6"; None lies beyond the last number."""
    beyond = f"beyond {count(found.up_to)}"
    low, high = (beyond if bound is None else count(bound) for bound in (found.low, found.high))
    return f"95 % interval {low}" if low == beyond else f"95 % interval {low} to {high}"


def _curve(found: BreakEven, width: int) -> Lines:
    """Return the modelled curve at the rungs; no line where there is no model."""
    points = [point for point in _rungs(found) if not point.measured]
    if len(points) < 2:
        return []
    servers = found.group.get("servers", 1)
    curve = Curve(
        workers=[point.workers * servers for point in points],
        locmem_s=[point.local_s for point in points],
        shared_s=points[0].shared_s,
        names=(found.local, found.shared),
        crossing=found.from_workers and found.from_workers * servers,
    )
    return [*render_curve(curve, width), Text()]


def _figures(found: BreakEven, width: int) -> Lines:
    """Return a table of costs by workers, modelled beside measured, with who is cheaper."""
    rows = _rungs(found)
    unit = unit_for(min(point.local_s, point.shared_s) for point in rows)
    heads = [
        f"{found.local} [{unit}]",
        "measured",
        f"{found.shared} [{unit}]",
        "measured",
        "cheaper",
    ]
    numbers = sorted({point.workers for point in rows})
    return render_grid(heads, [_row(found, rows, number, unit) for number in numbers], width)


def _row(found: BreakEven, rows: Sequence[BreakEvenPoint], workers: int, unit: str) -> Row:
    here = {point.measured: point for point in rows if point.workers == workers}
    model, measured = here.get(False), here.get(True)
    cells = [
        _cost(model.local_s if model else None, unit),
        _cost(measured.local_s if measured else None, unit),
        _cost(model.shared_s if model else None, unit),
        _cost(measured.shared_s if measured else None, unit),
        _cheaper(found, model or measured) + CROSSING * (workers == found.from_workers),
    ]
    return number_of(workers, "worker"), cells


def _cheaper(found: BreakEven, point: BreakEvenPoint | None) -> str:
    if point is None:
        return UNKNOWN
    return found.shared if point.shared_s < point.local_s else found.local


def _cost(seconds: float | None, unit: str) -> str:
    return UNKNOWN if seconds is None else duration(seconds, unit)


def _rungs(found: BreakEven) -> list[BreakEvenPoint]:
    """Return all measured points, and the modelled ones there, at doublings and at the crossing."""
    numbers = {point.workers for point in found.points if point.measured}
    numbers |= {2**power for power in range(found.up_to.bit_length())}
    numbers |= {found.from_workers} if found.from_workers else set()
    return [point for point in found.points if point.workers in numbers]
