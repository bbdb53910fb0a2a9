"""Evidence of one request as response headers, in standard formats that people can read too.

Wraps the WSGI callable: adds the lookups of a measured request to its response headers.

    Cache-Status: default; hit; key="product:17"; detail="1764010000.123456"
    Server-Timing: cache;dur=0.0091
    X-Harness-Worker: server=0, slot=1, generation=1, pid=4242, lookups=1
    X-Harness-Writes: default; set; ttl=300; key="product:17"; detail="1764010000.123456"

`Cache-Status` (RFC 9211) has one member per lookup, `detail` being its time on the worker's clock.
`Server-Timing` (W3C, milliseconds) has for each lookup, in order, a `cache` entry, and after a miss
that was refilled an `origin` entry (miss until refill) and a `store` entry (the refill itself).
`X-Harness-Writes` has one member per write that was no refill; without `ttl` it gave no lifetime,
or an infinite one.
Keys are percent-encoded where they contain "%" or characters that are not printable ASCII.
"""

import hmac
import re
import time
from collections.abc import Callable, Iterable
from functools import cache
from math import inf, isfinite
from typing import Any
from urllib.parse import quote

from harness import wire
from harness.probe.notes import Lookup, Recording, Refill, Write, current
from harness.probe.tally import COUNT, Life, Tally

_LINE_LENGTH = 60_000
"""Characters of evidence in one header line; Python's own client accepts 65,536 with the name."""

_LONGEST_TTL_S = 10**12 - 1  # the largest number that fits an RFC 8941 decimal
_TOKEN = re.compile(r"[A-Za-z*][\w!#$%&'*+\-.^`|~:/]*", re.ASCII)
_PLAIN = "".join(map(chr, range(0x20, 0x7F))).replace("%", "")
_UNESCAPED = re.compile(r"[ !#$&-\[\]-~]*")  # of those, what needs no backslash either


def worker_header(life: Life) -> str:
    """Return the part of the worker header that stays the same for the whole life."""
    return f"server={life.server}, slot={life.slot}, generation={life.generation}, pid={life.pid}"


def evidence_headers(recording: Recording, worker: str) -> list[tuple[str, str]]:
    """Return the headers for `recording`; `worker` as from `worker_header`."""
    # One pass and few calls: code that runs once per request is never warm in the CPU's caches.
    lookups, refills, room = recording.lookups, recording.refills, _LINE_LENGTH
    epoch = time.time() - time.perf_counter()
    members: list[str] = []
    timings: list[str] = []
    for position, lookup in enumerate(lookups[: wire.MAX_LOOKUPS_PER_RESPONSE]):
        refill = refills.get(position)
        member = _member(lookup, refill, epoch)
        room -= len(member) + 2
        if room < 0:
            break
        members.append(member)
        timings.append(_timings(lookup, refill))
    evidence = [(wire.WORKER_HEADER, f"{worker}, lookups={len(lookups)}")]
    if members:
        evidence.append((wire.CACHE_STATUS, ", ".join(members)))
        evidence.append((wire.SERVER_TIMING, ", ".join(timings)))
    if recording.writes:
        evidence.append((wire.WRITES_HEADER, _writes(recording.writes, epoch)))
    return evidence


def _writes(writes: list[Write], epoch: float) -> str:
    """Return one member per write; what exceeds the header is cut, and then not accounted for."""
    room, members = _LINE_LENGTH, []
    for alias, key, version, kind, lifetime_s, started, ended in writes:
        ttl = f"; ttl={_number(lifetime_s)}" if isfinite(lifetime_s) else ""
        at = f'; detail="{(started + ended) / 2 + epoch:.6f}"'
        members.append(f"{_cache(alias)}; {kind}{ttl}; key={_quoted(_named(key, version))}{at}")
        room -= len(members[-1]) + 2
        if room < 0:
            members.pop()
            break
    return ", ".join(members[: wire.MAX_LOOKUPS_PER_RESPONSE])


def _named(key: Any, version: Any) -> str:
    return str(key) if version is None else f"{key};version={version}"


def _member(lookup: Lookup, refill: Refill | None, epoch: float) -> str:
    alias, key, version, hit, started, _ = lookup
    status = "hit" if hit else _miss(refill)
    named = _quoted(_named(key, version))
    return f'{_cache(alias)}; {status}; key={named}; detail="{started + epoch:.6f}"'


def _miss(refill: Refill | None) -> str:
    if refill is None:
        return "fwd=miss"
    if refill.ttl_s == inf:
        return "fwd=miss; stored"
    return f"fwd=miss; stored; ttl={_number(refill.ttl_s)}"


@cache
def _cache(alias: str) -> str:
    return alias if _TOKEN.fullmatch(alias) else _quoted(alias)


def _timings(lookup: Lookup, refill: Refill | None) -> str:
    *_, started, ended = lookup
    entries = _timing("cache", started, ended)
    if refill is not None:
        entries += ", " + _timing("origin", ended, refill.started)
        entries += ", " + _timing("store", refill.started, refill.ended)
    return entries


def _timing(name: str, started: float, ended: float) -> str:
    return f"{name};dur={(ended - started) * 1000:.4f}"


def _number(seconds: float) -> str:
    """Return an RFC 8941 number: an integer if possible, else with three decimals."""
    seconds = min(seconds, _LONGEST_TTL_S)
    return f"{seconds:.0f}" if seconds == round(seconds) else f"{seconds:.3f}"


def _quoted(text: str) -> str:
    """Return an RFC 8941 string; characters outside its set are percent-encoded."""
    if _UNESCAPED.fullmatch(text):
        return f'"{text}"'
    safe = quote(text, safe=_PLAIN, errors="surrogatepass")
    return '"' + safe.replace("\\", "\\\\").replace('"', '\\"') + '"'


_TOKEN_KEY = "HTTP_" + wire.TOKEN_HEADER.upper().replace("-", "_")
_STARTED, _FINISHED = COUNT["started"], COUNT["finished"]

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class ProbedApp:
    """The app, with evidence added to the responses to requests that carry the run's token."""

    def __init__(self, app: WsgiApp, tally: Tally, token: str) -> None:
        self._app, self._tally, self._token = app, tally, token.encode()
        self._worker = worker_header(tally.life)

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        if not self._is_measured(environ):
            current.set(None)
            return self._app(environ, start_response)
        recording = Recording(self._tally.take_row())
        recording.counts[_STARTED] += 1
        current.set(recording)

        def start_with_evidence(
            status: str, headers: list[tuple[str, str]], exc_info: Any = None
        ) -> Any:
            added = evidence_headers(recording, self._worker)
            recording.sent = True
            return start_response(status, headers + added, exc_info)

        return self._app(environ, start_with_evidence)

    def _is_measured(self, environ: dict[str, Any]) -> bool:
        token = environ.get(_TOKEN_KEY, "").encode()
        return bool(token) and hmac.compare_digest(token, self._token)

    def request_ended(self, *, whole: bool) -> None:
        """Close the recording of this thread, if any; `whole`: the response is complete."""
        recording = current.get()
        if recording is not None:
            recording.counts[_FINISHED] += whole
            self._tally.give_row(recording.counts)
            self._tally.note_cpu()
            current.set(None)
