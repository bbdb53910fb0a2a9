"""The report of a run for a person at a terminal: `Summary` in, lines of text out.

Only arranges what the other modules of this package format, and computes no figure.
"""

from __future__ import annotations

from rich.console import Console, Group
from rich.text import Text

from harness.analysis.summary import Summary
from harness.report.break_even import render_break_even
from harness.report.environment import render_surroundings
from harness.report.evidence import render_banner, render_caveats, render_evidence
from harness.report.harmless import harmless_sentences
from harness.report.latency import render_ratios, render_times
from harness.report.layout import HEADING, QUIET, Lines, paragraphs, print_lines, prose
from harness.report.lesson import lesson_sentences
from harness.report.measures import render_expectations, render_measures
from harness.report.picture import render_picture
from harness.report.restart import render_recycling, render_restarts
from harness.report.table import render_table
from harness.report.workers import render_workers
from harness.text import number_of


def render_terminal(summary: Summary, width: int) -> Group:
    """Return the whole report, laid out for lines of at most `width` characters."""
    return Group(*_lines(summary, width))


def print_report(summary: Summary, console: Console) -> None:
    """Write the report to `console`, in its width and in what its encoding can say."""
    print_lines(_lines(summary, console.width), console)


def _lines(summary: Summary, width: int) -> Lines:
    """Return the report's lines, one empty line between its blocks."""
    trials = summary.trials
    # What is measured by its answers alone has no hit rate to be told.
    readers = trials if any(trial.lookups for trial in trials) or not summary.evidence else ()
    blocks = [
        render_banner(summary, width),
        _title(summary, width),
        render_measures(summary, width),
        render_expectations(summary, width),
        render_table(readers, width),
        render_break_even(summary, width),
        render_ratios(summary, width),
        render_times(summary, width),
        render_restarts(trials, width),
        render_recycling(trials, width),
        render_picture(trials, width),
        render_workers(readers, width),
        render_evidence(readers, width),
        render_caveats(trials, width),
        _lesson(summary, width),
        render_surroundings(summary, width),
    ]
    return [line for block in blocks if block for line in [*block, Text()]][:-1]


def _title(summary: Summary, width: int) -> Lines:
    trials = number_of(len(summary.trials), "trial")
    about = f"{summary.scenario}: {trials} in {summary.wall_s:.0f} s, seed {summary.seed}"
    question = " ".join(summary.question.split()) or summary.scenario
    title = prose(question, width, style=HEADING, indent="")
    return [*title, *prose(about, width, style=QUIET, indent="")]


def _lesson(summary: Summary, width: int) -> Lines:
    sentences = lesson_sentences(summary) if any(one.lookups for one in summary.trials) else ()
    told = [" ".join(sentences), *harmless_sentences(summary), *paragraphs(summary.lesson)]
    blocks = [prose(text, width) for text in told if text]
    lines = [line for block in blocks for line in [*block, Text()]]
    return [Text("Lesson", HEADING), *lines[:-1]] if lines else []
