"""What does not hold as annotations of GitHub Actions: workflow commands, one a line."""

from __future__ import annotations

from collections.abc import Iterator

from harness.gate.check import CheckResult
from harness.verdicts import Verdict

LEVELS = {
    Verdict.FAIL: "error",
    Verdict.NO_DATA: "error",
    Verdict.INCONCLUSIVE: "warning",
}


def render_annotations(check: CheckResult) -> Iterator[str]:
    """Yield a line for each case that does not hold."""
    for case in check.cases:
        if level := LEVELS.get(case.outcome):
            title = _property(f"harness check {check.scenario}")
            code = f"{case.problem.code} " if case.problem else ""
            yield f"::{level} title={title}::{_data(f'{code}{case.name}: {case.told}')}"


def _data(text: str) -> str:
    """Return text as the value of a command, which ends with its line."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """Return text as a property of a command, where colon and comma have a meaning too."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")
