"""Samples of several trials in one `.npz` file. Writes what `Samples` holds, reads the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from harness import wire
from harness.record.samples import Samples

_COLUMNS = tuple(column.name for column in fields(Samples))
_OTHER_WRITES = tuple(name for name in _COLUMNS if name.startswith("write_"))
_SINCE_2 = frozenset({"failed", *_OTHER_WRITES, "mark_request", "mark", "value", "marks"})
"""Columns that runs of format 1 do not have."""


def write_samples(path: Path, trials: Mapping[int, Samples], *, compressed: bool = True) -> None:
    """Write the samples of each trial, by its number. The file appears whole or not at all.

    A file that is read once and thrown away is better not `compressed`, which takes most time.
    """
    arrays = {
        f"{number}/{name}": column
        for number, samples in trials.items()
        for name, column in samples.columns().items()
    }
    partial = path.with_name(path.name + ".part")
    try:
        with partial.open("wb") as file:
            save = np.savez_compressed if compressed else np.savez
            save(file, **arrays)  # type: ignore[arg-type]
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def read_samples(path: Path, version: int = wire.FORMAT) -> dict[int, Samples]:
    """Return the samples of each trial, by its number, from a file of format `version`.

    Raises OSError, ValueError or KeyError where the file is missing, damaged or incomplete.
    """
    # Opened here, since numpy leaves a file open that turns out to be no archive.
    with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        numbers = sorted({int(name.partition("/")[0]) for name in arrays.files})
        return {number: _samples(arrays, number, version) for number in numbers}


def _samples(arrays: Mapping[str, npt.NDArray[Any]], number: int, version: int) -> Samples:
    names = _COLUMNS if version > 1 else [name for name in _COLUMNS if name not in _SINCE_2]
    columns = {name: arrays[f"{number}/{name}"] for name in names}
    if version == 1:
        # The status alone told of failures, and writes and marks were not recorded.
        columns["failed"] = (columns["status"] == 0) | (columns["status"] >= 400)
    return Samples(**columns)
