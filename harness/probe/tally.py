"""The tally of one worker life, in a mapped file that outlives it, and the slot of each worker."""

import json
import mmap
import os
import struct
from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from time import process_time_ns
from typing import Any

from harness import wire


class Slots:
    """Slots 1..N of one server. Workers are identified by Gunicorn's `age`, never by pid."""

    def __init__(self, first_generation: int = 1) -> None:
        self._slot_of: dict[int, int] = {}
        self._generations: Counter[int] = Counter()
        self._before = first_generation - 1
        self._retiring: set[int] = set()

    def take(self, age: int, living: Iterable[int]) -> tuple[int, int]:
        """Return (slot, generation) of worker `age`: the lowest slot that no `living` one has."""
        taken = {
            self._slot_of[other]
            for other in living
            if other in self._slot_of and other not in self._retiring
        }
        slot = next(number for number in range(1, len(taken) + 2) if number not in taken)
        self._slot_of[age] = slot
        self._generations[slot] += 1
        return slot, self._before + self._generations[slot]

    def retire(self, ages: Iterable[int]) -> None:
        """Release the slots of `ages`: a reload forks their successors before they end."""
        self._retiring.update(ages)


COUNT = {name: number for number, name in enumerate(wire.TALLY_COUNTS)}
"""Position of each counter in a row."""
_CPU_NS = COUNT["cpu_ns"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """One worker process: the `generation`-th in slot `slot` of server `server`."""

    server: int
    slot: int
    generation: int
    pid: int

    @property
    def name(self) -> str:
        return f"{self.server}-{self.slot}-{self.generation}"


class Tally:
    """The counters of one life. Thread-safe."""

    def __init__(self, directory: Path, life: Life) -> None:
        self.life = life
        self._lock = Lock()
        self._path = directory / f"{life.name}.tally"
        self.caches: dict[str, Mapping[str, Any]] = {}  # the facts of each, by alias
        self._shared, *free = _rows(self._path, life)
        self._free = deque(free)

    def add(self, count: int, amount: int = 1) -> None:
        """Add `amount` to a counter (a position of `COUNT`) from outside of any request."""
        with self._lock:
            self._shared[count] += amount

    def note_cpu(self) -> None:
        """Record the CPU time of the process so far."""
        # No lock: whichever of two threads writes last, its value is current.
        self._shared[_CPU_NS] = process_time_ns()

    def forget(self) -> None:
        """Reset what was counted outside of requests to 0, before the worker is ready."""
        with self._lock:
            for count in range(len(self._shared)):
                self._shared[count] = 0

    def note_inherited(self, entries: Mapping[str, Any]) -> None:
        """Write the entries that caches had when the worker became ready, by alias."""
        _write_whole(self._path.with_suffix(".inherited.json"), json.dumps(entries).encode())

    def take_row(self) -> memoryview:
        """Return a row of counters for exclusive use until it is given back."""
        try:
            return self._free.pop()
        except IndexError:
            raise RuntimeError(f"over {wire.TALLY_ROWS} concurrent requests in a worker") from None

    def give_row(self, row: memoryview) -> None:
        """Return a row to the pool; its counts stay."""
        self._free.append(row)

    def note_cache(self, alias: str, facts: Mapping[str, Any]) -> None:
        """Write the backend of `alias`, as it was built."""
        with self._lock:
            if alias not in self.caches:
                self.caches[alias] = facts
                _write_whole(
                    self._path.with_suffix(".caches.json"), json.dumps(self.caches).encode()
                )


def _rows(path: Path, life: Life) -> list[memoryview]:
    identity = (wire.FORMAT, life.server, life.slot, life.generation, life.pid)
    head, width = len(identity), len(wire.TALLY_COUNTS)
    size = 8 * (head + width * wire.TALLY_ROWS)
    _write_whole(path, struct.pack(f"={head}Q", *identity).ljust(size, b"\0"))
    descriptor = os.open(path, os.O_RDWR)
    try:
        cells = memoryview(mmap.mmap(descriptor, size)).cast("Q")
    finally:
        os.close(descriptor)
    return [cells[head + width * row : head + width * (row + 1)] for row in range(wire.TALLY_ROWS)]


def _write_whole(path: Path, content: bytes) -> None:
    """Write a file atomically: a reader sees all of it or nothing."""
    partial = path.with_name(path.name + ".part")
    partial.write_bytes(content)
    partial.replace(path)
