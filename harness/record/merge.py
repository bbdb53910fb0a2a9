"""The samples of several rounds of one trial as one."""

from __future__ import annotations

from collections.abc import Sequence
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
