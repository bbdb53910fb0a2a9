"""`harness show`: one scenario in full."""

from typing import Any

import click
from rich.console import RenderableType
from rich.text import Text

from harness.cli.shared import (
    format_option,
    grid,
    load_options,
    overrides,
    print_result,
    scenario_argument,
)
from harness.scenario.load import find_scenario, load_scenario
from harness.scenario.parse import scenario_content

TABLES = ("matrix", "load", "server", "cache", "app")


@click.command(name="show")
@scenario_argument
@load_options
@format_option()
def verb(scenario: str, style: str, settings: tuple[str, ...], **options: str | None) -> None:
    """Show the question, claim, lesson and settings of SCENARIO."""
    found = load_scenario(find_scenario(scenario), overrides(settings, **options))
    content = scenario_content(found)
    parts: list[RenderableType] = [Text(content["question"].strip() + "\n", "bold")]
    if content["claim"]:
        parts.append(f"Claim: {' '.join(content['claim'].split())}\n")
    if content["lesson"]:
        parts.append(f"{content['lesson'].strip()}\n")
    for name in TABLES:
        rows = [(f"  {key}", _text(value)) for key, value in content[name].items()]
        parts += [Text(name, "bold"), grid(rows, "", ""), ""]
    hint = f"seed {content['seed']}; --set KEY=VALUE changes any key, as in --set load.zipf=0.8"
    print_result(content, style, *parts, Text(hint, "dim"))


def _text(value: Any, separator: str = "\n") -> str:
    if isinstance(value, dict):
        return separator.join(f"{key}={_text(item)}" for key, item in value.items()) or "none"
    if isinstance(value, list | tuple):
        nested = any(isinstance(item, dict) for item in value)
        return ("\n" if nested else ", ").join(_text(item, ", ") for item in value) or "none"
    return str(value).lower() if isinstance(value, bool) else str(value) or "none"
