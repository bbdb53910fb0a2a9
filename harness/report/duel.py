"""The result of a duel as blocks, and one line of it for a log."""

import math
from collections.abc import Sequence
from dataclasses import replace

from harness.analysis.summary import Summary
from harness.gate.duel import REQUIRED, DuelResult, MetricResult
from harness.metrics import METRICS, Metric
from harness.report.blocks import Document, Prose, Section, Table
from harness.report.document import banner, caveats_section, environment_section
from harness.report.hit_rate import MEANINGS
from harness.report.verdicts import TONES
from harness.text import UNKNOWN, number_of, percent, quantity, three_digits
from harness.verdicts import Verdict

HEADS = ("base", "candidate", "ratio or change", "verdict")
HIDDEN = ("percentile-withheld",)
"""Caveats about figures that this report does not show."""
SHAPE = ("request_p90_s", "request_hit_p50_s", "request_miss_p50_s")
"""Hits and misses are two modes, and the median may stay the same while one moves."""
MOVED = (Verdict.FAIL, Verdict.IMPROVED)
MOST_TIMES_MORE = 100


def duel_document(duel: DuelResult, summary: Summary) -> Document:
    """Return the whole report of a duel; its last line is a summary for a log."""
    about = (
        f"{summary.scenario}, seed {summary.seed}: {_length(duel)}, base and candidate interleaved,"
        " with the same requests"
    )
    shown = [
        replace(trial, caveats=tuple(one for one in trial.caveats if one.code not in HIDDEN))
        for trial in summary.trials
    ]
    conclusion = [_verdict(duel), _lost_hits(duel), _shape(duel), *_needed(duel)]
    sections: Sequence[Section] = (
        banner(summary),
        [
            Prose(f"{duel.candidate} compared with {duel.base}", "strong", level=0),
            Prose(about, "quiet"),
        ],
        [Table(HEADS, [_row(one) for one in duel.findings])],
        [Prose(text) for text in conclusion if text],
        [Prose(_method(duel), "quiet")],
        caveats_section(shown),
        environment_section(summary),
        [Prose(last_line(duel), TONES[duel.verdict], level=0)],
    )
    return [section for section in sections if section]


def last_line(duel: DuelResult) -> str:
    """Return the result in one line: "duel: fail (server CPU +10.2 %), 120 rounds in 34 s"."""
    moved = [one for one in duel.findings if one.verdict is duel.verdict]
    more = f" and {len(moved) - 1} more" if len(moved) > 1 else ""
    why = f" ({_moved(moved[0])}{more})" if duel.verdict in MOVED else ""
    return f"duel: {duel.verdict}{why}, {_length(duel)}"


def _length(duel: DuelResult) -> str:
    return f"{number_of(duel.rounds, 'round')} in {duel.seconds:.0f} s"


def _row(found: MetricResult) -> tuple[str, Sequence[str]]:
    metric = METRICS[found.metric]
    levels = [
        f"{one:.3f}" if one is not None and metric.unit == "factor" else quantity(metric.unit, one)
        for one in (found.base, found.candidate)
    ]
    return metric.label, [*levels, _interval(found), found.verdict]


def _interval(found: MetricResult) -> str:
    """Return the ratio or the difference with its interval; nothing without data."""
    if found.change is None or found.low is None or found.high is None:
        return ""
    metric = METRICS[found.metric]
    texts = [_change(metric, one) for one in (found.change, found.low, found.high)]
    points = " pt" if metric.unit == "share" else ""
    return "{} ({}-{})".format(*texts) if metric.timed else "{} ({} to {})".format(*texts) + points


def _change(metric: Metric, change: float) -> str:
    """Return a change as the ratio of a time, or as a difference in points or in the unit."""
    if math.isinf(change):
        return "any"
    if metric.timed:
        return f"{1 + change:.3f}" if change < 9 else three_digits(1 + change)
    return f"{100 * change:+.1f}" if metric.unit == "share" else f"{change:+.3f}"


def _moved(found: MetricResult) -> str:
    """Return a metric with its change alone: "server CPU +10.2 %", "hit rate -12.0 points"."""
    metric, change = METRICS[found.metric], found.change
    if change is None:
        return f"{metric.label} {UNKNOWN}"
    if metric.timed:
        text = f"x{three_digits(1 + change)}" if change >= 1 else f"{100 * change:+.1f} %"
        return f"{metric.label} {text}"
    return f"{metric.label} {_change(metric, change)}{' points' * (metric.unit == 'share')}"


def _verdict(duel: DuelResult) -> str:
    moved = ", ".join(_moved(one) for one in duel.findings if one.verdict is duel.verdict)
    texts = {
        Verdict.FAIL: f"The candidate is worse: {moved}.",
        Verdict.IMPROVED: f"The candidate is better: {moved}, and nothing is worse.",
        Verdict.PASS: "No significant difference: each change lies within its minimum effect size.",
        Verdict.INCONCLUSIVE: f"Undecided within the budget of {duel.budget_s:g} s.",
    }
    return texts.get(duel.verdict, "There is no verdict: too few rounds were measured.")


def _lost_hits(duel: DuelResult) -> str:
    if not duel.cause:
        return ""
    before, after = (percent(share) for share in duel.misses[duel.cause])
    return (
        f"Hits were lost to {duel.cause} ({MEANINGS[duel.cause]}): {after} of the lookups,"
        f" {before} before."
    )


def _shape(duel: DuelResult) -> str:
    """Return which times have changed where their median does not show it."""
    found = {one.metric: one for one in duel.findings}
    if found["request_p50_s"].verdict in MOVED:
        return ""
    moved = [_moved(found[name]) for name in SHAPE if found[name].verdict in MOVED]
    return f"The median hides a change of shape: {', '.join(moved)}." if moved else ""


def _needed(duel: DuelResult) -> list[str]:
    """Return the rounds that each required metric in doubt would take."""
    if duel.verdict is not Verdict.INCONCLUSIVE:
        return []
    return [
        f"{METRICS[one.metric].label}: about {number_of(one.rounds_needed, 'round')} would decide."
        if one.rounds_needed and one.rounds_needed <= MOST_TIMES_MORE * one.rounds
        else f"{METRICS[one.metric].label}: more than {MOST_TIMES_MORE} times as many rounds would"
        " be needed."
        for one in duel.findings
        if one.verdict is Verdict.INCONCLUSIVE and one.metric in REQUIRED
    ]


def _method(duel: DuelResult) -> str:
    least = dict.fromkeys(
        f"{100 * one.min_effect:.1f} %"
        for one in duel.findings
        if one.min_effect is not None and METRICS[one.metric].timed
    )
    of_times = f" (of times {', '.join(least)})" if least else ""
    return (
        f"All {len(duel.findings)} intervals hold together with {1 - duel.alpha:.0%}, whenever the "
        "duel stops (Bonferroni; a Bayes factor of the t test over pairs of rounds). Worse or "
        f"better: the change exceeds its minimum effect size{of_times} and its interval excludes "
        '"no change". Origin calls and server CPU are per request, the CPU at equal hits; hits are '
        "per lookup."
    )
