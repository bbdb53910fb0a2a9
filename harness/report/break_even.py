"""From which worker count a shared cache is cheaper: a sentence, the curve, and its figures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.analysis.summary import BreakEven, BreakEvenPoint, Summary
from harness.report.blocks import Block, CostCurve, Heading, Prose, Section, Table
from harness.setup import setup_words
from harness.text import UNKNOWN, duration, number_of, unit_for

CAPTION = (
    "Mean cost of a lookup, with store and origin where it missed. By model: the hit rate that "
    "these keys have with that many equally busy workers, at the measured costs."
)
CROSSING = " <"
"""Marks the worker count from which the shared cache is cheaper."""
MEASURED_ONLY = (
    "Entries expired, were evicted or went with a worker, which the closed form does not know, so "
    "only the worker counts that were measured are shown."
)


def break_even_section(summary: Summary) -> Section:
    """Return a sentence for each pair of backends, and the curve of the only or the first one.

    Empty for a run that measured one worker count only: it asked something else, and its
    `result.json` has the figures.
    """
    found = summary.break_even
    if not found or len({trial.workers for trial in summary.trials}) < 2:
        return []
    setups = [one.group for one in found]
    blocks: list[Block] = [Heading("Break-even", CAPTION)]
    for one in found:
        words = setup_words(one.group, setups)
        blocks.append(Prose(f"{words}: {one.conclusion}" if words else one.conclusion))
    if not found[0].modeled:
        blocks.append(Prose(MEASURED_ONLY, "quiet"))
    return [*blocks, *_curve(found[0]), _figures(found[0])]


def _curve(found: BreakEven) -> Iterator[CostCurve]:
    """Yield the modeled curve at the worker counts of the table; none where there is no model."""
    points = [point for point in _points(found) if not point.measured]
    servers = found.group.get("servers", 1)
    if len(points) > 1:
        yield CostCurve(
            workers=[point.workers * servers for point in points],
            local_s=[point.local_s for point in points],
            shared_s=points[0].shared_s,
            names=(found.local, found.shared),
            crossing=found.from_workers and found.from_workers * servers,
        )


def _figures(found: BreakEven) -> Table:
    """Return costs by workers, modeled next to measured, with which is cheaper."""
    rows = _points(found)
    unit = unit_for(min(point.local_s, point.shared_s) for point in rows)
    heads = (
        f"{found.local} [{unit}]",
        "measured",
        f"{found.shared} [{unit}]",
        "measured",
        "cheaper",
    )
    numbers = sorted({point.workers for point in rows})
    return Table(heads, [_row(found, rows, number, unit) for number in numbers])


def _row(
    found: BreakEven, rows: Sequence[BreakEvenPoint], workers: int, unit: str
) -> tuple[str, Sequence[str]]:
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


def _points(found: BreakEven) -> list[BreakEvenPoint]:
    """Return all measured points, and the modeled ones there, at doublings and at the crossing."""
    numbers = {point.workers for point in found.points if point.measured}
    numbers |= {2**power for power in range(found.up_to.bit_length())}
    numbers |= {found.from_workers} if found.from_workers else set()
    return [point for point in found.points if point.workers in numbers]
