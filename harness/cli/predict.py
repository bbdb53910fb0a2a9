"""`harness predict`: options as typed -> a question -> its answer, printed. Nothing is measured."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import click
from rich.console import Console

from harness.errors import Problem, UsageError
from harness.forecast.forecast import MOST_WORKERS, CostInputs, Question, forecast
from harness.report.forecast import render_forecast, render_forecast_json
from harness.report.layout import print_lines

Typed = Mapping[str, str | None]
"""Options by name, as text; None: not given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """What an option may be; `positive`: more than 0 and not just 0 or more."""

    most: float
    hint: str
    whole: bool = False
    positive: bool = False
    or_none: bool = False

    def __str__(self) -> str:
        if self.whole:
            told = f"a whole number from 1 to {self.most:,.0f}"
        else:
            told = f"a number {'above 0, up' if self.positive else 'from 0'} to {self.most:g}"
        return f"{told}, or none" if self.or_none else told

    def parse(self, text: str) -> float | None:
        """Return the value; nan for what is none, None for "none"."""
        if self.or_none and text == "none":
            return None
        try:
            value = int(text) if self.whole else float(text)
        except ValueError:
            return math.nan
        fits = (value > 0 if self.positive or self.whole else value >= 0) and value <= self.most
        return value if fits else math.nan


RANGES = {
    "workers": Range(most=MOST_WORKERS, whole=True, hint="for example --workers 4"),
    "servers": Range(most=MOST_WORKERS, whole=True, hint="for example --servers 2"),
    "keys": Range(most=10**12, whole=True, hint="in digits, for example --keys 1000000"),
    "zipf": Range(most=10, hint="0 makes all keys alike, 1 is common"),
    "requests": Range(most=10**15, whole=True, hint="in digits, for example --requests 3000"),
    "requests_per_second": Range(
        most=1e12, positive=True, hint="for example --requests-per-second 50"
    ),
    "timeout": Range(
        most=1e12,
        positive=True,
        or_none=True,
        hint="with a timeout of 0 Django stores nothing, so that every lookup misses",
    ),
    "max_entries": Range(
        most=10**12, whole=True, or_none=True, hint="none, if nothing is ever culled"
    ),
    "hit_us": Range(most=1e12, hint="for example --hit-us 9"),
    "shared_hit_us": Range(most=1e12, hint="for example --shared-hit-us 400"),
    "origin_ms": Range(most=1e12, hint="for example --origin-ms 5"),
}
FIELDS = {"timeout": "timeout_s"}
"""Fields of a `Question` that are named otherwise than their option."""
COSTS = ("hit_us", "shared_hit_us", "origin_ms")


def predict(options: Typed, style: str) -> None:
    """Print the forecast. Raises UsageError HX102 with all that is wrong at once."""
    answer = forecast(parse_question(options))
    if style == "json":
        click.echo(render_forecast_json(answer), nl=False)
    else:
        console = Console(file=sys.stdout)
        print_lines(render_forecast(answer, console.width), console)


def parse_question(options: Typed) -> Question:
    """Return the question that options ask; what is not given is as in `Question`."""
    typed = {name: text for name, text in options.items() if text is not None}
    values: dict[str, Any] = {name: RANGES[name].parse(text) for name, text in typed.items()}
    wrong = [name for name, value in values.items() if value is not None and math.isnan(value)]
    problems = [_problem(name, typed[name], str(RANGES[name]), RANGES[name].hint) for name in wrong]
    problems += _conflicts(typed)
    if not problems and values.get("workers", 1) * values.get("servers", 1) > MOST_WORKERS:
        most = f"at most {MOST_WORKERS:,} workers in all"
        problems.append(_problem("servers", typed["servers"], most, "ask for fewer of either"))
    if problems:
        raise UsageError(*problems)
    fields = {FIELDS.get(name, name): v for name, v in values.items() if name not in COSTS}
    if "requests_per_second" in fields:
        fields["requests"] = None
    costs = CostInputs(**{name: values[name] for name in COSTS}) if COSTS[0] in values else None
    return Question(**fields, costs=costs)


def _conflicts(typed: Mapping[str, str]) -> Iterator[Problem]:
    """Yield what is wrong with options beside each other."""
    rate = "requests_per_second"
    if "requests" in typed and rate in typed:
        hint = "so many requests from empty caches on, or the long run at a rate"
        wanted = f"--requests or {_option(rate)}, not both"
        yield _problem("requests", typed["requests"], wanted, hint)
    elif typed.get("timeout", "none") != "none" and rate not in typed:
        hint = f"add {_option(rate)} X: so many requests alone do not say how long they take"
        yield _problem("timeout", typed["timeout"], f"{_option(rate)} beside it", hint)
    given = [name for name in COSTS if name in typed]
    if given and len(given) < len(COSTS):
        missing = " and ".join(_option(name) for name in COSTS if name not in typed)
        hint = "give all three costs, or none"
        yield _problem(given[0], typed[given[0]], f"{missing} beside it", hint)


def _problem(name: str, found: str, wanted: str, hint: str) -> Problem:
    shown = found if found.isprintable() and found.strip() else repr(found)
    return Problem(code="HX102", where=_option(name), what=f"got {shown}, need {wanted}", hint=hint)


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"
