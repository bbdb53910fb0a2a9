"""`harness explain`: what an error code means, and what to do about it."""

from difflib import get_close_matches
from itertools import groupby

import click
from rich.console import RenderableType
from rich.text import Text

from harness.cli.options import format_option
from harness.cli.screen import grid, print_result
from harness.errors import CODES, Problem, UsageError, family_of


def complete_code(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Return the codes that begin with what is typed, for the shell."""
    return [code for code in CODES if code.startswith(incomplete.upper())]


@click.command(name="explain")
@click.argument("code", required=False, shell_complete=complete_code)
@format_option()
def verb(code: str | None, style: str) -> None:
    """Explain the error CODE, as in `harness explain HX311`; without one, list all codes."""
    name = (code or "").upper()
    if code and name not in CODES:
        close = get_close_matches(name, CODES, n=1)
        hint = f"did you mean {close[0]}?" if close else "`harness explain` lists all codes"
        what = "is not an error code of the harness"
        raise UsageError(Problem(code="HX102", where=code, what=what, hint=hint))
    content = {
        each: {
            "meaning": CODES[each].meaning,
            "advice": CODES[each].advice,
            "exit_code": family_of(each).exit_code,
        }
        for each in ([name] if name else CODES)
    }
    parts: list[RenderableType] = []
    if name:
        parts = [Text(f"{name}: {CODES[name].meaning}", "bold"), CODES[name].advice]
        parts.append(Text(f"Exit code {family_of(name).exit_code}", "dim"))
    for family, codes in groupby([] if name else CODES, key=family_of):
        title = f"{family.__doc__} Exit code {family.exit_code}."
        parts += [Text(title, "bold"), grid([(f"  {c}", CODES[c].meaning) for c in codes], "", "")]
        parts.append("")
    print_result(content, style, *parts)
