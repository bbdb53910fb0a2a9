"""Summaries for tests of the report: the figures of a real run, with keyword overrides."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.analysis.conclusions import conclusions
from harness.analysis.summary import (
    Accounted,
    Cause,
    Caveat,
    ExpectationResult,
    Explained,
    LifeSummary,
    Prediction,
    Recovery,
    RestartSummary,
    Summary,
    TrialSummary,
)
from harness.gate.check import Claim
from harness.runs import Run
from harness.scenario.schema import Scenario
from harness.stats.interval import Interval
from harness.verdicts import Verdict
from tests.factories import replaced, setup

RATES = {1: 0.9053, 2: 0.8427, 4: 0.7603, 8: 0.6587}
PREDICTED = {
    1: (0.9053, 0.9053, 0.9053),
    2: (0.8408, 0.8303, 0.8506),
    4: (0.7590, 0.7480, 0.7700),
    8: (0.6672, 0.6551, 0.6787),
}
SHARED = {1: 1.0, 2: 0.937, 4: 0.855, 8: 0.754}
SPREAD = (0.4, -0.9, 1.1, -0.2, -1.3, 0.8, 0.5, -0.4)


def make_lives(
    workers: int, requests: int, hit_rate: float, *, server: int = 0, generation: int = 1
) -> tuple[LifeSummary, ...]:
    each = requests // workers
    hits = [round(each * hit_rate + SPREAD[slot % 8] * (workers > 1)) for slot in range(workers)]
    return tuple(
        LifeSummary(
            server=server,
            slot=slot + 1,
            generation=generation,
            pid=4242 + slot,
            requests=each,
            lookups=each,
            hits=hits[slot],
            hit_rate=hits[slot] / each,
            share=1 / workers,
        )
        for slot in range(workers)
    )


def make_trial(backend: str = "locmem", workers: int = 4, **overrides: Any) -> TrialSummary:
    alone = "locmem" in backend
    hits = round(3000 * (RATES[workers] if alone else RATES[1]))
    rate, low, high = PREDICTED[workers if alone else 1]
    trial = TrialSummary(
        setup=setup(backend=backend, workers=workers),
        per_process=alone,
        requests=3000,
        failures=0,
        lookups=3000,
        hits=hits,
        hit_rate=hits / 3000,
        predicted=Prediction(value=rate, low=low, high=high, closed_form=rate),
        explained=Explained(
            per_process=1.0 if alone else SHARED[workers], shared=SHARED[workers] if alone else 1.0
        ),
        misses={cause.value: 0 for cause in Cause}
        | {"first": 284, "fragmentation": 3000 - hits - 284},
        effective_workers=workers * 0.998 if workers > 1 else 1.0,
        origin_s=3.2,
        wall_s=3.4,
        requests_per_second=880.0 - 12 * workers,
        lives=make_lives(workers, 3000, hits / 3000),
        accounted=Accounted(samples=3000, tallies=3000, lost=0),
        caveats=(),
    )
    return replaced(trial, **overrides)


def make_summary(*trials: TrialSummary, **overrides: Any) -> Summary:
    """Return a run of `trials`; without any, the eight of the default run."""
    summary = Summary(
        format=1,
        scenario="hit-rate",
        question="How does the hit rate of Django's LocMemCache change as workers are added?",
        lesson="LocMemCache is per process: every worker has to learn every key by itself.",
        run_dir="runs/hit-rate-20250102-030405",
        valid=True,
        problems=(),
        environment={
            "python": "3.13.1",
            "django": "6.1",
            "cores": 2,
            "servers": {"redis": "Redis 7.0.15 (redis-server on PATH)"},
        },
        seed=1,
        trials=trials
        or tuple(
            make_trial(backend, workers) for workers in RATES for backend in ("locmem", "redis")
        ),
        wall_s=41.0,
    )
    summary = replace(summary, **overrides)
    return replace(summary, conclusions=conclusions(summary))


def make_run(summary: Summary) -> Run:
    """Return a run with these figures and without a sample."""
    return Run(
        run_dir=Path(summary.run_dir),
        scenario=Scenario(name=summary.scenario, question=summary.question),
        summary=summary,
        duel=None,
        recorded=(),
    )


def make_caveat(code: str = "few-samples", text: str = "Too few lookups.") -> Caveat:
    return Caveat(code=code, text=text)


def recycled_trial(**overrides: Any) -> TrialSummary:
    """Return a trial on two servers of which one lost two workers, with every cause of a miss."""
    lives = (
        *make_lives(4, 1500, 0.6),
        *make_lives(4, 1480, 0.5, server=1),
        *make_lives(2, 20, 0.2, server=1, generation=2),
    )
    causes = dict(zip(Cause, (284, 200, 100, 60, 50, 25, 0), strict=True))
    misses = {cause.value: number for cause, number in causes.items()}
    return make_trial(servers=2, lives=lives, misses=misses, **overrides)


def make_restart(**overrides: Any) -> RestartSummary:
    """Return what a reload of four workers lost half-way through the trace."""
    curve = [(step, min(0.2 + step / 2000, 0.78)) for step in range(0, 1500, 100)]
    curve += [(step, min(0.31 + (step - 1500) / 1200, 0.79)) for step in range(1500, 3000, 100)]
    restart = RestartSummary(
        do="reload",
        step=1500,
        workers_ended=4,
        entries_lost=1516,
        keys_lost=244,
        misses_by_cause=360,
        predicted_by_cause=Interval(value=362.6, low=353, high=376),
        misses_vs_control=282,
        predicted_vs_control=Interval(value=278.3, low=253, high=304),
        predicted=Interval(value=277.9, low=264, high=294),
        origin_s_again=0.072,
        requests_failed=3,
        requests_lost_in_flight=2,
        hit_rate_before=0.7933,
        hit_rate_dip=0.31,
        recovery=(
            Recovery(level=0.90, requests=469, seconds=0.469),
            Recovery(level=0.95, requests=None, seconds=None),
        ),
        window=100,
        curve=tuple(curve),
    )
    return replace(restart, **overrides)


def lossless_restart(**overrides: Any) -> RestartSummary:
    """Return a restart that a shared cache did not notice."""
    nothing = Interval(value=0.0, low=0.0, high=0.0)
    unharmed = make_restart(
        entries_lost=0,
        keys_lost=0,
        misses_by_cause=0,
        predicted_by_cause=nothing,
        misses_vs_control=-1,
        predicted_vs_control=Interval(value=-0.4, low=-3, high=2),
        predicted=nothing,
        origin_s_again=0.0,
        requests_failed=0,
        requests_lost_in_flight=0,
        hit_rate_dip=0.86,
        recovery=tuple(Recovery(level=level, requests=0, seconds=0.0) for level in (0.90, 0.95)),
        curve=tuple((step, 0.9) for step in range(0, 3000, 100)),
    )
    return replace(unharmed, **overrides)


def restart_run() -> Summary:
    """Return a run with a control, a reload and a kill without control, on two backends."""
    killed = {"do": "kill-worker", "workers_ended": 1, "step": 2900}
    alone = {"misses_vs_control": None, "predicted_vs_control": None, "recovery": ()}
    restarts: dict[str, dict[str, RestartSummary | None]] = {
        "": dict.fromkeys(("locmem", "redis")),
        "reload at 0.5": {"locmem": make_restart(), "redis": lossless_restart()},
        "kill-worker 1 at 0.97": {
            "locmem": make_restart(**killed, **alone),
            "redis": lossless_restart(**killed),
        },
    }
    trials = [
        make_trial(backend, 4, varied={"actions": action}, restart=restart)
        for action, by_backend in restarts.items()
        for backend, restart in by_backend.items()
    ]
    return make_summary(*trials, question="What does a restart lose?", scenario="restart")


def recycling_run() -> Summary:
    """Return a run of LocMem with workers that are recycled after N requests, or never."""
    by_itself = {"do": "max-requests", "step": None, "hit_rate_before": None, "recovery": ()}
    settings = {(0, 0): 0, (200, 0): 15, (200, 50): 14, (1000, 0): 3}
    trials = [
        make_trial(
            varied={"server.max_requests": most, "server.max_requests_jitter": jitter},
            restart=make_restart(**by_itself, workers_ended=ended, entries_lost=90 * ended)
            if ended
            else None,
        )
        for (most, jitter), ended in settings.items()
    ]
    return make_summary(*trials, question="What does recycling cost?", scenario="recycling")


def unanswered_trial(backend: str = "locmem", workers: int = 4) -> TrialSummary:
    """Return a trial in which not one lookup was seen."""
    return make_trial(
        backend,
        workers,
        failures=3000,
        lookups=0,
        hits=0,
        hit_rate=None,
        predicted=None,
        explained=None,
        misses={},
        effective_workers=None,
        requests_per_second=None,
        lives=(),
        accounted=Accounted(samples=0, tallies=0, lost=0),
    )


LONG = "locmem-with-a-name-so-long-that-it-cannot-stand-beside-anything-in-eighty-columns"


def cases() -> dict[str, Summary]:
    """Return the runs that the report must read well for."""
    few = make_caveat(text="Only 40 lookups were made, so the interval is wide; raise --requests.")
    lost = make_caveat("unaccounted", "12 lookups were counted by slot 3 but never seen.")
    problem = (
        "HX402 trial 2 (locmem, 4 workers): 12 lookups are unaccounted for\n"
        "      its last line: \x1b[31m[CRITICAL]\x1b[0m worker timeout\n"
        "      hint: read logs/gunicorn.log, then run again with fewer users than the machine has"
    )
    backends = (LONG, "redis-over-a-unix-socket-with-hiredis", "memcached")
    return {
        "default": make_summary(),
        "single": make_summary(make_trial()),
        "invalid": make_summary(
            make_trial(workers=2, caveats=(few,)),
            make_trial(
                caveats=(few, lost), accounted=Accounted(samples=2988, tallies=3000, lost=0)
            ),
            valid=False,
            problems=(problem,),
        ),
        "unanswered": make_summary(unanswered_trial(), make_trial("redis", 4)),
        "long-names": make_summary(
            *(make_trial(backend, workers) for backend in backends for workers in (1, 8)),
            run_dir="/srv/" + "a-directory-far-away/" * 8,
        ),
        "restart": restart_run(),
        "recycling": recycling_run(),
        "axes": make_summary(
            make_trial(workers=1),
            make_trial(workers=8),
            recycled_trial(),
            recycled_trial(worker_class="gthread", threads=4),
            make_trial("redis", 4),
            lesson="",
        ),
    }


def judged(**overrides: Any) -> ExpectationResult:
    """Return an expectation that holds, and does not where the fault is absent."""
    plain = ExpectationResult(
        metric="limits_granted",
        trial="locmem, 4 workers",
        wanted="3 to 4",
        verdict=Verdict(overrides.pop("verdict", "pass")),
        unit="factor",
        value=3.9,
        absent=1.0,
    )
    return replace(plain, **overrides)


def make_claim(scenario: str, verdict: str = "pass") -> Claim:
    """Return a claim with one piece of evidence."""
    text = "A rate limit of L becomes a limit of N x L with N workers, which nobody asked for."
    return Claim(
        scenario=scenario,
        topic="What breaks",
        text=text,
        verdict=Verdict(verdict),
        evidence=(judged(verdict=verdict, why="" if verdict == "pass" else "out of bounds"),),
        wall_s=7.0,
    )
