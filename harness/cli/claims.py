"""`harness claims`: measure every scenario's claim, one after another, and show which hold."""

import json
from pathlib import Path

import click

from harness import runs
from harness.cli import measure
from harness.cli.shared import complete_scenario, format_option, out_option, print_document
from harness.cli.signals import end_on_signals
from harness.errors import InfrastructureError
from harness.gate.check import Claim, claim_of, claim_problems, claims_exit_code
from harness.record.rundir import directory_name
from harness.report.formats.json import plain
from harness.report.gate import claims_document
from harness.scenario.load import catalogue, find_scenario, load_scenario
from harness.scenario.schema import Scenario
from harness.verdicts import Verdict


@click.command(name="claims")
@click.argument("scenarios", nargs=-1, shell_complete=complete_scenario)
@out_option("runs/claims-TIME", "the runs")
@click.option("--full", is_flag=True, help="Measure each scenario in full, not in its quick form.")
@format_option()
def verb(scenarios: tuple[str, ...], out: Path | None, full: bool, style: str) -> int:
    """Measure what SCENARIOS claim, all of them by default, and show which claims hold.

    Exit code 5 if a claim fails, 4 if one is unknown, 3 if one could not be measured.
    """
    end_on_signals()
    chosen = [(path, load_scenario(path)) for path in map(find_scenario, scenarios)] or [
        (path, scenario) for path, scenario in catalogue() if scenario.claim
    ]
    out = out or runs.default_dir("claims")
    found = []
    for number, (path, scenario) in enumerate(chosen, start=1):
        click.echo(f"{number}/{len(chosen)} {scenario.name}", err=True)
        found.append(_measured(path, scenario, out / directory_name(scenario.name), full=full))
    print_document(
        claims_document(found), style, json.dumps([plain(one) for one in found], indent=2) + "\n"
    )
    for problem in claim_problems(found, str(out)):
        click.echo(str(problem), err=True)
    return claims_exit_code(found)


def _measured(path: Path, scenario: Scenario, out: Path, *, full: bool) -> Claim:
    """Return what became of one claim, whose run is kept in `out`."""
    quick = {} if full else {k: (value, f"short.{k}") for k, value in scenario.short.items()}
    try:
        run = measure.measured(runs.resolve(str(path), quick), out)
    except InfrastructureError as error:
        return Claim(
            scenario=scenario.name,
            topic=scenario.topic,
            text=scenario.claim,
            verdict=Verdict.NO_DATA,
            problem=str(error),
        )
    return claim_of(scenario.topic, run.summary)
