"""Runs that tests ask for: the order, the command that measures it, and the numbers it brought.

The command is a process of its own, so that a test session needs nothing of what measures. Standard
library only.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

OPTIONS = ("workers", "backend", "requests", "users", "keys", "seed")
"""What an order may say by name; every other key of a scenario goes into `set`."""
VALID = (0, 5)  # done, or an expectation of the scenario failed: the test has its own
SETUP = ("backend", "workers", "servers", "threads", "server")

Runner = Callable[[Sequence[str], Path], "Finished"]


class RunFailed(Exception):
    """A run that brought no valid measurement; the text is what the command said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """What the command ended with."""

    exit_code: int
    report: str
    errors: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """A scenario and the options to run it with, as the command line takes them."""

    scenario: str
    options: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Return a name that equal orders share."""
        told = json.dumps([self.scenario, *self.options])
        return hashlib.sha256(told.encode()).hexdigest()[:16]


def parse_order(*args: Any, **kwargs: Any) -> RunRequest:
    """Return the order that a marker gives. Raises ValueError for one that no run could have."""
    if len(args) != 1 or not isinstance(args[0], str):
        raise ValueError(f"need one scenario, a name or a file, got {', '.join(map(repr, args))}")
    keys = dict(kwargs.pop("set", {}))
    unknown = [name for name in kwargs if name not in OPTIONS]
    if unknown:
        raise ValueError(
            f"no option is called {', '.join(unknown)}; there are {', '.join(OPTIONS)}, and"
            " set={'load.zipf': 0.8} for any other key of the scenario"
        )
    options = [
        word for name in OPTIONS if name in kwargs for word in (f"--{name}", _listed(kwargs[name]))
    ]
    options += [word for key in sorted(keys) for word in ("--set", f"{key}={_toml(keys[key])}")]
    return RunRequest(scenario=args[0], options=tuple(options))


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """The numbers of one trial, each under its name in `result.json`: `trial.hit_rate`."""

    numbers: Mapping[str, Any]

    def __getattr__(self, name: str) -> Any:
        if name == "numbers":  # not there yet, as in a copy that is being made
            raise AttributeError(name)
        try:
            return self.numbers[name]
        except KeyError:
            raise AttributeError(f"a trial has {', '.join(self.numbers)}, no {name}") from None

    def __repr__(self) -> str:
        return f"Trial({self.backend}, workers={self.workers}, hit_rate={self.hit_rate})"


@dataclass(frozen=True, slots=True, kw_only=True)
class HarnessRun:
    """A run that was measured: `result` is its `result.json`, `report` what a terminal shows."""

    run_dir: Path
    result: Mapping[str, Any]
    report: str

    def __repr__(self) -> str:
        return f"HarnessRun({', '.join(map(repr, self.trials))})"

    @property
    def trials(self) -> tuple[Trial, ...]:
        return tuple(Trial(numbers=one) for one in self.result["trials"])

    def trial(self, **described: Any) -> Trial:
        """Return the one trial that is as described, by backend, workers, servers, threads,
        server, or what varies. Raises LookupError for none and for several."""
        found = [one for one in self.trials if _matches(one.numbers, described)]
        if len(found) == 1:
            return found[0]
        words = ", ".join(f"{name}={value!r}" for name, value in described.items()) or "anything"
        among = "; ".join(map(repr, self.trials)) or "none"
        raise LookupError(f"{len(found)} trials are {words}, need one; there are {among}")


def measured(order: RunRequest, root: Path, runner: Runner, cwd: Path) -> HarnessRun:
    """Return the run of an order, measured below `root` unless it is there already.

    A scenario's file is looked for from `cwd`. Processes that ask for runs at the same time take
    turns, so that they do not disturb each other, and share what they measured. Raises RunFailed.
    """
    root.mkdir(parents=True, exist_ok=True)
    with (root / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        place = root / order.key
        if not place.is_dir():
            place.mkdir()
            _measure(order, place, runner, cwd)
        return _read(place)


def run_command(arguments: Sequence[str], cwd: Path) -> Finished:
    """Run the harness in a process of its own and return how it ended."""
    command = [sys.executable, "-m", "harness", *arguments]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=cwd, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            report, errors = process.communicate()
        except BaseException:
            # It has servers to stop, which a kill would not let it do.
            process.terminate()
            process.communicate()
            raise
    return Finished(exit_code=process.returncode, report=report, errors=errors)


def _measure(order: RunRequest, place: Path, runner: Runner, cwd: Path) -> None:
    command = ["run", order.scenario, *order.options, "--out", str(place / "run")]
    finished = runner(command, cwd)
    told = {"command": command, "exit_code": finished.exit_code, "errors": finished.errors}
    (place / "report.txt").write_text(finished.report, encoding="utf-8")
    (place / "finished.json").write_text(json.dumps(told), encoding="utf-8")


def _read(place: Path) -> HarnessRun:
    if not (place / "finished.json").is_file():
        raise RunFailed("harness: the run was interrupted")
    finished = json.loads((place / "finished.json").read_text(encoding="utf-8"))
    if finished["exit_code"] not in VALID:
        command = " ".join(["harness", *finished["command"]])
        raise RunFailed(f"{command}: exit {finished['exit_code']}\n{finished['errors']}")
    return HarnessRun(
        run_dir=place / "run",
        result=json.loads((place / "run" / "result.json").read_text(encoding="utf-8")),
        report=(place / "report.txt").read_text(encoding="utf-8"),
    )


def _matches(numbers: Mapping[str, Any], described: Mapping[str, Any]) -> bool:
    setup = {**numbers["varied"], **{name: numbers[name] for name in SETUP}}
    return all(
        any(setup[key] == wanted for key in setup if name in (key, key.rpartition(".")[2]))
        for name, wanted in described.items()
    )


def _listed(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _toml(value: Any) -> str:
    """Return a plain value as TOML writes it; JSON does the same for all but tables."""
    return json.dumps(value)
