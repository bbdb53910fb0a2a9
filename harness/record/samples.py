"""Samples of one trial as columns: requests, the cache lookups inside them, and their file.

Also the lookups of all trials of a run as one structured array, one row for each, and as CSV. Knows
nothing of HTTP or of what a hit means. Times are seconds since the epoch on the clock of the
machine that took them; durations are seconds.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import attrgetter
from pathlib import Path
from typing import Annotated, Any, TextIO, get_args, get_type_hints

import numpy as np
import numpy.typing as npt

from harness import wire
from harness.arrays import Bools, Floats, Ints
from harness.record.facts import TrialFacts

LIFE_COLUMNS = ("server", "slot", "generation", "pid")
SERVER, SLOT, GENERATION, _ = range(len(LIFE_COLUMNS))
life_id = attrgetter(*LIFE_COLUMNS)  # of any record that has these fields
Names = npt.NDArray[np.str_]


@dataclass(frozen=True, slots=True)
class Column:
    """What one column holds, in one row for each of `rows`.

    `unit` is "" for what is counted, named or numbered. A column that numbers the rows of another
    names it in `into`: "step" stands for the requests. Other numbers of something are less than
    `below`. All times are finite, except in a `sparse` column. `since` is the first format that has
    the column.
    """

    rows: str
    text: str
    unit: str = ""
    into: str = ""
    below: int | None = None
    sparse: bool = False
    since: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """Columns of R requests, their L lookups, their W other writes and their M response fields.

    `COLUMNS` describes each of them. Requests are in the order in which they were due; lookups,
    writes and response fields in the order of their requests.
    """

    step: Annotated[Ints, Column("requests", "position in the trace")]
    round: Annotated[Ints, Column("requests", "round in which it was served", below=1_000_000)]
    due_s: Annotated[Floats, Column("requests", "when it was due", "s")]
    sent_s: Annotated[Floats, Column("requests", "when it was sent", "s")]
    done_s: Annotated[Floats, Column("requests", "when its response was complete", "s")]
    status: Annotated[Ints, Column("requests", "HTTP status, 0 without a response")]
    failed: Annotated[
        Bools,
        Column(
            "requests",
            "verdict of the Locust file; without one, no response or a status of 400 or more",
            since=2,
        ),
    ]
    life: Annotated[
        Ints, Column("requests", "worker life that answered, -1 if unknown", into="lives")
    ]
    request: Annotated[Ints, Column("lookups", "its request", into="step")]
    cache: Annotated[Ints, Column("lookups", "its cache", into="caches")]
    key: Annotated[Ints, Column("lookups", "its key", into="keys")]
    hit: Annotated[Bools, Column("lookups", "whether it was a hit")]
    at_s: Annotated[Floats, Column("lookups", "when it began, on the worker's clock", "s")]
    lookup_s: Annotated[Floats, Column("lookups", "how long it took", "s")]
    origin_s: Annotated[
        Floats,
        Column(
            "lookups", "from the miss to the write that refilled the key, or nan", "s", sparse=True
        ),
    ]
    store_s: Annotated[
        Floats, Column("lookups", "how long that write took, or nan", "s", sparse=True)
    ]
    ttl_s: Annotated[
        Floats,
        Column(
            "lookups", "lifetime that it gave, inf for ever, nan without a refill", "s", sparse=True
        ),
    ]
    write_request: Annotated[Ints, Column("writes", "its request", into="step", since=2)]
    write_cache: Annotated[Ints, Column("writes", "its cache", into="caches", since=2)]
    write_key: Annotated[Ints, Column("writes", "its key", into="keys", since=2)]
    write_kind: Annotated[
        Ints,
        Column("writes", "position in wire.WRITE_KINDS", below=len(wire.WRITE_KINDS), since=2),
    ]
    write_at_s: Annotated[Floats, Column("writes", "half-way through it", "s", since=2)]
    write_ttl_s: Annotated[
        Floats,
        Column(
            "writes", "lifetime that it gave, inf for ever, else nan", "s", sparse=True, since=2
        ),
    ]
    mark_request: Annotated[Ints, Column("response fields", "its request", into="step", since=2)]
    mark: Annotated[Ints, Column("response fields", "its name", into="marks", since=2)]
    value: Annotated[
        Floats, Column("response fields", "number that the Locust file read", sparse=True, since=2)
    ]
    lives: Annotated[Ints, Column("lives", "server, slot, generation and pid of a worker life")]
    caches: Annotated[Names, Column("caches", "alias in CACHES")]
    keys: Annotated[Names, Column("keys", "key as the cache stores it")]
    marks: Annotated[Names, Column("marks", "name of a response field", since=2)]

    @property
    def requests(self) -> int:
        return len(self.step)

    @property
    def lookups(self) -> int:
        return len(self.request)

    @property
    def lookup_life(self) -> Ints:
        """Return the life that served each lookup. [L]"""
        return self.life[self.request]

    def marked(self, name: str) -> Floats:
        """Return the response field of this name in each request, nan where there is none. [R]"""
        values = np.full(self.requests, np.nan)
        found = np.flatnonzero(self.marks[self.mark] == name) if len(self.mark) else self.mark
        values[self.mark_request[found]] = self.value[found]
        return values

    def distinct(self, name: str) -> int:
        """Return how many different values the response field of this name has."""
        values = self.marked(name)
        return len(np.unique(values[~np.isnan(values)]))

    def columns(self) -> dict[str, npt.NDArray[Any]]:
        """Return every column by name, in the order of their declaration."""
        return {name: getattr(self, name) for name in COLUMNS}


_DTYPES = {Ints: np.int64, Floats: np.float64, Bools: np.bool_, Names: np.str_}
_HINTS = {
    name: get_args(hint) for name, hint in get_type_hints(Samples, include_extras=True).items()
}
COLUMNS: Mapping[str, Column] = {name: column for name, (_, column) in _HINTS.items()}
"""Every column by name; the file, the merging of rounds and the documentation follow this table."""

DTYPES: Mapping[str, np.dtype[Any]] = {
    name: np.dtype(_DTYPES[array]) for name, (array, _) in _HINTS.items()
}
"""The type of the values in each column."""


_SMALL_BYTES, _MOST_COMPRESSED = 64_000_000, 200
"""A file that holds more, and is smaller by more than this factor, was made to fill the memory."""


def write_samples(path: Path, samples: Samples, *, compressed: bool = True) -> None:
    """Write the samples of a trial to an `.npz` file, which appears whole or not at all.

    Compression takes most of the time: leave it out for a file that is read once.
    """
    partial = path.with_name(path.name + ".part")
    try:
        with partial.open("wb") as file:
            save = np.savez_compressed if compressed else np.savez
            save(file, **samples.columns())  # type: ignore[arg-type]
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def read_samples(path: Path, *, prefix: str = "", version: int = 3) -> Samples:
    """Return the samples in a file. Before format 3 it held all trials: `prefix` is "NUMBER/".

    Raises OSError, ValueError, KeyError, EOFError or BadZipFile where the file is missing,
    damaged or incomplete.
    """
    # Opened here, since numpy leaves a file open that turns out to be no archive.
    with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        size = sum(member.file_size for member in arrays.zip.infolist())
        if size > max(_SMALL_BYTES, _MOST_COMPRESSED * path.stat().st_size):
            raise ValueError(f"{size} bytes in so small a file are no samples")
        columns = {
            name: arrays[prefix + name] if column.since <= version else np.empty(0, DTYPES[name])
            for name, column in COLUMNS.items()
        }
    if version == 1:
        columns["failed"] = (columns["status"] == 0) | (columns["status"] >= 400)
    _refuse_unfit(columns)
    return Samples(**columns)


def merge_rounds(rounds: Sequence[Samples]) -> Samples:
    """Return all requests and lookups, in the order of the rounds. There must be one round."""
    if len(rounds) == 1:
        return rounds[0]
    merged: dict[str, npt.NDArray[Any]] = {}
    first = np.cumsum([0, *(part.requests for part in rounds)])
    shifts = {"step": [np.arange(begin, end) for begin, end in pairwise(first)]}
    # Each round numbers its lives, caches, keys and fields for itself.
    for name in ("lives", "caches", "keys", "marks"):
        merged[name], shifts[name] = _renumbered([getattr(part, name) for part in rounds])
    for name, column in COLUMNS.items():
        parts = [getattr(part, name) for part in rounds]
        if column.into:
            # -1, which names nothing, stays.
            pairs = zip(shifts[column.into], parts, strict=True)
            parts = [np.append(numbers, -1)[part] for numbers, part in pairs]
        if name not in merged:
            merged[name] = np.concatenate(parts)
    return Samples(**merged)


def split_rounds(samples: Samples, rounds: int) -> Iterator[Samples]:
    """Yield the samples of each round, by its number; a round may be empty."""
    first = np.searchsorted(samples.round, np.arange(rounds + 1))
    of = {column.rows: name for name, column in COLUMNS.items() if column.into == "step"}
    bounds = {rows: np.searchsorted(getattr(samples, name), first) for rows, name in of.items()}
    bounds["requests"] = first
    for number in range(rounds):
        parts = samples.columns()
        for name, column in COLUMNS.items():
            if column.rows in bounds:
                parts[name] = parts[name][slice(*bounds[column.rows][number : number + 2])]
        yield Samples(**parts | {name: parts[name] - first[number] for name in of.values()})


def _renumbered(lists: Sequence[npt.NDArray[Any]]) -> tuple[npt.NDArray[Any], list[Ints]]:
    """Return every name once, and for each list the new numbers of its names."""
    known, numbers = np.unique(np.concatenate(lists), axis=0, return_inverse=True)
    bounds = np.cumsum([len(names) for names in lists])[:-1]
    return known, np.split(numbers.reshape(-1).astype(np.int64), bounds)


def _refuse_unfit(columns: Mapping[str, npt.NDArray[Any]]) -> None:
    """Raise ValueError for the first column that does not hold what `COLUMNS` says."""
    lengths: dict[str, int] = {}
    for name, column in COLUMNS.items():
        found, wanted = columns[name], DTYPES[name]
        shape = (lengths.setdefault(column.rows, len(found)), *((4,) if name == "lives" else ()))
        if found.dtype.kind != wanted.kind or found.shape != shape:
            raise ValueError(f"{name} is {found.dtype} {found.shape}, need {wanted} {shape}")
        if wanted.kind == "f" and not column.sparse and not np.isfinite(found).all():
            raise ValueError(f"{name} has a time that is not finite")
        end = len(columns[column.into]) if column.into else column.below
        lowest = -1 if name == "life" else 0
        if end is not None and len(found) and not lowest <= found.min() <= found.max() < end:
            raise ValueError(f"{name} has a number outside of {lowest} to {end - 1}")


_OF_REQUESTS = ("step", "round", "due_s", "sent_s", "done_s", "status")
_OF_LOOKUPS = ("request", "hit", "at_s", "lookup_s", "origin_s", "store_s", "ttl_s")
_CHUNK_ROWS = 10_000

LOOKUP_COLUMNS: Mapping[str, Column] = {
    "trial": Column("lookups", "number of the trial, from 0"),
    "backend": Column("lookups", "backend of the trial"),
    "workers": Column("lookups", "workers of each server of the trial"),
    **{name: COLUMNS[name] for name in _OF_REQUESTS},
    "server": Column("lookups", "server that answered, from 0; like the next three -1 if unknown"),
    "slot": Column("lookups", "place of the worker among those of its server, from 1"),
    "generation": Column("lookups", "how many workers the slot has had, this one included"),
    "pid": Column("lookups", "process ID of the worker"),
    "cache": Column("lookups", "alias in CACHES"),
    "key": Column("lookups", "key as the cache stores it"),
    **{name: COLUMNS[name] for name in _OF_LOOKUPS},
}
"""The fields of a row in their order. `request` is the row of the request in its trial."""

LOOKUP_DTYPE = np.dtype(
    [
        (name, object if name in ("backend", "cache", "key") else DTYPES.get(name, np.int64))
        for name in LOOKUP_COLUMNS
    ]
)
"""Names are Python strings, which rows share: keys may be long."""


def lookup_rows(trials: Iterable[tuple[TrialFacts, Samples]]) -> npt.NDArray[Any]:
    """Return one row of `LOOKUP_DTYPE` for each lookup, trial by trial in the order of requests."""
    return np.concatenate([np.empty(0, LOOKUP_DTYPE), *(_rows(*trial) for trial in trials)])


def write_csv(rows: npt.NDArray[Any], file: TextIO) -> None:
    """Write rows as CSV with a header; a time that is nan becomes an empty field."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(LOOKUP_COLUMNS)
    for begin in range(0, len(rows), _CHUNK_ROWS):
        # Only nan is not equal to itself.
        writer.writerows(
            ("" if value != value else value for value in row)
            for row in rows[begin : begin + _CHUNK_ROWS].tolist()
        )


def _rows(facts: TrialFacts, samples: Samples) -> npt.NDArray[Any]:
    rows = np.empty(samples.lookups, LOOKUP_DTYPE)
    rows["trial"], rows["backend"], rows["workers"] = facts.number, facts.backend, facts.workers
    for name in _OF_REQUESTS:
        rows[name] = getattr(samples, name)[samples.request]
    for name in _OF_LOOKUPS:
        rows[name] = getattr(samples, name)
    lives = np.append(samples.lives, [[-1] * len(LIFE_COLUMNS)], axis=0)[samples.lookup_life]
    for number, name in enumerate(LIFE_COLUMNS):
        rows[name] = lives[:, number]
    rows["cache"] = samples.caches.astype(object)[samples.cache]
    rows["key"] = samples.keys.astype(object)[samples.key]
    return rows
