"""What verbs share: options and arguments, options as overrides of scenario keys, and output.

They print documents, and text in columns or JSON where there is no document; they write files in
places that are checked before anything is measured.
"""

import json
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem
from rich.console import Console, RenderableType
from rich.table import Table

from harness.backends import BACKENDS
from harness.errors import Problem, UsageError, writing
from harness.report.blocks import Document
from harness.report.drawing.layout import print_lines
from harness.report.formats.terminal import document_lines

writing_output = partial(writing, code="HX307", hint="choose another place")
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

KEY_OPTIONS = {
    "workers": ("matrix.workers", "N,N,…", "Gunicorn worker counts to compare."),
    "backend": ("matrix.backend", "B,B,…", f"Backends to compare: {', '.join(BACKENDS)}."),
    "requests": ("load.requests", "N", "Requests of each trial."),
    "users": ("load.users", "N", "Concurrent Locust users."),
    "keys": ("load.keys", "N", "Number of different keys that are requested."),
    "seed": ("seed", "N", "Seed of the trace: the same seed requests the same keys."),
}
"""Options that are short for `--set KEY=VALUE`: (key, metavar, help)."""


def complete_scenario(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Return the names of scenarios that begin with what is typed, for the shell."""
    from harness.scenario.load import scenario_paths

    return [name for name in scenario_paths() if name.startswith(incomplete)]


def complete_run(
    _ctx: click.Context, _param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Return the run directories that begin with what is typed, else any directories."""
    found = map(str, (path.parent for path in Path().glob("runs/**/run.json")))
    names = sorted(name for name in found if name.startswith(incomplete))
    return [*map(CompletionItem, names)] or [CompletionItem(incomplete, type="dir")]


def run_argument(name: str, metavar: str | None = None, **more: Any) -> Callable[..., Any]:
    """Return an argument that names a run directory, which the shell can complete."""
    return click.argument(
        name, type=click.Path(path_type=Path), metavar=metavar, shell_complete=complete_run, **more
    )


def format_option(*names: str) -> Callable[..., Any]:
    """Return the option that chooses one of the formats; "table" and "json" without names."""
    return click.option(
        "--format",
        "style",
        type=click.Choice(names or ("table", "json")),
        default="table",
        show_default=True,
    )


def out_option(default: str, what: str = "the run") -> Callable[..., Any]:
    """Return the option that names the new directory; `default` is shown in its help."""
    return click.option(
        "--out",
        type=click.Path(path_type=Path),
        metavar="DIR",
        help=f"New directory for {what}.  [default: {default}]",
    )


scenario_argument = click.argument("scenario", shell_complete=complete_scenario)
"""The SCENARIO argument, which the shell can complete."""


def load_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that override keys of a scenario."""
    text = "Any other key of the scenario, e.g. --set load.zipf=0.8."
    command = click.option("--set", "settings", metavar="KEY=VALUE", multiple=True, help=text)(
        command
    )
    for name, (_, metavar, text) in reversed(KEY_OPTIONS.items()):
        command = click.option(f"--{name}", metavar=metavar, help=text)(command)
    return command


def overrides(settings: Iterable[str], **options: str | None) -> dict[str, tuple[Any, str]]:
    """Return scenario key -> (value, the option as typed). Raises UsageError HX102."""
    chosen = {key: (value, f"--set {key}") for key, value in parse_settings(settings, "--set")}
    for option, typed in options.items():
        if typed is not None:
            key = KEY_OPTIONS[option][0]
            listed = key.startswith("matrix.")
            value = [value_of(part) for part in typed.split(",")] if listed else value_of(typed)
            chosen[key] = (value, f"--{option}")
    return chosen


def parse_settings(typed: Iterable[str], option: str) -> Iterator[tuple[str, Any]]:
    """Yield key and value of each KEY=VALUE that an option was given. Raises UsageError HX102."""
    for setting in typed:
        key, equals, text = (part.strip() for part in setting.partition("="))
        if not (key and equals):
            raise unusable(
                f"{option} {setting}", "need KEY=VALUE", f"for example {option} load.zipf=0.8"
            )
        yield key, text if key.startswith("app.env.") else value_of(text)


def unusable(where: str, what: str, hint: str = "") -> UsageError:
    """Return the error for an option or argument whose value is unusable."""
    return UsageError(Problem(code="HX102", where=where, what=what, hint=hint))


def value_of(text: str) -> Any:
    """Return what TOML reads, else the text itself, so that backends need no quotes."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except (ValueError, RecursionError):  # not TOML, or more digits or brackets than it accepts
        return text.strip()


def print_result(content: Any, style: str, *parts: RenderableType) -> None:
    """Print `content` as JSON, or for the format "table" the parts, one below the other."""
    if style == "json":
        click.echo(json.dumps(content, indent=2, ensure_ascii=False))
    else:
        Console(file=sys.stdout, markup=False, emoji=False, highlight=False).print(*parts, sep="\n")


def print_document(document: Document, style: str = "table", json_text: str = "") -> None:
    """Print a document in the width of the terminal, or for the format "json" its text."""
    if style == "json":
        click.echo(json_text, nl=False)
    else:
        console = Console(file=sys.stdout)
        print_lines(document_lines(document, console.width), console)


def grid(rows: Iterable[Sequence[RenderableType]], *heads: str) -> Table:
    """Return rows in as many columns as there are heads; the last column wraps."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_header=any(heads))
    for number, head in enumerate(heads, start=1):
        table.add_column(head, no_wrap=number < len(heads), overflow="fold", header_style="dim")
    for row in rows:
        table.add_row(*row)
    return table


def refuse_existing(file: Path, hint: str) -> None:
    """Raise UsageError HX107 if a file exists."""
    if file.exists():
        raise UsageError(Problem(code="HX107", where=str(file), what="exists already", hint=hint))


def make_room(path: Path) -> None:
    """Make the directory of a file. Raises InfrastructureError HX307."""
    with writing_output(path):
        path.parent.mkdir(parents=True, exist_ok=True)


def write_text(path: Path, text: str, *, append: bool = False) -> None:
    """Write a file, or add to it. Raises InfrastructureError HX307."""
    with writing_output(path), path.open("a" if append else "w", encoding="utf-8") as file:
        file.write(text)
