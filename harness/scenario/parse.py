"""Plain values -> `Scenario`, and back: what TOML files, options and variants have in common.

Pydantic's errors become problems with the key, what it got, what it needs, and a hint.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from difflib import get_close_matches
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from harness.errors import Problem, ScenarioError
from harness.scenario.schema import Scenario

Placed = tuple[Any, str]
"""A value, and its place in a scenario or the option that set it."""

_DEFAULTS = Scenario(name="…", question="…")


def parse_scenario(
    content: dict[str, Any], *, where: str, overrides: Mapping[str, Placed] | None = None
) -> Scenario:
    """Return the scenario that `content` describes, after `overrides` were written into it.

    `where` names the file; the values of the overrides have their own places.
    Raises ScenarioError, one problem for each mistake.
    """
    overrides = overrides or {}
    for key, (value, option) in overrides.items():
        override(content, key, value, option)
    options = {key: option for key, (_, option) in overrides.items()}
    try:
        # Through JSON, because TOML has arrays where the records have tuples.
        return _adapter().validate_json(json.dumps(content, default=str))
    except ValidationError as error:
        raise ScenarioError(
            *(_problem(detail, where, options) for detail in _distinct(error))
        ) from None


def scenario_schema() -> dict[str, Any]:
    """Return the JSON Schema of a scenario file, with which editors complete and check its keys."""
    # The file's own name is the scenario's, unless it has a key for it.
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **_adapter().json_schema(),
        "required": ["question"],
    }


def scenario_content(scenario: Scenario) -> dict[str, Any]:
    """Return the scenario as the tables of a TOML file, every key that has a value."""
    return {key: _without_none(value) for key, value in asdict(scenario).items()}


def override(content: dict[str, Any], key: str, value: Any, option: str) -> None:
    """Set a dotted key in the tables of a scenario; `option` names its origin in messages."""
    # The keys of `matrix.vary` are dotted themselves.
    head, vary, varied = key.partition("matrix.vary.")
    *tables, last = ("matrix", "vary", varied) if vary and not head else key.split(".")
    for table in tables:
        content = content.setdefault(table, {})
        if not isinstance(content, dict):
            raise ScenarioError(Problem(code="HX202", where=option, what=f"{table} is not a table"))
    content[last] = value


@cache
def _adapter() -> TypeAdapter[Scenario]:
    return TypeAdapter(Scenario)


def _without_none(value: Any) -> Any:
    """Return a value without the keys that hold None, which TOML cannot express."""
    if isinstance(value, dict):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_without_none(item) for item in value]
    return value


def _distinct(error: ValidationError) -> list[ErrorDetails]:
    """Return the errors without those that follow from another, as of a list emptied by its own."""
    details = error.errors()
    parents = {detail["loc"][:-1] for detail in details}
    return [item for item in details if item["type"] != "too_short" or item["loc"] not in parents]


def _problem(detail: ErrorDetails, where: str, options: Mapping[str, str]) -> Problem:
    key = _key(detail["loc"])
    option = options.get(key.partition("[")[0])
    place = option or f"{where}, key {key}"
    if detail["type"] == "json_invalid":
        return Problem(code="HX203", where=where, what="values are nested too deeply")
    if detail["type"] == "unexpected_keyword_argument":
        return _unknown_key(detail["loc"], place)
    if detail["type"] in ("missing", "missing_argument"):
        return Problem(
            code="HX204", where=place, what="is missing", hint=f"add {_example(detail['loc'])}"
        )
    return Problem(
        code="HX203",
        where=place,
        what=f"got {_shown(detail['input'])}, need {_wanted(detail)}",
        hint=f"remove it to use the default, or write {_example(detail['loc'])}",
    )


def _unknown_key(place: Sequence[str | int], where: str) -> Problem:
    table = _default_at(place[:-1])
    known = list(table) if isinstance(table, dict) else []
    close = get_close_matches(str(place[-1]), known, n=1)
    return Problem(
        code="HX202",
        where=where,
        what="is not a key of a scenario",
        hint=f"did you mean {close[0]}?" if close else f"known keys: {', '.join(known)}",
    )


def _key(place: Sequence[str | int]) -> str:
    """Return a place as a dotted key, with escapes for what a terminal would obey."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{repr(part)[1:-1]}" for part in place)
    return "".join(parts).removeprefix(".")


def _shown(value: Any) -> str:
    text = json.dumps(value, default=str)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _wanted(detail: ErrorDetails) -> str:
    sentence = _WANTED.get(detail["type"])
    return sentence.format(**detail.get("ctx", {})) if sentence else detail["msg"]


_WANTED = {
    "int_type": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "string_type": "text in quotes",
    "string_too_short": "text that is not empty",
    "string_pattern_mismatch": "printable text; a name has no slash and no leading dot, and a "
    "variable only letters, digits and _",
    "tuple_type": "a list in brackets",
    "too_short": "at least one value",
    "dict_type": "a table",
    "dataclass_type": "a table",
    "literal_error": "one of {expected}",
    "greater_than": "a number above {gt:g}",
    "greater_than_equal": "a number of {ge:g} or more",
    "less_than": "a number below {lt:g}",
    "less_than_equal": "a number of {le} or less",
    "value_error": "{error}",
}
"""What is needed instead, by pydantic's type of error."""


def _example(place: Sequence[str | int]) -> str:
    names = [part for part in place if isinstance(part, str)]
    for key, example in _EXAMPLES.items():
        if ".".join(names).endswith(key):
            return example
    default = _default_at(names)
    if isinstance(default, dict):
        return f"a table [{'.'.join(names)}]"
    return f"{'.'.join(names)} = {json.dumps(default, ensure_ascii=False)}"


_EXAMPLES = {
    "actions.at": "at = 0.5",
    "actions.do": 'do = "reload"',
    "actions.slot": 'slot = 1, or "busiest"',
    "actions.workers": "workers = 2",
    "load.arrival_rate_per_second": "load.arrival_rate_per_second = 200",
}
"""What to write for keys whose default does not show it."""


def _default_at(place: Sequence[str | int]) -> Any:
    """Return the default value of a key, or the table of defaults that a path leads to."""
    value: Any = {**asdict(_DEFAULTS), "question": "…?"}
    for part in place:
        value = value.get(part, "…") if isinstance(value, dict) else value
    return value
