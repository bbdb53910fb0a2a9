"""Words for what tells the set-ups of a run apart, beside their backends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.analysis.summary import TrialSummary
from harness.report.figures import UNKNOWN, number_of

Setup = Mapping[str, Any]
_COUNTED = {"workers": "worker", "servers": "server", "threads": "thread"}


def setup_of(trial: TrialSummary) -> dict[str, Any]:
    """Return what a trial was set up with, its backend left out."""
    plain = {
        "workers": trial.workers,
        "server": trial.server,
        "servers": trial.servers,
        "threads": trial.threads,
    }
    return plain | dict(trial.varied)


def setup_words(setup: Setup, among: Sequence[Setup]) -> str:
    """Return a set-up in those of its keys in which any of the set-ups differ; empty if in none."""
    names = [name for name in setup if len({repr(other.get(name)) for other in among}) > 1]
    return ", ".join(_word(name, setup[name]) for name in names)


def _word(name: str, value: Any) -> str:
    """Return "4 workers", "gthread", "10 kB", or for any other key "SHOP_CACHE_TIMEOUT=5"."""
    if name in _COUNTED:
        return number_of(value, _COUNTED[name])
    if name == "server":
        return str(value)
    if name.lower().endswith("_bytes") and str(value).isdigit():
        return _size(int(value))
    return f"{name.rpartition('.')[2]}={UNKNOWN if value is None else value}"


def _size(number: int) -> str:
    """Return a number of bytes in the decimal unit that leaves no more than three digits."""
    unit = min((len(str(number)) - 1) // 3, 3)
    return f"{number / 1000**unit:.3g} {('B', 'kB', 'MB', 'GB')[unit]}"
