"""Samples of several trials in one `.npz` file. Writes what `Samples` holds, reads the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

import numpy as np

from harness.record.samples import Samples

_COLUMNS = tuple(column.name for column in fields(Samples))


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


def read_samples(path: Path) -> dict[int, Samples]:
    """Return the samples of each trial, by its number.

    Raises OSError, ValueError or KeyError where the file is missing, damaged or incomplete.
    """
    # Opened here, since numpy leaves a file open that turns out to be no archive.
    with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        numbers = sorted({int(name.partition("/")[0]) for name in arrays.files})
        return {
            number: Samples(**{name: arrays[f"{number}/{name}"] for name in _COLUMNS})
            for number in numbers
        }
