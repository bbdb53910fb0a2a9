"""A check as a pipeline reads it: JUnit XML, annotations of GitHub Actions, JSON."""

from collections.abc import Iterator, Mapping
from typing import Any
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from harness.analysis.summary import Summary
from harness.gate.check import CheckResult
from harness.gate.compare import Changes
from harness.report.formats.json import as_json, plain
from harness.verdicts import Verdict

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
        if tag is None:
            continue
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
