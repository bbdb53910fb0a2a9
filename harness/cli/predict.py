"""`harness predict`: options as typed -> a question -> its answer, printed. Nothing is measured."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import click

from harness.cli.shared import format_option, print_document
from harness.errors import Problem, UsageError
from harness.forecast.forecast import forecast
from harness.forecast.question import DJANGO_TIMEOUT_S, MAX_WORKERS, CostInputs, Question
from harness.report.forecast import forecast_document, render_forecast_json

Typed = Mapping[str, str | None]
"""Options by name, as text; None: not given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One option: its help, and what it may be. `positive`: above 0, else from 0.

    `default` is only shown: that of a `Question` is used. `field`: of the question, if it has
    another name.
    """

    help: str
    most: float
    hint: str
    default: str = ""
    field: str = ""
    whole: bool = False
    positive: bool = False
    or_none: bool = False

    @property
    def wanted(self) -> str:
        """Return what the option takes, as a noun."""
        if self.whole:
            text = f"a whole number from 1 to {self.most:,.0f}"
        else:
            text = f"a number {'above 0, up' if self.positive else 'from 0'} to {self.most:g}"
        return f"{text}, or none" if self.or_none else text

    def parse(self, text: str) -> float | None:
        """Return the value; nan where it is not valid, None for "none"."""
        if self.or_none and text == "none":
            return None
        try:
            value = int(text) if self.whole else float(text)
        except ValueError:
            return math.nan
        fits = (value > 0 if self.positive or self.whole else value >= 0) and value <= self.most
        return value if fits else math.nan


OPTIONS = {
    "workers": Option(
        help="Gunicorn workers of each server, each with a LocMem cache of its own.",
        default="4",
        most=MAX_WORKERS,
        whole=True,
        hint="for example --workers 4",
    ),
    "servers": Option(
        help="Servers, all with as many workers.",
        default="1",
        most=MAX_WORKERS,
        whole=True,
        hint="for example --servers 2",
    ),
    "keys": Option(
        help="Different keys that are requested.",
        default="300",
        most=10**12,
        whole=True,
        hint="in digits, for example --keys 1000000",
    ),
    "zipf": Option(
        help="Popularity of a key is 1 / rank ** X; 0: all keys are equally popular.",
        default="1.0",
        most=10,
        hint="with 0 all keys are equally popular; 1 is common",
    ),
    "requests": Option(
        help="Requests to all servers together, starting with empty caches.",
        default="3000",
        most=10**15,
        whole=True,
        hint="in digits, for example --requests 3000",
    ),
    "requests_per_second": Option(
        help="Instead of --requests: the long run at this rate to all servers together.",
        most=1e12,
        positive=True,
        hint="for example --requests-per-second 50",
    ),
    "timeout": Option(
        help="With --requests-per-second: seconds until an entry expires, or none.",
        default="300, as in Django",
        field="timeout_s",
        most=1e12,
        positive=True,
        or_none=True,
        hint="with a timeout of 0 Django stores nothing, and every lookup misses",
    ),
    "max_entries": Option(
        help="MAX_ENTRIES of each LocMem cache, or none: nothing is culled.",
        default="300, as in Django",
        most=10**12,
        whole=True,
        or_none=True,
        hint="--max-entries none if nothing is ever culled",
    ),
    "hit_us": Option(
        help="Microseconds of a LocMem lookup.", most=1e12, hint="for example --hit-us 9"
    ),
    "shared_hit_us": Option(
        help="Microseconds of a lookup in the shared cache.",
        most=1e12,
        hint="for example --shared-hit-us 400",
    ),
    "origin_ms": Option(
        help="Milliseconds that a miss costs on top, in both caches.",
        most=1e12,
        hint="for example --origin-ms 5",
    ),
}
COSTS = ("hit_us", "shared_hit_us", "origin_ms")


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def predict_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add all options as text, so that all mistakes are reported together."""
    for name, option in reversed(OPTIONS.items()):
        shown = f"{option.help}  [default: {option.default}]" if option.default else option.help
        command = click.option(_flag(name), metavar="N" if option.whole else "X", help=shown)(
            command
        )
    return command


@click.command(name="predict")
@predict_options
@format_option()
def verb(style: str, **options: str | None) -> None:
    """Calculate the hit rate of N workers, without measuring.

    Compares LocMem with one cache that all workers share, by number of workers. MAX_ENTRIES and
    TIMEOUT are Django's defaults unless given. With the costs of a hit in each cache and of the
    origin, also shows with how many workers the shared cache becomes cheaper.
    """
    answer = forecast(parse_question(options))
    print_document(forecast_document(answer), style, render_forecast_json(answer))


def parse_question(options: Typed) -> Question:
    """Return the question that the options ask; the defaults are Django's, else `Question`'s.

    Raises UsageError HX102 with all mistakes together.
    """
    typed = {name: text for name, text in options.items() if text is not None}
    values: dict[str, Any] = {name: OPTIONS[name].parse(text) for name, text in typed.items()}
    problems = [
        _problem(name, typed[name], OPTIONS[name].wanted, OPTIONS[name].hint)
        for name, value in values.items()
        if value is not None and math.isnan(value)
    ]
    problems += _conflicts(typed)
    if not problems and values.get("workers", 1) * values.get("servers", 1) > MAX_WORKERS:
        most = f"at most {MAX_WORKERS:,} workers in all"
        problems.append(_problem("servers", typed["servers"], most, "use fewer of either"))
    if problems:
        raise UsageError(*problems)
    fields = {OPTIONS[name].field or name: v for name, v in values.items() if name not in COSTS}
    if "requests_per_second" in fields:
        fields = {"timeout_s": DJANGO_TIMEOUT_S, **fields, "requests": None}
    return Question(
        **fields,
        costs=CostInputs(**{name: values[name] for name in COSTS}) if COSTS[0] in values else None,
    )


def _conflicts(typed: Mapping[str, str]) -> Iterator[Problem]:
    """Yield what is wrong with options in combination."""
    rate = "requests_per_second"
    if "requests" in typed and rate in typed:
        hint = "either N requests, starting with empty caches, or the long run at a rate"
        wanted = f"--requests or {_flag(rate)}, not both"
        yield _problem("requests", typed["requests"], wanted, hint)
    elif typed.get("timeout", "none") != "none" and rate not in typed:
        hint = f"add {_flag(rate)} X: a number of requests alone does not say how long they take"
        yield _problem("timeout", typed["timeout"], f"{_flag(rate)} as well", hint)
    given = [name for name in COSTS if name in typed]
    if given and len(given) < len(COSTS):
        missing = " and ".join(_flag(name) for name in COSTS if name not in typed)
        hint = "give all three costs, or none"
        yield _problem(given[0], typed[given[0]], f"{missing} as well", hint)


def _problem(name: str, found: str, wanted: str, hint: str) -> Problem:
    shown = found if found.isprintable() and found.strip() else repr(found)
    return Problem(code="HX102", where=_flag(name), what=f"got {shown}, need {wanted}", hint=hint)
