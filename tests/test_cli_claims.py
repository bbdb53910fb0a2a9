"""`harness claims` tells what became of each claim, and its exit code says whether all hold."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from harness.cli import measure
from harness.cli.main import main
from harness.errors import InfrastructureError, Problem
from harness.gate.check import claim_of, claim_problems, claims_exit_code
from harness.measure.plan import Plan
from harness.report.formats.terminal import document_lines
from harness.report.gate import claims_document, conclusion
from harness.runs import Run
from harness.scenario.load import TOPICS, catalogue
from harness.verdicts import Verdict
from tests.summaries import judged, make_claim, make_run, make_summary


def stub(monkeypatch: pytest.MonkeyPatch, verdict: str) -> None:
    def measured(plan: Plan, _out: object = None) -> Run:
        one, name = judged(verdict=verdict), plan.scenario.name
        return make_run(replace(make_summary(), scenario=name, claim="C", expectations=(one,)))

    monkeypatch.setattr(measure, "measured", measured)


@pytest.mark.parametrize(("verdict", "code"), [("pass", 0), ("fail", 5), ("no-data", 4)])
def test_the_exit_code_says_whether_all_claims_hold(
    verdict: str, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stub(monkeypatch, verdict)
    assert main(["claims", "throttle", "hit-rate", "--format", "json"]) == code
    reported = json.loads(capsys.readouterr().out)
    assert [(one["scenario"], one["verdict"]) for one in reported] == [
        ("throttle", verdict),
        ("hit-rate", verdict),
    ]


def test_a_part_that_is_missing_is_a_named_gap_and_the_others_are_measured(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stub(monkeypatch, "pass")
    measured = measure.measured

    def without_nginx(plan: Plan, out: Path | None = None) -> Run:
        if plan.scenario.name == "servers":
            raise InfrastructureError(Problem(code="HX306", where="nginx", what="is not here"))
        return measured(plan, out)

    monkeypatch.setattr(measure, "measured", without_nginx)
    assert main(["claims", "servers", "throttle"]) == 3
    reported = capsys.readouterr().out
    assert "not measured" in reported
    assert "HX306" in reported
    assert "1 of 2 claims holds" in reported


@pytest.mark.parametrize(
    ("verdicts", "broken", "code"),
    [
        ("pass pass", False, 0),
        ("no-data pass", False, 4),
        ("no-data fail", False, 5),
        ("no-data fail", True, 5),
        ("no-data pass", True, 3),
    ],
)
def test_the_worst_claim_decides_as_it_does_in_a_check(
    verdicts: str, broken: bool, code: int
) -> None:
    first, *rest = (make_claim("x", verdict) for verdict in verdicts.split())
    claims = [replace(first, problem="HX302 redis: not here" if broken else ""), *rest]
    assert claims_exit_code(claims) == code
    codes = {problem.code for problem in claim_problems(claims, "runs/x")}
    known = {"fail": "HX510", "no-data": "HX511"}
    assert codes == {known[verdict] for verdict in verdicts.split() if verdict in known}


def test_a_run_that_is_not_valid_shows_nothing_of_its_claim() -> None:
    summary = make_summary(valid=False, expectations=(judged(verdict="fail"),))
    assert claim_of("What breaks", summary).verdict is Verdict.NO_DATA


def test_every_scenario_has_a_topic_a_claim_and_evidence_that_can_fail() -> None:
    for path, scenario in catalogue():
        assert scenario.topic in TOPICS, path.name
        assert scenario.claim, path.name
        assert scenario.lesson, path.name
        assert scenario.look, path.name
        assert scenario.evidence, path.name
        assert any(one.fails_for is not None for one in scenario.expect), path.name


@pytest.mark.parametrize("width", [80, 120])
def test_the_table_keeps_within_its_width(width: int) -> None:
    claims = [make_claim("holds-true"), make_claim("other", verdict="fail")]
    assert all(len(line.plain) <= width for line in document_lines(claims_document(claims), width))
    assert conclusion(claims).startswith("1 of 2 claims holds")
    assert conclusion(claims).endswith("other FAILS")
