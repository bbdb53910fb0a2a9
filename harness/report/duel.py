"""The result of a duel for a person at a terminal, and one line of it for a log."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from rich.text import Text

from harness.analysis.summary import Summary, TrialSummary
from harness.gate.duel import DuelResult
from harness.gate.duel_metrics import MetricResult
from harness.gate.rules import RULES, SHAPE, Rule
from harness.report.blocks import Table
from harness.report.document import banner, caveats_section, environment_section
from harness.report.drawing.layout import HEADING, QUIET, Lines, prose
from harness.report.drawing.tables import draw_table
from harness.report.formats.terminal import document_lines
from harness.text import UNKNOWN, count, duration, percent, three_digits
from harness.verdicts import Verdict

HEADS = ("base", "candidate", "ratio or change", "verdict")
HIDDEN = ("percentile-withheld",)
"""Caveats about figures that this report does not show."""
NAMES = {
    "failed": "failed requests",
    "hit_rate": "hit rate",
    "origin_calls_per_request": "origin calls",
    "cpu_per_request": "server CPU",
    "request_median": "median request",
    "request_mean": "mean request",
    "request_p90": "p90 of requests",
    "request_hit_median": "median hit",
    "request_miss_median": "median miss",
    "lookup_median": "median lookup",
}
CAUSES = {
    "first": "nobody had stored the key",
    "fragmentation": "another worker had it",
    "restart": "an earlier worker had it and took it along",
    "expired": "its timeout had passed",
    "evicted": "MAX_ENTRIES had pushed it out",
    "unexplained": "a replay says that they should have been hits",
}
STYLES = {
    Verdict.PASS: "bold green",
    Verdict.IMPROVED: "bold green",
    Verdict.FAIL: "bold red",
}
MOST_TIMES_MORE = 100
_RULES = {rule.name: rule for rule in RULES}


def render_duel(duel: DuelResult, summary: Summary, width: int) -> Lines:
    """Return the whole report of a duel; its last line says all, for a log."""
    blocks = [
        document_lines([banner(summary)], width),
        _title(duel, summary, width),
        draw_table(Table(HEADS, [_row(one) for one in duel.findings]), width),
        _conclusion(duel, width),
        prose(_method(duel), width, style=QUIET),
        document_lines([caveats_section(_without_hidden(summary))], width),
        document_lines([environment_section(summary)], width),
        [Text(last_line(duel), STYLES.get(duel.verdict, HEADING))],
    ]
    return [line for block in blocks if block for line in [*block, Text()]][:-1]


def last_line(duel: DuelResult) -> str:
    """Return the result in one line: "duel: fail (server CPU +10.2 %), 120 rounds in 34 s"."""
    moved = [one for one in duel.findings if one.verdict is duel.verdict]
    changed = duel.verdict in (Verdict.FAIL, Verdict.IMPROVED)
    more = f" and {len(moved) - 1} more" if len(moved) > 1 else ""
    why = f" ({NAMES[moved[0].metric]} {_change(moved[0])}{more})" if changed else ""
    return f"duel: {duel.verdict}{why}, {_length(duel)}"


def _without_hidden(summary: Summary) -> list[TrialSummary]:
    return [
        replace(trial, caveats=tuple(one for one in trial.caveats if one.code not in HIDDEN))
        for trial in summary.trials
    ]


def _title(duel: DuelResult, summary: Summary, width: int) -> Lines:
    title = f"{duel.candidate} against {duel.base}"
    about = (
        f"{summary.scenario}, seed {summary.seed}: {_length(duel)}, base and candidate in turns, "
        "with the same requests"
    )
    return [*prose(title, width, style=HEADING, indent=""), *prose(about, width, style=QUIET)]


def _length(duel: DuelResult) -> str:
    return f"{count(duel.rounds)} rounds in {duel.seconds:.0f} s"


def _row(found: MetricResult) -> tuple[str, Sequence[str]]:
    cells = [_level(found, found.base), _level(found, found.candidate), _moved(found)]
    return NAMES[found.metric], [*cells, found.verdict]


def _level(found: MetricResult, value: float | None) -> str:
    rule = _rule(found)
    if value is None:
        return UNKNOWN
    if rule.unit == "s":
        return duration(value)
    return percent(value) if rule.unit == "share" else f"{value:.3f}"


def _moved(found: MetricResult) -> str:
    """Return the ratio or the difference with its interval; nothing without data."""
    if found.change is None or found.low is None or found.high is None:
        return ""
    if _rule(found).scale == "ratio":
        value, low, high = (_ratio(1 + one) for one in (found.change, found.low, found.high))
        return f"{value} ({low}-{high})"
    unit = " pt" if _is_share(found) else ""
    value, low, high = (_signed(found, one) for one in (found.change, found.low, found.high))
    return f"{value} ({low} to {high}){unit}"


def _ratio(value: float) -> str:
    if math.isinf(value):
        return "any"
    return f"{value:.3f}" if value < 10 else three_digits(value)


def _change(found: MetricResult) -> str:
    """Return the change alone: "+10.2 %", "x29.4", "-12.0 points", "+0.120"."""
    if found.change is None:
        return UNKNOWN
    if _rule(found).scale == "ratio":
        if found.change >= 1:
            return f"x{three_digits(1 + found.change)}"
        return f"{100 * found.change:+.1f} %"
    return _signed(found, found.change) + (" points" if _is_share(found) else "")


def _signed(found: MetricResult, change: float) -> str:
    if math.isinf(change):
        return "any"
    return f"{100 * change:+.1f}" if _is_share(found) else f"{change:+.3f}"


def _rule(found: MetricResult) -> Rule:
    return _RULES[found.metric]


def _is_share(found: MetricResult) -> bool:
    return _rule(found).unit == "share"


def _conclusion(duel: DuelResult, width: int) -> Lines:
    told = [_verdict(duel), _lost_hits(duel), _shape(duel), *_needed(duel)]
    return [line for text in told if text for line in prose(text, width)]


def _verdict(duel: DuelResult) -> str:
    def told(verdict: Verdict) -> str:
        found = [one for one in duel.findings if one.verdict is verdict]
        return ", ".join(f"{NAMES[one.metric]} {_change(one)}" for one in found)

    match duel.verdict:
        case Verdict.FAIL:
            return f"The candidate is worse: {told(Verdict.FAIL)}."
        case Verdict.IMPROVED:
            return f"The candidate is better: {told(Verdict.IMPROVED)}, and nothing is worse."
        case Verdict.PASS:
            return "No difference of weight: each change lies within its floor."
        case Verdict.INCONCLUSIVE:
            return f"It could not be told within the budget of {duel.budget_s:g} s."
    return "There is no verdict: too few rounds stand behind what has to be known."


def _lost_hits(duel: DuelResult) -> str:
    if not duel.cause:
        return ""
    before, after = (percent(share) for share in duel.misses[duel.cause])
    return (
        f"Hits were lost to {duel.cause}: {CAUSES[duel.cause]} in {after} of the lookups, "
        f"{before} before."
    )


def _shape(duel: DuelResult) -> str:
    """Return that the times have changed where their median does not show it."""
    found = {one.metric: one for one in duel.findings}
    moved = (Verdict.FAIL, Verdict.IMPROVED)
    if found["request_median"].verdict in moved:
        return ""
    told = [
        f"{NAMES[name]} {_change(found[name])}" for name in SHAPE if found[name].verdict in moved
    ]
    return f"The median hides a change of shape: {', '.join(told)}." if told else ""


def _needed(duel: DuelResult) -> list[str]:
    """Return the rounds that each required metric in doubt would take."""
    if duel.verdict is not Verdict.INCONCLUSIVE:
        return []
    return [
        f"{NAMES[one.metric]}: about {count(one.rounds_needed)} rounds would tell."
        if one.rounds_needed and one.rounds_needed <= MOST_TIMES_MORE * one.rounds
        else f"{NAMES[one.metric]}: over {MOST_TIMES_MORE} times as many rounds would be needed."
        for one in duel.findings
        if one.verdict is Verdict.INCONCLUSIVE and _rule(one).required
    ]


def _method(duel: DuelResult) -> str:
    floors = dict.fromkeys(
        f"{100 * one.floor:.1f} %"
        for one in duel.findings
        if one.floor is not None and _rule(one).scale == "ratio"
    )
    of_times = f" (of times {', '.join(floors)})" if floors else ""
    return (
        f"All {len(duel.findings)} intervals hold together with {1 - duel.alpha:.0%}, whenever the "
        "duel stops (Bonferroni; a Bayes factor of the t test over pairs of rounds). Worse or "
        f"better: the change is beyond its floor{of_times} and its interval excludes none. Origin "
        "calls and server CPU are per request, the CPU at equal hits; hits are per lookup."
    )
