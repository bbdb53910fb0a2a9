"""Reads the tallies that the probe keeps, one per worker life."""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from pathlib import Path

from harness import wire
from harness.record.facts import CacheFacts, InheritedFacts, LifeFacts, RoundFacts

_HEAD, _WIDTH = len(wire.TALLY_IDENTITY), len(wire.TALLY_COUNTS)


def read_lives(directory: Path) -> tuple[LifeFacts, ...]:
    """Return every life that has opened its tally, by server, slot and generation."""
    lives = [_read_life(path) for path in directory.glob("*.tally")]
    return tuple(sorted(lives, key=lambda life: (life.server, life.slot, life.generation)))


def round_facts(number: int, before: Sequence[LifeFacts], after: Sequence[LifeFacts]) -> RoundFacts:
    """Return what round `number` cost, from all lives before and after it."""
    earlier = {(life.server, life.slot, life.generation): life.tally for life in before}
    spans = [
        (earlier[life.server, life.slot, life.generation], life.tally)
        for life in after
        if (life.server, life.slot, life.generation) in earlier
    ]
    return RoundFacts(
        round=number,
        cpu_s=sum(end["cpu_ns"] - start["cpu_ns"] for start, end in spans) / 1e9,
        requests=sum(end["finished"] - start["finished"] for start, end in spans),
    )


def _read_life(path: Path) -> LifeFacts:
    content = path.read_bytes()
    numbers = struct.unpack(f"={len(content) // 8}Q", content)
    identity = dict(zip(wire.TALLY_IDENTITY, numbers, strict=False))
    counts = numbers[_HEAD:]
    return LifeFacts(
        server=identity["server"],
        slot=identity["slot"],
        generation=identity["generation"],
        pid=identity["pid"],
        tally={name: sum(counts[at::_WIDTH]) for at, name in enumerate(wire.TALLY_COUNTS)},
        caches=_read_caches(path.with_suffix(".caches.json")),
        held=_read_held(path.with_suffix(".held.json")),
    )


def _read_caches(path: Path) -> tuple[CacheFacts, ...]:
    if not path.exists():
        return ()
    return tuple(
        CacheFacts(alias=alias, **facts) for alias, facts in json.loads(path.read_text()).items()
    )


def _read_held(path: Path) -> tuple[InheritedFacts, ...]:
    if not path.exists():
        return ()
    return tuple(
        InheritedFacts(
            alias=alias,
            at_s=facts["at_s"],
            keys=tuple(key for key, _ in facts["entries"]),
            ttl_s=tuple(ttl_s for _, ttl_s in facts["entries"]),
        )
        for alias, facts in json.loads(path.read_text()).items()
    )
