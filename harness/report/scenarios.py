"""Scenarios for people who choose one: the list, and one in full."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from harness.report.drawing.layout import HEADING, QUIET

_TABLES = ("matrix", "load", "server", "cache", "app")


def render_list(scenarios: Mapping[str, Mapping[str, str]]) -> RenderableType:
    """Return the scenarios under their topics, each with its name and what it asks."""
    table, topic = _grid(), None
    for name, told in scenarios.items():
        if told["topic"] != topic:
            if topic is not None:
                table.add_row("")
            topic = told["topic"]
            table.add_row(Text(topic or "Others", HEADING))
        table.add_row(f"  {name}", " ".join(told["question"].split()))
    verbs = "harness show NAME tells more, run NAME measures, claims measures them all."
    return Group(table, Text(f"\n{verbs}", QUIET))


def render_scenario(content: Mapping[str, Any]) -> RenderableType:
    """Return a scenario in full: question, lesson, and each table of settings."""
    blocks: list[RenderableType] = [Text(content["question"].strip(), HEADING)]
    if content["claim"]:
        blocks.append(Text("\nClaim: " + " ".join(content["claim"].split())))
    if content["lesson"]:
        blocks.append(Text("\n" + content["lesson"].strip()))
    for name in _TABLES:
        blocks.append(Text(f"\n{name}", HEADING))
        blocks.append(_settings(content[name]))
    blocks.append(
        Text(f"\nseed {content['seed']}; any key can be set, as in --set load.zipf=0.8", QUIET)
    )
    return Group(*blocks)


def _settings(table: Mapping[str, Any]) -> Table:
    grid = _grid()
    for key, value in table.items():
        grid.add_row(f"  {key}", _shown(value))
    return grid


def _shown(value: Any) -> str:
    if isinstance(value, list | tuple) and any(isinstance(item, dict) for item in value):
        return "\n".join(_joined(item) for item in value)
    if isinstance(value, list | tuple):
        return ", ".join(str(item) for item in value)
    if isinstance(value, dict):
        return "\n".join(f"{name}={text}" for name, text in value.items())
    return str(value)


def _joined(table: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={_shown(item)}" for name, item in table.items())


def _grid() -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    return grid
