"""What two runs must have in common before their figures may be compared."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness.load.trace import key_sequence
from harness.scenario.parse import scenario_content
from harness.scenario.plan import expand_plan
from harness.scenario.schema import Scenario
from harness.setup import AXES, Setup

MEASURED = ("server", "cache", "app")
"""The tables of a scenario that may differ: what they set is what a comparison is about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Scenario, seed, what was asked for, in which trials.

    `trace` is a digest of the keys that the trials ask for, in their order: it also tells a numpy
    that draws otherwise. `matrix` are the set-ups of the planned trials. Plain values, as in JSON.
    """

    scenario: str
    seed: int
    trace: str
    matrix: tuple[Mapping[str, Any], ...]
    load: Mapping[str, Any]


def identity_of(scenario: Scenario) -> Identity:
    """Return the identity of all runs of a scenario."""
    trials = [trial for group in expand_plan(scenario) for trial in group]
    content = plain(scenario_content(scenario))
    return Identity(
        scenario=scenario.name,
        seed=scenario.seed,
        trace=_digest([trial.scenario for trial in trials]),
        matrix=tuple(plain(trial.setup.identity) for trial in trials),
        load={**flat(content["load"]), "actions": content["actions"]},
    )


def settings_of(scenario: Scenario) -> dict[str, Any]:
    """Return the keys that two runs may differ in, dotted."""
    content = plain(scenario_content(scenario))
    return flat({table: content[table] for table in MEASURED})


def differences(base: Identity, found: Identity) -> tuple[str, ...]:
    """Return what keeps two runs from being compared, each in words; none if nothing does."""
    told = [
        f"{name} was {getattr(base, name)}, is {getattr(found, name)}"
        for name in ("scenario", "seed")
        if getattr(base, name) != getattr(found, name)
    ]
    told += changed(base.load, found.load, "load")
    if base.trace != found.trace:
        told.append(f"trace was {base.trace}, is {found.trace}: other keys, or in another order")
    return (*told, *_matrix(base, found))


def changed(base: Mapping[str, Any], found: Mapping[str, Any], table: str = "") -> list[str]:
    """Return each key in which two flat tables differ, in words."""
    prefix = f"{table}." if table else ""
    return [
        f"{prefix}{name} was {base.get(name, 'not set')}, is {found.get(name, 'not set')}"
        for name in dict.fromkeys([*base, *found])
        if base.get(name) != found.get(name)
    ]


def identity_label(identity: Mapping[str, Any]) -> str:
    """Return what identifies a trial in words: "locmem, 4 workers, 2 threads"."""
    names = {axis.name for axis in AXES}
    axes = {name: value for name, value in identity.items() if name in names}
    return Setup(axes, {key: value for key, value in identity.items() if key not in names}).label


def plain(value: Any) -> Any:
    """Return a value as JSON gives it back: lists for tuples."""
    return json.loads(json.dumps(value, default=str))


def flat(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return nested tables as one, with dotted keys."""
    return dict(_flat(table))


def _flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in table.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _digest(scenarios: list[Scenario]) -> str:
    """Return the start of a SHA-256 over the keys of all trials."""
    found = hashlib.sha256()
    for scenario in scenarios:
        load = scenario.load
        keys = key_sequence(
            keys=load.keys, zipf=load.zipf, requests=load.requests, seed=scenario.seed
        )
        found.update(np.ascontiguousarray(keys, dtype="<i8").tobytes())
    return found.hexdigest()[:16]


def _matrix(base: Identity, found: Identity) -> Iterator[str]:
    for name, has, lacks in (("gone", base, found), ("new", found, base)):
        missing = [setup for setup in has.matrix if setup not in lacks.matrix]
        if missing:
            yield f"matrix: {name} are {'; '.join(identity_label(setup) for setup in missing)}"
