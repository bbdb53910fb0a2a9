"""How each verdict reads, and what it means for its reader."""

from __future__ import annotations

from collections.abc import Mapping

from harness.report.blocks import Tone
from harness.verdicts import Verdict

WORDS: Mapping[Verdict, str] = {
    Verdict.PASS: "holds",
    Verdict.FAIL: "FAILS",
    Verdict.INCONCLUSIVE: "inconclusive",
    Verdict.NO_DATA: "not measured",
}
"""What became of an expectation, a claim or another case."""

TONES: Mapping[Verdict, Tone] = {
    Verdict.PASS: "good",
    Verdict.IMPROVED: "good",
    Verdict.FAIL: "bad",
    Verdict.INCONCLUSIVE: "warning",
    Verdict.NO_DATA: "doubt",
    Verdict.INCOMPARABLE: "bad",
}
