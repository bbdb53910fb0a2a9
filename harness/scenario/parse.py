"""Plain values -> `Scenario`, and back; what TOML, options and variants all go through."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from pydantic import TypeAdapter, ValidationError

from harness.errors import Problem, ScenarioError
from harness.scenario.problems import problems_of
from harness.scenario.schema import Scenario


def parse_scenario(
    content: Mapping[str, Any], *, where: str, options: Mapping[str, str] | None = None
) -> Scenario:
    """Return the scenario that `content` describes.

    `where` names the file; `options` names the option that a key came from instead.
    Raises ScenarioError, one problem for each mistake.
    """
    try:
        # Through JSON, because TOML knows arrays where the records have tuples.
        return TypeAdapter(Scenario).validate_json(json.dumps(content, default=str))
    except ValidationError as error:
        raise ScenarioError(*problems_of(error, where, options or {})) from None


def scenario_content(scenario: Scenario) -> dict[str, Any]:
    """Return the scenario as the tables of a TOML file, every key that has a value."""
    return {key: _without_none(value) for key, value in asdict(scenario).items()}


def override(content: dict[str, Any], key: str, value: Any, option: str) -> None:
    """Set a dotted key in the tables of a scenario; `option` says where it came from."""
    # What stands in `matrix.vary` is itself a dotted key.
    head, vary, varied = key.partition("matrix.vary.")
    *tables, last = ("matrix", "vary", varied) if vary and not head else key.split(".")
    for table in tables:
        content = content.setdefault(table, {})
        if not isinstance(content, dict):
            raise ScenarioError(Problem(code="HX202", where=option, what=f"{table} is no table"))
    content[last] = value


def _without_none(value: Any) -> Any:
    """Return a value without the keys that hold None, for which TOML has no word."""
    if isinstance(value, dict):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_without_none(item) for item in value]
    return value
