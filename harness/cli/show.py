"""The verbs that measure nothing: list and show scenarios, look at the machine."""

from __future__ import annotations

import json
import sys
from typing import Any

import click
from rich.console import Console

from harness.report.doctor import as_dict, render_doctor
from harness.report.scenarios import render_list, render_scenario
from harness.scenario.load import (
    Overrides,
    catalogue,
    find_scenario,
    load_scenario,
)
from harness.scenario.parse import scenario_content
from harness.servers.doctor import checkup


def list_scenarios(style: str) -> None:
    """Print topic, name and question of each scenario."""
    scenarios = [scenario for _, scenario in catalogue()]
    told = {
        one.name: {"topic": one.topic, "question": one.question, "claim": one.claim}
        for one in scenarios
    }
    _print(told, render_list(told), style)


def show_scenario(name: str, overrides: Overrides, style: str) -> None:
    """Print what a scenario asks, teaches, varies and loads."""
    content = scenario_content(load_scenario(find_scenario(name), overrides))
    _print(content, render_scenario(content), style)


def doctor(style: str) -> None:
    """Print what is here and what each absence costs."""
    findings = checkup()
    _print(as_dict(findings), render_doctor(findings), style)


def _print(content: Any, rendering: Any, style: str) -> None:
    if style == "json":
        click.echo(json.dumps(content, indent=2, ensure_ascii=False))
    else:
        Console(file=sys.stdout).print(rendering, highlight=False)
