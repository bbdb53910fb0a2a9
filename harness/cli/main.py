"""`harness`: finds its verbs, and maps their failures to exit codes.

A verb is a module of this package with a click command called `verb`; its file gives it its name.
It is imported when it is used: `harness --help` only reads the first paragraph of its help.
"""

import re
import sys
from collections.abc import Iterable, Iterator
from errno import EPIPE
from importlib import import_module
from pathlib import Path

import click

import harness.cli
from harness.cli.signals import lasting_output
from harness.errors import EXIT_CODES, ExitCode, HarnessError, Problem, infrastructure_error

RENAMED = {"--control": "--aa", "--floor": "--min-effect", "--whole": "--full"}
"""Options that had another name, and are still understood by it."""

_VERB = re.compile(r'^def verb\(.*?^    """(.+?)(?:"""|\n\n)', re.MULTILINE | re.DOTALL)


def load_verb(name: str) -> click.Command:
    """Return the command of a verb."""
    command: click.Command = import_module(f"harness.cli.{name.replace('-', '_')}").verb
    return command


class LazyGroup(click.Group):
    """A group that lists a stand-in for each verb, and imports the one that is used."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name, found, rest = super().resolve_command(ctx, args)
        return name, load_verb(name) if name and found else None, rest


def _stand_ins() -> Iterator[click.Command]:
    """Yield a command with the name and the short help of each verb."""
    for file in (file for folder in harness.cli.__path__ for file in Path(folder).glob("*.py")):
        if found := _VERB.search(file.read_text(encoding="utf-8")):
            name, text = file.stem.replace("_", "-"), " ".join(found[1].split())
            yield click.Command(name, short_help=text.removesuffix("."))


@click.group(
    cls=LazyGroup,
    commands=[*_stand_ins()],
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="\b\nExit codes:\n"
    + "\n".join(f"  {code:<4} {meaning}" for code, meaning in EXIT_CODES.items()),
)
@click.version_option(package_name="django-cache-harness", prog_name="harness")
def cli() -> None:
    """Why does my cache not work with four workers?

    Launches a Django app under Gunicorn, drives it with Locust, and reports the hit rate of each
    worker, why each lookup missed, and what theory predicts.
    """


def main(argv: list[str] | None = None) -> int:
    """Run the command line and return its exit code.

    A reader of the output that ends early changes nothing; output that cannot be written is exit
    code 3, unless the command has a code of its own.
    """
    with lasting_output() as outputs:
        code = _exit_code(_renamed(sys.argv[1:] if argv is None else argv))
        sys.stdout.flush()
        failure = outputs["stdout"].failure if "stdout" in outputs else None
        if failure and failure.errno != EPIPE:
            problem = Problem(
                code="HX307",
                where="standard output",
                what=f"cannot be written: {failure.strerror}",
                hint="redirect it to another place",
            )
            click.echo(str(problem), err=True)
            code = code or ExitCode.INFRASTRUCTURE
    return code


def _renamed(words: Iterable[str]) -> Iterator[str]:
    """Yield the words of a command line with the names that options have today."""
    for word in words:
        option, equals, value = word.partition("=")
        if option in RENAMED:
            click.echo(f"{option} is now called {RENAMED[option]}", err=True)
        yield f"{RENAMED.get(option, option)}{equals}{value}"


def _exit_code(words: Iterable[str]) -> int:
    try:
        code = cli.main(args=[*words], prog_name="harness", standalone_mode=False)
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
