"""Response headers -> columns: what the probe's evidence says about each request.

The counterpart of `harness.probe.evidence`; forms are described there.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from math import inf, nan
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from harness import wire
from harness.record.samples import Samples

_WORKER = re.compile(r"server=(\d+), slot=(\d+), generation=(\d+), pid=(\d+), lookups=(\d+)")
_MEMBER = re.compile(
    r'("(?:[^"\\]|\\.)*"|[^;,\s"]+); (hit|fwd=miss)(; stored(?:; ttl=([\d.]+))?)?; '
    r'key="((?:[^"\\]|\\.)*)"; '
    r'detail="(\d+\.\d+)"'
)
_TIMING = re.compile(r"(?<![^\s,])(?:cache|origin|store);dur=(\d+\.\d+)")
_WRITE = re.compile(
    r'("(?:[^"\\]|\\.)*"|[^;,\s"]+); ([a-z]+)(?:; ttl=([\d.]+))?; '
    r'key="((?:[^"\\]|\\.)*)"; '
    r'detail="(\d+\.\d+)"'
)
_ESCAPED = re.compile(r"\\(.)")

HeaderValue = str | list[str] | None
_Rows = list[tuple[Any, ...]]


class Answer(NamedTuple):
    """One request as Locust saw it; a tuple, since one is made for each while the load runs.

    A header value is None where the answer had none, a list where it had several such lines.
    `fields` are the response fields: numbers that the Locust file read in the answer.
    """

    step: int
    due_s: float
    sent_s: float
    done_s: float
    status: int
    worker: HeaderValue
    cache_status: HeaderValue
    server_timing: HeaderValue
    writes: HeaderValue = None
    failed: bool = False
    fields: Mapping[str, float] | None = None


@dataclass(slots=True)
class _Names:
    """Numbers names in the order in which they come up."""

    numbers: dict[Any, int] = field(default_factory=dict)

    def number(self, name: Any) -> int:
        return self.numbers.setdefault(name, len(self.numbers))


def parse_answers(answers: Sequence[Answer], number: int = 0) -> Samples:
    """Return the samples of round `number`, in the order of the trace."""
    answers = sorted(answers, key=attrgetter("step"))
    lives, caches, keys, fields = _Names(), _Names(), _Names(), _Names()
    life_of = cache(partial(_life, lives=lives))  # few workers sign many answers
    lookups, writes, field_rows = _Rows(), _Rows(), _Rows()
    for row, answer in enumerate(answers):
        for alias, key, *rest in _lookups(answer):
            lookups.append((row, caches.number(alias), keys.number(key), *rest))
        for alias, key, *rest in _writes(answer) if answer.writes else ():
            writes.append((row, caches.number(alias), keys.number(key), *rest))
        for name, value in answer.fields.items() if answer.fields else ():
            field_rows.append((row, fields.number(name), value))
    return Samples(
        **_columns(_REQUEST_COLUMNS, answers),
        round=np.full(len(answers), number, dtype=np.int64),
        failed=np.array([answer.failed for answer in answers], dtype=np.bool_),
        life=np.array([life_of(_text(answer.worker)) for answer in answers], dtype=np.int64),
        **_columns(_LOOKUP_COLUMNS, lookups),
        **_columns(_WRITE_COLUMNS, writes),
        **_columns(_FIELD_COLUMNS, field_rows),
        lives=np.array(list(lives.numbers), dtype=np.int64).reshape(-1, 4),
        caches=np.array(list(caches.numbers), dtype=np.str_),
        keys=np.array(list(keys.numbers), dtype=np.str_),
        marks=np.array(list(fields.numbers), dtype=np.str_),
    )


def _life(worker: str, lives: _Names) -> int:
    match = _WORKER.fullmatch(worker)
    return lives.number(tuple(int(part) for part in match.groups()[:4])) if match else -1


def _lookups(answer: Answer) -> list[tuple[str, str, bool, float, float, float, float, float]]:
    """Return (alias, key, hit, at, lookup, origin, store, ttl) for each lookup of an answer.

    Empty where its evidence is incomplete: the accounting then shows that lookups are missing.
    """
    members = _MEMBER.findall(_text(answer.cache_status))
    timings = [float(dur) / 1000 for dur in _TIMING.findall(_text(answer.server_timing))]
    wanted = len(members) + 2 * len([stored for _, _, stored, *_ in members if stored])
    if not 0 < wanted <= len(timings):
        return []
    # The probe's own come last: the app may report timings of these names as well.
    last = iter(timings[-wanted:])
    found = []
    for alias, status, stored, ttl, key, at_s in members:
        lookup_s, origin_s, store_s = next(last), nan, nan
        if stored:
            origin_s, store_s = next(last), next(last)
        ttl_s = (float(ttl) if ttl else inf) if stored else nan
        times = (float(at_s), lookup_s, origin_s, store_s, ttl_s)
        found.append((_unquoted(alias), _unescaped(key), status == "hit", *times))
    return found


def _writes(answer: Answer) -> list[tuple[str, str, int, float, float]]:
    """Return (alias, key, kind, at, ttl) for each write of an answer that was no refill."""
    return [
        (
            _unquoted(alias),
            _unescaped(key),
            wire.WRITE_KINDS.index(kind),
            float(at_s),
            float(ttl) if ttl else inf if kind in ("set", "touch") else nan,
        )
        for alias, kind, ttl, key, at_s in _WRITE.findall(_text(answer.writes))
    ]


def _text(value: HeaderValue) -> str:
    """Return a header as one line, as RFC 9110 joins several."""
    return ", ".join(value) if isinstance(value, list) else value or ""


def _unquoted(name: str) -> str:
    return _unescaped(name[1:-1]) if name.startswith('"') else name


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(r"\1", text) if "\\" in text else text


# The first fields of an `Answer`, in its order.
_REQUEST_COLUMNS: Mapping[str, type] = {
    "step": np.int64,
    "due_s": np.float64,
    "sent_s": np.float64,
    "done_s": np.float64,
    "status": np.int64,
}
_LOOKUP_COLUMNS: Mapping[str, type] = {
    "request": np.int64,
    "cache": np.int64,
    "key": np.int64,
    "hit": np.bool_,
    "at_s": np.float64,
    "lookup_s": np.float64,
    "origin_s": np.float64,
    "store_s": np.float64,
    "ttl_s": np.float64,
}

_WRITE_COLUMNS: Mapping[str, type] = {
    "write_request": np.int64,
    "write_cache": np.int64,
    "write_key": np.int64,
    "write_kind": np.int64,
    "write_at_s": np.float64,
    "write_ttl_s": np.float64,
}
_FIELD_COLUMNS: Mapping[str, type] = {
    "mark_request": np.int64,
    "mark": np.int64,
    "value": np.float64,
}


def _columns(
    wanted: Mapping[str, type], rows: Sequence[tuple[Any, ...]]
) -> dict[str, npt.NDArray[Any]]:
    return {
        name: np.array([row[place] for row in rows], dtype=dtype)
        for place, (name, dtype) in enumerate(wanted.items())
    }
