"""`harness serve`: the servers of one trial, for a person to look at."""

import json
import shutil
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console
from rich.text import Text

from harness.cli.shared import format_option, load_options, overrides, scenario_argument
from harness.cli.signals import end_on_signals
from harness.measure.serve import EndpointInfo, serve_trial, trial_to_see
from harness.report.drawing.layout import INDENT, Lines, heading, print_lines, prose
from harness.scenario.load import app_path, find_scenario, load_plan

EVIDENCE = "The headers of a response: which worker answered, and what it found in its cache."
ALONE = "A single worker has nothing to disagree with: --workers 4 shows what several do."


@click.command(name="serve")
@scenario_argument
@load_options
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    metavar="PORT",
    help="Port on the loopback address.  [default: any free one]",
)
@format_option()
def verb(
    scenario: str,
    port: int | None,
    style: str,
    settings: tuple[str, ...],
    **options: str | None,
) -> None:
    """Start the servers that show the fault of SCENARIO, without load, for you to look at.

    Prints the address and what to try there, and serves until Ctrl-C. With --format json it
    prints one line once the servers are up.
    """
    end_on_signals()
    found, groups = load_plan(find_scenario(scenario), overrides(settings, **options))
    logs = Path(tempfile.mkdtemp(prefix="harness-logs-"))
    announced = []

    def ready(info: EndpointInfo) -> None:
        announced.append(info)
        print_endpoint(info, style)

    try:
        serve_trial(trial_to_see(found, groups), app_path(found), logs, port=port or 0, ready=ready)
    except KeyboardInterrupt:
        # Logs are kept for errors, which name them. Once servers are up, this is a good end.
        shutil.rmtree(logs)
        if not announced:
            raise


def print_endpoint(info: EndpointInfo, style: str) -> None:
    """Print where the servers are and what to try: lines for a person, or one line of JSON."""
    if style == "json":
        click.echo(
            json.dumps({**asdict(info), "pages": info.pages, "curl": info.curl}, ensure_ascii=False)
        )
    else:
        console = Console(file=sys.stdout)
        print_lines(_lines(info, console.width), console, unbroken=True)
    sys.stdout.flush()


def _lines(info: EndpointInfo, width: int) -> Lines:
    """Return text for a person; addresses and commands are not wrapped, to be copied."""
    return [
        *heading(f"{info.scenario}: {info.trial}", info.url, width),
        Text(),
        *heading("What to try", info.advice, width),
        *(prose(ALONE, width) if info.processes == 1 else []),
        *(Text(INDENT + page) for page in info.pages),
        Text(),
        *heading("Evidence", EVIDENCE, width),
        Text(INDENT + info.curl),
        Text(),
        Text("Ctrl-C stops the servers."),
    ]
