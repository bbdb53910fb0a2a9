"""The run directory, where the measuring half ends and the reading half begins.

scenario.toml   the scenario as run, overrides applied: it can be run again
run.json        format, times, machine and versions, the facts of each trial
samples.npz     every request and lookup of each trial
logs/           what each child process said
result.json     the summary, written by whoever analysed the run
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import tomli_w

from harness import wire
from harness.errors import InfrastructureError, MeasurementError, Problem, UsageError
from harness.record.facts import (
    ActionFacts,
    CacheFacts,
    DuelFacts,
    InheritedFacts,
    LifeFacts,
    LoadFacts,
    RoundFacts,
    TrialFacts,
)
from harness.record.samples import Samples
from harness.record.store import read_samples, write_samples
from harness.setup import AXES, Setup

RUN_FILE, SAMPLES_FILE, RESULT_FILE = "run.json", "samples.npz", "result.json"
SCENARIO_FILE, LOGS = "scenario.toml", "logs"
AXIS_NAMES = tuple(axis.name for axis in AXES)
_BEFORE_3 = {"routing": "", "max_requests": 0}
"""Axes that early runs of format 1 did not record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """All that is known of a run but its samples.

    `problems`: what ended it early, if anything. `duel`: None where the trials are no duel.
    """

    scenario: str
    question: str
    lesson: str
    seed: int
    wall_s: float
    environment: Mapping[str, Any]
    trials: Sequence[TrialFacts]
    problems: Sequence[str] = ()
    duel: DuelFacts | None = None


def create_run_dir(path: Path) -> Path:
    """Create a new run directory and its `logs`.

    Raises UsageError HX103 if it exists, SurroundingsError HX301 if it cannot be made.
    """
    try:
        path.mkdir(parents=True)
        (path / LOGS).mkdir()
    except FileExistsError as error:
        raise UsageError(
            Problem(
                code="HX103",
                where=str(path),
                what="exists already, need a new directory",
                hint="choose another --out; a recorded run is never overwritten",
            )
        ) from error
    except OSError as error:
        raise cannot_write(path, error) from error
    return path


def cannot_write(path: Path, error: OSError) -> InfrastructureError:
    """Return the error for a file or directory that could not be written."""
    return InfrastructureError(
        Problem(
            code="HX301",
            where=str(path),
            what=f"cannot be written: {error.strerror or error}",
            hint="free some space or choose another place with --out",
        )
    )


def write_scenario(path: Path, scenario: Mapping[str, Any]) -> None:
    """Write the scenario as run. Raises SurroundingsError HX301."""
    _write_text(path / SCENARIO_FILE, tomli_w.dumps(scenario))


def write_result(path: Path, text: str) -> None:
    """Write `result.json`. Raises SurroundingsError HX301."""
    _write_text(path / RESULT_FILE, text)


def write_run(path: Path, record: RunRecord, samples: Mapping[int, Samples]) -> None:
    """Write the facts and samples of a run, or what there is of it. Raises HX301."""
    _write_text(path / RUN_FILE, json.dumps({"format": wire.FORMAT, **asdict(record)}, indent=1))
    try:
        write_samples(path / SAMPLES_FILE, samples)
    except OSError as error:
        raise cannot_write(path / SAMPLES_FILE, error) from error


def read_run(path: Path) -> tuple[RunRecord, dict[int, Samples]]:
    """Return what a run directory holds.

    Raises UsageError HX104 if it is none, MeasurementError HX403 if a newer version wrote it,
    HX404 if it is damaged.
    """
    if not (path / RUN_FILE).is_file():
        raise UsageError(
            Problem(
                code="HX104",
                where=str(path),
                what=f"holds no {RUN_FILE}, need a directory that `harness run` wrote",
                hint="`harness run hit-rate --out DIR` makes one",
            )
        )
    try:
        content = json.loads((path / RUN_FILE).read_text())
        _refuse_newer(path, content["format"])
        record = _record(content)
        samples = read_samples(path / SAMPLES_FILE, content["format"])
        return record, {facts.number: samples[facts.number] for facts in record.trials}
    except (OSError, ValueError, KeyError, TypeError, BadZipFile, EOFError) as error:
        raise MeasurementError(
            Problem(
                code="HX404",
                where=str(path),
                what=f"cannot be read: {type(error).__name__}: {error}",
                hint="the run was cut off or changed; measure again",
            )
        ) from error


def _refuse_newer(path: Path, format_found: int) -> None:
    if format_found > wire.FORMAT:
        raise MeasurementError(
            Problem(
                code="HX403",
                where=str(path),
                what=f"has format {format_found}, this version reads up to {wire.FORMAT}",
                hint="upgrade the harness",
            )
        )


def _record(content: Mapping[str, Any]) -> RunRecord:
    apart = ("format", "trials", "duel")
    known = {key: value for key, value in content.items() if key not in apart}
    duel = content.get("duel")
    return RunRecord(
        **known,
        trials=[_trial(trial) for trial in content["trials"]],
        duel=DuelFacts(**duel) if duel else None,
    )


def _trial(content: Mapping[str, Any]) -> TrialFacts:
    lives = tuple(map(_life, content["lives"]))
    actions = tuple(ActionFacts(**action) for action in content["actions"])
    rounds = tuple(RoundFacts(**one) for one in content.get("rounds", ()))
    load = LoadFacts(**content["load"])
    parts = {"lives": lives, "actions": actions, "rounds": rounds, "load": load}
    flat = {name: value for name, value in content.items() if name not in AXIS_NAMES}
    axes = {**_BEFORE_3, **{name: content[name] for name in AXIS_NAMES if name in content}}
    # Up to format 2 the axes stood among the other fields.
    setup = content.get("setup") or {"axes": axes, "varied": flat.pop("varied", {})}
    return TrialFacts(**{**flat, **parts, "setup": Setup(**setup)})


def _life(content: Mapping[str, Any]) -> LifeFacts:
    caches = tuple(CacheFacts(**cache) for cache in content["caches"])
    held = tuple(
        InheritedFacts(**{**one, "keys": tuple(one["keys"]), "ttl_s": tuple(one["ttl_s"])})
        for one in content.get("held", ())  # absent before format 2
    )
    return LifeFacts(**{**content, "caches": caches, "held": held})


def _write_text(path: Path, text: str) -> None:
    try:
        path.write_text(text.rstrip("\n") + "\n", encoding="utf-8")
    except OSError as error:
        raise cannot_write(path, error) from error
