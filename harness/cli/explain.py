"""`harness explain`: what an error code means, and what to do about it."""

from dataclasses import asdict
from difflib import get_close_matches
from itertools import groupby

import click
from rich.console import RenderableType
from rich.text import Text

from harness.cli.shared import format_option, grid, print_result, unusable
from harness.errors import CODES, family_of


def complete_code(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Return the codes that begin with what is typed, for the shell."""
    return [code for code in CODES if code.startswith(incomplete.upper())]


@click.command(name="explain")
@click.argument("code", required=False, shell_complete=complete_code)
@format_option()
def verb(code: str | None, style: str) -> None:
    """Explain the error CODE, as in `harness explain HX311`; without one, list all codes."""
    shown = [code.upper()] if code else [*CODES]
    if shown[0] not in CODES:
        close = get_close_matches(shown[0], CODES, n=1)
        hint = f"did you mean {close[0]}?" if close else "`harness explain` lists all codes"
        raise unusable(f"code {code}", "is not an error code of the harness", hint)
    content = {
        each: {**asdict(CODES[each]), "exit_code": family_of(each).exit_code} for each in shown
    }
    parts: list[RenderableType] = []
    for family, codes in groupby(shown, key=family_of):
        title = f"{family.__doc__} Exit code {family.exit_code}."
        rows = [(f"  {each}", CODES[each].meaning) for each in codes]
        rows += [("", CODES[code.upper()].advice)] if code else []
        parts += [Text(title, "bold"), grid(rows, "", ""), ""]
    print_result(content, style, *parts[:-1])
