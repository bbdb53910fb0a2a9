"""Runs that tests request: the request, the command that measures it, and what it recorded.

The command is a process of its own, so that what measures is never loaded into the test session.
"""

import fcntl
import hashlib
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from harness import runs

OPTIONS = ("workers", "backend", "requests", "users", "keys", "seed")
"""What a request may set by name; every other key of a scenario goes into `set`."""
VALID = (0, 5)  # done, or an expectation of the scenario failed: the test has its own

Runner = Callable[[Sequence[str], Path], "Finished"]


class RunFailed(Exception):
    """A request that is not valid, or a run without a valid measurement; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """How the command ended, and what it wrote to standard output and standard error."""

    exit_code: int
    report: str
    errors: str


def parse_request(*args: Any, **kwargs: Any) -> tuple[str, ...]:
    """Return the command line that a marker requests, without its directory.

    Raises RunFailed for one that no run could satisfy.
    """
    if len(args) != 1 or not isinstance(args[0], str):
        got = ", ".join(map(repr, args)) or "nothing"
        raise RunFailed(f"@pytest.mark.harness: need one scenario, a name or a file, got {got}")
    keys = dict(kwargs.pop("set", {}))
    if unknown := [name for name in kwargs if name not in OPTIONS]:
        raise RunFailed(
            f"@pytest.mark.harness: no option is called {', '.join(unknown)}; there are"
            f" {', '.join(OPTIONS)}, and set={{'load.zipf': 0.8}} for any other key of the scenario"
        )
    options = [
        word for name in OPTIONS if name in kwargs for word in (f"--{name}", _listed(kwargs[name]))
    ]
    # JSON writes all values as TOML does, except for tables.
    options += [
        word for key in sorted(keys) for word in ("--set", f"{key}={json.dumps(keys[key])}")
    ]
    return ("run", args[0], *options)


def measured(request: Sequence[str], root: Path, runner: Runner, cwd: Path) -> tuple[runs.Run, str]:
    """Return the run of a request and its report, measured below `root` unless it is there already.

    A scenario's file is looked up from `cwd`. Processes that request runs concurrently measure one
    after another, so that they do not disturb each other, and share their runs. Raises RunFailed.
    """
    root.mkdir(parents=True, exist_ok=True)
    place = root / hashlib.sha256(json.dumps(request).encode()).hexdigest()[:16]
    file, command = place / "finished.json", [*request, "--out", str(place / "run")]
    with (root / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not place.is_dir():
            place.mkdir()
            file.write_text(json.dumps(asdict(runner(command, cwd))), encoding="utf-8")
    if not file.is_file():
        raise RunFailed("harness: the run was interrupted")
    finished = Finished(**json.loads(file.read_text(encoding="utf-8")))
    if finished.exit_code not in VALID:
        shown = " ".join(["harness", *command])
        raise RunFailed(f"{shown}: exit code {finished.exit_code}\n{finished.errors}")
    return _read(place / "run"), finished.report


def run_command(arguments: Sequence[str], cwd: Path) -> Finished:
    """Run the harness in a process of its own and return how it ended."""
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [sys.executable, "-m", "harness", *arguments], cwd=cwd, stdout=pipe, stderr=pipe, text=True
    ) as process:
        try:
            report, errors = process.communicate()
        except BaseException:
            # It has servers to stop, which a kill would not let it do.
            process.terminate()
            process.communicate()
            raise
    return Finished(exit_code=process.returncode, report=report, errors=errors)


def _listed(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


_read = cache(runs.read)
