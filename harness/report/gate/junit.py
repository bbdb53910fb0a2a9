"""A check as JUnit XML, as Jenkins, GitLab and the like read it (Jenkins' junit-10.xsd).

A case that could not be told is an error, an inconclusive one is skipped: neither is a pass.
"""

from __future__ import annotations

from collections.abc import Mapping
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from harness.gate.check import Case, CheckResult
from harness.verdicts import Verdict

TAGS: Mapping[Verdict, str] = {
    Verdict.FAIL: "failure",
    Verdict.NO_DATA: "error",
    Verdict.INCONCLUSIVE: "skipped",
}
ESCAPES = {number: None for number in range(32) if chr(number) not in "\t\n\r"}
"""Control characters, for which XML has no word."""


def render_junit(check: CheckResult, *, fail_on_inconclusive: bool = False) -> str:
    """Return the document, ending in a newline. With `fail_on_inconclusive` nothing is skipped."""
    tags = {**TAGS, **({Verdict.INCONCLUSIVE: "failure"} if fail_on_inconclusive else {})}
    suites = Element("testsuites")
    tagged = [tags.get(case.outcome) for case in check.cases]
    suite = SubElement(
        suites,
        "testsuite",
        name=f"harness check {check.scenario}",
        tests=str(len(check.cases)),
        failures=str(tagged.count("failure")),
        errors=str(tagged.count("error")),
        skipped=str(tagged.count("skipped")),
        time=f"{check.wall_s:.3f}",
    )
    for case, tag in zip(check.cases, tagged, strict=True):
        _case(suite, check.scenario, case, tag)
    indent(suites)
    declaration = '<?xml version="1.0" encoding="UTF-8"?>\n'
    return declaration + tostring(suites, encoding="unicode") + "\n"


def _case(suite: Element, scenario: str, case: Case, tag: str | None) -> None:
    found = SubElement(
        suite,
        "testcase",
        classname=f"harness.{_clean(scenario)}.{case.part}",
        name=_clean(case.name),
        time="0",
    )
    if tag is None:
        return
    told = SubElement(found, tag, message=_clean(case.told))
    if case.problem and tag != "skipped":
        told.set("type", case.problem.code)
        told.text = _clean(str(case.problem))


def _clean(text: str) -> str:
    return text.translate(ESCAPES)
