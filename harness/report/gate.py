"""A check, a comparison of two runs, a baseline and all claims, as blocks. Formats, never judges.

A claim is shown with what was measured, and whether it holds. Also a check as a pipeline reads it:
JUnit XML, annotations of GitHub Actions, JSON.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from harness.analysis.conclusions import named_trials
from harness.analysis.summary import Summary
from harness.errors import ExitCode
from harness.gate.baseline import RunFigures, flat
from harness.gate.check import CheckResult, Claim
from harness.gate.compare import Change, Changes
from harness.metrics import METRICS
from harness.report.blocks import Block, Document, Heading, Prose, Section, Table
from harness.report.formats.json import as_json, plain
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
    sections: list[Section] = [
        [Heading(topic), *(block for one in claims if one.topic == topic for block in _claim(one))]
        for topic in dict.fromkeys(claim.topic for claim in claims)
    ]
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


TAGS: Mapping[Verdict, str] = {
    Verdict.FAIL: "failure",
    Verdict.NO_DATA: "error",
    Verdict.INCONCLUSIVE: "skipped",
}
LEVELS: Mapping[Verdict, str] = {
    Verdict.FAIL: "error",
    Verdict.NO_DATA: "error",
    Verdict.INCONCLUSIVE: "warning",
}
ESCAPES = {number: None for number in range(32) if chr(number) not in "\t\n\r"}
"""Control characters, which XML cannot hold."""


def render_junit(check: CheckResult, *, fail_on_inconclusive: bool = False) -> str:
    """Return a check as JUnit XML (Jenkins' junit-10.xsd), ending in a newline.

    A case that was not measured is an error, an inconclusive one is skipped: neither is a pass.
    With `fail_on_inconclusive` nothing is skipped.
    """
    tags = {**TAGS, **({Verdict.INCONCLUSIVE: "failure"} if fail_on_inconclusive else {})}
    suites = Element("testsuites")
    tagged = [tags.get(case.outcome) for case in check.cases]
    scenario = _clean(check.scenario)
    suite = SubElement(
        suites,
        "testsuite",
        name=f"harness check {scenario}",
        tests=str(len(check.cases)),
        failures=str(tagged.count("failure")),
        errors=str(tagged.count("error")),
        skipped=str(tagged.count("skipped")),
        time=f"{check.wall_s:.3f}",
    )
    for case, tag in zip(check.cases, tagged, strict=True):
        found = SubElement(
            suite,
            "testcase",
            classname=f"harness.{scenario}.{case.part}",
            name=_clean(case.name),
            time="0",
        )
        if tag:
            outcome = SubElement(found, tag, message=_clean(case.text))
            if case.problem and tag != "skipped":
                outcome.set("type", case.problem.code)
                outcome.text = _clean(str(case.problem))
    indent(suites)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(suites, encoding="unicode") + "\n"


def render_annotations(check: CheckResult) -> Iterator[str]:
    """Yield a workflow command of GitHub Actions for each case that does not pass."""
    for case in check.cases:
        if level := LEVELS.get(case.outcome):
            # In a property, a colon and a comma have a meaning too.
            title = _data(f"harness check {check.scenario}").replace(":", "%3A").replace(",", "%2C")
            code = f"{case.problem.code} " if case.problem else ""
            yield f"::{level} title={title}::{_data(f'{code}{case.name}: {case.text}')}"


def render_check_json(check: CheckResult, summary: Summary | None, exit_code: int) -> str:
    """Return the run with a key "check", ending in a newline; that key alone without a run."""
    content: dict[str, Any] = plain(summary) if summary else {}
    content["check"] = {
        "scenario": check.scenario,
        "exit_code": exit_code,
        "cases": plain(check.cases),
        "changes": _changes(check.changes) if check.changes else None,
    }
    return as_json(content)


def render_changes_json(changes: Changes) -> str:
    """Return a comparison, ending in a newline."""
    return as_json(_changes(changes))


def _changes(changes: Changes) -> dict[str, Any]:
    return {"verdict": str(changes.verdict), **plain(changes)}


def _clean(text: str) -> str:
    return text.translate(ESCAPES)


def _data(text: str) -> str:
    """Return text as the value of a workflow command, which ends with its line."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
