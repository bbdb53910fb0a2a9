"""The figures of one run as a comparison takes them, and the baseline file that keeps them.

The file is small JSON, fit to be kept with the code. A checksum over everything else reveals a
file that was cut off or edited by hand.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter, ValidationError

from harness.analysis.metrics import COMPUTED, figure
from harness.analysis.summary import Figure, Summary, TrialSummary
from harness.errors import BaselineError, Problem, UsageError
from harness.load.trace import key_sequence
from harness.scenario.parse import scenario_content
from harness.scenario.plan import expand_plan
from harness.scenario.schema import Scenario
from harness.setup import AXES, Setup

KIND, FORMAT = "harness-baseline", 2
MEASURED = ("server", "cache", "app")
"""The tables of a scenario that may differ: what they set is what a comparison is about."""
NOT_COMPARED = ("gaps", "passed_on")
"""Keys of a run's environment that are no property of the machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What two runs must have in common to be compared: scenario, seed, load and trials.

    `trace` is a digest of the keys that each distinct trace requests, in their order: it also
    reveals a numpy that draws otherwise. `matrix` are the set-ups of the planned trials. Plain
    values, as in JSON.
    """

    scenario: str
    seed: int
    trace: str
    matrix: tuple[Mapping[str, Any], ...]
    load: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialFigures:
    """One trial. `settled`: nothing about its hits is left to chance or to the time it takes.

    `figures` holds every metric that the trial has, by name.
    """

    setup: Mapping[str, Any]
    requests: int
    lookups: int
    settled: bool
    figures: Mapping[str, Figure]

    @property
    def name(self) -> str:
        return identity_label(self.setup)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFigures:
    """One run: what it was, on what, and its figures. `settings` are the keys that may differ."""

    name: str
    identity: Identity
    settings: Mapping[str, Any]
    environment: Mapping[str, Any]
    trials: tuple[TrialFigures, ...]


def recorded(summary: Summary, scenario: Scenario) -> RunFigures:
    """Return the figures of a run of this scenario."""
    content = _plain(scenario_content(scenario))
    return RunFigures(
        name=summary.run_dir,
        identity=identity_of(scenario),
        settings=flat({table: content[table] for table in MEASURED}),
        environment=_plain(
            {key: value for key, value in summary.environment.items() if key not in NOT_COMPARED}
        ),
        trials=tuple(map(_trial_figures, summary.trials)),
    )


def identity_of(scenario: Scenario) -> Identity:
    """Return the identity of all runs of a scenario."""
    trials = [trial for group in expand_plan(scenario) for trial in group]
    content = _plain(scenario_content(scenario))
    loads = [trial.scenario.load for trial in trials]
    traces = dict.fromkeys((load.keys, load.zipf, load.requests) for load in loads)
    return Identity(
        scenario=scenario.name,
        seed=scenario.seed,
        trace=_digest(traces, scenario.seed),
        matrix=tuple(_plain(trial.setup.identity) for trial in trials),
        load={**flat(content["load"]), "actions": content["actions"]},
    )


def differences(base: Identity, found: Identity) -> tuple[str, ...]:
    """Return what keeps two runs from being compared, each as a sentence; none if nothing does."""
    texts = [
        f"{name} was {getattr(base, name)}, is {getattr(found, name)}"
        for name in ("scenario", "seed")
        if getattr(base, name) != getattr(found, name)
    ]
    texts += changed(base.load, found.load, "load.")
    if base.trace != found.trace:
        texts.append(f"trace was {base.trace}, is {found.trace}: other keys, or in another order")
    for name, has, lacks in (("gone", base, found), ("new", found, base)):
        missing = [identity_label(setup) for setup in has.matrix if setup not in lacks.matrix]
        if missing:
            texts.append(f"matrix: {name} are {'; '.join(missing)}")
    return tuple(texts)


def changed(base: Mapping[str, Any], found: Mapping[str, Any], prefix: str = "") -> list[str]:
    """Return each key in which two flat tables differ, with both values."""
    return [
        f"{prefix}{name} was {base.get(name, 'not set')}, is {found.get(name, 'not set')}"
        for name in dict.fromkeys([*base, *found])
        if base.get(name) != found.get(name)
    ]


def identity_label(identity: Mapping[str, Any]) -> str:
    """Return what identifies a trial as a label: "locmem, 4 workers, 2 threads"."""
    names = {axis.name for axis in AXES}
    return Setup(
        {name: value for name, value in identity.items() if name in names},
        {key: value for key, value in identity.items() if key not in names},
    ).label


def flat(table: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested tables as one, with dotted keys."""
    rows: dict[str, Any] = {}
    for name, value in table.items():
        nested = isinstance(value, Mapping)
        rows |= flat(value, f"{prefix}{name}.") if nested else {f"{prefix}{name}": value}
    return rows


def baseline_text(run: RunFigures) -> str:
    """Return the file's text for a run, ending in a newline."""
    content = {"kind": KIND, "format": FORMAT, **asdict(run)}
    del content["name"]
    return json.dumps({"checksum": _checksum(content), **content}, indent=1) + "\n"


def read_baseline(path: Path) -> RunFigures:
    """Return the run that a baseline file holds.

    Raises UsageError HX108 if there is no such file, BaselineError HX521 if it is damaged, edited
    or no baseline, HX522 if a newer version wrote it, HX523 if an older one did that counted
    otherwise.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(
            Problem(
                code="HX108",
                where=str(path),
                what=f"cannot be read: {error.strerror}",
                hint="`harness baseline save RUN_DIR FILE` makes one",
            )
        ) from error
    except UnicodeDecodeError as error:
        raise _damaged(path, "is no text") from error
    except ValueError as error:
        raise _damaged(path, f"is no JSON: {error}") from error
    if not isinstance(content, dict) or content.get("kind") != KIND:
        raise _damaged(path, "is no baseline")
    found = content.get("format")
    if not isinstance(found, int):
        raise _damaged(path, f"has format {found!r}")
    if found != FORMAT:
        code, hint = "HX523", "save it again, from a run of this version"
        if found > FORMAT:
            code, hint = "HX522", "upgrade the harness"
        what = f"has format {found}, this version reads {FORMAT}"
        raise BaselineError(Problem(code=code, where=str(path), what=what, hint=hint))
    checksum = content.pop("checksum", None)
    if checksum != _checksum(content):
        raise _damaged(path, "was changed since it was saved: its checksum does not match")
    try:
        return TypeAdapter(RunFigures).validate_json(json.dumps({**content, "name": str(path)}))
    except ValidationError as error:
        raise _damaged(path, f"is no baseline: {error.errors()[0]['msg']}") from error


def read_comparable(path: Path, scenario: Scenario) -> RunFigures:
    """Return a baseline that a run of the scenario can be compared with.

    Raises what `read_baseline` raises, and BaselineError HX523 for each difference.
    """
    base = read_baseline(path)
    hint = "save a baseline of this scenario, seed, load and matrix"
    problems = [
        Problem(code="HX523", where=str(path), what=one, hint=hint)
        for one in differences(base.identity, identity_of(scenario))
    ]
    if problems:
        raise BaselineError(*problems)
    return base


def _trial_figures(trial: TrialSummary) -> TrialFigures:
    predicted = trial.predicted
    return TrialFigures(
        setup=_plain(trial.setup.identity),
        requests=trial.requests,
        lookups=trial.lookups,
        settled=predicted is not None
        and predicted.closed_form is not None
        and predicted.low == predicted.high,
        figures={
            name: found for name in COMPUTED if (found := figure(trial, name)).value is not None
        },
    )


def _digest(traces: Iterable[tuple[int, float, int]], seed: int) -> str:
    """Return the start of a SHA-256 over the keys of each distinct trace."""
    found = hashlib.sha256()
    for keys, zipf, requests in traces:
        sequence = key_sequence(keys=keys, zipf=zipf, requests=requests, seed=seed)
        found.update(np.ascontiguousarray(sequence, dtype="<i8").tobytes())
    return found.hexdigest()[:16]


def _plain(value: Any) -> Any:
    """Return a value as JSON gives it back: lists for tuples."""
    return json.loads(json.dumps(value, default=str))


def _damaged(path: Path, what: str) -> BaselineError:
    hint = "restore it, or save it again with `harness baseline save RUN_DIR FILE --replace`"
    return BaselineError(Problem(code="HX521", where=str(path), what=what, hint=hint))


def _checksum(content: Mapping[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
