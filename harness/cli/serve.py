"""The verb that starts servers for a person to look at."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console

from harness.errors import HarnessError
from harness.measure.endpoint import EndpointInfo
from harness.measure.serve import serve_trial, trial_to_see
from harness.report.drawing.layout import print_lines
from harness.report.endpoint import render_invitation, render_invitation_json
from harness.scenario.load import Overrides, app_path, find_scenario, load_scenario


def serve(name: str, overrides: Overrides, port: int, style: str) -> None:
    """Serve the trial that shows a scenario's fault until interrupted, which is how this ends well.

    Raises HarnessError; the logs that it names are kept. KeyboardInterrupt only gets through while
    the servers are not up yet.
    """
    scenario = load_scenario(find_scenario(name), overrides)
    invited = []

    def ready(invitation: EndpointInfo) -> None:
        invited.append(invitation)
        _tell(invitation, style)

    try:
        with _logs() as logs:
            serve_trial(trial_to_see(scenario), app_path(scenario), logs, port=port, ready=ready)
    except KeyboardInterrupt:
        if not invited:
            raise


def _tell(invitation: EndpointInfo, style: str) -> None:
    if style == "json":
        click.echo(render_invitation_json(invitation))
    else:
        console = Console(file=sys.stdout)
        print_lines(render_invitation(invitation, console.width), console, unbroken=True)
    sys.stdout.flush()


@contextmanager
def _logs() -> Iterator[Path]:
    """Give a new directory, which stays only if an error tells of what is in it."""
    logs = Path(tempfile.mkdtemp(prefix="harness-logs-"))
    try:
        yield logs
    except HarnessError:
        raise
    except BaseException:
        shutil.rmtree(logs)
        raise
