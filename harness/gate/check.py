"""What a check held a run to, one case for each thing, and what came of it as a whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.analysis.summary import ExpectationResult, Summary
from harness.errors import ExitCode, HarnessError, Problem
from harness.gate.change import Change
from harness.gate.changes import Changes
from harness.gate.validity import invalidity
from harness.verdicts import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One thing that a run was held to. `part` is "measurement", "expectations" or "baseline".

    `told` is a sentence on what was found; `problem` says the same of one that does not hold.
    """

    part: str
    name: str
    outcome: Verdict
    told: str
    problem: Problem | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """A check as a whole. `changes` are those against a baseline, None without one."""

    scenario: str
    cases: tuple[Case, ...]
    wall_s: float = 0.0
    changes: Changes | None = None
    error_exit: ExitCode = ExitCode.INVALID

    @property
    def problems(self) -> list[Problem]:
        """Return the problems of all cases, in their order."""
        return [case.problem for case in self.cases if case.problem]

    def count(self, outcome: Verdict) -> int:
        """Return how many cases came out so."""
        return sum(case.outcome is outcome for case in self.cases)

    def exit_code(self, *, fail_on_inconclusive: bool) -> ExitCode:
        """Return 4 for a measurement that is not valid, 5 for what failed, 4 for what is not
        known, 6 for what is inconclusive if that is to fail, else 0."""
        invalid = any(c.part == "measurement" and c.outcome is Verdict.NO_DATA for c in self.cases)
        if invalid:
            return self.error_exit
        if self.count(Verdict.FAIL):
            return ExitCode.FAILED
        if self.count(Verdict.NO_DATA):
            return self.error_exit
        doubted = fail_on_inconclusive and self.count(Verdict.INCONCLUSIVE)
        return ExitCode.INCONCLUSIVE if doubted else ExitCode.OK


def checked(summary: Summary, changes: Changes | None = None) -> CheckResult:
    """Return what a run was held to: to be valid, to its expectations, to a baseline."""
    return CheckResult(
        scenario=summary.scenario,
        cases=(
            *_measurement(invalidity(summary)),
            *map(_expectation, summary.expectations),
            *(_baseline(changes) if changes else ()),
        ),
        wall_s=summary.wall_s,
        changes=changes,
    )


def broken(scenario: str, error: HarnessError) -> CheckResult:
    """Return a check that came to no measurement."""
    cases = tuple(_measurement(error.problems))
    return CheckResult(scenario=scenario, cases=cases, error_exit=error.exit_code)


def _measurement(problems: Sequence[Problem]) -> Iterator[Case]:
    if not problems:
        yield Case(
            part="measurement", name="valid", outcome=Verdict.PASS, told="the run is complete"
        )
    for problem in problems:
        yield Case(
            part="measurement",
            name=problem.where,
            outcome=Verdict.NO_DATA,
            told=problem.what,
            problem=problem,
        )


def _baseline(changes: Changes) -> Iterator[Case]:
    yield from map(change_case, changes.judged)
    if not changes.judged:
        what = "no figure was measured in both runs"
        yield Case(
            part="baseline",
            name="figures to compare",
            outcome=Verdict.NO_DATA,
            told=what,
            problem=Problem(code="HX513", where=changes.base, what=what),
        )


def _expectation(one: ExpectationResult) -> Case:
    name = f"{one.metric}, {one.trial or 'any trial'}: {one.wanted}"
    found = "nothing" if one.value is None else f"{one.value:.4g}"
    if one.verdict is Verdict.PASS:
        return Case(part="expectations", name=name, outcome=Verdict.PASS, told=f"got {found}")
    failed = one.verdict is Verdict.FAIL
    what = f"got {found}, need {one.wanted} ({one.why})"
    return Case(
        part="expectations",
        name=name,
        outcome=Verdict.FAIL if failed else Verdict.NO_DATA,
        told=what,
        problem=Problem(
            code="HX510" if failed else "HX511",
            where=f"{one.metric}, {one.trial}" if one.trial else one.metric,
            what=what,
            hint="" if failed else "an expectation that nothing was measured for is not kept",
        ),
    )


_CHANGED = {
    Verdict.FAIL: (Verdict.FAIL, "HX512"),
    Verdict.NO_DATA: (Verdict.NO_DATA, "HX513"),
    Verdict.INCONCLUSIVE: (Verdict.INCONCLUSIVE, "HX514"),
}


def change_case(change: Change) -> Case:
    """Return the case of one figure that was compared."""
    assert change.verdict is not None
    name = f"{change.metric}, {change.trial}: not worse than before"
    outcome, code = _CHANGED.get(change.verdict, (Verdict.PASS, ""))
    told = change_words(change)
    return Case(
        part="baseline",
        name=name,
        outcome=outcome,
        told=told,
        problem=Problem(code=code, where=f"{change.metric}, {change.trial}", what=told)
        if code
        else None,
    )


def change_words(change: Change) -> str:
    """Return a change as "was 0.9, is 0.8 (up to 0.01 is no change); more misses.expired"."""
    was, now = ("not told" if one is None else f"{one:.4g}" for one in (change.base, change.found))
    told = f"was {was}, is {now}"
    if change.allowed:
        told += f" (up to {change.allowed:.2g} is no change)"
    if change.causes:
        told += f"; more {' and '.join(change.causes)}"
    return f"{told}: {change.why}" if change.why else told


def baseline_problems(changes: Changes) -> list[Problem]:
    """Return what is worse, unknown or not clear in a comparison."""
    return [case.problem for case in _baseline(changes) if case.problem]


def incomparable(changes: Changes) -> list[Problem]:
    """Return why two runs cannot be compared; empty if they can."""
    return [
        Problem(
            code="HX523",
            where=f"{changes.found} against {changes.base}",
            what=difference,
            hint="compare runs of one scenario with the same seed, load and trials",
        )
        for difference in changes.differences
    ]
