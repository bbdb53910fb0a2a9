"""Only what the driver sends is a message; a Locust file may have written anything."""

from __future__ import annotations

import pytest

from harness.load.protocol import MALFORMED, parse_message

OTHERS = {
    "Python": b"{'a': 1}",
    "an empty object": b"{}",
    "no object": b"[1]",
    "no text": b"\xff\xfe",
    "nested without end": b"[" * 60_000,
    "half a message": b'{"event": "ready"',
    "an unknown event": b'{"event": "rest"}',
    "an event that is no name": b'{"event": {}}',
    "a number too few": b'{"event": "progress", "done": 1, "hits": 0}',
    "a number too many": b'{"event": "ready", "step": 1}',
    "text for a number": b'{"event": "served", "wall_s": "1", "cpu_s": 1}',
    "not a number": b'{"event": "served", "wall_s": NaN, "cpu_s": 1}',
    "an infinite number": b'{"event": "served", "wall_s": 1e999, "cpu_s": 1}',
    "a negative number": b'{"event": "progress", "done": -1, "hits": 0, "lookups": 0}',
    "a number of many digits": b'{"event": "milestone", "step": ' + b"9" * 9_000 + b"}",
}


def test_a_message_is_its_event_and_its_numbers() -> None:
    line = b'{"event": "progress", "done": 3, "hits": 1, "lookups": 2}\n'
    assert parse_message(line) == {"event": "progress", "done": 3, "hits": 1, "lookups": 2}
    assert parse_message(b'{"event": "served", "wall_s": 1.5, "cpu_s": 0}\n')["wall_s"] == 1.5


@pytest.mark.parametrize("line", OTHERS.values(), ids=OTHERS)
def test_anything_else_is_malformed(line: bytes) -> None:
    assert parse_message(line + b"\n") is MALFORMED
