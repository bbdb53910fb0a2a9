"""The samples of several rounds of one trial as one, and of one as several."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.record.samples import Samples

_NAMES = {
    "lives": ("life",),
    "caches": ("cache", "write_cache"),
    "keys": ("key", "write_key"),
    "marks": ("mark",),
}
"""Columns of names, which each round has numbered for itself, and those that hold such numbers."""

_REQUESTS = ("request", "write_request", "mark_request")

_OF_REQUESTS = ("step", "round", "due_s", "sent_s", "done_s", "status", "failed", "life")
_OF_MARKS = ("mark_request", "mark", "value")


def merge_rounds(rounds: Sequence[Samples]) -> Samples:
    """Return all requests and lookups, in the order of the rounds. There must be one round."""
    if len(rounds) == 1:
        return rounds[0]
    merged: dict[str, npt.NDArray[Any]] = {}
    for names, columns in _NAMES.items():
        known, numbers = _renumbered([getattr(part, names) for part in rounds])
        merged[names] = known
        for column in columns:
            merged[column] = np.concatenate(
                [
                    _lookup(places, getattr(part, column))
                    for places, part in zip(numbers, rounds, strict=True)
                ]
            )
    offsets = np.cumsum([0, *(part.requests for part in rounds[:-1])]).tolist()
    for column in _REQUESTS:
        merged[column] = np.concatenate(
            [getattr(part, column) + offset for part, offset in zip(rounds, offsets, strict=True)]
        )
    for column in rounds[0].columns():
        if column not in merged:
            merged[column] = np.concatenate([getattr(part, column) for part in rounds])
    return Samples(**merged)


def split_rounds(samples: Samples, rounds: int) -> Iterator[Samples]:
    """Yield the samples of each round, by its number; a round may well be empty."""
    first = np.searchsorted(samples.round, np.arange(rounds + 1))
    bounds = {name: np.searchsorted(getattr(samples, name), first) for name in _REQUESTS}
    columns = samples.columns()
    for number in range(rounds):
        begin, end = first[number : number + 2]
        spans = {name: slice(*bounds[name][number : number + 2]) for name in _REQUESTS}
        parts = {
            name: column
            if name in _NAMES
            else column[begin:end]
            if name in _OF_REQUESTS
            else column[spans[_request_column(name)]]
            for name, column in columns.items()
        }
        own = {name: parts[name] - begin for name in _REQUESTS}
        yield Samples(**{**parts, **own})


def _request_column(name: str) -> str:
    """Return the column that tells for each row of `name` which request it belongs to."""
    if name in _OF_MARKS:
        return "mark_request"
    return "write_request" if name.startswith("write_") else "request"


def _renumbered(
    lists: Sequence[npt.NDArray[Any]],
) -> tuple[npt.NDArray[Any], list[npt.NDArray[np.int64]]]:
    """Return every name once, and for each list the new positions of its names."""
    known, places = np.unique(np.concatenate(lists), axis=0, return_inverse=True)
    bounds = np.cumsum([len(names) for names in lists])[:-1]
    return known, np.split(places.reshape(-1).astype(np.int64), bounds)


def _lookup(places: npt.NDArray[np.int64], column: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the column in new numbers; -1, which names nothing, stays."""
    return np.append(places, -1)[column]
