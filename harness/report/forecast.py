"""`Forecast` to a terminal or to JSON: a table by workers, the break-even, a curve, the method."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from rich.text import Text

from harness.forecast.forecast import Forecast, Question
from harness.report.cost_curve import Curve, cost_unit, render_curve
from harness.report.figures import count, percent
from harness.report.layout import HEADING, QUIET, Cell, Lines, prose, row
from harness.report.method import assumptions, methods
from harness.setup import number_of

SEPARATION = " │ "
BEYOND_READING = 1e9
CAPTION = "workers, and the entries in their memory: over all servers together"


@dataclass(frozen=True, slots=True)
class Group:
    """One kind of figure: LocMem's by rung, and that of the shared cache, the same on each."""

    name: str
    locmem: Sequence[str]
    shared: str


def render_forecast(forecast: Forecast, width: int) -> Lines:
    """Return the whole answer in lines of at most `width` characters, from 80 on."""
    blocks = [
        _title(forecast.question, width),
        [*_table(forecast), *prose(CAPTION, width, style=QUIET)],
        prose(break_even_sentence(forecast), width),
        _curve(forecast, width),
        prose(f"How: {methods(forecast)}.", width, style=QUIET),
        prose(f"Assumed: {assumptions(forecast)}.", width, style=QUIET),
    ]
    return [line for block in blocks if block for line in [*block, Text()]][:-1]


def render_forecast_json(forecast: Forecast) -> str:
    """Return the same as indented JSON, unrounded, ending in a newline."""
    content = {
        "format": 1,
        "question": asdict(forecast.question),
        "shared": asdict(forecast.shared),
        "locmem": [asdict(rung) for rung in forecast.rows],
        "break_even": asdict(forecast.break_even) if forecast.break_even else None,
    }
    return json.dumps(content, indent=2, allow_nan=False) + "\n"


def break_even_sentence(forecast: Forecast) -> str:
    """Return from how many workers on the shared cache is cheaper, or what it takes to tell."""
    found = forecast.break_even
    if found is None:
        return (
            "Add --hit-us, --shared-hit-us and --origin-ms to learn from how many workers on the "
            "shared cache is cheaper."
        )
    if found.workers is None:
        upto = f"up to the {count(found.searched)} that were tried"
        return f"With no number of workers, {upto}, is the shared cache cheaper per lookup."
    if found.workers == 1:
        return "The shared cache is cheaper per lookup from the first worker on."
    workers = f"{'about ' if found.about else ''}{count(found.workers)} workers in all"
    return f"The shared cache is cheaper per lookup from {workers} on; with fewer, LocMem is."


def _title(question: Question, width: int) -> Lines:
    each = "each of " if question.servers > 1 else ""
    servers = f"{each}{number_of(question.servers, 'server')}"
    caches = number_of(question.caches, "LocMem cache")
    told = [
        f"{number_of(question.workers, 'worker')} on {servers}, {caches}",
        f"{number_of(question.keys, 'key')}, Zipf {question.zipf:g}",
        _span(question),
    ]
    if question.max_entries is not None:
        told.append(f"MAX_ENTRIES {count(question.max_entries)}")
    title = prose("What hit rate is to be expected, on paper?", width, style=HEADING, indent="")
    return [*title, *prose("; ".join(told), width, style=QUIET, indent="")]


def _span(question: Question) -> str:
    if question.requests is not None:
        return f"{number_of(question.requests, 'request')} from empty caches on"
    timeout = "no timeout" if question.timeout_s is None else f"timeout {question.timeout_s:g} s"
    return f"the long run at {question.requests_per_second:,.10g} requests/s, {timeout}"


def _table(forecast: Forecast) -> Lines:
    """Return a line per number of workers, of which the one asked for stands out."""
    numbers = [count(rung.workers) for rung in forecast.rows]
    size = max(len("workers"), *map(len, numbers))
    labels = [text.rjust(size) for text in ("", "workers", *numbers)]
    blocks = [_block(group) for group in _groups(forecast)]
    rule = "┼".join("─" * (len(lines[0]) + 2) for lines in [labels, *blocks])[1:-1]
    texts = [SEPARATION.join(cells) for cells in zip(labels, *blocks, strict=True)]
    styles = [HEADING, QUIET, *("" for _ in numbers[1:]), HEADING]
    lines = [row([Cell(text, style=style)]) for text, style in zip(texts, styles, strict=True)]
    return [*lines[:2], row([Cell(rule, style=QUIET)]), *lines[2:]]


def _block(group: Group) -> list[str]:
    """Return name, heads and figures of a group, all of one width."""
    own = max(map(len, ["LocMem", *group.locmem]))
    other = max(map(len, ["shared", group.shared]))
    pairs = [("LocMem", "shared"), *((text, group.shared) for text in group.locmem)]
    lines = [f"{left:>{own}}  {right:>{other}}" for left, right in pairs]
    width = max(len(group.name), len(lines[0]))
    return [group.name.ljust(width), *(line.rjust(width) for line in lines)]


def _groups(forecast: Forecast) -> list[Group]:
    rows, shared = forecast.rows, forecast.shared
    groups = [
        Group("hit rate", [percent(rung.hit_rate) for rung in rows], percent(shared.hit_rate)),
        Group("entries", [_entries(rung.entries) for rung in rows], _entries(shared.entries)),
    ]
    curve = _cost_curve(forecast)
    if curve is None:
        return groups
    unit, figure = cost_unit(curve)
    costs = [figure(cost) for cost in curve.locmem_us]
    return [*groups, Group(f"{unit} per lookup", costs, figure(curve.shared_us))]


def _entries(number: float) -> str:
    return (
        count(number)
        if number < BEYOND_READING
        else f"{number:.3g}".replace("e+0", "e").replace("e+", "e")
    )


def _curve(forecast: Forecast, width: int) -> Lines:
    curve = _cost_curve(forecast)
    return render_curve(curve, width) if curve and len(curve.workers) > 1 else []


def _cost_curve(forecast: Forecast) -> Curve | None:
    """Return the costs of the forecast; None where they are not known."""
    shared_us = forecast.shared.cost_us
    costs = [rung.cost_us for rung in forecast.rows if rung.cost_us is not None]
    if shared_us is None:
        return None
    workers = [rung.workers for rung in forecast.rows]
    return Curve(workers=workers, locmem_us=costs, shared_us=shared_us)
