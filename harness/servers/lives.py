"""Reads the tallies that the probe keeps, one per worker life."""

import json
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness import wire
from harness.record.facts import CacheFacts, InheritedFacts, LifeFacts, RoundFacts

_HEAD, _WIDTH = len(wire.TALLY_IDENTITY), len(wire.TALLY_COUNTS)


def read_lives(directory: Path) -> tuple[LifeFacts, ...]:
    """Return every life that has opened its tally, by server, slot and generation."""
    return tuple(sorted(map(_read_life, directory.glob("*.tally")), key=_identity))


def round_facts(number: int, before: Sequence[LifeFacts], after: Sequence[LifeFacts]) -> RoundFacts:
    """Return what round `number` cost, from all lives before and after it."""
    starts = {_identity(life): life.tally for life in before}
    spans = [(starts[one], life.tally) for life in after if (one := _identity(life)) in starts]
    return RoundFacts(
        round=number,
        cpu_s=sum(end["cpu_ns"] - start["cpu_ns"] for start, end in spans) / 1e9,
        requests=sum(end["finished"] - start["finished"] for start, end in spans),
    )


def _identity(life: LifeFacts) -> tuple[int, int, int]:
    return life.server, life.slot, life.generation


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
        caches=tuple(
            CacheFacts(alias=alias, **facts)
            for alias, facts in _by_alias(path.with_suffix(".caches.json"))
        ),
        held=tuple(
            InheritedFacts(
                alias=alias,
                at_s=facts["at_s"],
                keys=tuple(key for key, _ in facts["entries"]),
                ttl_s=tuple(ttl_s for _, ttl_s in facts["entries"]),
            )
            for alias, facts in _by_alias(path.with_suffix(".inherited.json"))
        ),
    )


def _by_alias(path: Path) -> Sequence[tuple[str, dict[str, Any]]]:
    """Return what a file of the probe has for each cache alias, () without the file."""
    return tuple(json.loads(path.read_text()).items()) if path.exists() else ()
