"""The table of all claims: what is claimed, what was measured, and whether it holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.text import Text

from harness.gate.claims import Claim, telling
from harness.report.drawing.layout import HEADING, QUIET, Cell, Lines, prose, row
from harness.report.formats.json import plain
from harness.text import number_of, quantity

VERDICTS: Mapping[str, tuple[str, str]] = {
    "pass": ("holds", "green"),
    "fail": ("FAILS", "bold red"),
    "no-data": ("not known", "magenta"),
}
"""How each verdict reads, and in which colour."""

_WIDTH = max(len(word) for word, _ in VERDICTS.values())


def render_claims(claims: Sequence[Claim], width: int) -> Lines:
    """Return the claims under their topics, each with its evidence, and a last line of counts."""
    names = max((len(claim.scenario) for claim in claims), default=0)
    lines: Lines = []
    for topic in dict.fromkeys(claim.topic for claim in claims):
        lines += [*([Text()] if lines else []), Text(topic, HEADING)]
        for claim in claims:
            if claim.topic == topic:
                lines += _claim(claim, names, width)
    return [*lines, Text(), *prose(conclusion(claims), width, style=HEADING, indent="")]


def conclusion(claims: Sequence[Claim]) -> str:
    """Return how many claims hold, and the names of those that do not."""
    wall_s = sum(claim.wall_s for claim in claims)
    held = sum(claim.verdict == "pass" for claim in claims)
    told = f"{held} of {number_of(len(claims), 'claim')} {'holds' if held == 1 else 'hold'}"
    others = [
        f"{one.scenario} {VERDICTS[one.verdict][0]}" for one in claims if one.verdict != "pass"
    ]
    return f"{told}, measured in {wall_s:.0f} s" + (f": {', '.join(others)}" if others else "")


def claims_as_json(claims: Sequence[Claim]) -> list[Any]:
    """Return the claims as plain values."""
    return [plain(claim) for claim in claims]


def _claim(claim: Claim, names: int, width: int) -> Lines:
    word, style = VERDICTS[claim.verdict]
    margin = " " * (2 + _WIDTH + 2 + names + 2)
    first, *rest = prose(claim.text or "(no claim)", width, indent=margin)
    lines: Lines = [
        row(
            [
                Cell(word, _WIDTH, style, left=True),
                Cell(claim.scenario, names, HEADING, left=True),
                Text(first.plain[len(margin) :]),
            ]
        ),
        *rest,
    ]
    for text in dict.fromkeys(_evidence(claim)):
        lines += prose(text, width, style=QUIET, indent=margin)
    return lines


def _evidence(claim: Claim) -> list[str]:
    told = [
        f"{one.metric} {quantity(one.unit, one.value)}"
        + (f" against {quantity(one.unit, one.absent)}" if one.absent is not None else "")
        + (f" ({one.trial})" if one.trial else "")
        + (f", wanted {one.wanted}: {one.why}" if one.why else "")
        for one in telling(claim)
    ]
    return [*told, *claim.gaps, *([claim.problem] if claim.problem else [])]
