"""`harness`: the verbs, and how their failures become exit codes.

Heavy imports wait inside of the verbs, so that `harness --help` answers at once.
"""

from __future__ import annotations

import sys
from errno import EPIPE
from pathlib import Path

import click

from harness.cli.judging import FAIL_ON, baseline, check, compare, init_ci
from harness.cli.options import (
    FORMATS,
    complete_scenario,
    duel_options,
    load_options,
    out_option,
    overrides,
    scenario_argument,
)
from harness.cli.predict import predict
from harness.cli.signals import end_on_signals, lasting_output
from harness.errors import ExitCode, HarnessError, Problem, infrastructure_error


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="django-cache-harness", prog_name="harness")
def cli() -> None:
    """Why does my cache not work with four workers?

    Launches a Django app under Gunicorn, drives it with Locust, and reports the hit rate of each
    worker, why each lookup missed, and what theory predicts.

    \b
    Exit codes:
      0    done, and the measurement holds
      2    usage or scenario
      3    surroundings: a server, Redis, the load or the disk failed
      4    the measurement is not valid: no answers, or lookups unaccounted for
      5    an expectation failed, or something got worse
      6    it cannot be told, with --fail-on inconclusive
      130  interrupted
    """


@cli.command()
@scenario_argument
@load_options
@out_option("runs/SCENARIO-TIME")
@click.option(
    "--control",
    is_flag=True,
    help="Compare the first backend with itself, to see what noise alone makes of it.",
)
@click.option("--format", "style", type=FORMATS, default="table", show_default=True)
def run(
    scenario: str,
    out: Path | None,
    control: bool,
    style: str,
    settings: tuple[str, ...],
    **options: str | None,
) -> None:
    """Measure SCENARIO (a name from `harness list`, or a TOML file) and report it."""
    from harness.cli import measure

    end_on_signals()
    measure.run(scenario, overrides(settings, **options), out, style, control=control)


@cli.command()
@scenario_argument
@load_options
@duel_options
@out_option("runs/duel-SCENARIO-TIME")
@FAIL_ON
@click.option("--format", "style", type=FORMATS, default="table", show_default=True)
def duel(
    scenario: str,
    base: tuple[str, ...],
    candidate: tuple[str, ...],
    base_ref: str | None,
    candidate_ref: str | None,
    budget: str,
    floors: tuple[str, ...],
    round_requests: int,
    out: Path | None,
    fail_on: str | None,
    style: str,
    settings: tuple[str, ...],
    **options: str | None,
) -> int:
    """Set two sides of SCENARIO against each other until it can be told which is better.

    Both are up at the same time and serve the same requests in turns. The sides are two settings
    (--a backend=locmem --b backend=redis) or two git revisions of the app (--base-ref main);
    without either, the scenario against itself.
    """
    from harness.cli import duel as verb

    end_on_signals()
    return verb.duel(
        scenario,
        overrides(settings, **options),
        (base, candidate),
        (base_ref, candidate_ref),
        budget=budget,
        floors=floors,
        requests=round_requests,
        out=out,
        style=style,
        fail_on_inconclusive=fail_on == "inconclusive",
    )


@cli.command()
@click.argument("scenarios", nargs=-1, shell_complete=complete_scenario)
@out_option("runs/claims-TIME", "the runs")
@click.option("--whole", is_flag=True, help="Measure each scenario whole, not in its short form.")
@click.option("--format", "style", type=FORMATS, default="table", show_default=True)
def claims(scenarios: tuple[str, ...], out: Path | None, whole: bool, style: str) -> None:
    """Measure what SCENARIOS claim, all of them by default, and say which claims hold."""
    from harness.cli import claims as verb

    end_on_signals()
    verb.claims(scenarios, out, style, whole=whole)


@cli.command()
@scenario_argument
@load_options
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    metavar="PORT",
    help="Where to serve, on the loopback address.  [default: any that is free]",
)
@click.option("--format", "style", type=FORMATS, default="table", show_default=True)
def serve(
    scenario: str,
    port: int | None,
    style: str,
    settings: tuple[str, ...],
    **options: str | None,
) -> None:
    """Start the servers that show SCENARIO's fault, without load, for you to look at.

    Prints the address and what to try there, and serves until Ctrl-C. With --format json it
    prints one line once the servers are up.
    """
    from harness.cli import serve as verb

    end_on_signals()
    verb.serve(scenario, overrides(settings, **options), port or 0, style)


@cli.command(name="list")
@click.option("--format", "style", type=FORMATS, default="table", show_default=True)
def list_scenarios(style: str) -> None:
    """List the scenarios that come with the harness."""
    from harness.cli import show

    show.list_scenarios(style)


@cli.command()
@scenario_argument
@load_options
@click.option("--format", "style", type=FORMATS, default="table", show_default=True)
def show(scenario: str, style: str, settings: tuple[str, ...], **options: str | None) -> None:
    """Show what SCENARIO asks, teaches, varies and loads, without running it."""
    from harness.cli import show as verbs

    verbs.show_scenario(scenario, overrides(settings, **options), style)


@cli.command()
@click.argument("run_dir", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "style",
    type=click.Choice(["table", "json", "svg"]),
    default="table",
    show_default=True,
)
@FAIL_ON
def report(run_dir: Path, style: str, fail_on: str | None) -> int:
    """Analyse the recorded run in RUN_DIR again and report it."""
    from harness.cli import measure
    from harness.verdicts import exit_code

    found = measure.report(run_dir, style)
    if found is None:
        return 0
    return exit_code(found.verdict, fail_on_inconclusive=fail_on == "inconclusive")


@cli.command()
@click.option("--format", "style", type=FORMATS, default="table", show_default=True)
def doctor(style: str) -> None:
    """Show what is installed here, and what each absence costs."""
    from harness.cli import show

    show.doctor(style)


for _verb in (check, baseline, compare, init_ci, predict):
    cli.add_command(_verb)


def main(argv: list[str] | None = None) -> int:
    """Run the command line and return its exit code.

    A reader of the output that ends early changes nothing; output that cannot be written is exit
    code 3, unless the command has a code of its own.
    """
    with lasting_output() as outputs:
        code = _exit_code(argv)
        sys.stdout.flush()
        failure = outputs["stdout"].failure if "stdout" in outputs else None
        if failure and failure.errno != EPIPE:
            what, hint = f"cannot be written: {failure.strerror}", "redirect it to another place"
            problem = Problem(code="HX307", where="standard output", what=what, hint=hint)
            click.echo(str(problem), err=True)
            code = code or ExitCode.INFRASTRUCTURE
    return code


def _exit_code(argv: list[str] | None) -> int:
    try:
        code = cli.main(args=argv, prog_name="harness", standalone_mode=False)
    except HarnessError as error:
        click.echo(str(error), err=True)
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return ExitCode.INTERRUPTED
    except OSError as error:
        if not (meaning := infrastructure_error(error)):
            raise
        click.echo(str(meaning), err=True)
        return meaning.exit_code
    return code if isinstance(code, int) else 0
