"""Options of `harness run` as overrides of scenario keys, and the scenario argument."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from typing import Any

import click

from harness.errors import Problem, UsageError

OPTION_KEYS = {
    "workers": "matrix.workers",
    "backend": "matrix.backend",
    "requests": "load.requests",
    "users": "load.users",
    "keys": "load.keys",
    "seed": "seed",
}
"""Each option that is short for `--set KEY=…`."""


def scenario_argument(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the SCENARIO argument, which the shell can complete."""

    def complete(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
        from harness.bundled import bundled

        names = (path.stem for path in bundled("scenarios").glob("*.toml"))
        return sorted(name for name in names if name.startswith(incomplete))

    return click.argument("scenario", shell_complete=complete)(command)


def load_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that override keys of a scenario."""
    decorators = (
        click.option("--workers", metavar="N,N,…", help="Gunicorn worker counts to compare."),
        click.option("--backend", metavar="B,B,…", help="Cache backends: locmem, redis, dummy."),
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
        chosen[key.strip()] = (_value(text), f"--set {key.strip()}")
    for option, typed in options.items():
        if typed is not None:
            key = OPTION_KEYS[option]
            listed = key.startswith("matrix.")
            value = [_value(part) for part in typed.split(",")] if listed else _value(typed)
            chosen[key] = (value, f"--{option}")
    return chosen


def _value(text: str) -> Any:
    """Return what TOML reads, else the text itself, so that backends need no quotes."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text.strip()
