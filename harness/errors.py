"""The one error family: each failure a user can cause has a code, a place, and a way out.

A `Problem` is one finding; an error carries one or more of them, so that a file with five
mistakes is reported once. The class of the error decides the exit code of the command.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from errno import EAGAIN, EDQUOT, EMFILE, ENFILE, ENOMEM, ENOSPC, EROFS
from pathlib import Path
from typing import ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One finding: what was seen at which place against what was wanted, and what helps."""

    code: str
    where: str
    what: str
    hint: str = ""
    details: tuple[str, ...] = ()

    def __str__(self) -> str:
        lines = [f"{self.code} {self.where}: {self.what}"]
        lines += [f"      {detail}" for detail in self.details]
        if self.hint:
            lines.append(f"      hint: {self.hint}")
        return "\n".join(lines)


class ExitCode(IntEnum):
    """What a command ends with."""

    OK = 0
    CRASHED = 1
    USAGE = 2
    INFRASTRUCTURE = 3
    INVALID = 4
    FAILED = 5
    INCONCLUSIVE = 6
    INTERRUPTED = 130


class HarnessError(Exception):
    """Base of everything the harness raises on purpose."""

    exit_code: ClassVar[ExitCode] = ExitCode.CRASHED

    def __init__(self, *problems: Problem) -> None:
        super().__init__(*problems)
        self.problems: Sequence[Problem] = problems

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)


class UsageError(HarnessError):
    """HX1xx: the command line asks for something that does not exist or cannot be."""

    exit_code = ExitCode.USAGE


class ScenarioError(HarnessError):
    """HX2xx: a scenario file or an override of it is not valid."""

    exit_code = ExitCode.USAGE


class InfrastructureError(HarnessError):
    """HX3xx: a server, the load, the disk or another part of the surroundings failed."""

    exit_code = ExitCode.INFRASTRUCTURE


class MeasurementError(HarnessError):
    """HX4xx: what was recorded cannot be read, or does not hold as a measurement."""

    exit_code = ExitCode.INVALID


class GateUsageError(HarnessError):
    """HX50x: an expectation that no run could be judged by."""

    exit_code = ExitCode.USAGE


class BaselineError(HarnessError):
    """HX52x: a baseline that cannot be compared with."""

    exit_code = ExitCode.INVALID


class GateError(HarnessError):
    """HX51x: an expectation failed, or something got worse."""

    exit_code = ExitCode.FAILED


_EXHAUSTED = {ENOSPC, EDQUOT, EROFS, EMFILE, ENFILE, ENOMEM, EAGAIN}


def infrastructure_error(error: OSError, run_dir: Path | None = None) -> InfrastructureError | None:
    """Return what a failed system call means for the user, None for a fault of the harness.

    HX301 is about a file in `run_dir`, HX309 about one in a temporary directory, HX310 about a
    resource that the machine lacks.
    """
    import tempfile  # takes its time, and is rarely needed

    file = Path(error.filename).absolute() if isinstance(error.filename, (str, Path)) else None
    temporary = (Path(tempfile.gettempdir()), Path("/tmp"))
    if file and run_dir and file.is_relative_to(run_dir.absolute()):
        code, hint = "HX301", "free some space or choose another place with --out"
    elif file and any(map(file.is_relative_to, temporary)):
        code, hint = "HX309", "free some space or set TMPDIR to another directory"
    elif error.errno in _EXHAUSTED:
        code, hint = "HX310", "free some space or memory, or raise the limits of `ulimit -a`"
    else:
        return None
    where = str(error.filename or "operating system")
    what = f"cannot be written: {error.strerror}" if file else str(error.strerror)
    return InfrastructureError(Problem(code=code, where=where, what=what, hint=hint))


CODES: dict[str, str] = {
    "HX101": "no scenario of this name",
    "HX102": "an option's value cannot be used",
    "HX103": "the run directory exists already",
    "HX104": "not a run directory",
    "HX105": "an action on a server that is not ours",
    "HX106": "not a git revision of the app",
    "HX107": "a file exists already",
    "HX108": "a baseline cannot be read",
    "HX201": "the scenario is not valid TOML",
    "HX202": "unknown key in a scenario",
    "HX203": "a scenario key has a wrong value",
    "HX204": "a scenario key is missing",
    "HX205": "a file that the scenario names cannot be read",
    "HX301": "the run directory cannot be written",
    "HX302": "no Redis server can be started",
    "HX303": "Redis does not answer",
    "HX304": "the app could not be prepared",
    "HX305": "no Memcached server can be started, or it ended",
    "HX306": "no nginx can be started",
    "HX307": "a file cannot be written",
    "HX308": "the port is unavailable",
    "HX309": "a temporary directory cannot be used",
    "HX310": "the machine lacks memory, disk space or another resource",
    "HX311": "not all workers reported in time",
    "HX312": "Gunicorn ended while it was booting",
    "HX313": "Gunicorn ended in the middle of the load",
    "HX314": "a server did not come back after an action",
    "HX315": "nginx ended in the middle of the load",
    "HX316": "the Redis database holds foreign keys",
    "HX321": "Locust could not be started, or ended",
    "HX322": "the load did not end in time",
    "HX401": "no request was answered",
    "HX402": "lookups are unaccounted for",
    "HX403": "the run was recorded by a newer version",
    "HX404": "the run directory is damaged",
    "HX405": "the run is incomplete",
    "HX406": "every request failed",
    "HX407": "trials cleared a cache that they shared",
    "HX408": "foreign keys appeared in a trial's Redis database",
    "HX501": "an expectation names no known metric",
    "HX502": "an expectation matches no trial",
    "HX503": "an expectation has no bound, or several",
    "HX504": "a check has no criteria",
    "HX510": "an expectation failed",
    "HX511": "what an expectation needs was not measured",
    "HX512": "a figure is worse than in the baseline",
    "HX513": "a figure of the baseline was not measured",
    "HX514": "it is undecided whether a figure is worse",
    "HX521": "the baseline is damaged or was edited",
    "HX522": "the baseline was saved by a newer version",
    "HX523": "the run and the baseline cannot be compared",
}
"""Every code with its meaning; the tests hold the README and the code base to this table."""
