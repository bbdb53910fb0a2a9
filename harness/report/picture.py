"""The picture of where the misses came from: one bar over all lookups of each trial."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.text import Text

from harness.analysis.summary import TrialSummary
from harness.report.causes import CAUSE_STYLES, HIT, outcomes
from harness.report.layout import GAP, INDENT, QUIET, Cell, Lines, heading, prose, row
from harness.report.series import series_of
from harness.text import count, number_of

NARROWEST_BAR = 24
CAPTION = "Each bar is all the lookups of one trial."


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Widths and heads that all bars of a picture share."""

    label_width: int
    bar_width: int
    heads: Mapping[str, Cell]


def render_picture(trials: Sequence[TrialSummary], width: int) -> Lines:
    """Return bars with their counts, and a legend of the outcomes that occur.

    No line if nothing was looked up.
    """
    if not any(trial.lookups for trial in trials):
        return []
    frame = _frame(trials, width)
    lines = heading("Where the misses came from", CAPTION, width)
    lines.append(row([_blank(frame.label_width), _blank(frame.bar_width), *frame.heads.values()]))
    for series in series_of(trials):
        lines += prose(series.name, width, style="bold")
        lines += [_line(trial, frame) for trial in series.trials]
    return [*lines, Text(), *_legend(list(frame.heads), width)]


def apportioned(counts: Sequence[int], width: int) -> list[int]:
    """Return cells of a bar for each count: `width` in all, and at least one for what occurs.

    All zero if every count is. `width` must be at least the number of counts.
    """
    total = sum(counts)
    if not total:
        return [0] * len(counts)
    exact = [number * width / total for number in counts]
    cells = [max(int(part), number > 0) for part, number in zip(exact, counts, strict=True)]
    while sum(cells) < width:
        short = [part - cell for part, cell in zip(exact, cells, strict=True)]
        cells[short.index(max(short))] += 1
    while sum(cells) > width:
        cells[cells.index(max(cells))] -= 1
    return cells


def _frame(trials: Sequence[TrialSummary], width: int) -> Frame:
    """Return heads with glyph and name, or with the glyph alone where room is short."""
    shown = [name for name in CAUSE_STYLES if name == HIT or any(outcomes(t)[name] for t in trials)]
    label_width = max(len(_label(trial)) for trial in trials)
    for with_name in (True, False):
        heads = {name: _head(name, trials, with_name) for name in shown}
        taken = len(INDENT) + label_width + GAP + sum(GAP + head.width for head in heads.values())
        if width - taken >= NARROWEST_BAR:
            break
    bar_width = max(width - taken, len(CAUSE_STYLES))
    return Frame(label_width=label_width, bar_width=bar_width, heads=heads)


def _head(name: str, trials: Sequence[TrialSummary], with_name: bool) -> Cell:
    look = CAUSE_STYLES[name]
    text = f"{look.glyph} {name}" if with_name else look.glyph * 2
    longest = max(len(count(outcomes(trial)[name])) for trial in trials)
    return Cell(text, max(len(text), longest), look.style)


def _line(trial: TrialSummary, frame: Frame) -> Text:
    counts = outcomes(trial)
    numbers = [
        Cell(count(counts[name]), head.width, "" if counts[name] else QUIET)
        for name, head in frame.heads.items()
    ]
    return row([Cell(_label(trial), frame.label_width), _bar(counts, frame), *numbers])


def _bar(counts: Mapping[str, int], frame: Frame) -> Text:
    cells = apportioned([counts[name] for name in frame.heads], frame.bar_width)
    bar = Text()
    for name, length in zip(frame.heads, cells, strict=True):
        bar.append(CAUSE_STYLES[name].glyph * length, CAUSE_STYLES[name].style)
    bar.pad_right(frame.bar_width - len(bar))
    return bar


def _legend(shown: Sequence[str], width: int) -> Lines:
    """Return what each outcome means, in plain words."""
    name_width = max(map(len, shown))
    margin = len(INDENT) + len("░░") + name_width + GAP * 2
    lines: Lines = []
    for name in shown:
        look = CAUSE_STYLES[name]
        first, *rest = prose(look.meaning, width, indent=" " * margin)
        swatch, label = Cell(look.glyph * 2, style=look.style), Cell(name, name_width, left=True)
        lines += [row([swatch, label, first[margin:]]), *rest]
    return lines


def _blank(width: int) -> Cell:
    return Cell("", width)


def _label(trial: TrialSummary) -> str:
    return number_of(trial.workers, "worker")
