"""What a pipeline reads: JUnit, Markdown, annotations, JSON, the last line of the log."""

from __future__ import annotations

import json
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from harness.analysis.summary import Summary
from harness.errors import InfrastructureError, Problem
from harness.gate.check import Case, CheckResult, broken, checked
from harness.gate.compare import compare
from harness.report.blocks import Document
from harness.report.formats.markdown import render_markdown
from harness.report.formats.terminal import document_lines
from harness.report.gate import (
    baseline_document,
    changes_document,
    check_document,
    last_line,
    render_annotations,
    render_check_json,
    render_junit,
)
from harness.verdicts import Verdict
from tests.recorded import run, scenario, trial
from tests.summaries import judged, make_summary

UNKNOWN = judged(metric="hit_rate", verdict="no-data")
SUMMARY = make_summary(expectations=(judged(verdict="pass"), UNKNOWN))


def a_check(hits: int = 1900) -> CheckResult:
    return checked(SUMMARY, compare(run(), run(trial(1), trial(4, hits))))


def nasty(outcome: Verdict = Verdict.FAIL) -> CheckResult:
    problem = Problem(code="HX510", where="a|b", what="50 %\n<b>\x1b[31m")
    case = Case(
        part="expectations",
        name="x: y, z",
        outcome=outcome,
        text="50 %\n<b> | \x1b",
        problem=problem,
    )
    return CheckResult(scenario="my, own: one", cases=(case,))


def markdown(check: CheckResult, code: int, summary: Summary | None = None) -> str:
    return render_markdown(check_document(check, summary, code))


def printed(document: Document, width: int = 80) -> str:
    return "\n".join(line.plain for line in document_lines(document, width))


def test_junit_counts_what_it_lists() -> None:
    suites = ElementTree.fromstring(render_junit(a_check()))
    (suite,) = suites
    assert suite.tag == "testsuite"
    for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        assert int(suite.attrib[name]) == len(suite.findall(f"testcase/{tag}"))
    assert int(suite.attrib["tests"]) == len(suite.findall("testcase"))
    assert float(suite.attrib["time"]) == SUMMARY.wall_s
    assert suite.findall("testcase/failure")[0].attrib["type"] == "HX512"
    assert suite.findall("testcase/error")[0].attrib["type"] == "HX511"


def test_junit_holds_to_what_the_common_schema_allows() -> None:
    """Jenkins' junit-10.xsd: these elements, in this order, with these attributes."""
    suites = ElementTree.fromstring(render_junit(a_check()))
    assert (suites.tag, suites.attrib) == ("testsuites", {})
    for suite in suites:
        assert set(suite.attrib) == {"name", "tests", "failures", "errors", "skipped", "time"}
        for case in suite:
            assert (case.tag, set(case.attrib)) == ("testcase", {"classname", "name", "time"})
            for reported in case:
                assert reported.tag in ("failure", "error", "skipped")
                assert set(reported.attrib) <= {"message", "type"}
    names = [(one.attrib["classname"], one.attrib["name"]) for one in suites.iter("testcase")]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(("strict", "tag"), [(False, "skipped"), (True, "failure")])
def test_doubt_is_skipped_in_junit_unless_it_is_to_fail(strict: bool, tag: str) -> None:
    suites = ElementTree.fromstring(render_junit(a_check(2220), fail_on_inconclusive=strict))
    doubts = suites.findall(f".//testcase/{tag}")
    assert any("it may be chance" in one.attrib["message"] for one in doubts)


def test_junit_survives_what_xml_has_no_word_for() -> None:
    suites = ElementTree.fromstring(render_junit(nasty()))
    (reported,) = suites.findall(".//failure")
    assert "50 %" in reported.attrib["message"]
    assert "<b>" in str(reported.text)


def test_annotations_are_one_line_each_with_their_marks_escaped() -> None:
    (line,) = render_annotations(nasty())
    assert line.startswith("::error title=harness check my%2C own%3A one::HX510 x: y, z: 50 %25%0A")
    (doubt,) = render_annotations(nasty(Verdict.INCONCLUSIVE))
    assert doubt.startswith("::warning ")
    assert list(render_annotations(nasty(Verdict.PASS))) == []


def test_markdown_tells_what_fails_and_why() -> None:
    reported = markdown(a_check(), 5, SUMMARY)
    assert reported.startswith("### harness check hit-rate: FAILED (")
    assert "| baseline | hit_rate, locmem, 4 workers: not worse than before | FAILS |" in reported
    assert "more misses.fragmentation" in reported
    assert "| locmem, 4 workers | 76.0 % | 3,000 | first 284, fragmentation 435 |" in reported


def test_markdown_keeps_its_cells_apart() -> None:
    rows = [line for line in markdown(nasty(), 5).splitlines() if "HX" not in line]
    (row,) = (line for line in rows if line.startswith("| expectations"))
    assert row.replace(r"\|", "").count("|") == 5
    assert "&lt;b>" in row


def test_json_has_the_run_and_what_came_of_it() -> None:
    reported = json.loads(render_check_json(a_check(), SUMMARY, 5))
    assert reported["trials"][0]["backend"] == "locmem"
    assert reported["check"]["exit_code"] == 5
    assert reported["check"]["changes"]["verdict"] == "fail"
    assert {case["outcome"] for case in reported["check"]["cases"]} == {"pass", "fail", "no-data"}


def test_a_check_that_measured_nothing_is_reported_in_every_form() -> None:
    check = broken(
        "hit-rate", InfrastructureError(Problem(code="HX302", where="redis", what="not here"))
    )
    assert 'errors="1"' in render_junit(check)
    assert "not here" in markdown(check, 3)
    assert json.loads(render_check_json(check, None, 3))["check"]["exit_code"] == 3
    assert last_line(check, 3) == "harness check hit-rate: not measured (1 not measured), exit 3"


@pytest.mark.parametrize("width", [80, 120])
def test_two_runs_side_by_side_keep_within_the_width(width: int) -> None:
    changes = compare(run(), run(trial(1), trial(4, 1900)))
    text = printed(changes_document(changes), width)
    assert max(map(len, text.splitlines())) <= width
    assert "76.0 %" in text
    assert "63.3 %" in text
    assert "fail" in text
    assert "more misses.fragmentation" in text
    assert "decide nothing" in " ".join(text.split())


def test_runs_that_cannot_be_compared_show_why_and_no_figure() -> None:
    changes = compare(run(), run(of=scenario(seed=2)))
    text = printed(changes_document(changes))
    assert "seed was 1, is 2" in text
    assert "hit_rate" not in text


def test_other_surroundings_are_named_beside_the_times() -> None:
    changes = compare(
        replace(run(), environment={"cores": 2}), replace(run(), environment={"cores": 8})
    )
    text = " ".join(printed(changes_document(changes)).split())
    assert "cores was 2, is 8" in text


def test_a_baseline_shows_its_figures_with_their_predictions() -> None:
    text = printed(baseline_document(run()))
    assert "trace " in text
    assert "74.8 % to 77.0 %" in text
