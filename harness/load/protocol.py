"""What the harness and its Locust process send each other: one JSON value a line, both ways.

To Locust: a `Round` to serve, or null to end the current round early. From Locust: an object with
`event` and that event's numbers. The end of the connection is the end of the Locust process.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Message = Mapping[str, Any]

# What Locust reports, each event with the numbers that belong to it.
EVENTS: Mapping[str, set[str]] = {
    "ready": set(),
    "milestone": {"step"},
    "progress": {"done", "hits", "lookups"},
    "served": {"wall_s", "cpu_s"},
}
MALFORMED: Message = {"event": "malformed"}
MAX_LINE_BYTES = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """An order: positions `first` to `last` (excluded) of a trace, to be served to `host`.

    `trace` are the arguments of `key_sequence`. Passing one of the `milestones` is reported
    immediately. `options` are for the Locust file, `out` is the file for the samples.
    """

    host: str
    token: str
    users: int
    trace: Mapping[str, Any]
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
        match json.loads(line):
            case {"event": str(event), **numbers} if numbers.keys() == EVENTS.get(event) and all(
                isinstance(number, int | float) and 0 <= number < 2**53
                for number in numbers.values()
            ):
                return {"event": event, **{str(name): numbers[name] for name in numbers}}
    except (ValueError, RecursionError):
        pass
    return MALFORMED
