"""A check in one line, for the end of a log."""

from __future__ import annotations

from harness.gate.check import CheckResult
from harness.verdicts import Verdict

WORDS = {
    0: "passed",
    2: "not run",
    3: "not measured",
    4: "not valid",
    5: "FAILED",
    6: "inconclusive",
}
COUNTED = {
    Verdict.PASS: "held",
    Verdict.FAIL: "failed",
    Verdict.INCONCLUSIVE: "inconclusive",
    Verdict.NO_DATA: "not known",
}


def last_line(check: CheckResult, exit_code: int) -> str:
    """Return "harness check hit-rate: passed (5 held, 0 failed), exit 0"; zeros are left out."""
    counted = [f"{check.count(one)} {word}" for one, word in COUNTED.items() if check.count(one)]
    told = WORDS.get(exit_code, "failed")
    return f"harness check {check.scenario}: {told} ({', '.join(counted)}), exit {exit_code}"
