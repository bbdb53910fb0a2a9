"""Words for what tells the set-ups of a run apart, beside their backends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.analysis.summary import TrialSummary
from harness.report.figures import UNKNOWN, number_of

Setup = Mapping[str, Any]
UNDISTURBED = "no action"
_COUNTED = {"workers": "worker", "servers": "server", "threads": "thread"}


def setup_of(trial: TrialSummary) -> dict[str, Any]:
    """Return what a trial was set up with, its backend left out."""
    plain = {
        "workers": trial.workers,
        "server": trial.server,
        "servers": trial.servers,
        "threads": trial.threads,
    }
    return plain | varying(trial)


def varying(trial: TrialSummary) -> dict[str, Any]:
    """Return in which of the scenario's keys a trial differs, apart from what its summary names."""
    named = ("backend", "workers", "worker_class", "servers", "threads")
    return {
        key: value for key, value in trial.varied.items() if key.rpartition(".")[2] not in named
    }


def setup_words(setup: Setup, among: Sequence[Setup]) -> str:
    """Return a set-up in those of its keys in which any of the set-ups differ; empty if in none."""
    names = [name for name in setup if len({repr(other.get(name)) for other in among}) > 1]
    return ", ".join(filter(None, (word(name, setup[name]) for name in names)))


def word(name: str, value: Any) -> str:
    """Return "4 workers", "gthread", "10 kB", "reload at 0.5", "max_requests 200", "preload".

    Or "SHOP_CACHE_TIMEOUT=5" for the environment. Empty for a jitter of 0, which is none.
    """
    short = name.rpartition(".")[2].removeprefix("max_requests_")
    if short == "jitter" and not value:
        return ""
    if isinstance(value, bool):
        return short if value else f"no {short}"
    if name in _COUNTED:
        return number_of(value, _COUNTED[name])
    if name == "server":
        return str(value)
    if name.lower().endswith("_bytes") and str(value).isdigit():
        return _size(int(value))
    if name == "actions":
        return str(value) or UNDISTURBED
    return f"{short}{'=' if short.isupper() else ' '}{UNKNOWN if value is None else value}"


def _size(number: int) -> str:
    """Return a number of bytes in the decimal unit that leaves no more than three digits."""
    unit = min((len(str(number)) - 1) // 3, 3)
    return f"{number / 1000**unit:.3g} {('B', 'kB', 'MB', 'GB')[unit]}"
