"""Expectations of a scenario -> verdicts on the trials of a run.

What cannot be right is refused before anything is measured; what was not measured is "no-data",
never a pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from difflib import get_close_matches
from typing import Any

from harness.analysis.metrics import METRICS, figure
from harness.analysis.summary import ExpectationResult, Figure, Summary, TrialSummary
from harness.errors import GateUsageError, Problem
from harness.gate.bounds import bound_of
from harness.scenario.plan import Trial
from harness.scenario.schema import Expect, Scenario
from harness.setup import Setup
from harness.verdicts import Verdict


def refuse_unfit(scenario: Scenario, trials: Iterable[Trial], where: str) -> None:
    """Raise GateUsageError for each expectation that no run of this scenario could judge.

    `trials` are those that are planned. HX501 unknown metric, HX502 no trial is as described, HX503
    not one bound. `where` names the file.
    """
    setups = [trial.setup for trial in trials]
    _refuse(
        [
            *_unknown(scenario, where),
            *(
                problem
                for number, expect in enumerate(scenario.expect)
                for problem in _nowhere(expect, setups, f"{where}, key expect[{number}]")
            ),
        ]
    )


def refuse_unknown(scenario: Scenario, where: str) -> None:
    """Raise GateUsageError HX501 or HX503 for what no trial at all could be judged by.

    Trials that an option has taken away are no mistake here: what is said of them is not known.
    """
    _refuse(_unknown(scenario, where))


def _refuse(problems: Sequence[Problem]) -> None:
    if problems:
        raise GateUsageError(*problems)


def _unknown(scenario: Scenario, where: str) -> list[Problem]:
    found = [
        problem
        for number, expect in enumerate(scenario.expect)
        for problem in _senseless(expect, f"{where}, key expect[{number}]")
    ]
    return found + [
        _unknown_metric(name, f"{where}, key evidence[{number}]")
        for number, name in enumerate(scenario.evidence)
        if name not in METRICS
    ]


def judge(
    expectations: Sequence[Expect], trials: Sequence[TrialSummary]
) -> tuple[ExpectationResult, ...]:
    """Return a verdict for every expectation and each trial that it is about."""
    return tuple(verdict for expect in expectations for verdict in _judged(expect, trials))


def holds(summary: Summary) -> bool:
    """Return whether all that was expected of a run was measured and is so."""
    return summary.valid and all(one.verdict is Verdict.PASS for one in summary.expectations)


def _nowhere(expect: Expect, setups: Sequence[Setup], place: str) -> list[Problem]:
    found = []
    for key in ("where", "ratio_to", "fails_for"):
        described = getattr(expect, key)
        if described is not None and not any(setup.matches(described) for setup in setups):
            found.append(_no_trial(described, setups, f"{place}.{key}"))
    return found


def _senseless(expect: Expect, place: str) -> list[Problem]:
    found = []
    if expect.metric not in METRICS:
        found.append(_unknown_metric(expect.metric, f"{place}.metric"))
    if bound_of(expect) is None:
        given = [name for name, value in asdict(expect).items() if value not in (None, False, {})]
        found.append(
            Problem(
                code="HX503",
                where=place,
                what=f"has {', '.join(given)}, need one bound",
                hint="write one of at_least, at_most, between = [low, high], as_predicted = true",
            )
        )
    return found


def _unknown_metric(name: str, place: str) -> Problem:
    close = get_close_matches(name, METRICS, n=1)
    return Problem(
        code="HX501",
        where=place,
        what=f"no metric is called {name!r}",
        hint=f"did you mean {close[0]}?" if close else f"there are {', '.join(METRICS)}",
    )


def _no_trial(described: Mapping[str, Any], setups: Sequence[Setup], place: str) -> Problem:
    known = {
        name: dict.fromkeys(map(repr, (setup.get(name) for setup in setups)))
        for name in setups[0].identity
    }
    has = "; ".join(f"{name} {', '.join(values)}" for name, values in known.items())
    return Problem(
        code="HX502",
        where=place,
        what=f"{_words(described)} describes no trial of this scenario",
        hint=f"the trials have {has}",
    )


def _judged(expect: Expect, trials: Sequence[TrialSummary]) -> list[ExpectationResult]:
    bound = bound_of(expect)
    assert bound is not None
    about = [trial for trial in trials if trial.setup.matches(expect.where)]
    wanted = (
        bound.words if expect.ratio_to is None else f"{bound.words} of {_words(expect.ratio_to)}"
    )
    if not about:
        why = f"no trial of this run is {_words(expect.where)}"
        return [_verdict(expect, "", wanted, Verdict.NO_DATA, None, None, why)]
    return [_judge_one(expect, trial, trials, wanted) for trial in about]


def _judge_one(
    expect: Expect, trial: TrialSummary, trials: Sequence[TrialSummary], wanted: str
) -> ExpectationResult:
    bound = bound_of(expect)
    assert bound is not None
    name = trial.setup.label
    found = _compared(expect, trial, trials)
    if found.value is None or (expect.as_predicted and found.expected is None):
        return _verdict(
            expect, name, wanted, Verdict.NO_DATA, found.value, None, "it cannot be told"
        )
    absent = [
        _compared(expect, other, trials)
        for other in trials
        if expect.fails_for is not None and other.setup.matches(expect.fails_for)
    ]
    told = next((other.value for other in absent if other.value is not None), None)
    if expect.fails_for is not None and told is None:
        why = f"there is nothing to tell of {_words(expect.fails_for)}"
        return _verdict(expect, name, wanted, Verdict.NO_DATA, found.value, None, why)
    if not bound.holds(found):
        return _verdict(expect, name, wanted, Verdict.FAIL, found.value, told, "out of bounds")
    if any(other.value is not None and bound.holds(other) for other in absent):
        assert expect.fails_for is not None
        why = f"it holds for {_words(expect.fails_for)} as well, so it shows nothing"
        return _verdict(expect, name, wanted, Verdict.FAIL, found.value, told, why)
    return _verdict(expect, name, wanted, Verdict.PASS, found.value, told, "")


def _compared(expect: Expect, trial: TrialSummary, trials: Sequence[TrialSummary]) -> Figure:
    """Return the metric of a trial, or its ratio to that of the trial that it is compared with."""
    found = figure(trial, expect.metric)
    if expect.ratio_to is None or found.value is None:
        return found
    other = _counterpart(expect.ratio_to, trial, trials)
    base = figure(other, expect.metric).value if other else None
    return Figure(value=found.value / base) if base else Figure()


def _counterpart(
    described: Mapping[str, Any], trial: TrialSummary, trials: Sequence[TrialSummary]
) -> TrialSummary | None:
    """Return the trial as described that in all the rest is most like `trial`, if there is one."""

    def likeness(other: TrialSummary) -> int:
        return -len(trial.setup.differs(other.setup))

    able = [other for other in trials if other.setup.matches(described)]
    return max(able, key=likeness, default=None)


def _verdict(
    expect: Expect,
    trial: str,
    wanted: str,
    verdict: Verdict,
    value: float | None,
    absent: float | None,
    why: str,
) -> ExpectationResult:
    return ExpectationResult(
        metric=expect.metric,
        trial=trial,
        wanted=wanted,
        verdict=verdict,
        unit=METRICS[expect.metric].unit if expect.ratio_to is None else "factor",
        value=value,
        absent=absent,
        why=why,
    )


def _words(described: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in described.items()) or "any trial"
