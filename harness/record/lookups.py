"""The lookups of all trials of a run as one structured array, one row for each, and as CSV."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TextIO

import numpy as np
import numpy.typing as npt

from harness.record.facts import TrialFacts
from harness.record.samples import COLUMNS, DTYPES, LIFE_COLUMNS, Column, Samples

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
        writer.writerows(map(_fields, rows[begin : begin + _CHUNK_ROWS].tolist()))


def _fields(row: tuple[Any, ...]) -> Iterator[Any]:
    # Only nan is not equal to itself.
    return ("" if value != value else value for value in row)


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
