"""Evidence of one request as response headers, in standard forms that a person can read too.

    Cache-Status: default; hit; key="product:17"; detail="1764010000.123456"
    Server-Timing: cache;dur=0.0091
    X-Harness-Worker: server=0, slot=1, generation=1, pid=4242, lookups=1

`Cache-Status` (RFC 9211) has one member per lookup, `detail` being its time on the worker's clock.
`Server-Timing` (W3C, milliseconds) has for each lookup in turn a `cache` entry, and after a miss
that was refilled an `origin` entry (miss until refill) and a `store` entry (the refill itself).
"""

from __future__ import annotations

import time
from itertools import chain, repeat
from math import inf

from harness import wire
from harness.probe.recording import Lookup, Recording, Refill
from harness.probe.tally import Life


def worker_header(life: Life) -> str:
    """Return the part of the worker header that stays the same for the whole life."""
    return f"server={life.server}, slot={life.slot}, generation={life.generation}, pid={life.pid}"


def headers(recording: Recording, worker: str) -> list[tuple[str, str]]:
    """Return the headers that tell what `recording` holds; `worker` as from `worker_header`."""
    told = recording.lookups[: wire.MAX_LOOKUPS_PER_RESPONSE]
    evidence = [(wire.WORKER_HEADER, f"{worker}, lookups={len(recording.lookups)}")]
    if told:
        epoch = time.time() - time.perf_counter()
        refills = [recording.refills.get(position) for position in range(len(told))]
        members = map(_member, told, refills, repeat(epoch))
        timings = chain.from_iterable(map(_timings, told, refills))
        evidence.append((wire.CACHE_STATUS, ", ".join(members)))
        evidence.append((wire.SERVER_TIMING, ", ".join(timings)))
    return evidence


def _member(lookup: Lookup, refill: Refill | None, epoch: float) -> str:
    alias, key, version, hit, started, _ = lookup
    if hit:
        status = "hit"
    elif refill is None:
        status = "fwd=miss"
    elif refill.ttl_s == inf:
        status = "fwd=miss; stored"
    else:
        status = f"fwd=miss; stored; ttl={refill.ttl_s:g}"
    named = str(key) if version is None else f"{key};version={version}"
    return f'{alias}; {status}; key={_quoted(named)}; detail="{started + epoch:.6f}"'


def _timings(lookup: Lookup, refill: Refill | None) -> list[str]:
    *_, started, ended = lookup
    entries = [_timing("cache", started, ended)]
    if refill is not None:
        entries.append(_timing("origin", ended, refill.started))
        entries.append(_timing("store", refill.started, refill.ended))
    return entries


def _timing(name: str, started: float, ended: float) -> str:
    return f"{name};dur={(ended - started) * 1000:.4f}"


def _quoted(text: str) -> str:
    """Return an RFC 8941 string; what its character set cannot hold is percent-encoded."""
    safe = "".join(
        character if " " <= character <= "~" else _percent(character) for character in text
    )
    return '"' + safe.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _percent(character: str) -> str:
    return "".join(f"%{byte:02X}" for byte in character.encode("utf-8", "surrogatepass"))
