"""A check, a comparison of two runs, a baseline and all claims, as blocks. Formats, never judges.

A claim is shown with what was measured, and whether it holds.
"""

from collections.abc import Sequence

from harness.analysis.series import named_trials
from harness.analysis.summary import Summary
from harness.errors import ExitCode
from harness.gate.baseline import RunFigures, flat
from harness.gate.check import CheckResult, Claim
from harness.gate.compare import Change, Changes
from harness.metrics import METRICS
from harness.report.blocks import Block, Document, Heading, Prose, Section, Table
from harness.report.verdicts import TONES, WORDS, expected_text
from harness.text import count, number_of, percent, quantity
from harness.verdicts import Verdict

HEADS = ("before", "now", "no change within", "verdict")
TIMES = "Times of two runs drift with the machine: they are shown and decide nothing"
ENDINGS = {
    ExitCode.OK: "passed",
    ExitCode.USAGE: "not run",
    ExitCode.INFRASTRUCTURE: "not measured",
    ExitCode.INVALID: "not valid",
    ExitCode.FAILED: "FAILED",
    ExitCode.INCONCLUSIVE: "inconclusive",
}
COUNTED = {
    Verdict.PASS: "passed",
    Verdict.FAIL: "failed",
    Verdict.INCONCLUSIVE: "inconclusive",
    Verdict.NO_DATA: "not measured",
}


def last_line(check: CheckResult, code: int) -> str:
    """Return "harness check hit-rate: passed (5 passed), exit 0"; zeros are left out."""
    counted = [f"{check.count(one)} {word}" for one, word in COUNTED.items() if check.count(one)]
    ending = ENDINGS.get(ExitCode(code), "failed")
    return f"harness check {check.scenario}: {ending} ({', '.join(counted)}), exit {code}"


def check_document(check: CheckResult, summary: Summary | None, code: int) -> Document:
    """Return a check in short, for the summary of a job; `summary` None: nothing was measured."""
    # What has not changed is shown below, among all figures.
    cases = [one for one in check.cases if one.problem or one.part != "baseline"]
    sections: list[Section] = [
        [Heading(last_line(check, code), summary.question if summary else "")],
        [
            Table(
                ("check", "outcome", "found"),
                [(case.part, (case.name, WORDS[case.outcome], case.text)) for case in cases],
            )
        ],
    ]
    if summary and summary.trials:
        trials = [
            (
                name,
                (
                    percent(trial.hit_rate),
                    count(trial.lookups),
                    ", ".join(f"{cause} {count(n)}" for cause, n in trial.misses.items() if n),
                ),
            )
            for name, trial in named_trials(summary.trials)
        ]
        sections.append([Table(("hit rate", "lookups", "misses by cause"), trials)])
    return [*sections, *(changes_document(check.changes) if check.changes else ())]


def baseline_document(base: RunFigures) -> Document:
    """Return the baseline, trial by trial, each figure with its prediction."""
    identity = base.identity
    facts = [f"{name} {value}" for name, value in flat(base.environment).items() if value]
    sections: list[Section] = [
        [
            Heading(
                f"Baseline {base.name}",
                f"{identity.scenario}, seed {identity.seed}, trace {identity.trace}",
            ),
            Prose(f"Measured with {', '.join(facts)}."),
        ]
    ]
    for trial in base.trials:
        rows = [
            (name, (quantity(METRICS[name].unit, one.value), expected_text(name, one)))
            for name, one in trial.figures.items()
            if name in METRICS and (one.value or one.expected)
        ]
        sections.append([Prose(trial.name, "strong"), Table(("measured", "predicted"), rows)])
    return sections


def changes_document(changes: Changes) -> Document:
    """Return both runs side by side; what makes them incomparable in place of figures."""
    top: list[Block] = [
        Heading("Compared", f"{changes.base} -> {changes.found}"),
        Prose(_verdict_text(changes), TONES[changes.verdict]),
        *(Prose(difference) for difference in (*changes.differences, *changes.settings)),
    ]
    if changes.differences:
        return [top]
    facts = f"; here {', '.join(changes.environment_facts)}" if changes.environment_facts else ""
    sections: list[Section] = [[*top, Prose(f"{TIMES}{facts}.")]]
    for trial in dict.fromkeys(change.trial for change in changes.changes):
        rows = [one for one in changes.changes if one.trial == trial]
        notes = [
            Prose(f"{one.metric}: {note}", TONES[one.verdict] if one.verdict else "")
            for one in rows
            if (note := _note(one))
        ]
        sections.append(
            [
                Prose(trial, "strong"),
                Table(HEADS, [(one.metric, _cells(one)) for one in rows]),
                *notes,
            ]
        )
    return sections


def _verdict_text(changes: Changes) -> str:
    """Return the verdict with the figures behind it: "fail: 24 figures judged, 22 pass, 2 fail"."""
    if changes.differences:
        return f"{changes.verdict}: these runs cannot be compared"
    counts = {one: sum(each.verdict is one for each in changes.judged) for one in Verdict}
    counted = [f"{number} {verdict}" for verdict, number in counts.items() if number]
    judged = number_of(len(changes.judged), "figure")
    return f"{changes.verdict}: {judged} judged, {', '.join(counted) or 'none measured'}"


def _cells(change: Change) -> tuple[str, str, str, str]:
    """Return the figures of a change, as under `HEADS`."""
    unit = METRICS[change.metric].unit
    allowed = "" if change.allowed is None else quantity(unit, change.allowed)
    return (
        quantity(unit, change.base),
        quantity(unit, change.found),
        "exact" if change.allowed == 0 else allowed,
        "shown" if change.verdict is None or change.advisory else str(change.verdict),
    )


def _note(change: Change) -> str:
    """Return why a verdict is as it is, and which causes a loss of hits has; "" where it passes."""
    causes = f"more {' and '.join(change.causes)}" if change.causes else ""
    why = "" if METRICS[change.metric].timed else change.why  # the same for all times
    return "; ".join(filter(None, (causes, why)))


def claims_document(claims: Sequence[Claim]) -> Document:
    """Return the claims under their topics, each with its evidence, and a last line of counts."""
    sections: list[Section] = []
    for topic in dict.fromkeys(claim.topic for claim in claims):
        sections.append(
            [
                Heading(topic),
                *[block for one in claims if one.topic == topic for block in _claim(one)],
            ]
        )
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
