"""The one set of words in which the harness says what it found, and the exit code of each.

Expectations, checks, comparisons, duels and claims all end in one of them.
"""

from collections.abc import Iterable
from enum import StrEnum

from harness.errors import ExitCode


class Verdict(StrEnum):
    """What was found. Only `pass` says that what was wanted was measured and holds."""

    PASS = "pass"
    FAIL = "fail"
    IMPROVED = "improved"
    INCONCLUSIVE = "inconclusive"
    NO_DATA = "no-data"
    INCOMPARABLE = "incomparable"


WORST_FIRST = (Verdict.FAIL, Verdict.NO_DATA, Verdict.INCONCLUSIVE, Verdict.IMPROVED, Verdict.PASS)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the worst of some verdicts; without any there is no data."""
    found = set(verdicts)
    return next((one for one in WORST_FIRST if one in found), Verdict.NO_DATA)


def exit_code(verdict: Verdict, *, fail_on_inconclusive: bool = False) -> ExitCode:
    """Return the exit code of a command that came to this verdict."""
    match verdict:
        case Verdict.FAIL:
            return ExitCode.FAILED
        case Verdict.NO_DATA | Verdict.INCOMPARABLE:
            return ExitCode.INVALID
        case Verdict.INCONCLUSIVE if fail_on_inconclusive:
            return ExitCode.INCONCLUSIVE
    return ExitCode.OK
