"""What pydantic finds wrong with a scenario, as problems: key, found, wanted, and a hint."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from harness.errors import Problem
from harness.scenario.schema import Scenario

_DEFAULTS = Scenario(name="…", question="…")


def problems_of(
    error: ValidationError, where: str, options: Mapping[str, str]
) -> tuple[Problem, ...]:
    """Return one problem for each mistake in the scenario of file `where`.

    `options` names the option that a key came from instead of the file.
    """
    return tuple(_problem(detail, where, options) for detail in _distinct(error))


def _distinct(error: ValidationError) -> list[ErrorDetails]:
    """Return the errors without those that only follow from another: a list emptied by its own."""
    details = error.errors()
    parents = {detail["loc"][:-1] for detail in details}
    return [item for item in details if item["type"] != "too_short" or item["loc"] not in parents]


def _problem(detail: ErrorDetails, where: str, options: Mapping[str, str]) -> Problem:
    key = _key(detail["loc"])
    option = options.get(key.partition("[")[0])
    place = option if option else f"{where}, key {key}"
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
        hint=f"leave it out for the default, or write {_example(detail['loc'])}",
    )


def _unknown_key(place: Sequence[str | int], where: str) -> Problem:
    table = _default_at(place[:-1])
    known = list(table) if isinstance(table, dict) else []
    close = get_close_matches(str(place[-1]), known, n=1)
    return Problem(
        code="HX202",
        where=where,
        what="is not a key of a scenario",
        hint=f"did you mean {close[0]}?" if close else f"known here: {', '.join(known)}",
    )


def _key(place: Sequence[str | int]) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
    return text.removeprefix(".")


def _shown(value: Any) -> str:
    text = json.dumps(value, default=str)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _wanted(detail: ErrorDetails) -> str:
    context = detail.get("ctx", {})
    sentence = _WANTED.get(detail["type"])
    return sentence.format(**context) if sentence else detail["msg"]


_WANTED = {
    "int_type": "a whole number",
    "float_type": "a number",
    "string_type": "a text in quotes",
    "string_too_short": "a text that is not empty",
    "tuple_type": "a list in brackets",
    "too_short": "at least one value",
    "dict_type": "a table",
    "dataclass_type": "a table",
    "literal_error": "one of {expected}",
    "greater_than": "a number over {gt}",
    "greater_than_equal": "a number of {ge} or more",
    "less_than": "a number below {lt}",
    "less_than_equal": "a number of {le} or less",
    "value_error": "{error}",
}
"""What is wanted instead, by pydantic's type of error."""


def _example(place: Sequence[str | int]) -> str:
    names = [part for part in place if isinstance(part, str)]
    told = next((text for key, text in _EXAMPLES.items() if ".".join(names).endswith(key)), "")
    if told:
        return told
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
"""What to write for keys that have no default which would show it."""


def _default_at(place: Sequence[str | int]) -> Any:
    """Return the default value of a key, or the table of defaults that a path leads to."""
    value: Any = {**asdict(_DEFAULTS), "question": "…?"}
    for part in place:
        value = value.get(part, "…") if isinstance(value, dict) else value
    return value
