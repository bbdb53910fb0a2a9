"""`harness doctor`: what is installed, and what a run lacks without the rest."""

from dataclasses import asdict

import click
from rich.text import Text

from harness.cli.shared import format_option, grid, print_result
from harness.servers.doctor import checkup


@click.command(name="doctor")
@format_option()
def verb(style: str) -> None:
    """Check your installation, and show what is impossible without the missing parts."""
    found = checkup()
    content = {one.name: {k: v for k, v in asdict(one).items() if k != "name"} for one in found}
    rows = [
        (one.name, Text(one.found or "not found", "yellow" if one.costs else ""), one.where)
        for one in found
    ]
    advice = [f"{one.name}: {one.costs}" for one in found if one.costs] or ["Nothing is missing."]
    print_result(content, style, grid(rows, "part", "found", "where"), "", *advice)
