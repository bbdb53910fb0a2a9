"""Evidence of one request as response headers, in standard forms that a person can read too.

    Cache-Status: default; hit; key="product:17"; detail="1764010000.123456"
    Server-Timing: cache;dur=0.0091
    X-Harness-Worker: server=0, slot=1, generation=1, pid=4242, lookups=1

`Cache-Status` (RFC 9211) has one member per lookup, `detail` being its time on the worker's clock.
`Server-Timing` (W3C, milliseconds) has for each lookup in turn a `cache` entry, and after a miss
that was refilled an `origin` entry (miss until refill) and a `store` entry (the refill itself).
Keys are percent-encoded where they hold "%" or what is not printable ASCII.
"""

from __future__ import annotations

import re
import time
from itertools import accumulate, chain, repeat
from math import inf
from urllib.parse import quote

from harness import wire
from harness.probe.recording import Lookup, Recording, Refill
from harness.probe.tally import Life

_LINE_LENGTH = 60_000
"""Characters of evidence in one header line; Python's own client takes 65,536 with the name."""

_LONGEST_TTL_S = 10**12 - 1  # the largest number that fits an RFC 8941 decimal
_TOKEN = re.compile(r"[A-Za-z*][\w!#$%&'*+\-.^`|~:/]*", re.ASCII)
_PLAIN = "".join(map(chr, range(0x20, 0x7F))).replace("%", "")


def worker_header(life: Life) -> str:
    """Return the part of the worker header that stays the same for the whole life."""
    return f"server={life.server}, slot={life.slot}, generation={life.generation}, pid={life.pid}"


def headers(recording: Recording, worker: str) -> list[tuple[str, str]]:
    """Return the headers that tell what `recording` holds; `worker` as from `worker_header`."""
    lookups = recording.lookups[: wire.MAX_LOOKUPS_PER_RESPONSE]
    refills = [recording.refills.get(position) for position in range(len(lookups))]
    epoch = time.time() - time.perf_counter()
    members = _fitting([*map(_member, lookups, refills, repeat(epoch))])
    timings = chain.from_iterable(map(_timings, lookups[: len(members)], refills))
    evidence = [(wire.WORKER_HEADER, f"{worker}, lookups={len(recording.lookups)}")]
    if members:
        evidence.append((wire.CACHE_STATUS, ", ".join(members)))
        evidence.append((wire.SERVER_TIMING, ", ".join(timings)))
    return evidence


def _fitting(members: list[str]) -> list[str]:
    """Return the first members, as many as fit into one header line."""
    lengths = accumulate(len(member) + 2 for member in members)
    return members[: sum(length <= _LINE_LENGTH for length in lengths)]


def _member(lookup: Lookup, refill: Refill | None, epoch: float) -> str:
    alias, key, version, hit, started, _ = lookup
    if hit:
        status = "hit"
    elif refill is None:
        status = "fwd=miss"
    elif refill.ttl_s == inf:
        status = "fwd=miss; stored"
    else:
        status = f"fwd=miss; stored; ttl={_number(refill.ttl_s)}"
    named = str(key) if version is None else f"{key};version={version}"
    cache = alias if _TOKEN.fullmatch(alias) else _quoted(alias)
    return f'{cache}; {status}; key={_quoted(named)}; detail="{started + epoch:.6f}"'


def _timings(lookup: Lookup, refill: Refill | None) -> list[str]:
    *_, started, ended = lookup
    entries = [_timing("cache", started, ended)]
    if refill is not None:
        entries.append(_timing("origin", ended, refill.started))
        entries.append(_timing("store", refill.started, refill.ended))
    return entries


def _timing(name: str, started: float, ended: float) -> str:
    return f"{name};dur={(ended - started) * 1000:.4f}"


def _number(seconds: float) -> str:
    """Return an RFC 8941 number: whole where it is, else of three decimals."""
    seconds = min(seconds, _LONGEST_TTL_S)
    return f"{seconds:.0f}" if seconds == round(seconds) else f"{seconds:.3f}"


def _quoted(text: str) -> str:
    """Return an RFC 8941 string; what its character set cannot hold is percent-encoded."""
    safe = quote(text, safe=_PLAIN, errors="surrogatepass")
    return '"' + safe.replace("\\", "\\\\").replace('"', '\\"') + '"'
