"""What a run was checked for, one case for each thing, and what it came to: a check or a claim."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.analysis.summary import ExpectationResult, Summary
from harness.errors import ExitCode, HarnessError, Problem
from harness.gate.compare import Change, Changes
from harness.text import number_of
from harness.verdicts import Verdict, exit_code, worst

CODES = {
    "no-answer": "HX401",
    "unaccounted": "HX402",
    "all-failed": "HX406",
    "shared-clear": "HX407",
    "foreign-keys-added": "HX408",
}
"""The caveats that make a trial invalid, and the error each of them is."""
HINTS = {
    "shared-clear": "unset HARNESS_REDIS_URL: on its own server each trial has a database",
    "foreign-keys-added": "give the cache KEY_PREFIX = {cache_prefix} through app.env, name a"
    " database that nobody else uses, or unset HARNESS_REDIS_URL",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One thing that a run was checked for.

    `part` is "measurement", "expectations" or "baseline". `text` is a sentence on what was found;
    `problem` reports the same of a case that does not pass.
    """

    part: str
    name: str
    outcome: Verdict
    text: str
    problem: Problem | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """A check as a whole. `changes` are those against a baseline, None without one.

    `broken_by` is the exit code of the error that ended the measurement, if one did.
    """

    scenario: str
    cases: tuple[Case, ...]
    wall_s: float = 0.0
    changes: Changes | None = None
    broken_by: ExitCode | None = None

    @property
    def problems(self) -> list[Problem]:
        """Return the problems of all cases, in their order."""
        return [case.problem for case in self.cases if case.problem]

    @property
    def verdict(self) -> Verdict:
        """Return the worst of all cases; no data where the measurement itself is not valid."""
        invalid = any(c.part == "measurement" and c.outcome is Verdict.NO_DATA for c in self.cases)
        return Verdict.NO_DATA if invalid else worst(case.outcome for case in self.cases)

    def count(self, outcome: Verdict) -> int:
        """Return how many cases have this outcome."""
        return sum(case.outcome is outcome for case in self.cases)

    def exit_code(self, *, fail_on_inconclusive: bool) -> ExitCode:
        """Return the exit code of what ended the measurement, else that of the verdict."""
        return self.broken_by or exit_code(self.verdict, fail_on_inconclusive=fail_on_inconclusive)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What became of a scenario's claim. `verdict` is that of all its evidence together.

    `problem` says why it could not be measured; `gaps` name parts that were left out.
    """

    scenario: str
    topic: str
    text: str
    verdict: Verdict
    evidence: tuple[ExpectationResult, ...] = ()
    gaps: tuple[str, ...] = ()
    problem: str = ""
    wall_s: float = 0.0

    @property
    def strongest(self) -> Sequence[ExpectationResult]:
        """Return the evidence that decides: what is wrong, else what differs without the fault."""
        wrong = [one for one in self.evidence if one.verdict is not Verdict.PASS]
        return wrong or [one for one in self.evidence if one.absent is not None] or self.evidence


def invalidity(summary: Summary) -> list[Problem]:
    """Return why a run is no valid measurement; empty for one that is."""
    if summary.valid:
        return []
    problems = [
        Problem(
            code=CODES[caveat.code],
            where=trial.setup.label,
            what=caveat.text,
            hint=HINTS.get(caveat.code, f"the logs in {summary.run_dir} may show why"),
        )
        for trial in summary.trials
        for caveat in trial.caveats
        if caveat.code in CODES
    ]
    return problems or [
        Problem(
            code="HX405",
            where=summary.run_dir,
            what=f"ended after {number_of(len(summary.trials), 'trial')}",
            hint="the top of the report shows what ended it",
        )
    ]


def checked(summary: Summary, changes: Changes | None = None) -> CheckResult:
    """Return what a run was checked for: validity, its expectations, a baseline."""
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
    return CheckResult(
        scenario=scenario, cases=tuple(_measurement(error.problems)), broken_by=error.exit_code
    )


def claim_of(topic: str, summary: Summary) -> Claim:
    """Return what a run shows of its scenario's claim; one that is not valid shows nothing."""
    expectations = summary.expectations if summary.valid else ()
    return Claim(
        scenario=summary.scenario,
        topic=topic,
        text=summary.claim,
        verdict=worst(one.verdict for one in expectations),
        evidence=summary.expectations,
        gaps=tuple(summary.environment.get("gaps", {}).values()),
        wall_s=summary.wall_s,
    )


def claim_problems(claims: Sequence[Claim], out: str) -> list[Problem]:
    """Return a problem for each claim that does not hold; `out` is where their runs are kept."""
    return [
        Problem(
            code="HX510" if claim.verdict is Verdict.FAIL else "HX511",
            where=f"claim of {claim.scenario}",
            what="does not hold" if claim.verdict is Verdict.FAIL else "was not measured",
            hint=f"`harness report {out}/{claim.scenario}` shows the run",
        )
        for claim in claims
        if claim.verdict is not Verdict.PASS
    ]


def claims_exit_code(claims: Sequence[Claim]) -> ExitCode:
    """Return the exit code of the worst claim; one that could not be measured weighs less."""
    verdict = worst(claim.verdict for claim in claims)
    if verdict is not Verdict.FAIL and any(claim.problem for claim in claims):
        return ExitCode.INFRASTRUCTURE
    return exit_code(verdict)


def baseline_problems(changes: Changes) -> list[Problem]:
    """Return what is worse, unknown or inconclusive in a comparison."""
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


def _measurement(problems: Sequence[Problem]) -> Iterator[Case]:
    if not problems:
        yield Case(
            part="measurement", name="valid", outcome=Verdict.PASS, text="the run is complete"
        )
    for problem in problems:
        yield Case(
            part="measurement",
            name=problem.where,
            outcome=Verdict.NO_DATA,
            text=problem.what,
            problem=problem,
        )


def _baseline(changes: Changes) -> Iterator[Case]:
    yield from map(_change_case, changes.judged)
    if not changes.judged:
        what = "no figure was measured in both runs"
        yield Case(
            part="baseline",
            name="figures to compare",
            outcome=Verdict.NO_DATA,
            text=what,
            problem=Problem(code="HX513", where=changes.base, what=what),
        )


def _expectation(one: ExpectationResult) -> Case:
    found = "nothing" if one.value is None else f"{one.value:.4g}"
    failed = one.verdict is Verdict.FAIL
    problem = Problem(
        code="HX510" if failed else "HX511",
        where=f"{one.metric}, {one.trial}" if one.trial else one.metric,
        what=f"got {found}, need {one.wanted} ({one.why})",
        hint="" if failed else "an expectation passes only on what was measured",
    )
    passed = one.verdict is Verdict.PASS
    return Case(
        part="expectations",
        name=f"{one.metric}, {one.trial or 'any trial'}: {one.wanted}",
        outcome=one.verdict,
        text=f"got {found}" if passed else problem.what,
        problem=None if passed else problem,
    )


_CHANGED = {Verdict.FAIL: "HX512", Verdict.NO_DATA: "HX513", Verdict.INCONCLUSIVE: "HX514"}


def _change_case(change: Change) -> Case:
    """Return the case of one figure that was compared; one that is better is as good as before."""
    code = _CHANGED.get(change.verdict or Verdict.PASS, "")
    where, text = f"{change.metric}, {change.trial}", _change_text(change)
    return Case(
        part="baseline",
        name=f"{where}: not worse than before",
        outcome=change.verdict if code and change.verdict else Verdict.PASS,
        text=text,
        problem=Problem(code=code, where=where, what=text) if code else None,
    )


def _change_text(change: Change) -> str:
    """Return a change as "was 0.9, is 0.8 (up to 0.01 is no change); more misses.expired"."""
    was, now = ("unknown" if one is None else f"{one:.4g}" for one in (change.base, change.found))
    text = f"was {was}, is {now}"
    if change.allowed:
        text += f" (up to {change.allowed:.2g} is no change)"
    if change.causes:
        text += f"; more {' and '.join(change.causes)}"
    return f"{text}: {change.why}" if change.why else text
