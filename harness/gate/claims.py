"""What became of each scenario's claim: a verdict, and the evidence for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.analysis.summary import ExpectationResult, Summary
from harness.verdicts import WORST_FIRST, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One claim. `verdict` is that of all its evidence together.

    `problem` says why it could not be measured; `gaps` name parts that were left out.
    """

    scenario: str
    topic: str
    text: str
    verdict: Verdict
    evidence: tuple[ExpectationResult, ...] = ()
    gaps: tuple[str, ...] = ()
    problem: str = ""
    wall_s: float = 0.0


def claim_of(topic: str, summary: Summary) -> Claim:
    """Return what a run says of its scenario's claim."""
    return Claim(
        scenario=summary.scenario,
        topic=topic,
        text=summary.claim,
        verdict=_verdict(summary),
        evidence=summary.expectations,
        gaps=tuple(summary.environment.get("gaps", {}).values()),
        wall_s=summary.wall_s,
    )


def telling(claim: Claim) -> Sequence[ExpectationResult]:
    """Return the verdicts that show a claim best: what went wrong, else what the fault makes."""
    wrong = [one for one in claim.evidence if one.verdict is not Verdict.PASS]
    return wrong or [one for one in claim.evidence if one.absent is not None] or claim.evidence


def _verdict(summary: Summary) -> Verdict:
    """Return the worst verdict; without an expectation or a valid run there is no data."""
    found = {one.verdict for one in summary.expectations} if summary.valid else set()
    return next((one for one in WORST_FIRST if one in found), Verdict.NO_DATA)
