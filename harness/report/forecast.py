"""`Forecast` to a terminal or to JSON: a table by workers, the break-even, a curve, the method."""

from collections.abc import Sequence
from dataclasses import asdict
from itertools import groupby

from harness.forecast.forecast import Forecast, ForecastRow
from harness.forecast.hit_rate import Method
from harness.forecast.question import DJANGO_MAX_ENTRIES, DJANGO_TIMEOUT_S, Question
from harness.report.blocks import Columns, CostCurve, Document, Prose, Section, SideBySide
from harness.report.formats.json import as_json
from harness.text import count, duration, number_of, percent, rounded_points

SCIENTIFIC_FROM = 1e9
CAPTION = "workers, and the entries in their memory: over all servers together"
METHODS = {
    Method.NOTHING_LOST: "closed form (nothing expires and nothing is culled, so in the long run "
    "every lookup hits; --requests shows the way there)",
    Method.DISTINCT_PAIRS: "closed form (a worker misses each key once: the sum over keys of "
    "N (1 - (1 - q/N)^R) misses in R requests to N workers, q the popularity of the key)",
    Method.RENEWAL: "closed form (a timeout T that a hit does not prolong: qLT / (N + qLT) of the "
    "lookups of a key hit, at L requests per second to N workers, q its popularity)",
    Method.WINDOW: "approximation (MAX_ENTRIES as the window of keys in use of Che et al. 2002, "
    "with Django's culls of a third)",
    Method.SIMULATION: "simulation",
}


def forecast_document(forecast: Forecast) -> Document:
    """Return the whole answer as blocks."""
    curve = _cost_curve(forecast)
    question = forecast.question
    sections: list[Section] = [
        [
            Prose("Expected hit rate (calculated, not measured)", "strong", level=0),
            Prose(_conditions(question), "quiet", level=0),
        ],
        [_table(forecast, curve), Prose(CAPTION, "quiet")],
        [Prose(break_even_sentence(forecast))],
        [curve] if curve and len(curve.workers) > 1 else [],
        [Prose(f"Method: {methods(forecast)}.", "quiet")],
        [Prose(f"Assumptions: {assumptions(question)}.", "quiet")],
    ]
    return [section for section in sections if section]


def render_forecast_json(forecast: Forecast) -> str:
    """Return the same as indented JSON, unrounded, ending in a newline."""
    return as_json(
        {
            "format": 1,
            "question": asdict(forecast.question),
            "shared": asdict(forecast.shared),
            "locmem": [asdict(each) for each in forecast.rows],
            "break_even": asdict(forecast.break_even) if forecast.break_even else None,
        }
    )


def break_even_sentence(forecast: Forecast) -> str:
    """Return from how many workers the shared cache is cheaper, or which options answer that."""
    found = forecast.break_even
    if found is None:
        return (
            "Add --hit-us, --shared-hit-us and --origin-ms to see with how many workers the shared "
            "cache becomes cheaper."
        )
    if found.workers is None:
        return f"LocMem is cheaper per lookup with up to {number_of(found.searched, 'worker')}."
    if found.workers == 1:
        return "The shared cache is cheaper per lookup with any number of workers."
    workers = f"{'about ' if found.about else ''}{count(found.workers)} or more workers in all"
    return f"With {workers} the shared cache is cheaper per lookup; with fewer, LocMem is."


def methods(forecast: Forecast) -> str:
    """Return how LocMem's figures were found, for which workers where that differs."""
    parts = [list(part) for _, part in groupby(forecast.rows, key=lambda each: each.method)]
    texts = [_method(part, alone=len(parts) == 1) for part in parts]
    shared = forecast.shared.method
    if all(each.method != shared for each in forecast.rows):
        texts.append(f"the shared cache by {METHODS[shared]}")
    return "; ".join(texts)


def assumptions(question: Question) -> str:
    """Return what is assumed, as far as it matters for this question."""
    texts = [
        "each request looks up one key, independent of all others, in a random worker",
        "a miss stores its key immediately",
    ]
    if question.requests is not None:
        texts.append(
            f"no entry expires meanwhile (Django's default TIMEOUT is {DJANGO_TIMEOUT_S:.0f} s: "
            "--requests-per-second takes it into account)"
        )
    if question.timeout_s is not None:
        texts.append(
            "LocMem keeps expired entries until they are read or culled, the shared cache does not"
        )
    if question.max_entries is not None:
        texts.append("MAX_ENTRIES applies to LocMem alone")
    return "; ".join(texts)


def _method(part: Sequence[ForecastRow], *, alone: bool) -> str:
    first, last = part[0], part[-1]
    workers = f"{count(first.workers)} to {number_of(last.workers, 'worker')}"
    workers = workers if len(part) > 1 else number_of(first.workers, "worker")
    return f"{'' if alone else f'{workers} by '}{METHODS[first.method]}{_accuracy(part)}"


def _accuracy(part: Sequence[ForecastRow]) -> str:
    """Return how far off a figure can be, where it is no exact expectation."""
    points = f"{max(rounded_points(each.error) for each in part):.1f} points"
    least, most = (pick(each.caches_played for each in part) for pick in (min, max))
    if most:
        played = count(least) + (f" to {count(most)}" if most > least else "")
        return f" ({played} caches played for each figure; within {points}, 95 %)"
    return f", within {points} of the simulation" if part[0].error else ""


def _conditions(question: Question) -> str:
    workers = f"{number_of(question.workers, 'worker')} on {'each of ' * (question.servers > 1)}"
    servers = number_of(question.servers, "server")
    return "; ".join(
        (
            f"{workers}{servers}, {number_of(question.caches, 'LocMem cache')}",
            f"{number_of(question.keys, 'key')}, Zipf {question.zipf:g}",
            _span(question),
            _setting("MAX_ENTRIES {:,}", question.max_entries, DJANGO_MAX_ENTRIES)
            or "nothing is culled",
        )
    )


def _span(question: Question) -> str:
    if question.requests is not None:
        return f"{number_of(question.requests, 'request')}, starting with empty caches"
    timeout = _setting("timeout {:g} s", question.timeout_s, DJANGO_TIMEOUT_S) or "no timeout"
    return f"the long run at {question.requests_per_second:,.10g} requests/s, {timeout}"


def _setting(text: str, value: float | None, default: float) -> str:
    """Return a setting with its value, marked where that is Django's default; "" for None."""
    return text.format(value) + " (Django's default)" * (value == default) if value else ""


def _table(forecast: Forecast, curve: CostCurve | None) -> SideBySide:
    """Return a row per worker count: LocMem's figures next to those of the shared cache."""
    rows, shared = forecast.rows, forecast.shared
    groups = [
        _columns("hit rate", [percent(each.hit_rate) for each in rows], percent(shared.hit_rate)),
        _columns("entries", [_entries(each.entries) for each in rows], _entries(shared.entries)),
    ]
    if curve is not None:
        costs = [duration(cost_s, curve.unit) for cost_s in curve.local_s]
        shared_cost = duration(curve.shared_s, curve.unit)
        groups.append(_columns(f"{curve.unit} per lookup", costs, shared_cost))
    return SideBySide("workers", [count(each.workers) for each in rows], groups)


def _columns(name: str, locmem: Sequence[str], shared: str) -> Columns:
    """Return one quantity; the figure of the shared cache is the same in each row."""
    return Columns(name, ("LocMem", "shared"), [(text, shared) for text in locmem])


def _entries(number: float) -> str:
    if number < SCIENTIFIC_FROM:
        return count(number)
    return f"{number:.3g}".replace("e+0", "e").replace("e+", "e")


def _cost_curve(forecast: Forecast) -> CostCurve | None:
    """Return the costs of the forecast; None where they are unknown."""
    shared_us = forecast.shared.cost_us
    if shared_us is None:
        return None
    return CostCurve(
        workers=[each.workers for each in forecast.rows],
        local_s=[each.cost_us / 1e6 for each in forecast.rows if each.cost_us is not None],
        shared_s=shared_us / 1e6,
    )
