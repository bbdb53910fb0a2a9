"""A check as Markdown, for the summary of a job or a comment on a change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from harness.analysis.series import named_trials
from harness.analysis.summary import Summary
from harness.gate.changes import Changes
from harness.gate.check import Case, CheckResult
from harness.report.gate.changes import (
    HEADS,
    cells,
    notes,
    times_words,
    verdict_words,
)
from harness.report.gate.last_line import last_line
from harness.text import count, percent
from harness.verdicts import Verdict

MARKS = {
    Verdict.PASS: "holds",
    Verdict.FAIL: "**fails**",
    Verdict.INCONCLUSIVE: "*inconclusive*",
    Verdict.NO_DATA: "**not known**",
}


def render_markdown(check: CheckResult, summary: Summary | None, exit_code: int) -> str:
    """Return the document, ending in a newline. `summary` None: nothing was measured."""
    lines = [f"## {last_line(check, exit_code)}", ""]
    if summary and summary.question:
        lines += [_text(summary.question), ""]
    # What is as in the baseline stands below, among all figures.
    cases = [one for one in check.cases if one.problem or one.part != "baseline"]
    lines += _table(("part", "held to", "", "found"), map(_row, cases))
    if summary and summary.trials:
        lines += [
            "",
            *_table(("trial", "hit rate", "lookups", "misses by cause"), _trials(summary)),
        ]
    if check.changes:
        lines += ["", *_changes(check.changes)]
    return "\n".join(lines) + "\n"


def _row(case: Case) -> Sequence[str]:
    return case.part, case.name, MARKS[case.outcome], case.told


def _trials(summary: Summary) -> Iterator[Sequence[str]]:
    for name, trial in named_trials(summary.trials):
        misses = ", ".join(f"{cause} {count(n)}" for cause, n in trial.misses.items() if n)
        yield name, percent(trial.hit_rate), count(trial.lookups), misses


def _changes(changes: Changes) -> Iterator[str]:
    yield f"### {_text(changes.base)} -> {_text(changes.found)}"
    yield ""
    yield _text(verdict_words(changes))
    yield ""
    yield from (f"* {_text(one)}" for one in (*changes.differences, *changes.settings))
    if changes.differences:
        return
    yield f"* {_text(times_words(changes))}"
    yield ""
    yield "<details><summary>Every figure</summary>"
    yield ""
    rows = ((one.trial, one.metric, *cells(one), notes(one)) for one in changes.changes)
    yield from _table(("trial", "metric", *HEADS, ""), rows)
    yield ""
    yield "</details>"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield _line(heads)
    yield _line(["---"] * len(heads))
    yield from (_line([_text(cell) for cell in row]) for row in rows)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _text(text: str) -> str:
    """Return text on one line that ends no cell and opens no tag."""
    return " ".join(text.split()).replace("|", r"\|").replace("<", "&lt;")
