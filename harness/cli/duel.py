"""`harness duel`: two sides of a scenario served in turns until it can be told which is better."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness import runs
from harness.cli import measure
from harness.cli.options import value_of
from harness.errors import Problem, UsageError
from harness.gate.duel import Judge
from harness.gate.rules import RELATIVE_FLOOR, RULES
from harness.measure.plan import TrialGroup
from harness.record.facts import DuelFacts
from harness.scenario.load import Overrides, different, duel_sides
from harness.scenario.plan import duel_group, turns_without_end
from harness.scenario.schema import Scenario
from harness.servers.worktrees import Checkout, checkouts
from harness.verdicts import exit_code

SHORT = {"backend": "matrix.backend", "workers": "matrix.workers"}
_UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "%": 0.01, "": 1.0}


def duel(
    name: str,
    common: Overrides,
    sides: tuple[Sequence[str], Sequence[str]],
    refs: tuple[str | None, str | None],
    *,
    budget: str,
    floors: Sequence[str],
    requests: int,
    out: Path | None,
    style: str,
    fail_on_inconclusive: bool,
) -> int:
    """Measure, judge, keep and print; return the exit code. Raises HarnessError."""
    plan = runs.resolve(name, common)
    scenario = plan.scenario
    relative, absolute = _floors(floors)
    settings = (_settings(sides[0], "--a"), _settings(sides[1], "--b"))
    budget_s = _budget_s(budget)
    with checkouts(plan.sources.app, [ref for ref in refs if ref]) as trees:
        both = [
            {**_at_revision(ref, trees, scenario), **side}
            for side, ref in zip(settings, refs, strict=True)
        ]
        pair = duel_sides(scenario, both[0], both[1], requests)
        keys = dict.fromkeys(key for side in settings for key in side if key not in SHORT.values())
        varied = different(pair, keys)
        labels = _labels(pair, settings, refs, trees)
        facts = DuelFacts(
            base=labels[0],
            candidate=labels[1],
            budget_s=budget_s,
            relative_floor=relative,
            absolute_floors=absolute,
        )
        group = TrialGroup(
            trials=duel_group(pair, varied),
            turns=lambda trials: turns_without_end(trials, requests),
            stop_early=Judge(facts, time.time),
        )
        sources = replace(plan.sources, work={tree.app: tree.work for tree in trees.values()})
        found = measure.measured(
            replace(plan, groups=(group,), purpose=facts, sources=sources), out
        )
    result = measure.conclude(found, style)
    return exit_code(result.verdict, fail_on_inconclusive=fail_on_inconclusive) if result else 0


def _settings(typed: Sequence[str], option: str) -> Overrides:
    """Return the settings of one side as overrides. Raises UsageError HX102."""
    chosen: dict[str, tuple[Any, str]] = {}
    for setting in typed:
        key, equals, text = (part.strip() for part in setting.partition("="))
        if not (key and equals):
            raise _unusable(f"{option} {setting}", "need KEY=VALUE", f"{option} backend=redis")
        value: Any = text if key.startswith("app.env.") else value_of(text)
        full = SHORT.get(key, key)
        chosen[full] = ([value] if key in SHORT else value, f"{option} {key}")
    return chosen


def _at_revision(
    ref: str | None, trees: Mapping[str, Checkout], scenario: Scenario
) -> dict[str, tuple[Any, str]]:
    """Return what has a side import its app from the worktree of a revision."""
    if not ref:
        return {}
    # With a path the shop is an app like any other, and no longer told what to use by itself.
    env = (dict(scenario.app.environ), ref)
    return {"app.path": (str(trees[ref].app), ref), "app.env": env}


def _labels(
    pair: tuple[Scenario, Scenario],
    settings: tuple[Overrides, Overrides],
    refs: tuple[str | None, str | None],
    trees: Mapping[str, Checkout],
) -> tuple[str, str]:
    """Return what to call each side: what it was told, and what has been left to the scenario."""
    keys = dict.fromkeys(key for side in settings for key in side)
    told = different(pair, keys)
    names = []
    for values, ref, role in zip(told, refs, ("base", "candidate"), strict=True):
        parts = [_named(key, value) for key, value in values.items()]
        if any(refs):
            parts.insert(0, f"{ref} ({trees[ref].commit[:7]})" if ref else "working tree")
        names.append(", ".join(parts) or role)
    return names[0], names[1]


def _named(key: str, value: Any) -> str:
    """Return a setting in a few words: "redis", "4 workers", "threads 2"."""
    if key == SHORT["backend"]:
        return str(value[0])
    if key == SHORT["workers"]:
        return f"{value[0]} worker" + ("" if value == [1] else "s")
    return f"{key.rpartition('.')[2]} {'unset' if value is None else value}"


def _budget_s(text: str) -> float:
    amount, unit = _amount(text, "--budget", "120s")
    if unit in ("%", "us") or amount <= 0:
        raise _unusable(f"--budget {text}", "need a time over 0", "--budget 120s")
    return amount


def _floors(typed: Sequence[str]) -> tuple[float, dict[str, float]]:
    """Return the relative floor, and absolute ones by metric. Raises UsageError HX102."""
    relative, absolute = RELATIVE_FLOOR, {}
    units = {rule.name: rule.unit for rule in RULES}
    for text in typed:
        metric, equals, wanted = text.rpartition("=")
        amount, unit = _amount(wanted, f"--floor {text}", "5%")
        if not equals:
            if unit != "%":
                raise _unusable(f"--floor {text}", "need a percentage", "--floor 5%")
            relative = amount
        elif metric not in units:
            raise _unusable(f"--floor {text}", f"need one of {', '.join(units)}", "")
        elif (units[metric] == "s") != (unit in ("us", "ms", "s")):
            example = f"{metric}={'100us' if units[metric] == 's' else '2%'}"
            raise _unusable(f"--floor {text}", "is in the wrong unit", f"--floor {example}")
        else:
            absolute[metric] = amount
    return relative, absolute


def _amount(text: str, where: str, example: str) -> tuple[float, str]:
    found = re.fullmatch(r"(\d+(?:\.\d+)?) ?(us|ms|s|%|)", text.strip())
    if not found:
        raise _unusable(where, f"got {text!r}, need a number with its unit", f"like {example}")
    return float(found[1]) * _UNITS[found[2]], found[2]


def _unusable(where: str, what: str, example: str) -> UsageError:
    hint = f"for example {example}" if example else ""
    return UsageError(Problem(code="HX102", where=where, what=what, hint=hint))
