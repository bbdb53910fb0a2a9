"""Options of `harness run` as overrides of scenario keys, and the scenario argument."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from harness.backends import BACKENDS
from harness.errors import Problem, UsageError

FORMATS = click.Choice(["table", "json"])
FILE = click.Path(path_type=Path, dir_okay=False)
FAIL_ON = click.option(
    "--fail-on",
    type=click.Choice(["inconclusive"]),
    help="Exit with code 6 where it is undecided whether a figure is worse.",
)
aa_option = click.option(
    "--aa",
    is_flag=True,
    help="A/A run: compare the first backend with itself, to see the noise alone.",
)

OPTION_KEYS = {
    "workers": "matrix.workers",
    "backend": "matrix.backend",
    "requests": "load.requests",
    "users": "load.users",
    "keys": "load.keys",
    "seed": "seed",
}
"""Each option that is short for `--set KEY=…`."""


def complete_scenario(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Return the names of scenarios that begin so, for the shell."""
    from harness.scenario.bundled import bundled

    names = (path.stem for path in bundled("scenarios").glob("*.toml"))
    return sorted(name for name in names if name.startswith(incomplete))


def out_option(default: str, what: str = "the run") -> Callable[..., Any]:
    """Return the option that names the new directory; `default` says what it is without."""
    return click.option(
        "--out",
        type=click.Path(path_type=Path),
        metavar="DIR",
        help=f"New directory for {what}.  [default: {default}]",
    )


def scenario_argument(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the SCENARIO argument, which the shell can complete."""
    return click.argument("scenario", shell_complete=complete_scenario)(command)


def load_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that override keys of a scenario."""
    decorators = (
        click.option("--workers", metavar="N,N,…", help="Gunicorn worker counts to compare."),
        click.option(
            "--backend", metavar="B,B,…", help=f"Cache backends to compare: {', '.join(BACKENDS)}."
        ),
        click.option("--requests", metavar="N", help="Requests of each trial."),
        click.option("--users", metavar="N", help="Locust users at the same time."),
        click.option("--keys", metavar="N", help="Different keys that are asked for."),
        click.option(
            "--seed", metavar="N", help="Seed of the trace; the same seed, the same keys."
        ),
        click.option(
            "--set",
            "settings",
            metavar="KEY=VALUE",
            multiple=True,
            help="Any other key of the scenario, e.g. --set load.zipf=0.8.",
        ),
    )
    for decorate in reversed(decorators):
        command = decorate(command)
    return command


def overrides(settings: tuple[str, ...], **options: str | None) -> dict[str, tuple[Any, str]]:
    """Return scenario key -> (value, the option as typed). Raises UsageError HX102."""
    chosen = {}
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not (key.strip() and equals):
            raise UsageError(
                Problem(
                    code="HX102",
                    where=f"--set {setting}",
                    what="need KEY=VALUE",
                    hint="for example --set load.zipf=0.8",
                )
            )
        chosen[key.strip()] = (value_of(text), f"--set {key.strip()}")
    for option, typed in options.items():
        if typed is not None:
            key = OPTION_KEYS[option]
            listed = key.startswith("matrix.")
            value = [value_of(part) for part in typed.split(",")] if listed else value_of(typed)
            chosen[key] = (value, f"--{option}")
    return chosen


def value_of(text: str) -> Any:
    """Return what TOML reads, else the text itself, so that backends need no quotes."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except (ValueError, RecursionError):  # not TOML, or more digits or brackets than it accepts
        return text.strip()
