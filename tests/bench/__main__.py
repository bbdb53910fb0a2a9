"""What the harness costs and how right it is, each figure next to its bar: `python -m tests.bench`.

Exit code 5 if a bar is missed, which on a busy machine may be the machine's doing.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from importlib import import_module
from multiprocessing import active_children, get_context
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from tests.bench.figures import Figure
from tests.bench.processes import end_in_order

# Part (a module next to this one): arguments to its `measure`, in full and with --quick.
PARTS: Mapping[str, tuple[Mapping[str, int], Mapping[str, int]]] = {
    "help": ({"rounds": 20}, {"rounds": 7}),
    "probe_get": ({"rounds": 3000}, {"rounds": 500}),
    "probe_request": ({"rounds": 600, "rounds_http": 600}, {"rounds": 100, "rounds_http": 100}),
    "load": ({"rounds": 12, "requests": 2000}, {"rounds": 3, "requests": 2000}),
    "analysis": ({"requests": 1_000_000}, {"requests": 1_000_000}),
    "predict": ({"rounds": 5}, {"rounds": 1}),
    "run": ({"runs": 10}, {"runs": 1}),
    "gate": ({"duels": 1000, "planted": 200}, {"duels": 60, "planted": 20}),
    "gate_live": ({"duels": 40}, {"duels": 1}),
}
BY_NAME = ("gate_live",)
"""Parts that take hours, and are measured only where they are asked for."""
MARKS = {True: "[green]met[/]", False: "[bold red]missed[/]", None: ""}


@click.command()
@click.option("--only", multiple=True, type=click.Choice([*PARTS]), help="Nothing but this part.")
@click.option("--quick", is_flag=True, help="Fewer rounds, in a minute or two.")
@click.option("--live", type=click.IntRange(1), help="Part gate_live, with N duels.")
@click.option("--format", "style", type=click.Choice(["table", "json"]), default="table")
def main(only: tuple[str, ...], quick: bool, live: int | None, style: str) -> None:
    """Measure the figures that the harness promises, and print them next to their bars."""
    end_in_order()
    sizes = {part: PARTS[part][quick] for part in only or PARTS if only or part not in BY_NAME}
    if live:
        sizes["gate_live"] = {"duels": live}
    figures = {part: measured(part, sizes[part]) for part in sizes}
    if style == "json":
        rows = {part: [_row(figure) for figure in found] for part, found in figures.items()}
        click.echo(json.dumps(rows, indent=2))
    else:
        Console().print(table(figures))
    missed = any(figure.met is False for found in figures.values() for figure in found)
    sys.exit(5 if missed else 0)


def measured(part: str, sizes: Mapping[str, Any]) -> list[Figure]:
    """Return the figures of a part, from a fresh process: none weighs on another."""
    measure = import_module(f"tests.bench.{part}").measure
    pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=end_in_order)
    with pool, Console(stderr=True).status(f"measuring {part}"):
        try:
            found: list[Figure] = pool.submit(measure, **sizes).result()
        finally:
            for child in active_children():
                child.terminate()  # or a bench that has to end would wait for its part
    return found


def _row(figure: Figure) -> dict[str, object]:
    return {**asdict(figure), "met": figure.met}


def table(figures: Mapping[str, Iterable[Figure]]) -> Table:
    """Return one row for each figure, by part."""
    printed = Table("part", "figure", box=None, pad_edge=False)
    for column in ("value", "95 % interval", "bar"):
        printed.add_column(column, justify="right", no_wrap=True)
    printed.add_column("")
    for part, found in figures.items():
        for number, figure in enumerate(found):
            name = "" if number else part
            printed.add_row(name, figure.what, *_cells(figure), MARKS[figure.met])
    return printed


def _cells(figure: Figure) -> tuple[str, str, str]:
    bounds = (("<=", figure.at_most), (">=", figure.at_least))
    bar = " ".join(f"{sign} {bound:g}" for sign, bound in bounds if bound is not None)
    if figure.low is None or figure.high is None:
        return f"{figure.value:.4g} {figure.unit}".strip(), "", bar
    interval = f"{figure.low:.4g} .. {figure.high:.4g}"
    return f"{figure.value:.4g} {figure.unit}".strip(), interval, bar


if __name__ == "__main__":
    main()
