"""`harness`: the verbs, and how their failures become exit codes.

Heavy imports wait inside of the verbs, so that `harness --help` answers at once.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from errno import EPIPE
from importlib import import_module
from pathlib import Path

import click

from harness.cli.options import (
    FAIL_ON,
    FORMATS,
    aa_option,
    load_options,
    out_option,
    overrides,
    scenario_argument,
)
from harness.cli.predict import predict
from harness.cli.signals import end_on_signals, lasting_output
from harness.errors import ExitCode, HarnessError, Problem, infrastructure_error

VERBS = {
    "baseline": "Keep the figures of a run in a file, for `harness check --baseline`.",
    "check": "Measure SCENARIO and check it against its expectations and a baseline.",
    "claims": "Measure what SCENARIOS claim, all of them by default, and show which claims hold.",
    "compare": "Compare two recorded runs: what is better or worse in RUN_B than in RUN_A.",
    "duel": "Compare two sides of SCENARIO until it is decided which is better.",
    "init-ci": "Write .github/workflows/harness.yml, which checks SCENARIO for every change.",
}
"""Verbs with a module of their own, which is imported when the verb is used: what each does."""
RENAMED = {"--control": "--aa", "--floor": "--min-effect", "--whole": "--full"}
"""Options that had another name, and are still understood by it."""


class LazyGroup(click.Group):
    """A group whose verbs are imported when they are used, so that its help needs none of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*VERBS, *super().list_commands(ctx)})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in VERBS and cmd_name not in self.commands:
            module = import_module(f"harness.cli.{cmd_name.replace('-', '_')}")
            self.add_command(module.verb)
        return super().get_command(ctx, cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        rows = [
            (name, VERBS.get(name) or self.commands[name].get_short_help_str(100))
            for name in self.list_commands(ctx)
        ]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
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
@aa_option
@click.option("--format", "style", type=FORMATS, default="table", show_default=True)
def run(
    scenario: str,
    out: Path | None,
    aa: bool,
    style: str,
    settings: tuple[str, ...],
    **options: str | None,
) -> None:
    """Measure SCENARIO (a name from `harness list`, or a TOML file) and report it."""
    from harness.cli import measure

    end_on_signals()
    measure.run(scenario, overrides(settings, **options), out, style, aa=aa)


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


cli.add_command(predict)


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


def _current(words: Iterable[str]) -> Iterator[str]:
    """Yield the words of a command line with the names that options have now."""
    for word in words:
        option, equals, value = word.partition("=")
        if option in RENAMED:
            click.echo(f"{option} is now called {RENAMED[option]}", err=True)
        yield f"{RENAMED.get(option, option)}{equals}{value}"


def _exit_code(argv: list[str] | None) -> int:
    try:
        words = [*_current(sys.argv[1:] if argv is None else argv)]
        code = cli.main(args=words, prog_name="harness", standalone_mode=False)
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
