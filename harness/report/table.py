"""The main table: a row per number of workers, backends side by side.

Measured hit rate, prediction with its interval, requests per second. Backends that do not fit
beside each other follow below.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from rich.text import Text

from harness.analysis.summary import Prediction, TrialSummary
from harness.report.layout import INDENT, QUIET, Cell, Lines, prose, row
from harness.report.series import axes, axis_words
from harness.setup import Setup
from harness.text import UNKNOWN, count, percent, points

RowKey = tuple[int, int, int]
"""Number of the set-up, in its order; workers; repetition."""
HEADS = ("hit rate", "predicted", "req/s")
STYLES = ("bold", "", QUIET)
SEPARATION = " │ "
GAPS = (0, 2, 1)
"""Blanks before each figure of a group: two groups just fit in 80 characters."""
CAPTION = (
    "predicted: what a model of the caches expects for the same requests, spread over the workers "
    "at random, with its 95 % interval"
)

Group = tuple[str, dict[RowKey, TrialSummary]]


def render_table(trials: Sequence[TrialSummary], width: int) -> Lines:
    """Return the table; backends beside each other as far as `width` allows.

    No line without a trial.
    """
    if not trials:
        return []
    setups = _setups(trials)
    groups = _groups(trials, setups)
    words = [axis_words(setup, trials) for setup in setups]
    labels = {
        key: ", ".join(filter(None, [count(key[1]), words[key[0]]]))
        for key in sorted({key for _, group in groups for key in group})
    }
    widths = _widths(trials)
    group_width = len(SEPARATION) + sum(widths) + sum(GAPS)
    longest = max(len("workers"), *map(len, labels.values()))
    room = width - len(INDENT) - 1  # the rule is longer than the rows by one
    label_width = max(len("workers"), min(longest, room - group_width))
    beside = max((room - label_width) // group_width, 1)
    lines: Lines = []
    for start in range(0, len(groups), beside):
        lines += [Text()] * bool(start)
        lines += _section(groups[start : start + beside], labels, label_width, widths)
    predicted = any(trial.predicted for trial in trials)
    return lines + (prose(CAPTION, width, style=QUIET) if predicted else [])


def _setups(trials: Sequence[TrialSummary]) -> list[Setup]:
    """Return what the trials were set up with but backend and workers, in the order of rows."""
    found: list[Setup] = []
    for trial in trials:
        if axes(trial) not in found:
            found.append(axes(trial))
    return sorted(found, key=lambda one: (one["worker_class"], one["servers"], one["threads"]))


def _groups(trials: Sequence[TrialSummary], setups: Sequence[Setup]) -> list[Group]:
    """Return the trials of each backend by row; a repeated trial gets a row of its own."""
    groups: dict[str, dict[RowKey, TrialSummary]] = {}
    for trial in trials:
        group = groups.setdefault(trial.backend, {})
        place = (setups.index(axes(trial)), trial.workers)
        repeat = sum(key[:2] == place for key in group)
        group[(*place, repeat)] = trial
    return list(groups.items())


def _section(
    groups: Sequence[Group], labels: dict[RowKey, str], label_width: int, widths: Sequence[int]
) -> Lines:
    """Return heads, rule and rows for the backends that stand beside each other."""
    group_width = len(SEPARATION) + sum(widths) + sum(GAPS)
    lines = _names([name for name, _ in groups], label_width, sum(widths) + sum(GAPS))
    heads = [
        Cell(head, width, QUIET, left=head == "predicted")
        for head, width in zip(HEADS, widths, strict=True)
    ]
    lines.append(_joined(Cell("workers", label_width, QUIET), [heads] * len(groups)))
    rule = "─" * (sum(widths) + sum(GAPS) + len(SEPARATION) - 1)
    lines.append(Text(INDENT + "─" * (label_width + 1) + ("┼" + rule) * len(groups), QUIET))
    for key, label in labels.items():
        trials = [group.get(key) for _, group in groups]
        if any(trials):
            figures = [_figures(trial, widths) for trial in trials]
            # A label with no room beside its figures stands above them.
            too_long = len(label) > label_width
            lines += prose(label, label_width + group_width) if too_long else []
            lines.append(_joined(Cell("" if too_long else label, label_width), figures))
    return lines


def _names(names: Sequence[str], label_width: int, width: int) -> Lines:
    """Return the backends' names, each over its group; a long one takes several lines."""
    columns = [textwrap.wrap(name, width) for name in names]
    return [
        _joined(
            Cell("", label_width),
            [
                [Cell(part[level] if level < len(part) else "", width, "bold", left=True)]
                for part in columns
            ],
        )
        for level in range(max(map(len, columns), default=0))
    ]


def _joined(label: Cell, groups: Sequence[Sequence[Cell]]) -> Text:
    """Return one line: the label, then each group behind a quiet bar."""
    cells = [label]
    for group in groups:
        cells.append(Cell(SEPARATION, style=QUIET))
        for gap, cell in zip(GAPS, group, strict=False):
            cells += [Cell("", gap), cell]
    return row(cells, gap=0)


def _figures(trial: TrialSummary | None, widths: Sequence[int]) -> list[Cell]:
    texts = _texts(trial) if trial else ("", "", "")
    return [
        Cell(text, width, style, left=head == "predicted")
        for text, width, style, head in zip(texts, widths, STYLES, HEADS, strict=True)
    ]


def _texts(trial: TrialSummary) -> tuple[str, str, str]:
    return (
        percent(trial.hit_rate),
        _prediction(trial.predicted),
        count(trial.requests_per_second),
    )


def _prediction(predicted: Prediction | None) -> str:
    if predicted is None:
        return UNKNOWN
    interval = f"({points(predicted.low)}-{points(predicted.high)})"
    return f"{points(predicted.value)} {interval}"


def _widths(trials: Sequence[TrialSummary]) -> list[int]:
    """Return the width of each figure's column: the longest text in it."""
    columns = zip(HEADS, *map(_texts, trials), strict=True)
    return [max(map(len, column)) for column in columns]
