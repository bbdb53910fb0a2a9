"""The words in which a gate says what it found, and the exit code of each."""

from __future__ import annotations

from enum import StrEnum


class Verdict(StrEnum):
    """What was found. Only `pass` says that nothing of weight has become worse."""

    PASS = "pass"
    IMPROVED = "improved"
    REGRESSED = "regressed"
    INCONCLUSIVE = "inconclusive"
    NO_DATA = "no-data"
    INCOMPARABLE = "incomparable"


def exit_code(verdict: Verdict, *, fail_on_inconclusive: bool = False) -> int:
    """Return the exit code of a command that came to this verdict."""
    match verdict:
        case Verdict.REGRESSED:
            return 5
        case Verdict.NO_DATA | Verdict.INCOMPARABLE:
            return 4
        case Verdict.INCONCLUSIVE if fail_on_inconclusive:
            return 6
    return 0
