"""What a plan would take, from figures of the bundled shop on two cores. Starts nothing."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from harness.backends import BACKENDS
from harness.measure.plan import Plan
from harness.scenario.plan import Trial
from harness.servers.nginx import find_nginx
from harness.servers.redis import find_redis

_RUN_S, _TRIAL_S, _REQUEST_S = 3.0, 0.7, 0.00155
_TRIAL_BYTES, _REQUEST_BYTES = 20_000, 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What a run takes. `requests` is None for a duel, which ends when it is decided.

    `seconds` is about right for the shop, and too little for an app that takes longer to answer.
    `megabytes` is the size of the run directory. `processes` is how many of each are up at the
    same time, at most; `origins` says where each server besides Gunicorn comes from.
    """

    trials: tuple[Trial, ...]
    requests: int | None
    seconds: float
    megabytes: float
    processes: Mapping[str, int]
    origins: Mapping[str, str]


def estimate(plan: Plan, environ: Mapping[str, str] = os.environ) -> Estimate:
    """Return what a plan would take."""
    trials = plan.trials
    requests = sum(trial.scenario.load.requests for trial in trials)
    load_s = sum(map(_load_s, trials))
    if plan.purpose:
        load_s, requests = plan.purpose.budget_s, int(plan.purpose.budget_s / _REQUEST_S)
    services = dict.fromkeys(filter(None, (BACKENDS[trial.backend].service for trial in trials)))
    origins = {"redis": find_redis(environ).display, "nginx": find_nginx(environ).display}
    balanced = ["nginx"] if any(trial.balanced for trial in trials) else []
    return Estimate(
        trials=trials,
        requests=None if plan.purpose else requests,
        seconds=_RUN_S + _TRIAL_S * len(trials) + load_s,
        megabytes=(_TRIAL_BYTES * len(trials) + _REQUEST_BYTES * requests) / 1e6,
        processes={
            "Locust": 1,
            "Gunicorn": _most(plan, lambda trial: trial.servers),
            "worker": _most(plan, lambda trial: trial.servers * trial.workers),
            "nginx": _most(plan, lambda trial: int(trial.balanced)),
        },
        origins={name: origins.get(name, f"{name} on PATH") for name in (*services, *balanced)},
    )


def _load_s(trial: Trial) -> float:
    load = trial.scenario.load
    rate = load.arrival_rate_per_second
    return max(load.requests / rate if rate else 0.0, load.requests * _REQUEST_S)


def _most(plan: Plan, count: Callable[[Trial], int]) -> int:
    return max(sum(map(count, group.trials)) for group in plan.groups)
