"""All claims: what is claimed, what was measured, and whether it holds."""

from __future__ import annotations

from collections.abc import Sequence

from harness.gate.check import Claim
from harness.report.blocks import Block, Document, Heading, Prose, Section
from harness.report.verdicts import TONES, WORDS
from harness.text import number_of, quantity
from harness.verdicts import Verdict


def claims_document(claims: Sequence[Claim]) -> Document:
    """Return the claims under their topics, each with its evidence, and a last line of counts."""
    sections: list[Section] = []
    for topic in dict.fromkeys(claim.topic for claim in claims):
        found = [block for one in claims if one.topic == topic for block in _claim(one)]
        sections.append([Heading(topic), *found])
    return [*sections, [Prose(conclusion(claims), "strong", level=0)]]


def conclusion(claims: Sequence[Claim]) -> str:
    """Return how many claims hold, and the names of those that do not."""
    wall_s = sum(claim.wall_s for claim in claims)
    hold = sum(claim.verdict is Verdict.PASS for claim in claims)
    others = [
        f"{one.scenario} {WORDS[one.verdict]}" for one in claims if one.verdict is not Verdict.PASS
    ]
    return (
        f"{hold} of {number_of(len(claims), 'claim')} {'holds' if hold == 1 else 'hold'},"
        f" measured in {wall_s:.0f} s{': ' if others else ''}{', '.join(others)}"
    )


def _claim(claim: Claim) -> list[Block]:
    details = [
        f"{one.metric} {quantity(one.unit, one.value)}"
        + (f" compared with {quantity(one.unit, one.absent)}" if one.absent is not None else "")
        + (f" ({one.trial})" if one.trial else "")
        + (f", wanted {one.wanted}: {one.why}" if one.why else "")
        for one in claim.strongest
    ]
    details += [*claim.gaps, *([claim.problem] if claim.problem else [])]
    return [
        Prose(f"{claim.scenario}: {WORDS[claim.verdict]}", TONES[claim.verdict]),
        Prose(claim.text or "(no claim)", level=2),
        *(Prose(text, "quiet", level=2) for text in dict.fromkeys(details)),
    ]
