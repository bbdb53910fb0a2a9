"""The run directory, where the measuring half ends and the reading half begins.

scenario.toml    the scenario as run, overrides applied: it can be run again
run.json         format, times, machine and versions, what ended the run early
trials/NN-SLUG/  a trial, written when it ends: facts in trial.json, samples in samples.npz
logs/            the output of each child process
result.json      the summary, written by the reading half

Each file and each trial appears whole or not at all. Before format 3 `run.json` held the facts of
all trials and one `samples.npz` their samples.
"""

import json
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from itertools import chain, count
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import tomli_w
from pydantic import TypeAdapter, ValidationError

from harness import wire
from harness.errors import MeasurementError, Problem, UsageError, writing
from harness.metrics import current_name
from harness.record.facts import DuelFacts, TrialFacts
from harness.record.samples import Samples, read_samples, write_samples
from harness.setup import AXES, Setup

RUN_FILE, RESULT_FILE, SCENARIO_FILE = "run.json", "result.json", "scenario.toml"
TRIAL_FILE, SAMPLES_FILE = "trial.json", "samples.npz"
TRIALS, LOGS = "trials", "logs"
_NAME_CHARACTERS = 60
_PER_TRIAL = 3
"""The first format with a directory for each trial."""

_DUEL_FIELDS = {"relative_floor": "min_relative_effect", "absolute_floors": "min_effects"}
_UNREADABLE = (
    *(OSError, ValueError, KeyError, TypeError, AttributeError, EOFError),
    *(BadZipFile, RecursionError, MemoryError),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """All that is known of a run but its samples.

    `wall_s` is how long it had taken when this was written, `planned` how many trials it was to
    have, None before format 3. `ended` is False while it goes on, and for ever if it is killed.
    `problems`: what ended it early, if anything. `duel`: None where the trials are no duel.
    """

    scenario: str
    question: str
    lesson: str
    seed: int
    wall_s: float
    environment: Mapping[str, str | int | Mapping[str, str] | tuple[str, ...]]
    trials: tuple[TrialFacts, ...] = ()
    problems: tuple[str, ...] = ()
    duel: DuelFacts | None = None
    planned: int | None = None
    ended: bool = True


def create_run_dir(path: Path, *, numbered: bool = False) -> Path:
    """Create a new run directory with room for trials and logs, and return it.

    Where it exists, a `numbered` one is called `path`-2, `path`-3 and so on: runs that start at the
    same time get one each. Raises UsageError HX103 for one that is not, InfrastructureError HX301
    if it cannot be created.
    """
    others = (path.with_name(f"{path.name}-{number}") for number in count(2))
    for one in chain([path], others if numbered else ()):
        with writing(one), suppress(FileExistsError):
            one.mkdir(parents=True)
            (one / TRIALS).mkdir()
            (one / LOGS).mkdir()
            return one
    raise UsageError(
        Problem(
            code="HX103",
            where=str(path),
            what="exists already, need a new directory",
            hint="choose another --out; a recorded run is never overwritten",
        )
    )


def directory_name(name: str) -> str:
    """Return any name as that of a directory: no separator, no leading dot, at most 60 characters.

    "run" if nothing of it can be kept.
    """
    return re.sub(r"[^\w.-]+", "-", name)[:_NAME_CHARACTERS].strip("-.") or "run"


def write_scenario(path: Path, scenario: Mapping[str, Any]) -> None:
    """Write the scenario as run. Raises InfrastructureError HX301."""
    _write_text(path / SCENARIO_FILE, tomli_w.dumps(scenario))


def write_result(path: Path, text: str) -> None:
    """Write `result.json`. Raises InfrastructureError HX301."""
    _write_text(path / RESULT_FILE, text)


def write_run(path: Path, record: RunRecord) -> None:
    """Write what is known of a run but its trials, in place of what was. Raises HX301."""
    content = asdict(replace(record, trials=()))
    del content["trials"]
    _write_text(path / RUN_FILE, _json({"format": wire.FORMAT, **content}))


def write_trial(path: Path, slug: str, facts: TrialFacts, samples: Samples) -> None:
    """Write one trial into the run directory. Raises InfrastructureError HX301."""
    whole = path / TRIALS / slug
    partial = whole.with_name(f".{slug}.part")
    try:
        with writing(whole):
            partial.mkdir(parents=True)
            (partial / TRIAL_FILE).write_text(_json(asdict(facts)), encoding="utf-8")
            write_samples(partial / SAMPLES_FILE, samples)
            partial.rename(whole)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def demand_run(path: Path) -> None:
    """Raise UsageError HX104 if a path is not the directory of a run."""
    if not (path / RUN_FILE).is_file():
        raise UsageError(
            Problem(
                code="HX104",
                where=str(path),
                what=f"holds no {RUN_FILE}, need a directory that `harness run` wrote",
                hint="`harness run hit-rate --out DIR` makes one",
            )
        )


def read_run(path: Path) -> tuple[RunRecord, dict[int, Samples]]:
    """Return what a run directory holds, trials in their order.

    A run that was killed has the trials that had ended, and says so in `problems`. Raises
    UsageError HX104 if it is none, MeasurementError HX403 if a newer version wrote it, HX404 if
    it is damaged.
    """
    demand_run(path)
    with _reading(path / RUN_FILE):
        content = json.loads((path / RUN_FILE).read_bytes())
        version = content["format"]
        if version > wire.FORMAT:
            raise MeasurementError(
                Problem(
                    code="HX403",
                    where=str(path),
                    what=f"has format {version}, this version reads up to {wire.FORMAT}",
                    hint="upgrade the harness",
                )
            )
        if content.get("duel"):
            content["duel"] = _with_min_effects(content["duel"])
        if version < _PER_TRIAL:
            content["trials"] = list(map(_with_setup, content["trials"]))
        record = TypeAdapter(RunRecord).validate_json(json.dumps(content), strict=True)
    if version < _PER_TRIAL:
        found = [_trial(path, facts, version) for facts in record.trials]
    else:
        found = [_trial(one) for one in (path / TRIALS).glob("[!.]*")]
    found.sort(key=lambda trial: trial[0].number)
    samples = {facts.number: columns for facts, columns in found}
    if len(samples) < len(found):
        raise _damaged(path, "two trials have the same number")
    problems = record.problems
    if not record.ended:
        problems += (
            f"did not end: {len(found)} of {record.planned} trials are complete; the run was"
            " killed, or is still going on",
        )
    return replace(record, trials=tuple(facts for facts, _ in found), problems=problems), samples


def _trial(
    path: Path, facts: TrialFacts | None = None, version: int = wire.FORMAT
) -> tuple[TrialFacts, Samples]:
    """Return the trial in a directory; before format 3 its `facts` are in that of the run."""
    if facts is None:
        with _reading(path / TRIAL_FILE):
            facts = TypeAdapter(TrialFacts).validate_json(
                (path / TRIAL_FILE).read_bytes(), strict=True
            )
    with _reading(path / SAMPLES_FILE):
        samples = read_samples(
            path / SAMPLES_FILE,
            prefix=f"{facts.number}/" if version < _PER_TRIAL else "",
            version=version,
        )
    axes = {axis.name: facts.setup.axes.get(axis.name, axis.absent) for axis in AXES}
    for axis in AXES:
        if not isinstance(axes[axis.name], axis.types):
            raise _damaged(
                path,
                f"axis {axis.name} of trial {facts.number}: got {facts.setup.get(axis.name)!r}",
            )
    return replace(facts, setup=Setup(axes, facts.setup.varied)), samples


def _with_setup(trial: Mapping[str, Any]) -> dict[str, Any]:
    """Return a trial of format 1 or 2, whose axes are among its other fields, as one of today."""
    return {
        **trial,
        "setup": {
            "axes": {axis.name: trial[axis.name] for axis in AXES if axis.name in trial},
            "varied": trial.get("varied", {}),
        },
    }


def _with_min_effects(duel: Mapping[str, Any]) -> dict[str, Any]:
    """Return the terms of a duel; early ones had floors, and other names of metrics."""
    fields = {_DUEL_FIELDS.get(name, name): value for name, value in duel.items()}
    return {
        **fields,
        "min_effects": {
            current_name(name): least for name, least in fields.get("min_effects", {}).items()
        },
    }


@contextmanager
def _reading(file: Path) -> Iterator[None]:
    """Turn whatever a damaged file leads to into MeasurementError HX404, with the wrong key."""
    try:
        yield
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(map(str, first["loc"]))
        raise _damaged(file, f"key {key}: {first['msg']}") from error
    except _UNREADABLE as error:
        raise _damaged(file, f"{type(error).__name__}: {error}") from error


def _damaged(path: Path, what: str) -> MeasurementError:
    return MeasurementError(
        Problem(
            code="HX404",
            where=str(path),
            what=f"cannot be read: {what}",
            hint="the run was cut off or changed; measure again",
        )
    )


def _json(content: Any) -> str:
    return json.dumps(content, indent=1) + "\n"


def _write_text(path: Path, text: str) -> None:
    partial = path.with_name(f"{path.name}.part")
    with writing(path):
        partial.write_text(text.rstrip("\n") + "\n", encoding="utf-8")
        partial.replace(path)
