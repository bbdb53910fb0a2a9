"""The numbers of a run, computed once and for all renderers. Fractions lie in 0..1.

`None` means that a number is unknown; it is never replaced by a zero.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from harness.setup import HasSetup, Setup
from harness.stats.interval import Interval
from harness.verdicts import Verdict


class Cause(StrEnum):
    """Why a lookup missed, by the replay that explains the trial better."""

    FIRST = "first"  # nobody had stored the key
    FRAGMENTATION = "fragmentation"  # another living worker held it
    RESTART = "restart"  # an earlier life held it and would hold it still
    EXPIRED = "expired"  # its timeout had passed
    EVICTED = "evicted"  # MAX_ENTRIES had pushed it out
    UNEXPLAINED = "unexplained"  # the replay says it should have been a hit
    DELETED = "deleted"  # the app had removed it


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction(Interval):
    """The hit rate to expect, with the 95 % interval of a single trial around it.

    `closed_form` is the same as a formula gives it, None where none holds.
    """

    closed_form: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """Share of lookups whose outcome a replay gets right: N separate caches, or one shared."""

    per_process: float
    shared: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LifeSummary:
    """One worker life. `share` is its share of the trial's answered requests."""

    server: int
    slot: int
    generation: int
    pid: int
    requests: int
    lookups: int
    hits: int
    hit_rate: float | None
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounted:
    """Lookups seen in answers, lookups the workers counted, and those of requests that died.

    It holds when samples + lost == tallies, for each life.
    """

    samples: int
    tallies: int
    lost: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Caveat:
    """A reason to distrust a trial: a code for programs, a sentence for people."""

    code: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A metric of one trial and what theory expects of it. None: unknown."""

    value: float | None = None
    expected: Interval | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectationResult:
    """An expectation held against one trial. `verdict` is pass, fail or no-data.

    `wanted` is its bound in words and `trial` says which one, "" where there is none. `value` is
    the metric, or its ratio, in `unit`. `absent` is the same value in the trial without the fault,
    where the bound must fail; None where none is named.
    """

    metric: str
    trial: str
    wanted: str
    verdict: Verdict
    unit: str
    value: float | None
    absent: float | None = None
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """When the hit rate was back at `level` times what it had been before an action.

    Counted from the action to the start of the first window that reaches it: 0 if it never fell.
    None: not within the trace.
    """

    level: float
    requests: int | None
    seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RestartSummary:
    """What was lost with workers that ended, or with a shared cache that was emptied.

    `do` is the action, several joined by " + "; "max-requests" where Gunicorn recycled by itself,
    "died" where nobody asked. `step` is where the first action fired, None without one. Before,
    dip and recoveries are known for actions alone.

    `entries_lost` counts the live (cache, key) pairs of each ended life or emptied cache, summed;
    `keys_lost` counts a pair once, however many lives held it.

    Misses are counted in two ways, each with its own prediction. `misses_by_cause`: lookups of a
    key that an ended life held and would hold still, and that no living one could give.
    `misses_vs_control`: misses of the whole trial minus those of the trial without the action.
    The first is larger: it also has misses that would have come anyway, a little later by the
    timeout, or in another worker as fragmentation. `predicted` is the model's own difference, the
    same requests at the same workers with and without the loss: the mean of the second without
    the sampling error that two trials do not share. `origin_s_again`: origin time of the first.

    `curve` holds (step, hit rate) of windows of `window` requests, each named by its first step.
    """

    do: str
    step: int | None
    workers_ended: int
    entries_lost: int
    keys_lost: int
    misses_by_cause: int
    predicted_by_cause: Interval | None
    misses_vs_control: int | None
    predicted_vs_control: Interval | None
    predicted: Interval | None
    origin_s_again: float
    requests_failed: int
    requests_lost_in_flight: int
    hit_rate_before: float | None
    hit_rate_dip: float | None
    recovery: tuple[Recovery, ...]
    window: int
    curve: tuple[tuple[int, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """How long `count` lookups or requests took. `quantiles_s` are named "p50" to "p99.9"."""

    count: int
    mean_s: Interval | None
    quantiles_s: Mapping[str, Interval | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class TimesByOutcome:
    """The same times of all, and of hits and misses apart. A hit request had no lookup miss."""

    all: Times
    hit: Times
    miss: Times


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How an open loop kept to its times. `late` requests were sent over 1 ms after their due."""

    asked_per_second: float
    achieved_per_second: float | None
    late: int
    worst_lag_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencySummary:
    """Times of one trial: of lookups in the worker, of requests at the client.

    `request` counts from when a request was due in an open loop, and from its sending in a closed
    one; `service` counts from the sending and is known in an open loop only, like `pace`.
    `saturated` names who could not keep up, "generator" or "server": the times of requests are
    then withheld.
    """

    rounds: int
    lookup: TimesByOutcome
    request: TimesByOutcome
    service: TimesByOutcome | None = None
    pace: Pace | None = None
    saturated: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Time of `other` over that of `base`, two trials of `group` that were up at the same time.

    `metric` is "request" or "lookup", `statistic` "median" or "mean", `outcome` "all", "hit" or
    "miss". `rounds` and `samples` (requests or lookups of both) are what the ratio is based on.
    `withheld` says why there is no ratio: "few-rounds" or "saturated".
    """

    group: Mapping[str, Any]
    base: str
    other: str
    metric: str
    statistic: str
    outcome: str
    ratio: Interval | None
    rounds: int
    samples: int
    withheld: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LookupCost:
    """Mean seconds of a hit, and of a miss without its origin: the lookup and the store."""

    hit_s: float
    miss_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakEvenPoint:
    """Mean seconds per lookup, origin included, with this worker count, measured or modeled."""

    workers: int
    local_s: float
    shared_s: float
    measured: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakEven:
    """From how many workers on the `shared` backend costs less per lookup than the `local` one.

    `group` is what the trials had in common. `origin_s` is the mean cost of the origin per miss,
    of both. `from_workers` None: not up to `up_to` workers; where `bounded`, `low` and `high`
    enclose it with 95 %, None again beyond `up_to`. Where not `modeled` it was read off the
    measured points alone.
    """

    group: Mapping[str, Any]
    local: str
    shared: str
    local_cost: LookupCost
    shared_cost: LookupCost
    origin_s: float
    points: tuple[BreakEvenPoint, ...]
    up_to: int
    modeled: bool
    from_workers: int | None
    bounded: bool
    low: int | None
    high: int | None
    conclusion: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialSummary(HasSetup):
    """All numbers of one trial. `server` is Gunicorn's worker class.

    `per_process`: each cache that it used was one of each process.
    """

    setup: Setup
    requests: int
    failures: int
    lookups: int
    hits: int
    hit_rate: float | None
    predicted: Prediction | None
    explained: Explained | None
    misses: Mapping[str, int]
    effective_workers: float | None
    origin_s: float
    wall_s: float
    requests_per_second: float | None
    lives: tuple[LifeSummary, ...]
    accounted: Accounted
    caveats: tuple[Caveat, ...]
    per_process: bool = False
    latency: LatencySummary | None = None
    restart: RestartSummary | None = None
    measures: Mapping[str, Figure] = field(default_factory=dict)

    @property
    def server(self) -> str:
        return self.worker_class


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """All numbers of a run. `valid` is False where a trial cannot stand as a measurement."""

    format: int
    scenario: str
    question: str
    lesson: str
    run_dir: str
    valid: bool
    problems: tuple[str, ...]
    environment: Mapping[str, Any]
    seed: int
    trials: tuple[TrialSummary, ...]
    wall_s: float
    comparisons: tuple[Comparison, ...] = ()
    break_even: tuple[BreakEven, ...] = ()
    claim: str = ""
    evidence: tuple[str, ...] = ()
    conclusions: tuple[str, ...] = ()
    expectations: tuple[ExpectationResult, ...] = ()
