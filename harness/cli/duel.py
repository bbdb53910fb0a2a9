"""`harness duel`: two sides of a scenario, interleaved until it is decided which is better."""

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from harness import runs
from harness.cli import measure
from harness.cli.shared import (
    FAIL_ON,
    format_option,
    load_options,
    out_option,
    overrides,
    parse_settings,
    scenario_argument,
    unusable,
)
from harness.cli.signals import end_on_signals
from harness.gate.duel import RULES, Judge
from harness.measure.plan import Plan, TrialGroup
from harness.metrics import METRICS, current_name
from harness.record.facts import DuelFacts
from harness.scenario.load import Overrides, different, duel_sides
from harness.scenario.plan import duel_group, turns_without_end
from harness.scenario.schema import Scenario
from harness.servers.app import Checkout, checkouts
from harness.setup import word

SHORT = {"backend": "matrix.backend", "workers": "matrix.workers"}
_UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "%": 0.01, "": 1.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One side of a duel: its settings, and the git revision of its app, None for the tree."""

    role: str
    settings: Overrides
    ref: str | None


@click.command(name="duel")
@scenario_argument
@load_options
@click.option(
    *("--a", "base"),
    metavar="KEY=VALUE",
    multiple=True,
    help="A setting of the base, as in --a backend=locmem or --a server.threads=1.",
)
@click.option(
    *("--b", "candidate"), metavar="KEY=VALUE", multiple=True, help="One of the candidate."
)
@click.option("--base-ref", metavar="REF", help="Git revision of the app for the base.")
@click.option(
    "--candidate-ref",
    metavar="REF",
    help="Git revision for the candidate.  [default: the working tree]",
)
@click.option("--budget", metavar="TIME", default="120s", show_default=True, help="Time limit.")
@click.option(
    *("--min-effect", "min_effects"),
    metavar="[METRIC=]AMOUNT",
    multiple=True,
    help="Minimum effect size: of all times (5%), or of one metric in its own unit "
    "(lookup_p50_s=50us, hit_rate=2%).",
)
@click.option(
    *("--round", "round_requests"),
    type=click.IntRange(10, 10_000),
    metavar="N",
    default=40,
    show_default=True,
    help="Requests of one round.",
)
@out_option("runs/duel-SCENARIO-TIME")
@FAIL_ON
@format_option(*measure.FORMATS)
def verb(
    scenario: str,
    base: tuple[str, ...],
    candidate: tuple[str, ...],
    base_ref: str | None,
    candidate_ref: str | None,
    budget: str,
    min_effects: tuple[str, ...],
    round_requests: int,
    out: Path | None,
    fail_on: str | None,
    style: str,
    settings: tuple[str, ...],
    **options: str | None,
) -> int:
    """Compare two sides of SCENARIO until it is decided which is better.

    Both are up at the same time and serve the same requests, interleaved. The sides are two
    settings (--a backend=locmem --b backend=redis) or two git revisions of the app (--base-ref
    main); without either, the scenario is compared with itself.
    """
    end_on_signals()
    plan = runs.resolve(scenario, overrides(settings, **options))
    relative, absolute = _min_effects(min_effects)
    sides = (
        Side(role="base", settings=_settings(base, "--a"), ref=base_ref),
        Side(role="candidate", settings=_settings(candidate, "--b"), ref=candidate_ref),
    )
    terms = DuelFacts(
        base="",
        candidate="",
        budget_s=_budget_s(budget),
        min_relative_effect=relative,
        min_effects=absolute,
    )
    with checkouts(plan.sources.app, [side.ref for side in sides if side.ref]) as trees:
        found = measure.measured(_duel_plan(plan, sides, terms, trees, round_requests), out)
    return measure.conclude(found, style, fail_on)


def _duel_plan(
    plan: Plan,
    sides: tuple[Side, Side],
    terms: DuelFacts,
    trees: Mapping[str, Checkout],
    requests: int,
) -> Plan:
    """Return the plan of a duel of both sides; its `purpose` is `terms` with their labels."""
    base, candidate = (
        {**_at_revision(side, trees, plan.scenario), **side.settings} for side in sides
    )
    pair = duel_sides(plan.scenario, base, candidate, requests)
    keys = dict.fromkeys(key for side in sides for key in side.settings)
    labels = [
        _label(side, values, trees, refs=any(one.ref for one in sides))
        for side, values in zip(sides, different(pair, keys), strict=True)
    ]
    terms = replace(terms, base=labels[0], candidate=labels[1])
    group = TrialGroup(
        trials=duel_group(pair, different(pair, [k for k in keys if k not in SHORT.values()])),
        turns=lambda trials: turns_without_end(trials, requests),
        stop_early=Judge(terms, time.time),
    )
    return replace(
        plan,
        groups=(group,),
        purpose=terms,
        sources=replace(plan.sources, work={tree.app: tree.work for tree in trees.values()}),
    )


def _settings(typed: Sequence[str], option: str) -> Overrides:
    """Return the settings of one side as overrides. Raises UsageError HX102."""
    return {
        SHORT.get(key, key): ([value] if key in SHORT else value, f"{option} {key}")
        for key, value in parse_settings(typed, option)
    }


def _at_revision(
    side: Side, trees: Mapping[str, Checkout], scenario: Scenario
) -> dict[str, tuple[Any, str]]:
    """Return what makes a side import its app from the worktree of its revision."""
    if not side.ref:
        return {}
    return {
        "app.path": (str(trees[side.ref].app), side.ref),
        # With a path the shop is an app like any other, and gets no environment by itself.
        "app.env": (dict(scenario.app.environ), side.ref),
    }


def _label(
    side: Side, values: Mapping[str, Any], trees: Mapping[str, Checkout], *, refs: bool
) -> str:
    """Return what to call a side: its revision if either has one, and the settings that differ."""
    parts = [
        f"{key.rpartition('.')[2]} unset"
        if value is None
        else word(key, value[0] if key in SHORT.values() else value)
        for key, value in values.items()
    ]
    if refs:
        parts.insert(
            0, f"{side.ref} ({trees[side.ref].commit[:7]})" if side.ref else "working tree"
        )
    return ", ".join(parts) or side.role


def _budget_s(text: str) -> float:
    amount, unit = _amount(text, "--budget", "120s")
    if unit in ("%", "us") or amount <= 0:
        raise unusable(f"--budget {text}", "need a time over 0", "for example --budget 120s")
    return amount


def _min_effects(typed: Sequence[str]) -> tuple[float, dict[str, float]]:
    """Return the minimum relative effect of times, and absolute ones by metric. Raises HX102."""
    relative, absolute = METRICS["request_p50_s"].min_relative_effect, dict[str, float]()
    names = [rule.name for rule in RULES]
    for text in typed:
        name, equals, wanted = text.rpartition("=")
        metric = current_name(name)
        if metric != name:
            click.echo(f"{name} is now called {metric}", err=True)
        option = f"--min-effect {text}"
        amount, unit = _amount(wanted, option, "5%")
        if not equals:
            if unit != "%":
                raise unusable(option, "need a percentage", "for example --min-effect 5%")
            relative = amount
        elif metric not in names:
            raise unusable(option, f"need one of {', '.join(names)}")
        elif METRICS[metric].timed != (unit in ("us", "ms", "s")):
            example = f"{metric}={'100us' if METRICS[metric].timed else '2%'}"
            raise unusable(option, "is in the wrong unit", f"for example --min-effect {example}")
        else:
            absolute[metric] = amount
    return relative, absolute


def _amount(text: str, where: str, example: str) -> tuple[float, str]:
    found = re.fullmatch(r"(\d+(?:\.\d+)?) ?(us|ms|s|%|)", text.strip())
    if not found:
        raise unusable(
            where, f"got {text!r}, need a number with its unit", f"for example {example}"
        )
    return float(found[1]) * _UNITS[found[2]], found[2]
