"""New output below the commands that pages show: `python -m tests.docs --update-output`.

Shown lines are replaced by the lines of the new output that they resemble most; read the difference
before it is committed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from difflib import SequenceMatcher
from itertools import groupby

from tests.docs.console import ELLIPSIS, Shown, matches, shown_in

LIKE_ENOUGH = 0.5


def refreshed(page: str, text: str, printed: Callable[[str], str]) -> str:
    """Return a page with what its commands print now; `printed` returns "" for those not run."""
    for shown in shown_in(page, text):
        output = printed(shown.command) if shown.output else ""
        if output and not matches(output, shown.output):
            old, new = ("\n".join(lines) for lines in (shown.output, _excerpt(shown, output)))
            assert text.count(old) == 1, f"{page}: {shown.command}: shown twice"
            text = text.replace(old, new)
    return text


def _excerpt(shown: Shown, output: str) -> list[str]:
    lines = [line.rstrip() for line in output.splitlines()]
    new: list[str] = []
    for elided, group in groupby(shown.output, lambda line: line.strip() == ELLIPSIS):
        part = list(group)
        new += part if elided else _most_like(part, lines, shown)
    return new


def _most_like(part: Sequence[str], lines: Sequence[str], shown: Shown) -> Sequence[str]:
    """Return as many lines of an output as there are in a part of an older one."""
    windows = [lines[n : n + len(part)] for n in range(len(lines) - len(part) + 1)]
    best = max(windows, key=lambda window: _likeness(part, window))
    found = _likeness(part, best)
    assert found > LIKE_ENOUGH, f"{shown.page}: {shown.command}: nothing is like {part[0]!r}"
    return best


def _likeness(some: Sequence[str], others: Sequence[str]) -> float:
    """Return the mean likeness of lines, weighted by their length."""
    pairs = list(zip(some, others, strict=True))
    weights = [len(one) + 1 for one, _ in pairs]
    ratios = [SequenceMatcher(None, *pair, autojunk=False).ratio() for pair in pairs]
    return sum(r * w for r, w in zip(ratios, weights, strict=True)) / sum(weights)
