"""How often a duel is right, in simulation: false alarms, planted slowdowns, and a reference.

The reference is what a percentage rule on a stored baseline would have reported of the same rounds,
where the machine of the baseline and that of the job differ as shared machines do.
"""

from __future__ import annotations

import statistics

import numpy as np

from harness.verdicts import Verdict
from tests.bench.figures import Figure
from tests.duel_noise import Played, drawn, recordings, simulated, slowed

SPREAD = 0.12  # from machine to machine, as a standard deviation of the logarithm
PLANTED = {1.10: 60.0, 1.05: 180.0}
"""A slowdown, and the seconds within which it has to be found."""


def measure(duels: int, planted: int) -> list[Figure]:
    """Return the shares of N duels of a server with itself, and with a slower one."""
    alike = simulated(duels, budget_s=120.0)
    figures = [
        _share(f"alike: false alarms in {duels} duels", _alarms(alike), at_most=0.01),
        _share("alike: pass within 120 s", _count(alike, Verdict.PASS) / duels),
    ]
    for factor, within_s in PLANTED.items():
        found = simulated(planted, budget_s=within_s, factor=factor, seed=2, crowded=False)
        share = _count(found, Verdict.FAIL) / planted
        worst = simulated(planted, budget_s=within_s, factor=factor, seed=2, crowded=True)
        name = f"{factor - 1:.0%} slower"
        figures += [
            _share(f"{name}: found within {within_s:g} s", share, at_least=0.95),
            Figure(what=f"{name}: median time to decide", value=_median_s(found), unit="s"),
            _share(f"{name}, crowded: found", _count(worst, Verdict.FAIL) / planted),
        ]
    return figures + _reference(duels)


def _alarms(played: list[Played]) -> float:
    """Return the share of duels that called either side better or worse."""
    return (_count(played, Verdict.FAIL) + _count(played, Verdict.IMPROVED)) / len(played)


def _count(played: list[Played], verdict: Verdict) -> int:
    return sum(one.verdict is verdict for one in played)


def _median_s(played: list[Played]) -> float:
    return statistics.median(one.seconds for one in played)


def _share(
    what: str, value: float, *, at_most: float | None = None, at_least: float | None = None
) -> Figure:
    return Figure(what=what, value=value, at_most=at_most, at_least=at_least)


def _reference(jobs: int) -> list[Figure]:
    """Return how often a rule on the median of a stored baseline raises the alarm."""
    figures = []
    for rule in (0.05, 0.10):
        for factor in (1.0, *PLANTED):
            name = "alike" if factor == 1 else f"{factor - 1:.0%} slower"
            what = f"stored baseline, {rule:.0%} rule, {name}: alarms"
            figures.append(_share(what, _stored(jobs, rule, factor)))
    return figures


def _stored(jobs: int, rule: float, factor: float) -> float:
    """Return the share of jobs in which the median request is slower than the stored one."""
    rng, noises, alarms = np.random.default_rng(3), recordings(), 0
    for number in range(jobs):
        noise = noises[number % len(noises)]
        rounds = int(60.0 / noise.round_s)
        before, _ = drawn(rng, noise, rounds)
        _, now = slowed(drawn(rng, noise, rounds), factor)
        machine = float(np.exp(rng.normal(0, SPREAD)))
        medians = [float(np.nanmedian(one["request_p50_s"])) for one in (before, now)]
        alarms += machine * medians[1] > (1 + rule) * medians[0]
    return alarms / jobs
