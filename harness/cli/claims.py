"""`harness claims`: every scenario in its short form, one after another, one table in the end."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
from rich.console import Console

from harness import runs
from harness.cli import measure
from harness.errors import GateError, HarnessError, InfrastructureError, Problem
from harness.gate.claims import Claim, claim_of
from harness.record.rundir import directory_name
from harness.report.claims import claims_as_json, render_claims
from harness.report.drawing.layout import print_lines
from harness.scenario.load import Overrides, catalogue, find_scenario, load_scenario
from harness.scenario.schema import Scenario
from harness.verdicts import Verdict


def claims(names: Sequence[str], out: Path | None, style: str, *, whole: bool) -> None:
    """Measure the claims of these scenarios, of all for none, and print what became of them.

    `whole` leaves out the short forms. Raises GateError if a claim does not hold, and
    SurroundingsError if one could not be measured.
    """
    chosen = _chosen(names)
    out = out or Path("runs") / f"claims-{time.strftime('%Y%m%d-%H%M%S')}"
    found = list(_measured(chosen, out, whole=whole))
    if style == "json":
        click.echo(json.dumps(claims_as_json(found), indent=2))
    else:
        console = Console(file=sys.stdout)
        print_lines(render_claims(found, console.width), console)
    _demand(found, out)


def _chosen(names: Sequence[str]) -> list[tuple[Path, Scenario]]:
    if not names:
        return [(path, scenario) for path, scenario in catalogue() if scenario.claim]
    paths = [find_scenario(name) for name in names]
    return [(path, load_scenario(path)) for path in paths]


def _measured(
    chosen: Sequence[tuple[Path, Scenario]], out: Path, *, whole: bool
) -> Iterator[Claim]:
    for number, (path, scenario) in enumerate(chosen, start=1):
        click.echo(f"{number}/{len(chosen)} {scenario.name}", err=True)
        short: Overrides = {} if whole else _short(scenario)
        try:
            plan = runs.resolve(str(path), short)
            run = measure.measured(plan, out / directory_name(scenario.name))
            yield claim_of(scenario.topic, run.summary)
        except InfrastructureError as error:
            yield Claim(
                scenario=scenario.name,
                topic=scenario.topic,
                text=scenario.claim,
                verdict=Verdict.NO_DATA,
                problem=str(error),
            )


def _short(scenario: Scenario) -> Overrides:
    return {key: (value, f"short.{key}") for key, value in scenario.short.items()}


def _demand(found: Sequence[Claim], out: Path) -> None:
    errors: dict[type[HarnessError], list[Problem]] = {InfrastructureError: [], GateError: []}
    for claim in found:
        if claim.verdict is Verdict.PASS:
            continue
        problem = Problem(
            code="HX510" if claim.verdict is Verdict.FAIL else "HX511",
            where=f"claim of {claim.scenario}",
            what="does not hold" if claim.verdict is Verdict.FAIL else f"is {claim.verdict}",
            hint=f"`harness report {out / claim.scenario}` shows the run",
        )
        errors[InfrastructureError if claim.problem else GateError].append(problem)
    for kind in (GateError, InfrastructureError):
        if errors[kind]:
            raise kind(*errors[kind])
