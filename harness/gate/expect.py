"""Expectations of a scenario -> verdicts on the trials of a run.

What cannot be right is refused before anything is measured; what was not measured is "no-data",
never a pass.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from difflib import get_close_matches
from math import inf
from typing import Any

from harness.analysis.metrics import COMPUTED, figure
from harness.analysis.summary import ExpectationResult, Figure, TrialSummary
from harness.errors import GateUsageError, Problem
from harness.metrics import METRICS, current_name
from harness.scenario.plan import Trial
from harness.scenario.schema import Expect, Scenario
from harness.setup import Setup
from harness.stats.interval import Interval
from harness.verdicts import Verdict

BOUNDS = ("at_least", "at_most", "between", "as_predicted")


def refuse_unfit(scenario: Scenario, trials: Iterable[Trial], where: str) -> None:
    """Raise GateUsageError for each expectation that no run of this scenario could be judged by.

    `trials` are those that are planned. HX501 unknown metric, HX502 matches no trial, HX503 not one
    bound. `where` names the file.
    """
    setups = [trial.setup for trial in trials]
    unmatched = [
        problem
        for number, expect in enumerate(scenario.expect)
        for problem in _unmatched(expect, setups, f"{where}, key expect[{number}]")
    ]
    _refuse([*_senseless(scenario, where), *unmatched])


def refuse_unknown(scenario: Scenario, where: str) -> None:
    """Raise GateUsageError HX501 or HX503 for what no trial at all could be judged by.

    Trials that an option has taken away are no mistake here: their verdict is "no-data".
    """
    _refuse(_senseless(scenario, where))


def refuse_without_criteria(scenario: Scenario, where: str) -> None:
    """Raise GateUsageError HX504 if a scenario expects nothing: every run would pass."""
    if not scenario.expect:
        raise GateUsageError(
            Problem(
                code="HX504",
                where=where,
                what="has no [[expect]], and there is no --baseline: every run would pass",
                hint="`harness run` measures without judging",
            )
        )


def judge(
    expectations: Sequence[Expect], trials: Sequence[TrialSummary]
) -> tuple[ExpectationResult, ...]:
    """Return a verdict for every expectation and each trial that it is about."""
    return tuple(result for expect in expectations for result in _results(expect, trials))


def _refuse(problems: Sequence[Problem]) -> None:
    if problems:
        raise GateUsageError(*problems)


def _senseless(scenario: Scenario, where: str) -> list[Problem]:
    found = []
    for number, expect in enumerate(scenario.expect):
        place = f"{where}, key expect[{number}]"
        if expect.metric not in COMPUTED:
            found.append(_unknown_metric(expect.metric, f"{place}.metric"))
        given = [name for name, value in asdict(expect).items() if _is_given(value)]
        if len(set(BOUNDS) & set(given)) != 1:
            found.append(
                Problem(
                    code="HX503",
                    where=place,
                    what=f"has {', '.join(given)}, need one bound",
                    hint="write one of at_least, at_most, between = [low, high], "
                    "as_predicted = true",
                )
            )
    return found + [
        _unknown_metric(name, f"{where}, key evidence[{number}]")
        for number, name in enumerate(scenario.evidence)
        if name not in COMPUTED
    ]


def _is_given(value: Any) -> bool:
    return not (value is None or value is False or value == {})


def _unmatched(expect: Expect, setups: Sequence[Setup], place: str) -> list[Problem]:
    described = {key: getattr(expect, key) for key in ("where", "ratio_to", "fails_for")}
    return [
        _no_trial(where, setups, f"{place}.{key}")
        for key, where in described.items()
        if where is not None and not any(setup.matches(where) for setup in setups)
    ]


def _unknown_metric(name: str, place: str) -> Problem:
    close = [current_name(name)] if current_name(name) in COMPUTED else []
    close += get_close_matches(name, COMPUTED, n=1)
    return Problem(
        code="HX501",
        where=place,
        what=f"{name!r} is measured in duels alone" if name in METRICS else f"no metric {name!r}",
        hint=f"did you mean {close[0]}?" if close else f"there are {', '.join(COMPUTED)}",
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
        what=f"{_label(described)} matches no trial of this scenario",
        hint=f"the trials have {has}",
    )


def _results(expect: Expect, trials: Sequence[TrialSummary]) -> list[ExpectationResult]:
    of_what = "" if expect.ratio_to is None else f" of {_label(expect.ratio_to)}"
    unknown = ExpectationResult(
        metric=expect.metric,
        trial="",
        wanted=_bound_label(expect) + of_what,
        verdict=Verdict.NO_DATA,
        unit=METRICS[expect.metric].unit if expect.ratio_to is None else "factor",
        value=None,
    )
    about = [trial for trial in trials if trial.setup.matches(expect.where)]
    if not about:
        return [replace(unknown, why=f"no trial of this run is {_label(expect.where)}")]
    return [_result(expect, replace(unknown, trial=one.setup.label), one, trials) for one in about]


def _result(
    expect: Expect,
    unknown: ExpectationResult,
    trial: TrialSummary,
    trials: Sequence[TrialSummary],
) -> ExpectationResult:
    """Return the verdict on one trial; `unknown` is the result where there is no data."""
    found = _compared(expect, trial, trials)
    unknown = replace(unknown, value=found.value)
    if found.value is None or (expect.as_predicted and found.expected is None):
        return replace(unknown, why="it was not measured")
    if expect.fails_for is None:
        without: list[Figure] = []
    else:
        faultless = [one for one in trials if one.setup.matches(expect.fails_for)]
        without = [_compared(expect, one, trials) for one in faultless]
        without = [one for one in without if one.value is not None]
        if not without:
            return replace(unknown, why=f"{_label(expect.fails_for)} was not measured")
    verdict, why = Verdict.PASS, ""
    if not _holds(expect, found):
        verdict, why = Verdict.FAIL, "out of bounds"
    elif any(_holds(expect, one) for one in without):
        verdict = Verdict.FAIL
        why = f"it holds for {_label(expect.fails_for or {})} as well, so it shows nothing"
    return replace(unknown, verdict=verdict, absent=without[0].value if without else None, why=why)


def _compared(expect: Expect, trial: TrialSummary, trials: Sequence[TrialSummary]) -> Figure:
    """Return the metric of a trial, or its ratio to that of the trial that it is compared with."""
    found = figure(trial, expect.metric)
    if expect.ratio_to is None or found.value is None:
        return found
    # What the description leaves open is as in the trial itself.
    closest = min(
        (other for other in trials if other.setup.matches(expect.ratio_to)),
        key=lambda other: len(trial.setup.differs(other.setup)),
        default=None,
    )
    base = figure(closest, expect.metric).value if closest else None
    return Figure(value=found.value / base) if base else Figure()


def _bounds(expect: Expect) -> tuple[float | None, float | None]:
    return expect.between or (expect.at_least, expect.at_most)


def _bound_label(expect: Expect) -> str:
    low, high = _bounds(expect)
    if expect.as_predicted:
        return "as predicted"
    if low is not None and high is not None:
        return f"{low:g} to {high:g}"
    return f"at least {low:g}" if low is not None else f"at most {high:g}"


def _holds(expect: Expect, found: Figure) -> bool:
    """Return whether a figure keeps the one bound, rounding aside; it holds for no unknown one."""
    low, high = _bounds(expect)
    bound = found.expected
    if not expect.as_predicted:
        bound = Interval(
            value=0.0, low=-inf if low is None else low, high=inf if high is None else high
        )
    return bound is not None and found.value is not None and bound.holds(found.value)


def _label(described: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in described.items()) or "any trial"
