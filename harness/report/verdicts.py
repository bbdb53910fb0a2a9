"""How each verdict reads, and the figures that support a scenario's claim.

Each figure is next to what theory expects of it.
"""

from collections.abc import Mapping

from harness.analysis.conclusions import named_trials
from harness.analysis.metrics import figure
from harness.analysis.summary import ExpectationResult, Figure, Summary
from harness.metrics import METRICS
from harness.report.blocks import Heading, Prose, Section, Table, Tone
from harness.text import quantity
from harness.verdicts import Verdict

WORDS: Mapping[Verdict, str] = {
    Verdict.PASS: "holds",
    Verdict.FAIL: "FAILS",
    Verdict.INCONCLUSIVE: "inconclusive",
    Verdict.NO_DATA: "not measured",
}
"""What became of an expectation, a claim or another case."""

TONES: Mapping[Verdict, Tone] = {
    Verdict.PASS: "good",
    Verdict.IMPROVED: "good",
    Verdict.FAIL: "bad",
    Verdict.INCONCLUSIVE: "warning",
    Verdict.NO_DATA: "doubt",
    Verdict.INCOMPARABLE: "bad",
}


CAPTION = "Measured, and in brackets what theory expects of these requests at random workers."


def measures_section(summary: Summary) -> Section:
    """Return the scenario's evidence for each trial; empty for a scenario that names none."""
    names = summary.evidence
    if not names or not summary.trials:
        return []
    return [
        Heading("Evidence for the claim", CAPTION),
        *(Prose(f"{name}: {METRICS[name].meaning}") for name in names),
        Table(
            names,
            [
                (label, [_with_expected(name, figure(trial, name)) for name in names])
                for label, trial in named_trials(summary.trials)
            ],
        ),
    ]


def expectations_section(summary: Summary) -> Section:
    """Return each expectation with its verdict; empty for a scenario without any."""
    found = [Prose(expectation(one), TONES[one.verdict]) for one in summary.expectations]
    return [Heading("Expectations", summary.claim), *found] if found else []


def expectation(one: ExpectationResult) -> str:
    """Return one verdict as a sentence."""
    value = f", {one.trial}: {quantity(one.unit, one.value)}" if one.trial else ""
    absent = "" if one.absent is None else f"{quantity(one.unit, one.absent)} without the fault"
    details = "; ".join(filter(None, (f"wanted {one.wanted}", absent, one.why)))
    return f"{WORDS[one.verdict]}: {one.metric}{value} ({details})"


def expected_text(name: str, found: Figure) -> str:
    """Return what is expected of a figure: "1.28 to 1.36", or one number; "" where nothing is."""
    if found.expected is None:
        return ""
    low, high = (
        quantity(METRICS[name].unit, one) for one in (found.expected.low, found.expected.high)
    )
    return low if low == high else f"{low} to {high}"


def _with_expected(name: str, found: Figure) -> str:
    text, expected = quantity(METRICS[name].unit, found.value), expected_text(name, found)
    return f"{text} ({expected})" if expected and found.value is not None else text
