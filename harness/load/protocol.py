"""What the harness and its Locust process send each other: one JSON value a line, both ways.

To Locust: a `Round` to serve, or null to end the current round early. From Locust: an object with
`event` and that event's numbers. The end of the connection is the end of the Locust process.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Message = Mapping[str, Any]

EVENTS: Mapping[str, frozenset[str]] = {
    "ready": frozenset(),
    "milestone": frozenset({"step"}),
    "progress": frozenset({"done", "hits", "lookups"}),
    "served": frozenset({"wall_s", "cpu_s"}),
}
"""What Locust reports, each event with the numbers that belong to it."""

MAX_LINE = 1 << 16
_TOO_LARGE = 1 << 53
MALFORMED: Message = {"event": "malformed"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """An order: positions `first` to `last` (excluded) of a trace, to be served to `host`.

    Passing one of the `milestones` is reported immediately. `options` are for the Locust file,
    `out` is the file for the samples.
    """

    host: str
    token: str
    users: int
    keys: int
    zipf: float
    requests: int
    seed: int
    number: int
    options: Mapping[str, Any]
    first: int
    last: int
    rate_per_second: float | None
    milestones: tuple[int, ...]
    out: str


def parse_message(line: bytes) -> Message:
    """Return the message in a line from Locust, `MALFORMED` for anything else.

    Locust runs a user's file, which may write to any descriptor: nothing is taken on trust.
    """
    try:
        message = json.loads(line)
        numbers = {name: value for name, value in message.items() if name != "event"}
        if numbers.keys() == EVENTS[message["event"]] and all(map(_is_plain, numbers.values())):
            return dict(message)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        pass
    return MALFORMED


def _is_plain(value: object) -> bool:
    return isinstance(value, int | float) and 0 <= value < _TOO_LARGE
